"""Flags come from a model; ``test_train`` has the errors and the help of a whole command."""

from typing import Any

import pytest
import typer
from pydantic import Field
from typer.testing import CliRunner

from ekspresi.cli.settings_flags import SettingsCommand
from ekspresi.system.settings import Settings


class Camera(Settings):
    fps: int = Field(default=25, ge=1, le=240, description="Frames a second.")
    night: bool = Field(default=False, description="Use the lamp.")
    lenses: tuple[str, ...] = Field(default=(), strict=False, description="Names of lenses.")
    password: str = Field(default="", repr=False, description="Secret of the camera.")


@pytest.fixture
def called() -> tuple[typer.Typer, list[Any]]:
    app, calls = typer.Typer(), []
    own = [("config", str | None, typer.Option(help="A file."))]

    def run(given: dict[str, Any], keys: dict[str, Any]) -> None:
        calls.append((given, keys))

    SettingsCommand("film", "video", "Film something.", own, lambda: Camera, run).add_to(app)
    return app, calls


def test_run_gets_own_flags_and_the_keys_that_were_given(called: tuple[typer.Typer, list[Any]]) -> None:
    app, calls = called
    done = CliRunner().invoke(app, ["--fps", "5", "--no-night", "--lenses", "a", "--lenses", "b"])
    assert (done.exit_code, calls) == (0, [({"config": None}, {"fps": 5, "night": False, "lenses": ["a", "b"]})])
    CliRunner().invoke(app, ["--config", "x"])
    assert calls[1] == ({"config": "x"}, {})


def test_help_shows_keys_and_hides_secrets(called: tuple[typer.Typer, list[Any]]) -> None:
    shown = CliRunner().invoke(called[0], ["--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).output
    assert "Frames a second. [1 .. 240; default: 25]" in shown and "Film something." in shown
    assert "password" not in shown and "Secret" not in shown


def test_secret_has_no_flag(called: tuple[typer.Typer, list[Any]]) -> None:
    app, calls = called
    assert CliRunner().invoke(app, ["--password", "x"]).exit_code == 2 and calls == []
