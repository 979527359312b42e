"""Give the same face the same track number from frame to frame.

In: the faces of each frame, with boxes and scores, and its time. Out: the track number of each face. Does not know
about pictures, expressions or appearance: only where a face was and where it should be.

The method is ByteTrack (Zhang et al., ByteTrack: Multi-Object Tracking by Associating Every Detection Box, ECCV 2022).
A Kalman filter of constant velocity (``kalman``) predicts each box. Faces of high score are matched first, by the IoU
of boxes and the assignment of the largest sum. Faces of low score may then continue an unmatched track, but start none.
Faces are 8 to 120 px wide and frames come at irregular times, so five things differ from the paper:

- Boxes are widened before their IoU is taken, by pixels instead of a fraction of the box. This follows the buffered
  IoU of Yang et al. (Hard to Track Objects with Irregular Motions and Similar Appearances, WACV 2023). A face of 10 px
  that moves by 12 does not overlap itself any more; one of 120 px hardly changes. The widening grows with the filter's
  uncertainty, so a face that was unseen for a while is searched for further away.
- Time is counted in seconds, in the filter and for lost tracks. Where frames are far apart a track is lost later, so
  that a face that stays is followed (``LONGEST_STEP_S``). But it is searched for no further away (``MAX_WIDENING``),
  so its number does not pass to the next person.
- A face gets its number at once, without a second detection: rows are written as frames come.
- The second matching includes every unmatched track, not only those of the previous frame. A tiny face that was
  missed once often comes back with a low score.
- The filter holds width and height instead of aspect and height. Its noises scale with the side of the face.
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
from ekspresi.tracking.kalman import KalmanFilters
from ekspresi.types import Box, Face

HIGH_SCORE = 0.8
"""Detector score from which a face is matched first and may start a track; MTCNN reports nothing below 0.7."""
LOST_S = 1.0
"""Seconds without a detection after which a track is lost; more where frames are far apart."""
LOST_STEPS = 2.2
"""The same in usual steps between frames, if that is longer than ``LOST_S``: a face may be missed once."""
LONGEST_STEP_S = 2.1
"""Longest usual step at which faces are followed: 2 s, and some jitter of time stamps."""
LONGEST_LOST_S = LOST_STEPS * LONGEST_STEP_S
"""Seconds after which any track is lost, at any distance between frames."""
FRAME_S = 1 / 25
"""Step in seconds where a frame has no valid time stamp."""

MARGIN_PX = 12.0
"""Pixels by which boxes are widened on each side before their IoU is taken, besides the filter's uncertainty."""
MIN_IOU = 0.2
"""IoU of widened boxes from which a face of high score continues a track, as in ByteTrack."""
MIN_IOU_LOW_SCORE = 0.5
"""The same for a face of low score, as in ByteTrack."""
MAX_WIDENING = (2.0, 24.0)
"""Largest widening by the filter's uncertainty, as (sides of the face, pixels): their sum."""

STEPS_KEPT = 5
"""The usual step is the median of this many recent steps: a single gap in a video does not change it."""

_Array = NDArray[np.float64]


def compute_step_s(before: float | None, now: float | None) -> float:
    """Compute the seconds between two time stamps, at least 0.

    Example:
        >>> compute_step_s(1.0, 1.5), compute_step_s(None, 1.5)
        (0.5, 0.04)

    Args:
        before: earlier time stamp in seconds; None where it is missing.
        now: later time stamp in seconds; None where it is missing.

    Returns:
        The step; ``FRAME_S`` where a stamp is missing or not finite, or where time runs backwards.
    """
    if before is None or now is None:
        return FRAME_S
    step = now - before
    return step if math.isfinite(step) and step >= 0 else FRAME_S


class Tracker:
    """Number the faces of one video; use a new tracker for each video.

    The tracker compares positions only. Two faces that swap positions while both are unseen swap numbers. A new shot
    that ``start_new_shot`` does not announce can give a face's number to another face at the same position.

    Example:
        >>> tracker = Tracker()
        >>> tracker.update([Face((10, 10, 30, 30), 0.9), Face((90, 10, 110, 30), 0.9)], time_s=0.0)
        [1, 2]
        >>> tracker.update([Face((92, 10, 112, 30), 0.9)], time_s=0.04)
        [2]

    Attributes:
        high_score: see ``HIGH_SCORE``.
        lost_s: see ``LOST_S``. Where frames are usually further apart than this and ``LONGEST_STEP_S``, every face gets
            its own track.
    """

    def __init__(self, high_score: float = HIGH_SCORE, lost_s: float = LOST_S, first_track: int = 1) -> None:
        """Start without tracks.

        Args:
            high_score: see ``HIGH_SCORE``.
            lost_s: see ``LOST_S``.
            first_track: number of the first track; above 1 where an earlier run used the numbers below.

        Raises:
            ConfigError: ``lost_s`` is not a positive number.
            MissingExtraError: SciPy, which solves the assignment, is not installed.
        """
        if not (math.isfinite(lost_s) and lost_s > 0):
            raise ConfigError(f"lost_s: {lost_s} is not a duration. Use a number of seconds above 0.")
        try:
            from scipy.optimize import linear_sum_assignment
        except ImportError as error:
            raise MissingExtraError("tracking", "video") from error
        self.high_score = high_score
        self.lost_s = lost_s
        self._assign: Any = linear_sum_assignment
        self._time_s: float | None = None
        self._next_number = first_track
        self._numbers = np.zeros(0, dtype=np.int64)
        self._unseen_s = np.zeros(0)
        self._unseen_now = np.zeros(0, dtype=np.bool_)
        self._of_earlier_shot = np.zeros(0, dtype=np.bool_)
        self._steps_s: deque[float] = deque(maxlen=STEPS_KEPT)
        self._filters = KalmanFilters.from_boxes(np.zeros((0, 4)))

    @property
    def active_tracks(self) -> frozenset[int]:
        """Numbers that may be given again; state kept for other tracks can be dropped."""
        return frozenset(self._numbers[~self._of_earlier_shot].tolist())

    def start_new_shot(self) -> None:
        """Give no earlier number again: the next frame belongs to another shot.

        ``unseen_boxes`` still includes the earlier faces until their tracks are lost. If there was no shot boundary
        after all, anonymization then hides too much for a second, not too little.
        """
        self._of_earlier_shot[:] = True

    def unseen_boxes(self) -> list[Box]:
        """Predict boxes of faces that the last frame lacks but that were seen within ``lost_s``.

        Tracks of an earlier shot count too. Each side is widened by the filter's uncertainty, up to half of the box,
        so that anonymization covers the whole face.
        """
        boxes = self._filters.boxes()[self._unseen_now]
        sizes = boxes[:, 2:] - boxes[:, :2]
        wider = np.minimum(self._filters.position_std_px()[self._unseen_now, None], sizes / 2)
        edges = np.concatenate([boxes[:, :2] - wider, boxes[:, 2:] + wider], axis=1)
        return [(x1, y1, x2, y2) for x1, y1, x2, y2 in edges.tolist()]

    def update(self, faces: Sequence[Face], time_s: float | None) -> list[int | None]:
        """Number the faces of the next frame.

        Args:
            faces: of one frame, in any order.
            time_s: seconds since the start of the video; None where unknown (see ``compute_step_s``).

        Returns:
            The track number of each face, counted from ``first_track`` and never used for two tracks. None for a
            low-score detection without a matching track, and for an invalid box.
        """
        step_s = compute_step_s(self._time_s, time_s)
        if self._time_s is not None:
            self._steps_s.append(step_s)
        self._advance(step_s)
        self._time_s = time_s
        boxes = np.array([face.box_xyxy for face in faces], dtype=np.float64).reshape(-1, 4)
        scores = np.array([face.score for face in faces], dtype=np.float64)
        sizes = boxes[:, 2:] - boxes[:, :2]
        valid = np.isfinite(sizes).all(axis=1) & (sizes > 0).all(axis=1)
        track_of = np.full(len(boxes), -1)
        high = np.flatnonzero(valid & (scores >= self.high_score))
        low = np.flatnonzero(valid & (scores < self.high_score))
        for chosen, min_iou in ((high, MIN_IOU), (low, MIN_IOU_LOW_SCORE)):
            free = np.setdiff1d(np.flatnonzero(~self._of_earlier_shot), track_of)
            matched, tracks = self._match(boxes[chosen], free, min_iou)
            track_of[chosen[matched]] = free[tracks]
        continued = np.flatnonzero(track_of >= 0)
        self._filters.correct(track_of[continued], boxes[continued])
        self._unseen_s[track_of[continued]] = 0
        new = high[track_of[high] < 0]
        track_of[new] = len(self._numbers) + np.arange(len(new))
        self._start_tracks(boxes[new])
        self._unseen_now = ~np.isin(np.arange(len(self._numbers)), track_of)
        return [int(self._numbers[track]) if track >= 0 else None for track in track_of.tolist()]

    def _advance(self, step_s: float) -> None:
        """Move all tracks on by a step, and drop the lost ones."""
        self._unseen_s += step_s
        kept = self._unseen_s <= self._usual_lost_s()
        self._numbers, self._unseen_s = self._numbers[kept], self._unseen_s[kept]
        self._of_earlier_shot, self._filters = self._of_earlier_shot[kept], self._filters.select(kept)
        if len(self._numbers):
            self._filters.predict(step_s)

    def _usual_lost_s(self) -> float:
        """Return the seconds after which a track is lost at the usual step between frames."""
        usual_s = median_low(self._steps_s) if self._steps_s else 0.0
        return max(self.lost_s, LOST_STEPS * usual_s) if usual_s <= LONGEST_STEP_S else self.lost_s

    def _match(
        self, boxes: _Array, tracks: NDArray[np.int64], min_iou: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pair boxes (M, 4) with tracks (T,) by their IoU; return the pairs as indices into both."""
        overlaps = iou(self._filters.boxes()[tracks], boxes, MARGIN_PX + self._widening_px()[tracks])
        rows, columns = self._assign(np.where(overlaps >= min_iou, overlaps, 0), maximize=True)
        good = overlaps[rows, columns] >= min_iou
        return columns[good], rows[good]

    def _widening_px(self) -> _Array:
        """Return how far the filter's uncertainty widens each box (T,), in pixels."""
        sides, pixels = MAX_WIDENING
        return np.minimum(self._filters.position_std_px(), sides * self._filters.sides_px() + pixels)

    def _start_tracks(self, boxes: _Array) -> None:
        self._numbers = np.append(self._numbers, self._next_number + np.arange(len(boxes)))
        self._next_number += len(boxes)
        self._unseen_s = np.append(self._unseen_s, np.zeros(len(boxes)))
        self._of_earlier_shot = np.append(self._of_earlier_shot, np.zeros(len(boxes), dtype=np.bool_))
        self._filters = self._filters.append(KalmanFilters.from_boxes(boxes))
