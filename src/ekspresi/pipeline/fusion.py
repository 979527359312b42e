"""Fuse the predictions of one face, frame by frame, into one belief.

In: the prediction for each frame of a track, and its time. Out: the belief of the whole track so far, as a
``Prediction``. Does not know about pictures, boxes, or how a track was found.

The evidence of a frame is the log-likelihood of each expression: its calibrated probability over the recognizer's
prior. Thirty frames of one face are not independent: most of what misleads a recognizer is a feature of that face and
returns in every frame. So the evidence of a track is the weighted mean over its frames, times the effective
sample size, which is bounded by 1 / ``ERROR_CORRELATION``. For n frames with error correlation r it is
n / (1 + (n - 1) r), the design effect of a cluster sample (Kish, Survey Sampling, 1965). There n is Kish's effective
number of weighted frames: the square of the sum of weights over the sum of squares. A single frame keeps its own
probabilities.

Weights fade exponentially with time, so the belief follows a face that changes. They grow with the effective size: at
equal confidence, a frame of 16 px is confirmed by the next frame more often than one of 8 px. A frame below the
smallest size of the training faces does not count as evidence. As long as a track has nothing better, such frames are
fused with each other: this guess is never answered, but it stays steady. The first evidence replaces it.

The constants were chosen on simulated clips of FER+ PublicTest faces of 6 to 32 px (``benchmarks/fusion.py --fit``).
The criterion was the mean negative log-probability that the belief at the last frame assigns to the human label. A
longer memory would change labels a little less often, but follow a changing face later. With this one, half of the
changes are followed within 0.9 s (docs/results.md, "Frames fused").
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ekspresi.recognition.calibration import SizeCalibration, softmax
from ekspresi.tracking.bytetrack import compute_step_s
from ekspresi.types import Face, Prediction

ERROR_CORRELATION = 0.7
"""Correlation of the errors of two frames of a track, 0..1: no track counts for more than 1 / 0.7 = 1.4 frames."""
TIME_CONSTANT_S = 1.0
"""Time constant in seconds: a frame this old weighs 1 / e. Still faces favor a longer one, changing faces do not."""
SIZE_POWER = 4.0
"""Weights grow as this power of the effective size in pixels, up to ``FULL_PX``. Still faces favor a higher one, but
then the belief depends on a few of the best frames, however old."""
FULL_PX = 24.0
"""Effective size in pixels from which frames weigh the same: the recognizer gains little from more."""

SMALLEST_PROBABILITY = 1e-6
"""Floor: a single frame at exactly 0 must not rule an expression out for as long as it has weight."""
DROPPED_S = 20.0
"""Seconds without a frame after which a belief is dropped: its weights are then down to 2e-9."""


class TrackFusion:
    """Accumulate the belief about one track.

    Example:
        >>> fusion = TrackFusion(calibration=None)
        >>> for time_s in (0.0, 0.5):
        ...     belief = fusion.update(Prediction("fear", 0.6, {"fear": 0.6, "anger": 0.4}, face_px=24.0), time_s)
        >>> belief.expression, round(belief.confidence, 2)
        ('fear', 0.62)

    Attributes:
        time_constant_s, error_correlation, size_power: see ``TIME_CONSTANT_S``, ``ERROR_CORRELATION``, ``SIZE_POWER``.
    """

    def __init__(
        self,
        calibration: SizeCalibration | None,
        log_prior: NDArray[np.float64] | None = None,
        *,
        time_constant_s: float = TIME_CONSTANT_S,
        error_correlation: float = ERROR_CORRELATION,
        size_power: float = SIZE_POWER,
    ) -> None:
        """Start without evidence.

        Args:
            calibration: of the model that predicts (``recognizer.metadata.calibration``). Without one no frame is too
                small and no belief too weak.
            log_prior: float64 (K,), logarithm of the class prior in the predictions (``recognizer.log_prior``); -inf
                for labels that are never answered. None for that of the calibration, or a uniform one without it.
            time_constant_s: time constant of the weights, in seconds.
            error_correlation: correlation of the errors of two frames, from 0 (independent) to 1 (more frames add
                nothing).
            size_power: power of the effective size by which weights grow.
        """
        self.time_constant_s, self.error_correlation, self.size_power = time_constant_s, error_correlation, size_power
        self._calibration = calibration
        if log_prior is None:
            log_prior = np.zeros(()) if calibration is None else np.log(np.array(calibration.class_priors))
        self._log_prior = log_prior
        self._evident = np.isfinite(log_prior)  # labels that frames are evidence about
        self._labels: tuple[str, ...] = ()
        self._time_s: float | None = None
        self._only_guessed = True  # until a frame is large enough
        # The sums below date from the last frame that counted, ``_age_s`` ago.
        self._age_s = math.inf
        self._evidence: NDArray[np.float64] = np.zeros(())  # sum of weight * evidence, (K,)
        self._weight = self._squares = 0.0  # sums of weights and of their squares
        self._log_px = 0.0  # sum of weight * log effective size

    def update(self, prediction: Prediction, time_s: float | None) -> Prediction:
        """Add the prediction for the next frame; return the belief so far.

        Args:
            prediction: for this frame.
            time_s: seconds since the start of the video; None where unknown (see ``bytetrack.compute_step_s``).

        Returns:
            Probabilities of the whole track, and ``face_px`` of this frame. ``effective_px`` is the weighted geometric
            mean over the evidence; None where the model does not estimate it. ``abstained`` follows the calibration's
            threshold at that size. Without new evidence the belief fades to the prior. Before the first
            evidence, the result fuses the frames that are too small; ``abstained`` is True.

        Raises:
            ValueError: the labels differ from those of earlier frames.
        """
        labels = tuple(prediction.probabilities)
        if self._labels not in ((), labels):
            raise ValueError(
                f"prediction: labels {', '.join(labels)} differ from the track's {', '.join(self._labels)}. "
                "Use one model for a track."
            )
        self._labels = labels
        self._age_s += compute_step_s(self._time_s, time_s)
        self._time_s = time_s
        size_px = prediction.face_px if prediction.effective_px is None else prediction.effective_px
        enough = self._calibration is None or size_px >= self._calibration.smallest_px
        if enough and self._only_guessed:
            self._only_guessed, self._age_s = False, math.inf  # the guess has no weight any more
        if enough or self._only_guessed:
            self._add(np.fromiter(prediction.probabilities.values(), dtype=np.float64), size_px)
        probabilities = self._probabilities()
        evidence_px = math.exp(self._log_px / self._weight)
        best = int(probabilities.argmax())
        return Prediction(
            expression=labels[best],
            confidence=float(probabilities[best]),
            probabilities=dict(zip(labels, probabilities.tolist(), strict=True)),
            face_px=prediction.face_px,
            effective_px=None if prediction.effective_px is None else evidence_px,
            abstained=self._only_guessed
            or (
                self._calibration is not None
                and bool(self._calibration.abstained(probabilities[None], np.array([evidence_px]))[0])
            ),
        )

    def _add(self, probabilities: NDArray[np.float64], size_px: float) -> None:
        """Fade older evidence by its age, and add the probabilities (K,) of a frame."""
        fading = math.exp(-self._age_s / self.time_constant_s)
        weight = min(1.0, size_px / FULL_PX) ** self.size_power
        logs = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))
        evidence = np.subtract(logs, self._log_prior, out=np.zeros_like(logs), where=self._evident)
        self._evidence = fading * self._evidence + weight * evidence
        self._weight = fading * self._weight + weight
        self._squares = fading**2 * self._squares + weight**2
        self._log_px = fading * self._log_px + weight * math.log(size_px)
        self._age_s = 0.0

    def _probabilities(self) -> NDArray[np.float64]:
        """Compute the probabilities (K,) under all evidence."""
        frames = self._weight**2 / self._squares
        sample_size = frames / (1 + (frames - 1) * self.error_correlation)
        sample_size *= math.exp(-self._age_s / self.time_constant_s)
        scores = self._log_prior + sample_size * self._evidence / self._weight
        return np.asarray(softmax(scores[None])[0], dtype=np.float64)


class FusionByTrack:
    """Accumulate the beliefs about all tracks of one video; use a new object for each video.

    Its memory is bounded by the tracks of the last seconds.

    Example:
        >>> face = Face((0, 0, 24, 24), 0.9, prediction=Prediction("fear", 0.6, {"fear": 0.6, "anger": 0.4}, 24.0))
        >>> fusion = FusionByTrack(calibration=None)
        >>> [fused.prediction.confidence for fused in fusion.update([face, face], tracks=[1, None], time_s=0.0)]
        [0.6, 0.6]
    """

    def __init__(self, calibration: SizeCalibration | None, log_prior: NDArray[np.float64] | None = None) -> None:
        """Start without evidence; see ``TrackFusion``."""
        self._calibration, self._log_prior = calibration, log_prior
        self._beliefs: dict[int, TrackFusion] = {}
        self._updated_s: dict[int, float] = {}
        self._time_s: float | None = None
        self._clock_s = 0.0

    def update(self, faces: Sequence[Face], tracks: Sequence[int | None], time_s: float | None) -> list[Face]:
        """Add the faces of the next frame; return them with the belief about each track.

        Call it for frames without faces too where time stamps may be missing: time passes with every call.

        Args:
            faces: of one frame, with their predictions.
            tracks: number of the track of each face (``Tracker.update``); None for a face without a track.
            time_s: seconds since the start of the video; None where unknown.

        Returns:
            The faces in the same order; without a track or a prediction a face stays as it is.

        Raises:
            ValueError: the numbers of faces and tracks differ, or the labels differ from those of earlier frames.
        """
        self._clock_s += compute_step_s(self._time_s, time_s)
        self._time_s = time_s
        fused = []
        for face, track in zip(faces, tracks, strict=True):
            if track is None or face.prediction is None:
                fused.append(face)
                continue
            if track not in self._beliefs:
                self._beliefs[track] = TrackFusion(self._calibration, self._log_prior)
            belief = self._beliefs[track].update(face.prediction, self._clock_s)
            self._updated_s[track] = self._clock_s
            fused.append(replace(face, prediction=belief))
        for track in [track for track, last_s in self._updated_s.items() if self._clock_s - last_s > DROPPED_S]:
            del self._beliefs[track], self._updated_s[track]
        return fused
