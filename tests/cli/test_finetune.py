"""What ``ekspresi finetune`` shows; the training itself needs torch and is faked."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ekspresi.cli import app
from ekspresi.cli.export import describe_calibration
from ekspresi.errors import MissingExtraError
from tests.support.gray_model import face, write_gray_model

LABELS = ("anger", "fear")


def test_finetune_shows_plan_model_figures_and_next_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rng, shown = np.random.default_rng(0), []
    for code, label in enumerate(LABELS):
        (tmp_path / "faces" / label).mkdir(parents=True)
        for number in range(4):
            Image.fromarray(face(code, 2, rng)).save(tmp_path / "faces" / label / f"{number}.png")

    def finetune(_: Any, folder: Path, name: str, **named: Any) -> SimpleNamespace:
        shown.append((name, named["show"], named["device"]))
        folder.mkdir()
        return SimpleNamespace(model=write_gray_model(folder / "model.onnx", LABELS), calibration=None)

    fake = SimpleNamespace(finetune=finetune, plan_finetuning=lambda _: SimpleNamespace(reason="split by subject"))
    monkeypatch.setitem(sys.modules, "ekspresi.training.finetune", fake)
    out = tmp_path / "mine"
    words = ["finetune", f"folder:{tmp_path / 'faces'}", "--out", str(out), "--device", "cpu"]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert (done.exit_code, done.exception) == (0, None)
    lines = done.stdout.splitlines()
    assert lines[:2] == ["8 faces, 2 classes; split by subject", describe_calibration(None)]
    assert any("48 px" in line and "100.0" in line for line in lines)
    assert lines[-4:] == [
        str(out / "report.json"),
        str(out / "report.html"),
        str(out / "model.onnx"),
        f"next: ekspresi predict PICTURE --model {out / 'model.onnx'}",
    ]
    assert shown == [("mine", True, "cpu")]


def test_finetune_without_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ekspresi.training.finetune", None)
    done = CliRunner().invoke(app, ["finetune", "folder:x"])
    assert isinstance(done.exception, MissingExtraError)
    assert str(done.exception).startswith("ekspresi finetune needs the extra [train]. Run pip install ")
