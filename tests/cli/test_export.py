"""The sentences of ``ekspresi export``; the export itself needs torch and is faked."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from ekspresi.cli import app
from ekspresi.cli.export import describe_calibration
from ekspresi.errors import MissingExtraError
from ekspresi.recognition.calibration import SizeCalibration

SHARES = (0.5, 0.5)


def test_describe_calibration_starts_at_the_largest_size() -> None:
    calibration = SizeCalibration((8.0, 48.0), (1.0, 1.0), (2.0, 0.61), 0.92, (0.0, 0.0), SHARES, 1.0, 6.0)
    expected = "answers from a confidence of: 48 px 61%, 8 px never (for 92% right answers)"
    assert describe_calibration(calibration) == expected


def test_describe_calibration_no_thresholds_names_least_face() -> None:
    calibration = SizeCalibration((48.0,), (1.5,), (0.0,), 0.0, (0.0, 0.0), SHARES, 1.0, 6.0)
    sentence = describe_calibration(calibration)
    assert sentence.startswith("one temperature (1.50), no thresholds: ")
    assert sentence.endswith("the model answers every face of 6 px or more")


def test_export_prints_both_files_and_passes_the_flags(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []

    def export(*given: Any, **named: Any) -> SimpleNamespace:
        calls.append((given, named))
        model, weights = tmp_path / "m.onnx", tmp_path / "m.safetensors"
        model.write_bytes(bytes(2_000_000))
        weights.write_bytes(bytes(1_000_000))
        return SimpleNamespace(model=model, weights=weights, difference=2e-6, calibration=None)

    fake = SimpleNamespace(LARGEST_DIFFERENCE=1e-4, export=export)
    monkeypatch.setitem(sys.modules, "ekspresi.training.export", fake)
    done = CliRunner().invoke(app, ["export", str(tmp_path), "--name", "mine", "--device", "cpu"])
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"{tmp_path / 'm.onnx'}: 2.0 MB, probabilities within 2.0e-06 of torch (bound 1e-04)",
        f"{tmp_path / 'm.safetensors'}: 1.0 MB, float16, for --init",
        describe_calibration(None),
    ]
    assert calls == [((tmp_path, tmp_path / "model.onnx", "mine"), {"overwrite": False, "device": "cpu"})]


def test_export_without_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ekspresi.training.export", None)
    done = CliRunner().invoke(app, ["export", "runs/x"])
    assert isinstance(done.exception, MissingExtraError)
    assert str(done.exception).startswith("ekspresi export needs the extra [train]. Run pip install ")
