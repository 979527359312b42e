"""How flags of ``ekspresi train`` become a configuration; the training itself needs torch and is not run here."""

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from ekspresi.cli import app, main
from ekspresi.errors import ConfigError, MissingExtraError
from ekspresi.training.config import TrainConfig, load_config


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[TrainConfig]:
    """Configurations that would have been trained."""
    configurations: list[TrainConfig] = []

    def train(config: TrainConfig, folder: Path, **_: object) -> SimpleNamespace:
        configurations.append(config)
        return SimpleNamespace(folder=folder)

    monkeypatch.setitem(sys.modules, "ekspresi.training.run", SimpleNamespace(train=train))
    monkeypatch.setattr("ekspresi.datasets.registry.read", lambda spec: SimpleNamespace(skipped=()))
    return configurations


def train(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["train", *arguments], env={"COLUMNS": "400", "NO_COLOR": "1"})


def test_flags_are_the_keys_of_the_configuration(trained: list[TrainConfig]) -> None:
    flags = ["--data", "folder:x", "--epochs", "3", "--no-flip", "--class-weights", "--learning-rate", "1"]
    flags += ["--stem-stride", "1", "--oversampling", "sqrt", "--validation-px", "32", "--validation-px", "8"]
    done = train(*flags)
    assert (done.exit_code, done.exception) == (0, None)
    wanted = {"data": "folder:x", "epochs": 3, "flip": False, "class_weights": True, "learning_rate": 1}
    wanted |= {"stem_stride": 1, "oversampling": "sqrt", "validation_px": [32, 8]}
    assert trained == [load_config(None, wanted)]


def test_flags_win_over_the_file(trained: list[TrainConfig], tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('data = "folder:x"\nepochs = 3\nseed = 4\n')
    assert train("--config", str(file), "--epochs", "5", "--out", str(tmp_path)).exit_code == 0
    assert [(config.epochs, config.seed) for config in trained] == [(5, 4)]


def test_a_wrong_flag_is_refused_as_a_wrong_key_is(trained: list[TrainConfig]) -> None:
    done = train("--epochs", "0", "--stem-stride", "3")
    assert isinstance(done.exception, ConfigError) and not trained
    assert done.exception.problems == (
        'flags: data: no data set is given. Set data = "READER:PATH", or pass --data.',
        "flags: stem_stride = 3: is not a valid choice. Choose 1 or 2.",
        "flags: epochs = 0: is out of range. Choose a number in 1 .. 100000.",
    )


def test_help_shows_description_bounds_and_default_of_keys() -> None:
    done = train("--help")
    assert done.exit_code == 0
    for name, field in TrainConfig.model_fields.items():
        assert f"--{name.replace('_', '-')} " in done.output
        assert str(field.description).replace("`", "") in done.output
    assert "Passes over the training faces. [1 .. 100000; default: 20]" in done.output
    assert "Data set spec, READER:PATH, as in ekspresi data inspect.  " in done.output


def test_train_without_extra_shows_help_or_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ekspresi.system.settings", None)  # as if pydantic were not installed
    monkeypatch.delitem(sys.modules, "ekspresi.training.config")
    for arguments in (["--help"], ["--data", "folder:x", "-h"]):
        shown = train(*arguments)
        assert shown.exit_code == 0
        assert "--resume" in shown.output and "--epochs" not in shown.output
        assert "pip install 'ekspresi[train]'" in shown.output
    for arguments in ([], ["--data", "folder:x"], ["--nonsense"]):
        refused = train(*arguments)
        assert isinstance(refused.exception, MissingExtraError)
        assert str(refused.exception).startswith("ekspresi train needs the extra [train]. Run pip install ")
    assert "Train a network" in CliRunner().invoke(app, ["--help"]).output


def test_each_problem_has_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trained: list[TrainConfig]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ekspresi", "train", "--data", "a\nb", "--epochs", "0", "--seed=-1"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: flags: seed = -1: is out of range. Choose a number in 0 .. 2147483647.",
        "error: flags: epochs = 0: is out of range. Choose a number in 1 .. 100000.",
    ]


def test_train_names_files_that_could_not_be_read(
    ck_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = SimpleNamespace(TrainingRun=None, train=lambda _, folder, **__: SimpleNamespace(folder=folder))
    monkeypatch.setitem(sys.modules, "ekspresi.training.run", fake)
    copy = tmp_path / "CK+48"
    shutil.copytree(ck_tree, copy)
    for damaged in (False, True):
        done = train("--data", f"ckplus48:{copy}", "--out", str(tmp_path / "run"))
        assert (done.exit_code, done.exception) == (0, None)
        bad = sorted((copy / "fear").iterdir())[0]
        assert (f"skipped: 1 files or rows; first: {bad}: is a text file" in done.output) == damaged
        bad.write_text("no picture")
