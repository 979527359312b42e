"""Predictions of one face, frame after frame -> one belief at each time.

In: what the recognizer says of each frame of a track, and when. Out: what all of it together says now, as a
``Prediction``. Knows nothing of pictures, boxes, or how a track was found.

A frame's evidence is the logarithm of how much likelier it makes each expression: of its calibrated probability over
the prior that the recognizer holds. Thirty frames of one face are not thirty witnesses: what is peculiar to that face,
which is most of what misleads a recognizer, comes with every frame. So the evidence of a track is the weighted mean of
its frames', times a number of witnesses that grows with the frames, but never beyond 1 / ``ERROR_CORRELATION``: n
frames whose errors agree by r are worth n / (1 + (n - 1) r), the design effect of a cluster sample (Kish, Survey
Sampling, 1965), and n itself is his effective number of weighted frames, the square of the sum of weights over the sum
of squares. One frame gives back its own probabilities.

Weights fade exponentially with time, so that the belief follows a face that changes, and grow with the effective size:
two frames of the same confidence, one of 8 and one of 16 px, are not equally likely to be confirmed by the next. What
carries less than the model ever learnt from is no evidence at all. As long as a track has nothing better, such frames
are fused with each other: a guess that is never answered but stands still; the first evidence replaces it.

The numbers were chosen on simulated clips of FER+ PublicTest faces of 6 to 32 px (``benchmarks/fusion.py --fit``), by
the mean negative logarithm of the probability that the last frame's belief gives to what people saw. A longer memory
would make labels change a little less often and follow a changing face later: with this one half of the changes are
followed within 0.9 s (docs/results.md, "Frames fused").
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ekspresi.recognition.calibration import SizeCalibration, softmax
from ekspresi.tracking.bytetrack import compute_step_s
from ekspresi.types import Face, Prediction, Prior

ERROR_CORRELATION = 0.7
"""How much the errors of two frames of one track agree, 0..1: no track is worth more than 1 / 0.7 = 1.4 frames."""
TIME_CONSTANT_S = 1.0
"""Time constant in seconds: a frame this old weighs 1 / e. Still faces would have it longer; those that change, not."""
SIZE_POWER = 4.0
"""Weights grow as this power of the effective size in pixels, up to ``FULL_PX``. Still faces would have it higher; but
then the belief hangs on the few best frames, however old."""
FULL_PX = 24.0
"""Effective size from which frames weigh alike: the recognizer hardly gains from more."""

_SMALLEST_PROBABILITY = 1e-6
"""Floor: one frame at exactly 0 must not rule an expression out for as long as it is remembered."""
_DROPPED_S = 20.0
"""A belief without a frame for this long is dropped: of its weights 2e-9 is left."""


class TrackFusion:
    """What is believed of one track.

    Attributes:
        time_constant_s, error_correlation, size_power: see ``TIME_CONSTANT_S``, ``ERROR_CORRELATION``, ``SIZE_POWER``.
    """

    def __init__(
        self,
        calibration: SizeCalibration | None,
        prior: Prior = "trained",
        *,
        time_constant_s: float = TIME_CONSTANT_S,
        error_correlation: float = ERROR_CORRELATION,
        size_power: float = SIZE_POWER,
    ) -> None:
        """Begin without evidence.

        Args:
            calibration: of the model that predicts (``recognizer.metadata.calibration``); without one the prior is
                even, no frame too small and no belief too weak.
            prior: the prior that the model holds (``recognizer.prior``).
            time_constant_s: time constant of the forgetting, seconds.
            error_correlation: how much the errors of two frames agree, 0 (not at all) to 1 (more frames tell nothing
                new).
            size_power: weights grow as this power of the effective size.
        """
        self.time_constant_s, self.error_correlation, self.size_power = time_constant_s, error_correlation, size_power
        self._calibration = calibration
        self._log_prior = np.zeros(()) if calibration is None else log_prior(calibration, prior)
        self._labels: tuple[str, ...] = ()
        self._time_s: float | None = None
        self._guessed = True  # as long as every frame was too small
        # As they were at the last frame that counted: it is ``_age_s`` old.
        self._age_s = math.inf
        self._evidence: NDArray[np.float64] = np.zeros(())  # sum of weight * evidence, (K,)
        self._weight = self._squares = 0.0  # sums of weights and of their squares
        self._log_px = 0.0  # sum of weight * log effective size

    def update(self, prediction: Prediction, time_s: float | None) -> Prediction:
        """What the recognizer says of the track's next frame -> what is believed now.

        Args:
            prediction: of this frame.
            time_s: seconds since the start of the video; None where unknown (see ``bytetrack.compute_step_s``).

        Returns:
            Probabilities of the whole track; ``face_px`` of this frame; ``effective_px`` of its evidence (weighted
            geometric mean), None where the model tells none; ``abstained`` by the calibration's threshold at that
            size. Without new evidence the belief fades to the prior. As long as no frame was any: what the frames
            that are too small say together, abstained.

        Raises:
            ValueError: other labels than before.
        """
        labels = tuple(prediction.probabilities)
        if self._labels not in ((), labels):
            raise ValueError(f"a prediction over {', '.join(labels)} in a track over {', '.join(self._labels)}")
        self._labels = labels
        self._age_s += compute_step_s(self._time_s, time_s)
        self._time_s = time_s
        size_px = prediction.face_px if prediction.effective_px is None else prediction.effective_px
        enough = self._calibration is None or size_px >= self._calibration.smallest_px
        if enough and self._guessed:
            self._guessed, self._age_s = False, math.inf  # nothing is kept of a guess
        if enough or self._guessed:
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
            abstained=self._guessed
            or (
                self._calibration is not None
                and bool(self._calibration.abstained(probabilities[None], np.array([evidence_px]))[0])
            ),
        )

    def _add(self, probabilities: NDArray[np.float64], size_px: float) -> None:
        """A frame's probabilities (K,) become evidence; what was there before fades by its age."""
        kept = math.exp(-self._age_s / self.time_constant_s)
        weight = min(1.0, size_px / FULL_PX) ** self.size_power
        evidence = np.log(np.maximum(probabilities, _SMALLEST_PROBABILITY)) - self._log_prior
        self._evidence = kept * self._evidence + weight * evidence
        self._weight = kept * self._weight + weight
        self._squares = kept**2 * self._squares + weight**2
        self._log_px = kept * self._log_px + weight * math.log(size_px)
        self._age_s = 0.0

    def _probabilities(self) -> NDArray[np.float64]:
        """What all evidence says together, (K,)."""
        frames = self._weight**2 / self._squares
        witnesses = frames / (1 + (frames - 1) * self.error_correlation) * math.exp(-self._age_s / self.time_constant_s)
        scores = self._log_prior + witnesses * self._evidence / self._weight
        return np.asarray(softmax(scores[None])[0], dtype=np.float64)


class FusionByTrack:
    """The beliefs of all tracks of one video; for another one make another.

    Its memory is bounded by the tracks of the last seconds.
    """

    def __init__(self, calibration: SizeCalibration | None, prior: Prior = "trained") -> None:
        """Begin without evidence; see ``TrackFusion``."""
        self._calibration, self._prior = calibration, prior
        self._beliefs: dict[int, TrackFusion] = {}
        self._updated_s: dict[int, float] = {}
        self._time_s: float | None = None
        self._clock_s = 0.0

    def update(self, faces: Sequence[Face], tracks: Sequence[int | None], time_s: float | None) -> list[Face]:
        """The faces of the next frame and their tracks (``Tracker.update``) -> the same with what is believed now.

        Faces without a track or without a prediction stay as they are. Call it for frames without faces too where
        time stamps may be missing: time passes with every call.

        Raises:
            ValueError: not one track for each face, or other labels than before.
        """
        self._clock_s += compute_step_s(self._time_s, time_s)
        self._time_s = time_s
        found = []
        for face, track in zip(faces, tracks, strict=True):
            if track is None or face.prediction is None:
                found.append(face)
                continue
            if track not in self._beliefs:
                self._beliefs[track] = TrackFusion(self._calibration, self._prior)
            belief = self._beliefs[track].update(face.prediction, self._clock_s)
            self._updated_s[track] = self._clock_s
            found.append(replace(face, prediction=belief))
        for track in [track for track, last in self._updated_s.items() if self._clock_s - last > _DROPPED_S]:
            del self._beliefs[track], self._updated_s[track]
        return found


def log_prior(calibration: SizeCalibration, prior: Prior) -> NDArray[np.float64]:
    """A calibration and a prior -> logarithm of the prior (K,) its probabilities hold."""
    log_shares = np.log(np.array(calibration.class_priors) / sum(calibration.class_priors))
    scores = log_shares * (1 - calibration.prior_strength) if prior == "uniform" else log_shares
    return np.asarray(np.log(softmax(scores[None])[0]), dtype=np.float64)
