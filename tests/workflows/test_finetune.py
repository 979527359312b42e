"""The order of steps and the options; the training itself needs torch and is faked."""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import MissingExtraError, OutputError
from ekspresi.workflows.finetune import FinetuneOptions, finetune_model
from tests.support.gray_model import face, write_gray_model

LABELS = ("anger", "fear")


class Recorder:
    """Remember the events."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def on_plan(self, faces: int, classes: int, reason: str) -> None:
        self.events.append((faces, classes, reason))

    def on_model(self, export: Any) -> None:
        self.events.append(export.model.name)

    def on_skipped(self, skipped: Sequence[str]) -> None:
        self.events.append("skipped")

    def on_progress(self, done: int, total: int) -> None:
        if done == total:
            self.events.append("evaluated")


@pytest.fixture
def data(tmp_path: Path) -> str:
    rng = np.random.default_rng(0)
    for code, label in enumerate(LABELS):
        (tmp_path / "faces" / label).mkdir(parents=True)
        for number in range(6):
            Image.fromarray(face(code, 2, rng)).save(tmp_path / "faces" / label / f"{number}.png")
    return f"folder:{tmp_path / 'faces'}"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Arguments of each faked training."""
    made: list[dict[str, Any]] = []

    def finetune(plan: str, folder: Path, name: str, **options: Any) -> SimpleNamespace:
        made.append({"plan": plan, "name": name, **options})
        folder.mkdir(exist_ok=True)
        return SimpleNamespace(model=write_gray_model(folder / "model.onnx", LABELS), calibration=None)

    fake = SimpleNamespace(finetune=finetune, plan_finetuning=lambda _: SimpleNamespace(reason="split by subject"))
    monkeypatch.setitem(sys.modules, "ekspresi.training.finetune", fake)
    return made


def test_finetune_model_plans_trains_and_evaluates_in_order(
    data: str, calls: list[dict[str, Any]], tmp_path: Path
) -> None:
    recorder, out = Recorder(), tmp_path / "mine"
    result = finetune_model(FinetuneOptions(data, out, device="cpu"), recorder)
    assert recorder.events == [(12, 2, "split by subject"), "model.onnx", "evaluated"]
    assert [(call["name"], call["show"], call["device"], call["overwrite"]) for call in calls] == [
        ("mine", False, "cpu", False)
    ]
    assert result.evaluation.files == (out / "report.json", out / "report.html")
    assert result.evaluation.evaluation.model_labels == LABELS


def test_finetune_model_foreign_report_is_refused_first(data: str, calls: list[dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("of someone else")
    with pytest.raises(OutputError, match=r"report\.html: nothing in it shows that ekspresi made it"):
        finetune_model(FinetuneOptions(data, tmp_path), Recorder())
    assert calls == []


def test_finetune_model_without_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ekspresi.training.finetune", None)
    with pytest.raises(MissingExtraError, match=r"ekspresi finetune needs the extra \[train\]"):
        finetune_model(FinetuneOptions("folder:x"), Recorder())
