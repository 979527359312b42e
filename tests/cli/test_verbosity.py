import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ekspresi.cli import app
from ekspresi.cli.verbosity import StderrHandler, show_log
from ekspresi.errors import ConfigError

LOGGER = logging.getLogger("ekspresi")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    handlers, level = LOGGER.handlers[:], LOGGER.level
    yield
    LOGGER.handlers[:], LOGGER.level = handlers, level


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        ({}, ["note: b", "error: c"]),
        ({"verbose": True}, ["info: a", "note: b", "error: c"]),
        ({"quiet": True}, ["error: c"]),
    ],
)
def test_show_log_shows_records_from_its_level(
    flags: dict[str, bool], shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    show_log(**flags)
    child = logging.getLogger("ekspresi.cli.some_command")
    child.info("a")
    child.warning("b")
    child.error("c")
    assert capsys.readouterr().err.splitlines() == shown


def test_show_log_again_replaces_the_handler() -> None:
    show_log(verbose=True)
    show_log(quiet=True)
    (handler,) = (each for each in LOGGER.handlers if isinstance(each, StderrHandler))
    assert handler.level == logging.ERROR


def test_show_log_contradicting_flags_are_refused() -> None:
    with pytest.raises(ConfigError, match="--verbose and --quiet: contradict each other"):
        show_log(verbose=True, quiet=True)


def test_verbose_predict_shows_model_provider_and_detector(tiny_model: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(tmp_path / "x.png")
    words = ["predict", str(tmp_path / "x.png"), "--model", str(tiny_model), "--detector", "none", "--device", "cpu"]
    done = CliRunner().invoke(app, [*words, "--verbose"])
    assert done.exit_code == 0
    assert f"info: {tiny_model.name}: runs on CPUExecutionProvider" in done.stderr
    assert "info: detector: none" in done.stderr
    assert CliRunner().invoke(app, words).stderr == ""


def test_quiet_predict_hides_notes_but_shows_errors(tiny_model: Path, tmp_path: Path) -> None:
    words = ["predict", str(tmp_path / "x.png"), "--model", str(tiny_model), "--detector", "none", "--every", "4s"]
    loud, quiet = (CliRunner().invoke(app, [*words, *more]) for more in ((), ("--quiet",)))
    assert loud.exit_code == quiet.exit_code == 2
    assert loud.stderr.startswith("note: --every 4s is longer than 2 s")
    assert quiet.stderr.startswith("error: ") and quiet.stderr.count("\n") == 1


def test_quiet_predict_prints_no_table(tiny_model: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(tmp_path / "x.png")
    words = ["predict", str(tmp_path / "x.png"), "--model", str(tiny_model), "--detector", "none", "--quiet"]
    assert CliRunner().invoke(app, words).stdout == "1 face in 1 picture\n"


def test_anonymize_without_annotated_files_says_so(tiny_model: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(tmp_path / "x.png")
    words = ["predict", str(tmp_path / "x.png"), "--model", str(tiny_model), "--detector", "none", "--anonymize"]
    note = "note: --anonymize hides faces in --annotate and --page only. Add one of them, or remove --anonymize.\n"
    alone, drawn = (CliRunner().invoke(app, [*words, *more]) for more in ((), ("--annotate", str(tmp_path / "a"))))
    assert alone.stderr == note and drawn.stderr == ""
