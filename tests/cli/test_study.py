import sys

import pytest
from typer.testing import CliRunner

from ekspresi.cli import app
from ekspresi.errors import MissingExtraError


def test_study_without_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ekspresi.study.run", None)
    done = CliRunner().invoke(app, ["study", "configs/study-ckplus.toml"])
    assert isinstance(done.exception, MissingExtraError)
    assert str(done.exception).startswith("ekspresi study needs the extra [train]. Run pip install ")


def test_study_config_that_is_a_folder_is_refused() -> None:
    done = CliRunner().invoke(app, ["study", "configs"], env={"COLUMNS": "200"})
    assert done.exit_code == 2 and "is a directory" in done.stderr
