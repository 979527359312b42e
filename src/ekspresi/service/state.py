"""Hold what all requests of a service share.

In: settings. Out: the loaded model, the queues, and whether the service stops. Does not know about HTTP.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ekspresi.detection.detector import make_detector
from ekspresi.recognition.priors import check_calibrated
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.service.analysis import Analysis
from ekspresi.service.gatherer import Gatherer
from ekspresi.service.metrics import ServiceMetrics
from ekspresi.service.settings import ServiceSettings
from ekspresi.service.stream_sessions import StreamSessions
from ekspresi.tracking.bytetrack import Tracker


@dataclass(eq=False)
class ServiceState:
    """Hold the settings, the model and the queues of a service.

    Example:
        >>> state = ServiceState.load(ServiceSettings(device="cpu"))
        >>> state.analysis.recognizer.labels[:2], state.stopping
        (('neutral', 'happiness'), False)
        >>> state.close()

    Attributes:
        settings: of the service.
        analysis: answers pictures and crops.
        metrics: counts what is answered.
        model_sha256: hash of the model file.
        stopping: the service finishes what it has, and takes nothing new.
        streams: those that are open.
    """

    settings: ServiceSettings
    analysis: Analysis
    metrics: ServiceMetrics
    model_sha256: str
    stopping: bool = field(default=False, init=False)
    streams: StreamSessions = field(init=False)

    def __post_init__(self) -> None:
        self.streams = StreamSessions(self.settings.max_streams)

    @classmethod
    def load(cls, settings: ServiceSettings) -> "ServiceState":
        """Load the model, run it once, and prepare the queues; their threads start with the first request.

        Raises:
            ModelError, ConfigError, MissingExtraError: the model, the device or the detector cannot be used.
        """
        model = Path(settings.model).expanduser() if settings.model else None
        recognizer = Recognizer(model, device=settings.device, strict=settings.strict)
        if settings.prior != "trained":
            check_calibrated(recognizer.metadata.calibration, recognizer.path)
        detector = make_detector(settings.detector, settings.min_face_px, settings.device)
        metrics = ServiceMetrics()
        gatherer = Gatherer(
            recognizer.run_network,
            batch_crops=settings.batch_crops,
            wait_s=settings.batch_wait_ms / 1000,
            most_waiting=settings.max_waiting_crops,
            observe=metrics.count_batch,
        )
        analysis = Analysis(settings, recognizer, detector, gatherer, metrics.count_faces)
        metrics.watch_queue("pictures", lambda: analysis.pictures.waiting)
        metrics.watch_queue("crops", lambda: gatherer.waiting)
        # Networks and SciPy are loaded when they are first used: a missing one is found here, and no request waits.
        detector.detect(np.zeros((64, 64, 3), np.uint8))
        recognizer.predict([np.zeros((48, 48), np.uint8)])
        Tracker()
        return cls(settings, analysis, metrics, hashlib.sha256(recognizer.path.read_bytes()).hexdigest())

    def close(self) -> None:
        """Answer what was taken, and end the threads."""
        self.stopping = True
        self.analysis.close()
