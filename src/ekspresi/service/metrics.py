"""Count what a service does, for Prometheus.

In: requests, batches and predictions. Out: the text of ``GET /metrics``. Each service has a registry of its own. Does
not know about HTTP.
"""

from bisect import bisect
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from ekspresi.types import Prediction

SIZE_BANDS_PX = (8, 12, 16, 24, 32, 48)
"""Face sizes that bound the bands, in pixels."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_CROPS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def size_band(face_px: float) -> str:
    """Name the band of a face size.

    >>> size_band(7.5), size_band(8), size_band(400)
    ('below 8', '8 to 12', '48 and above')
    """
    place = bisect(SIZE_BANDS_PX, face_px)
    if place == 0:
        return f"below {SIZE_BANDS_PX[0]}"
    if place == len(SIZE_BANDS_PX):
        return f"{SIZE_BANDS_PX[-1]} and above"
    return f"{SIZE_BANDS_PX[place - 1]} to {SIZE_BANDS_PX[place]}"


class ServiceMetrics:
    """Hold the metrics of one service.

    Example:
        >>> metrics = ServiceMetrics()
        >>> metrics.count_faces([Prediction("fear", 0.9, {"fear": 0.9, "anger": 0.1}, face_px=9.0)])
        >>> 'ekspresi_faces_total{expression="fear",size_px="8 to 12"} 1.0' in metrics.to_text()
        True
    """

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "ekspresi_requests", "Requests that were answered.", ("route", "method", "status"), registry=registry
        )
        self._seconds = Histogram(
            "ekspresi_request_seconds", "Time from the headers of a request to its answer.", ("route",),
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._in_progress = Gauge("ekspresi_requests_in_progress", "Requests in progress.", registry=registry)
        self._waiting = Gauge("ekspresi_waiting", "Pictures and crops that wait.", ("queue",), registry=registry)
        self._batches = Histogram(
            "ekspresi_batch_crops", "Crops in one run of the network.", buckets=_CROPS, registry=registry
        )
        self._faces = Counter(
            "ekspresi_faces", "Faces, by the answer: an expression, or unsure.", ("expression", "size_px"),
            registry=registry,
        )  # fmt: skip
        self._abstentions = Counter(
            "ekspresi_abstentions", "Faces for which the model abstained.", ("size_px",), registry=registry
        )

    def watch_queue(self, name: str, waiting: Callable[[], int]) -> None:
        """Show the length of a queue.

        Args:
            name: what waits.
            waiting: returns how many wait now.
        """
        self._waiting.labels(name).set_function(waiting)

    def begin_request(self) -> None:
        """Count a request in progress."""
        self._in_progress.inc()

    def end_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request.

        Args:
            route: its address as the app defines it, so that there are few.
            method: of HTTP.
            status: of the answer; 499 where the client went away.
            seconds: from its headers to its answer.
        """
        self._in_progress.dec()
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_batch(self, crops: int) -> None:
        """Count one run of the network on a number of crops."""
        self._batches.observe(crops)

    def count_faces(self, predictions: Iterable[Prediction]) -> None:
        """Count answered faces."""
        for prediction in predictions:
            band = size_band(prediction.face_px)
            self._faces.labels(prediction.answer, band).inc()
            if prediction.abstained:
                self._abstentions.labels(band).inc()

    def to_text(self) -> str:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self._registry).decode()
