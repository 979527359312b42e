"""The command: its settings, its errors, and what it prints. ``tests/service/test_server.py`` runs it."""

import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ekspresi.cli import app
from ekspresi.cli.serve import describe_service
from ekspresi.errors import ConfigError, MissingExtraError
from ekspresi.service.app import create_app
from ekspresi.service.settings import ServiceSettings


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[ServiceSettings]:
    """Settings that would have been served."""
    settings: list[ServiceSettings] = []
    monkeypatch.setattr("ekspresi.service.server.serve", lambda found, announce: settings.append(found))
    return settings


def serve(*arguments: str, **environment: str) -> Any:
    return CliRunner().invoke(app, ["serve", *arguments], env={"COLUMNS": "400", "NO_COLOR": "1", **environment})


def test_serve_takes_flags_variables_and_a_file(served: list[ServiceSettings], tmp_path: Path) -> None:
    file = tmp_path / "serve.toml"
    file.write_text("max_faces = 7\nport = 1\n")
    flags = ["--config", str(file), "--port", "9", "--cors-origins", "http://a", "--strict"]
    done = serve(*flags, EKSPRESI_SERVE_MAX_CROPS="3", EKSPRESI_SERVE_PORT="2")
    assert (done.exit_code, done.exception) == (0, None)
    assert served == [ServiceSettings(max_faces=7, port=9, max_crops=3, cors_origins=("http://a",), strict=True)]


def test_serve_refuses_wrong_settings_with_a_line_each(served: list[ServiceSettings]) -> None:
    done = serve("--port", "70000", EKSPRESI_SERVE_TIMEOUT_S="soon")
    assert isinstance(done.exception, ConfigError) and not served
    assert done.exception.problems == (
        "flags: port = 70000: is out of range. Choose a number in 0 .. 65535.",
        'environment variable EKSPRESI_SERVE_TIMEOUT_S: timeout_s = "soon": is text. Give a number.',
    )


def test_serve_beyond_this_machine_needs_a_key(served: list[ServiceSettings]) -> None:
    assert isinstance(serve("--host", "0.0.0.0").exception, ConfigError) and not served
    assert serve("--host", "0.0.0.0", EKSPRESI_SERVE_API_KEYS="correct-horse-battery").exit_code == 0
    assert serve("--host", "0.0.0.0", "--public-without-key").exit_code == 0 and len(served) == 2


def test_serve_help_has_every_key_but_secrets() -> None:
    shown = serve("--help").output
    for name, field in ServiceSettings.model_fields.items():
        assert (f"--{name.replace('_', '-')} " in shown) == field.repr
    assert "Port to listen at; 0 takes a free one. [0 .. 65535; default: 8000]" in shown


@pytest.mark.parametrize("module", ["fastapi", "uvicorn", "prometheus_client", "pydantic"])
def test_serve_without_the_extra_names_it(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    for name in [name for name in sys.modules if name.startswith("ekspresi.service")]:
        monkeypatch.delitem(sys.modules, name)
    if module == "pydantic":
        monkeypatch.delitem(sys.modules, "ekspresi.system.settings", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    done = serve()
    assert isinstance(done.exception, MissingExtraError)
    assert str(done.exception).startswith("ekspresi serve needs the extra [serve]. Run pip install '.[serve]'")


def test_describe_service_says_whether_a_key_is_needed() -> None:
    for keys, words in (((), "none, everyone who reaches the address"), (("correct-horse-battery",), "needed")):
        found = create_app(ServiceSettings(device="cpu", api_keys=keys))
        lines = describe_service("http://127.0.0.1:8000", found)
        found.state.service.close()
        assert lines[1] == "model: ekspresi-b0 (CPUExecutionProvider), detector mtcnn from 12 px"
        assert words in lines[3] and "correct" not in "".join(lines)
