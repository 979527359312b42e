import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ekspresi

NOT_AT_RUN_TIME = ("torch", "timm", "lightning", "torchvision", "scipy", "sklearn", "matplotlib", "cv2")


def test_all_is_the_agreed_surface() -> None:
    assert ekspresi.__all__ == [
        "Analyzer",
        "AnalyzerConfig",
        "ConfigError",
        "DatasetError",
        "EkspresiError",
        "Face",
        "Frame",
        "FrameResult",
        "ImageError",
        "MissingExtraError",
        "ModelError",
        "OutputError",
        "Prediction",
        "PriorEstimate",
        "Recognizer",
        "Row",
        "SourceError",
        "__version__",
        "analyze",
        "analyze_frames",
        "estimate_prior",
        "original_name",
        "read_frames",
        "stream",
    ]


def test_every_name_loads_and_is_listed() -> None:
    for name in ekspresi.__all__:
        assert getattr(ekspresi, name) is not None
        assert name in dir(ekspresi)
    assert issubclass(ekspresi.ImageError, ekspresi.EkspresiError)
    assert ekspresi.analyze.__module__ == "ekspresi.pipeline.analyzer"


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'torch'"):
        _ = ekspresi.torch


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert ekspresi.__version__ == project["version"]


def loaded(code: str) -> set[str]:
    """Modules that are loaded after a fresh interpreter ran ``code``."""
    report = f"{code}\nimport sys\nprint('\\nLOADED', *sys.modules)"
    run = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(run.stdout.rsplit("LOADED", 1)[1].split())


def test_import_ekspresi_costs_nothing() -> None:
    modules = loaded("import ekspresi")
    assert not modules & {*NOT_AT_RUN_TIME, "numpy", "PIL", "onnxruntime", "typer", "rich", "pydantic"}
    assert {name for name in modules if name.startswith("ekspresi.")} == set()


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; sys.argv = ['ekspresi', '--help']\nfrom ekspresi.cli import main\n"
    modules = loaded(code + "try: main()\nexcept SystemExit as end: assert end.code == 0")
    assert not modules & {*NOT_AT_RUN_TIME, "onnxruntime", "jinja2", "numpy", "PIL", "pydantic"}


def test_predict_loads_no_learning_and_no_measuring(tmp_path: Path, tiny_model: Path) -> None:
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(tmp_path / "x.png")
    arguments = ["ekspresi", "predict", str(tmp_path / "x.png"), "--model", str(tiny_model)]
    arguments += ["--out", str(tmp_path / "x.csv"), "--annotate", str(tmp_path / "out")]
    code = f"import sys; sys.argv = {arguments}\nfrom ekspresi.cli import main\n"
    modules = loaded(code + "try: main()\nexcept SystemExit as end: assert not end.code")
    assert (tmp_path / "x.csv").is_file()
    assert "onnxruntime" in modules
    # Typer itself may load pydantic to read the arguments; the configurations that need it are not loaded.
    assert not modules & {*NOT_AT_RUN_TIME, "ekspresi.system.settings", "ekspresi.training"}


def test_nothing_is_collected_for_anyone(tmp_path: Path, tiny_model: Path) -> None:
    """ONNX Runtime's telemetry, where its build has one, leaves a device id in the user's cache when it is on."""
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(tmp_path / "x.png")
    home = tmp_path / "home"
    home.mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "ORT_"))}
    line = [sys.executable, "-m", "ekspresi", "predict", str(tmp_path / "x.png"), "--model", str(tiny_model)]
    subprocess.run(line, env={**kept, "HOME": str(home)}, capture_output=True, check=True)
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_older_names_of_the_prior_warn() -> None:
    with pytest.warns(DeprecationWarning, match="use prior='uniform'"):
        recognizer = ekspresi.Recognizer(even_prior=True)
    assert recognizer.prior == "uniform"
    with pytest.warns(DeprecationWarning, match="use prior == 'uniform'"):
        assert recognizer.even_prior
    image = np.zeros((40, 40, 3), np.uint8)
    with pytest.warns(DeprecationWarning, match="use prior='uniform'"):
        older = ekspresi.analyze(image, detector="none", even_prior=True)
    assert older == ekspresi.analyze(image, detector="none", prior="uniform")
    with pytest.raises(ekspresi.ConfigError, match="prior 'even': unknown"):
        ekspresi.Recognizer(prior="even")


def test_older_names_of_batch_predictions_warn() -> None:
    recognizer, crops = ekspresi.Recognizer(), [np.zeros((20, 20), np.uint8)]
    with pytest.warns(DeprecationWarning, match="use predict_batch"):
        older = recognizer.beliefs(crops)
    np.testing.assert_array_equal(older.probabilities, recognizer.predict_batch(crops).probabilities)
    with pytest.warns(DeprecationWarning, match="use calibrate"):
        older = recognizer.beliefs_of(*recognizer.logits(crops), True)
    now = recognizer.calibrate(*recognizer.logits(crops), "uniform")
    np.testing.assert_array_equal(older.probabilities, now.probabilities)


def test_the_older_spelling_of_recognize_warns() -> None:
    with pytest.warns(DeprecationWarning, match="use recognize"):
        assert ekspresi.Analyzer().recognised([], []) == []
