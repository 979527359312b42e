"""Faces of one frame after another -> tracks: which of them are the same face.

In: the faces of each frame, with boxes and scores, and its time. Out: the number of the track of each face. Knows
nothing of pictures, of expressions, or of what a face looks like: only where it was and where it should be.

The method is ByteTrack (Zhang et al., ByteTrack: Multi-Object Tracking by Associating Every Detection Box, ECCV
2022): a Kalman filter of constant velocity says where each face should be; sure faces are matched first, by the
overlap of boxes and the assignment of the largest sum; what the detector was less sure of may then continue a track
that was left over, but begins none. Changed, because faces are 8 to 120 px wide and frames come when they come:

- Boxes are widened before their overlap is taken, by a number of pixels instead of a share of the box (after the
  buffered IoU of Yang et al., Hard to Track Objects with Irregular Motions and Similar Appearances, WACV 2023): a
  face of 10 px that moves by 12 overlaps itself no more, one of 120 px hardly notices. The widening grows with the
  filter's own doubt, so that a face unseen for a while is searched for further away.
- Time is counted in seconds, in the filter and for what is lost. Where frames come seldom a face is lost later, so that
  one that stays is followed (``LONGEST_STEP_S``); but it is searched for no further away (``MAX_WIDENING``), so that
  its number is not handed to the next who comes by.
- A face has its number at once, not after a second look: rows are written as frames come.
- The second matching is open to every track, not only to those seen in the frame before: a tiny face that was missed
  once comes back with a low score more often than not.
- The state is center, width and height instead of center, aspect and height; noises are in sides of the face and
  pixels a second.
"""

import math
from collections import deque
from collections.abc import Sequence
from statistics import median_low
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ekspresi.errors import ConfigError, MissingExtraError
from ekspresi.imaging.boxes import iou
from ekspresi.types import Box, Face

HIGH_SCORE = 0.8
"""Detector's score from which a face is matched first and may begin a track; MTCNN gives nothing below 0.7."""
LOST_S = 1.0
"""Seconds after which a track that was not seen is lost; more where frames come seldom."""
STEPS = 2.2
"""A track is lost after so many usual steps from frame to frame, if that is more than ``LOST_S``: a face may be missed
once."""
LONGEST_STEP_S = 2.1
"""Up to this usual step faces are followed, 2 s and what time stamps stray; beyond it each is a track of its own."""
LONGEST_LOST_S = STEPS * LONGEST_STEP_S
"""No track is lost later, in whatever steps frames come."""
FRAME_S = 1 / 25
"""Step in seconds where a frame has no time stamp, or one that cannot be."""

MARGIN_PX = 12.0
"""Boxes are widened by this on each side before their overlap is taken, and by the filter's doubt."""
LEAST_OVERLAP = 0.2
"""IoU of widened boxes from which a sure face continues a track, as in ByteTrack."""
LEAST_OVERLAP_LOW = 0.5
"""The same for a face of low score, as in ByteTrack."""

MAX_WIDENING = (2.0, 24.0)
"""Most that boxes are widened by the filter's doubt, as (sides of the face, pixels): their sum."""

_USUAL = 5
"""The usual step is the median of so many last ones: a gap in a video is none."""

_Array = NDArray[np.float64]

# Standard deviations as (sides of the face, pixels): their sum is taken. Two rows: of the center, of the size.
_MEASUREMENT_STD = np.array([[0.05, 0.5], [0.08, 0.7]])
"""Of a detector's box."""
_INITIAL_SPEED_STD = np.array([[2.0, 60.0], [0.3, 0.0]])
"""Of the speed of a new face, a second: people walk and cameras pan."""
_ACCELERATION_STD = np.array([[4.0, 20.0], [0.3, 0.0]])
"""Of how much the speed changes in a second: half of what ByteTrack allows, whose boxes are whole people."""


def step_s(before: float | None, now: float | None) -> float:
    """Two time stamps in seconds -> seconds from one to the other, at least 0.

    ``FRAME_S`` where one is missing or no number, or where time runs backwards: a stream that begins anew, a file
    with damaged stamps.
    """
    if before is None or now is None:
        return FRAME_S
    step = now - before
    return step if math.isfinite(step) and step >= 0 else FRAME_S


class Tracker:
    """Numbers the faces of one video; for another one make another tracker.

    It knows faces by place alone. Two that swap places while both are unseen swap numbers; a cut to another scene, of
    which it is not told by ``start_new_shot``, gives a face's number to whoever stands in its place within ``lost_s``.

    Attributes:
        high_score: see ``HIGH_SCORE``.
        lost_s: see ``LOST_S``. Where frames are usually further apart than this and ``LONGEST_STEP_S``, every face is a
            track of its own.
    """

    def __init__(self, high_score: float = HIGH_SCORE, lost_s: float = LOST_S, first: int = 1) -> None:
        """Begin without tracks.

        Args:
            high_score: see ``HIGH_SCORE``.
            lost_s: see ``LOST_S``.
            first: number of the first track; above 1 for a video of which tracks are known already.

        Raises:
            ConfigError: seconds that are no positive number.
            MissingExtraError: SciPy, which solves the assignment, is not installed.
        """
        if not (math.isfinite(lost_s) and lost_s > 0):
            raise ConfigError(f"a track is lost after {lost_s} seconds: must be above 0")
        try:
            from scipy.optimize import linear_sum_assignment
        except ImportError as error:
            raise MissingExtraError("tracking", "video") from error
        self.high_score = high_score
        self.lost_s = lost_s
        self._assign: Any = linear_sum_assignment
        self._time_s: float | None = None
        self._next = first
        self._numbers = np.zeros(0, dtype=np.int64)
        self._unseen_s = np.zeros(0)
        self._missing = np.zeros(0, dtype=np.bool_)
        self._forgotten = np.zeros(0, dtype=np.bool_)
        self._steps: deque[float] = deque(maxlen=_USUAL)
        self._motion = _Motion.of(np.zeros((0, 4)))

    @property
    def live(self) -> frozenset[int]:
        """Numbers that may still be given again; whatever is kept for others can be dropped."""
        return frozenset(self._numbers[~self._forgotten].tolist())

    def start_new_shot(self) -> None:
        """What is seen begins anew with the next frame: no number that was given is given again.

        Where faces should be is still told by ``unseen_boxes`` until they would have been lost: if it was no new scene
        after all, who hides them hides too much for a second, not too little.
        """
        self._forgotten[:] = True

    def unseen_boxes(self) -> list[Box]:
        """Where faces that were not in the last frame, but seen within ``lost_s``, should be in it.

        Also those of tracks that were told to be forgotten. Widened by the filter's doubt on each side, up to half of
        the box: who hides them wants the face inside.
        """
        boxes = self._motion.boxes()[self._missing]
        sides = boxes[:, 2:] - boxes[:, :2]
        wider = np.minimum(self._motion.position_std_px()[self._missing, None], sides / 2)
        edges = np.concatenate([boxes[:, :2] - wider, boxes[:, 2:] + wider], axis=1)
        return [(x1, y1, x2, y2) for x1, y1, x2, y2 in edges.tolist()]

    def update(self, faces: Sequence[Face], time_s: float | None) -> list[int | None]:
        """The faces of the next frame -> the number of the track of each, counted from ``first``, never given twice.

        Args:
            faces: of one frame; their order does not matter.
            time_s: seconds since the start of the video; None where unknown (see ``step_s``).

        Returns:
            A number for each face; None for one that the detector is not sure of and that continues no track, or
            whose box is none.
        """
        step = step_s(self._time_s, time_s)
        if self._time_s is not None:
            self._steps.append(step)
        self._advance(step)
        self._time_s = time_s
        boxes = np.array([face.box_xyxy for face in faces], dtype=np.float64).reshape(-1, 4)
        scores = np.array([face.score for face in faces], dtype=np.float64)
        sizes = boxes[:, 2:] - boxes[:, :2]
        usable = np.isfinite(sizes).all(axis=1) & (sizes > 0).all(axis=1)
        seen = np.full(len(boxes), -1)
        high = np.flatnonzero(usable & (scores >= self.high_score))
        low = np.flatnonzero(usable & (scores < self.high_score))
        for some, least in ((high, LEAST_OVERLAP), (low, LEAST_OVERLAP_LOW)):
            free = np.setdiff1d(np.flatnonzero(~self._forgotten), seen)
            which, tracks = self._match(boxes[some], free, least)
            seen[some[which]] = free[tracks]
        continued = np.flatnonzero(seen >= 0)
        self._motion.correct(seen[continued], _measured(boxes[continued]))
        self._unseen_s[seen[continued]] = 0
        fresh = high[seen[high] < 0]
        seen[fresh] = len(self._numbers) + np.arange(len(fresh))
        self._begin(boxes[fresh])
        self._missing = ~np.isin(np.arange(len(self._numbers)), seen)
        return [int(self._numbers[track]) if track >= 0 else None for track in seen.tolist()]

    def _advance(self, step: float) -> None:
        """Time passes: what was not seen for long is lost, the rest moves on."""
        self._unseen_s += step
        kept = self._unseen_s <= self._lost_s()
        self._numbers, self._unseen_s, self._motion = self._numbers[kept], self._unseen_s[kept], self._motion.only(kept)
        self._forgotten = self._forgotten[kept]
        if len(self._numbers):
            self._motion.predict(step)

    def _lost_s(self) -> float:
        """Seconds after which a track is lost, where frames come as they usually do."""
        usual = median_low(self._steps) if self._steps else 0.0
        return max(self.lost_s, STEPS * usual) if usual <= LONGEST_STEP_S else self.lost_s

    def _match(
        self, boxes: _Array, tracks: NDArray[np.int64], least: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Boxes (M, 4), tracks (T,) and the least overlap -> the pairs, as positions in both."""
        overlaps = iou(self._motion.boxes()[tracks], boxes, MARGIN_PX + self._widening_px()[tracks])
        rows, columns = self._assign(np.where(overlaps >= least, overlaps, 0), maximize=True)
        good = overlaps[rows, columns] >= least
        return columns[good], rows[good]

    def _widening_px(self) -> _Array:
        """How much boxes (T,) are widened by the filter's doubt."""
        share, pixels = MAX_WIDENING
        sides = np.sqrt(self._motion.place[:, 2] * self._motion.place[:, 3])
        return np.minimum(self._motion.position_std_px(), share * sides + pixels)

    def _begin(self, boxes: _Array) -> None:
        self._numbers = np.append(self._numbers, self._next + np.arange(len(boxes)))
        self._next += len(boxes)
        self._unseen_s = np.append(self._unseen_s, np.zeros(len(boxes)))
        self._forgotten = np.append(self._forgotten, np.zeros(len(boxes), dtype=np.bool_))
        self._motion = self._motion.and_also(_Motion.of(_measured(boxes)))


def _measured(boxes: _Array) -> _Array:
    """Boxes (N, 4) as x1, y1, x2, y2 -> center x, y, width, height (N, 4)."""
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)


class _Motion:
    """T Kalman filters of constant velocity (Kalman, A New Approach to Linear Filtering and Prediction, 1960).

    Center and size move independently of each other, each with a white noise of acceleration, so a filter is four
    small ones whose covariances are three numbers.

    Attributes:
        place: (T, 4), center x, y, width, height in pixels.
        speed: (T, 4), the same a second.
        variances: (3, T, 4): of the place, covariance of place and speed, of the speed.
    """

    def __init__(self, place: _Array, speed: _Array, variances: _Array) -> None:
        self.place, self.speed, self.variances = place, speed, variances

    @classmethod
    def of(cls, measured: _Array) -> "_Motion":
        """Filters (T,) that saw one box each (T, 4), and know nothing of speeds."""
        jitter, start = _noise(_MEASUREMENT_STD, measured) ** 2, _noise(_INITIAL_SPEED_STD, measured) ** 2
        return cls(measured.copy(), np.zeros_like(measured), np.stack([jitter, np.zeros_like(jitter), start]))

    def only(self, kept: NDArray[np.bool_]) -> "_Motion":
        """Some of the filters, by a mask (T,)."""
        return _Motion(self.place[kept], self.speed[kept], self.variances[:, kept])

    def and_also(self, more: "_Motion") -> "_Motion":
        """These filters, and then those."""
        return _Motion(
            np.concatenate([self.place, more.place]),
            np.concatenate([self.speed, more.speed]),
            np.concatenate([self.variances, more.variances], axis=1),
        )

    def predict(self, step: float) -> None:
        """All move on by ``step`` seconds."""
        self.place += step * self.speed
        self.place[:, 2:] = np.maximum(self.place[:, 2:], 1.0)
        unrest = _noise(_ACCELERATION_STD, self.place) ** 2
        place, both, speed = self.variances
        self.variances = np.stack(
            [
                place + 2 * step * both + step**2 * speed + step**3 / 3 * unrest,
                both + step * speed + step**2 / 2 * unrest,
                speed + step * unrest,
            ]
        )

    def correct(self, which: NDArray[np.int64], measured: _Array) -> None:
        """Some filters (S,), each once, see where they are (S, 4)."""
        place, both, speed = self.variances[:, which]
        total = place + _noise(_MEASUREMENT_STD, measured) ** 2
        off = measured - self.place[which]
        self.place[which] += place / total * off
        self.speed[which] += both / total * off
        rest = 1 - place / total
        self.variances[:, which] = np.stack([rest * place, rest * both, speed - both**2 / total])

    def boxes(self) -> _Array:
        """Where the faces should be, (T, 4) as x1, y1, x2, y2."""
        half = self.place[:, 2:] / 2
        return np.concatenate([self.place[:, :2] - half, self.place[:, :2] + half], axis=1)

    def position_std_px(self) -> _Array:
        """Standard deviation of the place (T,) in pixels."""
        return np.asarray(np.sqrt(self.variances[0, :, 0]), dtype=np.float64)


def _noise(of: _Array, measured: _Array) -> _Array:
    """A pair of rows (sides, pixels) and states (N, 4) -> standard deviations (N, 4) for center and size."""
    sides = np.sqrt(measured[:, 2] * measured[:, 3])
    center, size = of @ np.stack([sides, np.ones_like(sides)])
    return np.stack([center, center, size, size], axis=1)
