"""Whether the service lives and takes requests."""

from typing import Any

from tests.support.service_calls import call


def test_health_and_readiness_of_a_running_service(make_app: Any) -> None:
    app = make_app()
    assert call(app, "GET", "/healthz").json() == {"status": "ok"}
    assert call(app, "GET", "/readyz").json() == {"status": "ready"}
    assert [call(app, "HEAD", path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_readiness_of_a_stopping_service_is_503(make_app: Any) -> None:
    app = make_app()
    app.state.service.stopping = True
    response = call(app, "GET", "/readyz")
    assert (response.status_code, response.json()["type"]) == (503, "urn:ekspresi:problem:stopping")
    assert call(app, "GET", "/healthz").status_code == 200
