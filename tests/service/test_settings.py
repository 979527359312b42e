"""Where settings come from, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from ekspresi.errors import ConfigError
from ekspresi.service.settings import ServiceSettings, load_service_settings, read_environment

KEY = "correct-horse-battery"


def load(environment: dict[str, str] | None = None, file: Path | None = None, **flags: Any) -> ServiceSettings:
    return load_service_settings(file, environment or {}, flags)


def problems(*args: Any, **flags: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(*args, **flags)
    return tuple(caught.value.problems)


def test_flags_win_over_variables_and_variables_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "serve.toml"
    file.write_text('port = 1\nmax_faces = 1\nmax_crops = 1\napi_keys = ["' + KEY + '"]\n')
    settings = load({"EKSPRESI_SERVE_PORT": "2", "EKSPRESI_SERVE_MAX_FACES": "2", "PATH": "x"}, file, port=3)
    assert (settings.port, settings.max_faces, settings.max_crops, settings.api_keys) == (3, 2, 1, (KEY,))


def test_read_environment_reads_every_type() -> None:
    values = {"PORT": "80", "STRICT": "true", "MIN_FACE_PX": "20.5", "HOST": "10.0.0.1", "CORS_ORIGINS": "a, b"}
    assert read_environment({f"EKSPRESI_SERVE_{name}": text for name, text in values.items()}) == {
        "port": 80,
        "strict": True,
        "min_face_px": 20.5,
        "host": "10.0.0.1",
        "cors_origins": ["a", "b"],
    }


def test_problems_name_their_source(tmp_path: Path) -> None:
    file = tmp_path / "serve.toml"
    file.write_text("max_faces = 0\n")
    assert problems({"EKSPRESI_SERVE_MAX_CROPS": "many", "EKSPRESI_SERVE_PROT": "1"}, file, port=-1) == (
        "flags: port = -1: is out of range. Choose a number in 0 .. 65535.",
        f"{file}: max_faces = 0: is out of range. Choose a number in 1 .. 1000000.",
        'environment variable EKSPRESI_SERVE_MAX_CROPS: max_crops = "many": is text. Give a whole number.',
        "environment variable EKSPRESI_SERVE_PROT: prot: is an unknown key. Use port or prior, or remove it.",
    )


@pytest.mark.parametrize("key", ["hunter2", "spaces in the key value", "l\u00e4nger-als-sechzehn"])
def test_problems_never_show_a_key(key: str) -> None:
    (problem,) = problems({"EKSPRESI_SERVE_API_KEYS": key})
    assert "api_keys: has a key without 16 or more" in problem and key not in problem
    (problem,) = problems({"EKSPRESI_SERVE_APIKEY": key})
    assert "apikey: is an unknown key" in problem and key not in problem
    assert KEY not in repr(ServiceSettings(api_keys=(KEY,)))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_public_host_without_a_key_is_refused(host: str) -> None:
    (problem,) = problems(host=host)
    assert problem.startswith(f"host {host}: other machines could send pictures without an API key. Set api_keys or")
    for allowed in ({"public_without_key": True}, {"api_keys": [KEY]}, {"api_keys_file": "keys.txt"}):
        assert load(host=host, **allowed).is_public


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_local_host_needs_no_key(host: str) -> None:
    assert not load(host=host).is_public


@pytest.mark.parametrize("origin", ["*", "null", "example.org", "https://a/b", "https://a b"])
def test_cors_origins_are_single_origins(origin: str) -> None:
    assert problems(cors_origins=[origin])[0].endswith("Give a scheme and a host, as https://example.org.")
