"""What is counted, and under which names."""

import pytest

from ekspresi.service.metrics import ServiceMetrics, size_band
from ekspresi.types import Prediction


@pytest.mark.parametrize(
    ("face_px", "band"),
    [(1, "below 8"), (8, "8 to 12"), (11.9, "8 to 12"), (12, "12 to 16"), (47.9, "32 to 48"), (48, "48 and above")],
)
def test_size_band_includes_its_lower_bound(face_px: float, band: str) -> None:
    assert size_band(face_px) == band


def test_count_faces_counts_answers_and_abstentions() -> None:
    metrics = ServiceMetrics()
    shares = {"fear": 0.6, "anger": 0.4}
    metrics.count_faces([Prediction("fear", 0.6, shares, 9.0), Prediction("fear", 0.6, shares, 9.0, abstained=True)])
    text = metrics.to_text()
    assert 'ekspresi_faces_total{expression="fear",size_px="8 to 12"} 1.0' in text
    assert 'ekspresi_faces_total{expression="unsure",size_px="8 to 12"} 1.0' in text
    assert 'ekspresi_abstentions_total{size_px="8 to 12"} 1.0' in text


def test_requests_batches_and_queues_are_shown() -> None:
    metrics = ServiceMetrics()
    metrics.watch_queue("crops", lambda: 7)
    metrics.begin_request()
    metrics.begin_request()
    metrics.end_request("/v1/analyze", "POST", 200, 0.2)
    metrics.count_batch(16)
    lines = metrics.to_text().splitlines()
    for line in (
        "ekspresi_requests_in_progress 1.0",
        'ekspresi_requests_total{method="POST",route="/v1/analyze",status="200"} 1.0',
        'ekspresi_request_seconds_sum{route="/v1/analyze"} 0.2',
        'ekspresi_waiting{queue="crops"} 7.0',
        "ekspresi_batch_crops_sum 16.0",
    ):
        assert line in lines


def test_two_services_count_apart() -> None:
    first, second = ServiceMetrics(), ServiceMetrics()
    first.count_batch(3)
    assert "ekspresi_batch_crops_sum 0.0" in second.to_text()
