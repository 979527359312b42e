"""Ids, headers, the log and errors of all requests."""

import io
import json
from typing import Any

import pytest

from ekspresi.service.logs import log_as_json, stop_logging
from ekspresi.service.observation import HEADERS
from tests.support.service_calls import call, marker_picture


@pytest.fixture
def log() -> Any:
    stream = io.StringIO()
    handler = log_as_json(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines() if '"request' in line]
    stop_logging(handler)


@pytest.mark.parametrize("path", ["/healthz", "/v1/analyze", "/nothing", "/metrics", "/openapi.json"])
def test_answers_have_strict_headers_and_an_id(make_app: Any, path: str) -> None:
    headers = call(make_app(), "GET", path, headers={"Origin": "https://evil.example"}).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS and len(headers["x-request-id"]) == 16
    assert not [name for name in headers if name.startswith("access-control")]


def test_safe_id_of_a_client_is_kept_everywhere(make_app: Any, log: Any) -> None:
    response = call(make_app(), "POST", "/v1/analyze", content=b"x", headers={"X-Request-ID": "job-1"})
    assert response.headers["x-request-id"] == response.json()["request_id"] == "job-1"
    assert [line["request_id"] for line in log()] == ["job-1"]


def test_unsafe_id_of_a_client_is_replaced(make_app: Any) -> None:
    response = call(make_app(), "GET", "/healthz", headers={"X-Request-ID": "a b; c"})
    assert response.headers["x-request-id"] != "a b; c"


def test_log_has_route_status_and_time_and_nothing_private(make_app: Any, log: Any) -> None:
    files = {"f": ("holiday.png", marker_picture(2))}
    call(make_app(), "POST", "/v1/recognize?labels=neutral,fear", files=files, headers={"X-API-Key": "hunter2"})
    (line,) = log()
    assert line.pop("ms") > 0 and line.pop("time") and len(line.pop("request_id")) == 16
    wanted = {"level": "info", "event": "request", "route": "/v1/recognize", "method": "POST", "status": 200}
    assert line == wanted


def test_polled_addresses_are_logged_when_they_fail(make_app: Any, log: Any) -> None:
    app = make_app()
    for path in ("/healthz", "/readyz", "/metrics"):
        call(app, "GET", path)
    assert log() == []
    app.state.service.stopping = True
    call(app, "GET", "/readyz")
    assert [line["status"] for line in log()] == [503]


def test_bug_is_a_problem_without_details(make_app: Any, log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()

    def fail(*_: object) -> None:
        raise ValueError("/home/me/secret")

    monkeypatch.setattr(app.state.service.analysis, "_find", fail)
    response = call(app, "POST", "/v1/analyze", files={"f": ("a.png", marker_picture(2))})
    assert (response.status_code, response.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in response.text and response.headers["x-content-type-options"] == "nosniff"
    failed, request = log()
    assert (failed["error"], request["status"]) == ("ValueError", 500) and "secret" not in json.dumps(failed)
    assert failed["request_id"] == request["request_id"] == response.json()["request_id"]


def test_answers_of_a_stopping_service_close_connections(make_app: Any) -> None:
    app = make_app()
    assert "connection" not in call(app, "GET", "/healthz").headers
    app.state.service.stopping = True
    assert call(app, "GET", "/healthz").headers["connection"] == "close"


def test_refusal_before_its_route_is_observed_with_the_route(make_app: Any, log: Any) -> None:
    app = make_app(api_keys=("correct-horse-battery",))
    assert call(app, "POST", "/v1/analyze", content=b"x").status_code == 401
    assert call(app, "GET", "/v1/nothing").status_code == 401
    assert [line["route"] for line in log()] == ["/v1/analyze", "none"]
