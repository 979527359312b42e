"""Errors are problem documents."""

import json
from typing import Any

import pytest

from ekspresi.service.problems import TYPES, RequestError
from tests.support.service_calls import call


@pytest.mark.parametrize("name", sorted(TYPES))
def test_every_type_makes_a_document(name: str) -> None:
    response = RequestError(name, "the subject: has a problem. Mend it.", index=3).to_response("/v1/model")
    document = json.loads(response.body)
    status, title = TYPES[name]
    assert (response.status_code, response.media_type) == (status, "application/problem+json")
    assert {key: document[key] for key in ("status", "title", "index")} == {
        "status": status,
        "title": title,
        "index": 3,
    }
    assert document["type"] == f"urn:ekspresi:problem:{name}"


def test_detail_has_no_control_characters() -> None:
    document = json.loads(RequestError("busy", "a\r\nb\x1b[31m: \u202e. x.").to_response("/").body)
    assert document["detail"] == "a<0d><0a>b<1b>[31m: <u+202e>. x."


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/v1/analyze", 405, "method-not-allowed"),
        ("DELETE", "/healthz", 405, "method-not-allowed"),
    ],
)
def test_unknown_addresses_and_methods_are_problems(make_app, method: str, path: str, status: int, name: str) -> None:
    response = call(make_app(), method, path)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert response.json()["type"].endswith(name)
    assert ("allow" in response.headers) == (status == 405)


@pytest.mark.parametrize(("path", "has_error"), [("/v2", True), ("/v2/models/ekspresi", True), ("/v1/model", False)])
def test_refusal_of_any_layer_has_an_error_under_v2(make_app: Any, path: str, has_error: bool) -> None:
    document = call(make_app(api_keys=("correct-horse-battery",)), "GET", path).json()
    assert document["status"] == 401 and document.get("error") == (document["detail"] if has_error else None)
