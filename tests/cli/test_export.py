"""The sentences of ``ekspresi export``; the export of a run needs torch and is faked."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from ekspresi.cli import app
from ekspresi.cli.export import describe_calibration
from ekspresi.errors import ConfigError, MissingExtraError, ModelError, OutputError
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.onnx_runtime import create_session
from tests.support.gray_model import write_gray_model

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


def run_export(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


def test_export_portable_writes_a_file_that_answers(tmp_path: Path) -> None:
    done = run_export("--portable", "--out", tmp_path / "p.onnx", "--prior", "uniform", "--labels", "neutral, fear")
    assert done.exit_code == 0, done.output
    assert re.fullmatch(r".*p\.onnx: 8\.\d MB, probabilities within \S+ of its model \(bound 1e-04\)\n", done.stdout)
    session = create_session(str(tmp_path / "p.onnx"), device="cpu")
    crop = np.full((20, 20, 1), 90, np.uint8)
    (row,), *_ = session.run(None, {"image": crop, "boxes": np.zeros((0, 4), np.float32)})
    expected = Recognizer(prior="uniform", labels=["neutral", "fear"], device="cpu").probabilities([crop])
    np.testing.assert_allclose(row, expected[0], rtol=0, atol=1e-5)


def test_export_portable_takes_the_model_of_a_run(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    write_gray_model(run / "model.onnx", ("neutral", "happiness"))
    assert run_export("--portable", run, "--out", tmp_path / "p.onnx").exit_code == 0
    (run / "model.onnx").unlink()
    done = run_export("--portable", run, "--out", tmp_path / "q.onnx")
    assert re.search(r"run: has no model\.onnx\. Run 'ekspresi export .*run' first", str(done.exception))


def test_export_portable_needs_out_and_no_flags_of_a_run(tmp_path: Path) -> None:
    for arguments in (["--portable"], ["--portable", "-o", "x.onnx", "--name", "x"], [], ["run", "--strict"]):
        assert run_export(*arguments).exit_code == 2
    out = tmp_path / "x.onnx"
    assert isinstance(run_export("--portable", "-o", out, "--prior", "auto").exception, ConfigError)
    out.write_text("not ours", encoding="utf-8")
    assert isinstance(run_export("--portable", "-o", out).exception, OutputError)
    assert out.read_text(encoding="utf-8") == "not ours"


def test_export_portable_without_onnx_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ekspresi.portable.export", None)
    done = run_export("--portable", "--out", tmp_path / "p.onnx")
    assert str(done.exception).startswith("ekspresi export --portable needs the extra [portable]. Run pip install ")


def test_predict_refuses_a_portable_model(tmp_path: Path) -> None:
    model = write_gray_model(tmp_path / "gray.onnx", ("neutral", "happiness"))
    assert run_export("--portable", model, "--out", tmp_path / "p.onnx").exit_code == 0
    done = CliRunner().invoke(app, ["predict", "examples/astronaut.jpg", "--model", str(tmp_path / "p.onnx")])
    assert isinstance(done.exception, ModelError)
    assert "is a portable model" in str(done.exception)
