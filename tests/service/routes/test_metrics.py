"""Metrics over HTTP."""

from typing import Any

from tests.support.service_calls import LABELS, call, marker_picture


def test_metrics_count_requests_and_faces_by_route(make_app: Any) -> None:
    app = make_app()
    call(app, "POST", "/v1/recognize", files={"f": ("a.png", marker_picture(2))})
    call(app, "GET", "/any/secret/name")
    response = call(app, "GET", "/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert f'ekspresi_faces_total{{expression="{LABELS[2]}",size_px="24 to 32"}} 1.0' in response.text
    assert 'ekspresi_requests_total{method="POST",route="/v1/recognize",status="200"} 1.0' in response.text
    assert 'route="none",status="404"' in response.text and "secret" not in response.text
