"""Beliefs in one face, one after another -> sums over steps of time, in bounded memory.

In: predictions with their times. Out: what they were on average in each step. Knows nothing of videos.
"""

import numpy as np
from numpy.typing import NDArray

from ekspresi.summaries.summary import ProbabilityCurve
from ekspresi.tracking.bytetrack import LONGEST_STEP_S
from ekspresi.types import Prediction

STEP_S = 0.25
"""Length of a step, seconds, as long as a track is short; then twice, four times as long, and so on."""
STEPS = 600
"""Steps that are kept of a track."""

_HEAD = 5
"""Columns before those of the labels: time, time that was not judged, then, each times the time: side of the face,
effective size, whether it is known. Those of the labels are probabilities times the time."""


class TimeBins:
    """Sums over steps of time: they get longer when there would be more than ``STEPS``.

    Attributes:
        step_s: length of a step, seconds; the first begins at a multiple of it.
    """

    def __init__(self, labels: int) -> None:
        """Begin without steps, for so many labels."""
        self.step_s = STEP_S
        self._count = 0
        self._numbers = np.zeros(8, dtype=np.int64)
        self._sums = np.zeros((8, _HEAD + labels))

    def sizes_px(self) -> tuple[float, float | None]:
        """Median side of the face and median effective size, pixels; None where the model told none."""
        time, _, face_px, effective_px, known = self._sums[: self._count, :_HEAD].T
        there = known > 0
        median = _median(effective_px[there] / known[there], known[there]) if there.any() else None
        return _median(face_px / time, time), median

    def curve(self, labels: tuple[str, ...]) -> ProbabilityCurve:
        """What was believed in each step on average."""
        sums = self._sums[: self._count]
        means = np.asarray(sums / sums[:, :1], dtype=np.float64)
        starts_s = np.asarray(self._numbers[: self._count] * self.step_s, dtype=np.float64)
        ends_s = np.asarray(starts_s + self.step_s, dtype=np.float64)
        # Frames may be rarer than steps, and a face may be missed for as long as its track is not lost.
        away = starts_s[1:] - starts_s[:-1] > LONGEST_STEP_S + self.step_s
        ends_s[:-1] = np.where(away, ends_s[:-1], starts_s[1:])
        return ProbabilityCurve(starts_s, ends_s, labels, means[:, _HEAD:], means[:, 1])

    def add(self, time_s: float, belief: Prediction, amount: float) -> None:
        """A prediction at some time counts for so many seconds, more than 0."""
        number = int(time_s // self.step_s)
        if not self._count or number > self._numbers[self._count - 1]:
            self._begin(number)
            if self._count > STEPS:
                self._lengthen()
        known = belief.effective_px is not None
        said = np.fromiter(belief.probabilities.values(), dtype=np.float64)
        head = (1.0, float(belief.abstained), belief.face_px, belief.effective_px or 0.0, float(known))
        self._sums[self._count - 1] += amount * np.concatenate([head, said])

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
