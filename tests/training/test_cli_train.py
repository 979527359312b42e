"""What ``ekspresi train`` says beside the training itself, which is not run here."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

pytest.importorskip("torch")
pytestmark = pytest.mark.train

from ekspresi.cli import app


def test_what_could_not_be_read_is_told(ck_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ekspresi.training.run.train", lambda _, folder, **__: SimpleNamespace(folder=folder))
    copy = tmp_path / "CK+48"
    shutil.copytree(ck_tree, copy)
    for told in (False, True):
        done = CliRunner().invoke(app, ["train", "--data", f"ckplus48:{copy}", "--out", str(tmp_path / "run")])
        assert (done.exit_code, done.exception) == (0, None)
        bad = sorted((copy / "fear").iterdir())[0]
        assert (f"skipped: 1 files or rows; first: {bad}: is text" in done.output) == told
        bad.write_text("no picture")
