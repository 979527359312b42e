"""API keys: where they come from, and what they open."""

from pathlib import Path
from typing import Any

import pytest

from ekspresi.errors import ConfigError
from ekspresi.service.keys import OPEN_PATHS, load_keys
from ekspresi.service.settings import ServiceSettings
from tests.support.service_calls import call, marker_picture

KEY, OTHER = "correct-horse-battery", "staple-staple-staple"


def test_load_keys_reads_the_settings_and_the_file(tmp_path: Path) -> None:
    file = tmp_path / "keys.txt"
    file.write_text(f"# for the kiosk\n\n  {OTHER}\r\n")
    assert load_keys(ServiceSettings(api_keys=(KEY,), api_keys_file=str(file))) == (KEY, OTHER)


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"# none\n", "has no key"), (b"#\nhunter2\n", "line 2 has no key of 16"), (b"\xff\xfe", "is not UTF-8")],
)
def test_load_keys_refuses_a_bad_file_and_hides_its_text(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "keys.txt"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=problem) as caught:
        load_keys(ServiceSettings(api_keys_file=str(file)))
    assert "hunter2" not in str(caught.value)


def test_load_keys_without_the_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent: cannot be read \(No such file or directory\)"):
        load_keys(ServiceSettings(api_keys_file=str(tmp_path / "absent")))


@pytest.mark.parametrize(
    "headers", [{"Authorization": f"Bearer {KEY}"}, {"X-API-Key": OTHER}, {"authorization": f"bearer {OTHER}"}]
)
def test_right_key_opens_every_route(make_app: Any, headers: dict[str, str]) -> None:
    app = make_app(api_keys=(KEY, OTHER))
    assert call(app, "GET", "/metrics", headers=headers).status_code == 200
    response = call(app, "POST", "/v1/analyze", headers=headers, files={"f": ("a.png", marker_picture(1))})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({}, "no-key"),
        ({"Authorization": "Bearer "}, "no-key"),
        ({"Authorization": f"Basic {KEY}"}, "no-key"),
        ({"Authorization": f"Bearer {KEY}x"}, "wrong-key"),
        ({"X-API-Key": KEY[:-1]}, "wrong-key"),
        ({"X-API-Key": b"caf\xe9-caf\xe9-caf\xe9-caf\xe9"}, "wrong-key"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/analyze", "/v1/recognize", "/metrics", "/openapi.json", "/nothing", "//healthz"])
def test_other_keys_open_nothing(make_app: Any, path: str, headers: Any, name: str) -> None:
    response = call(make_app(api_keys=(KEY,)), "POST", path, headers=headers)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert response.json()["type"] == f"urn:ekspresi:problem:{name}" and KEY not in response.text


def test_health_needs_no_key(make_app: Any) -> None:
    app = make_app(api_keys=(KEY,))
    assert [call(app, "GET", path).status_code for path in sorted(OPEN_PATHS)] == [200] * len(OPEN_PATHS)


def test_wrong_key_is_answered_before_the_body_is_read(make_app: Any) -> None:
    def body() -> Any:
        raise AssertionError("the body was read")
        yield b""

    async def parts() -> Any:
        for part in body():
            yield part

    assert call(make_app(api_keys=(KEY,)), "POST", "/v1/analyze", content=parts()).status_code == 401
