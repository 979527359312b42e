"""Sum up the predictions of one face over bins of time, in bounded memory.

In: predictions with their times. Out: their means in each bin. Does not know about videos.
"""

import numpy as np
from numpy.typing import NDArray

from ekspresi.summaries.summary import ProbabilityCurve
from ekspresi.tracking.bytetrack import LONGEST_STEP_S
from ekspresi.types import Prediction

STEP_S = 0.25
"""Length of a bin of a short track, seconds; it doubles as the track grows."""
STEPS = 600
"""Maximum bins of a track."""

_HEAD = 5
"""Columns before those of the labels: time, time without an answer, then, each times the time: side of the face,
effective size, whether it is known. The columns of the labels are probabilities times the time."""


class TimeBins:
    """Sum up predictions over bins of time; more than ``STEPS`` bins are joined to longer ones.

    Attributes:
        step_s: length of a bin, seconds; the first begins at a multiple of it.

    >>> bins = TimeBins(2)
    >>> bins.add(0.1, Prediction("fear", 0.75, {"neutral": 0.25, "fear": 0.75}, 24.0), 0.04)
    >>> bins.curve(("neutral", "fear")).probabilities.round(2).tolist()
    [[0.25, 0.75]]
    """

    def __init__(self, labels: int) -> None:
        """Begin without bins, for so many labels."""
        self.step_s = STEP_S
        self._count = 0
        self._numbers = np.zeros(8, dtype=np.int64)
        self._sums = np.zeros((8, _HEAD + labels))

    def sizes_px(self) -> tuple[float, float | None]:
        """Return the median side and effective size of the face, pixels; None where unknown."""
        time, _, face_px, effective_px, known = self._sums[: self._count, :_HEAD].T
        present = known > 0
        median = _median(effective_px[present] / known[present], known[present]) if present.any() else None
        return _median(face_px / time, time), median

    def curve(self, labels: tuple[str, ...]) -> ProbabilityCurve:
        """Return the mean probabilities of each bin."""
        sums = self._sums[: self._count]
        means = np.asarray(sums / sums[:, :1], dtype=np.float64)
        starts_s = np.asarray(self._numbers[: self._count] * self.step_s, dtype=np.float64)
        ends_s = np.asarray(starts_s + self.step_s, dtype=np.float64)
        # Frames may be rarer than bins, and a track survives frames without its face.
        away = starts_s[1:] - starts_s[:-1] > LONGEST_STEP_S + self.step_s
        ends_s[:-1] = np.where(away, ends_s[:-1], starts_s[1:])
        return ProbabilityCurve(starts_s, ends_s, labels, means[:, _HEAD:], means[:, 1])

    def add(self, time_s: float, prediction: Prediction, amount: float) -> None:
        """Add a prediction at a time, with a weight in seconds, more than 0."""
        number = int(time_s // self.step_s)
        if not self._count or number > self._numbers[self._count - 1]:
            self._begin(number)
            if self._count > STEPS:
                self._lengthen()
        known = prediction.effective_px is not None
        probabilities = np.fromiter(prediction.probabilities.values(), dtype=np.float64)
        head = (1.0, float(prediction.abstained), prediction.face_px, prediction.effective_px or 0.0, float(known))
        self._sums[self._count - 1] += amount * np.concatenate([head, probabilities])

    def _begin(self, number: int) -> None:
        if self._count == len(self._numbers):
            self._numbers = np.concatenate([self._numbers, np.zeros_like(self._numbers)])
            self._sums = np.concatenate([self._sums, np.zeros_like(self._sums)])
        self._numbers[self._count] = number
        self._sums[self._count] = 0
        self._count += 1

    def _lengthen(self) -> None:
        while self._count > STEPS:
            self.step_s *= 2
            halved = self._numbers[: self._count] // 2
            starts = np.flatnonzero(np.diff(halved, prepend=halved[0] - 1))
            sums = np.add.reduceat(self._sums[: self._count], starts)
            self._count = len(starts)
            self._numbers[: self._count], self._sums[: self._count] = halved[starts], sums


def _median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
