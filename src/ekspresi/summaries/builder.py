"""Frames with their rows, one after another -> the story of each source.

In: ``FrameResult`` values in the order of their sources. Out: ``RunSummary``. Knows nothing of pages.

Memory is bounded however long a video is: of a track ``time_bins.STEPS`` stretches of time are kept, which grow with
it, and of a video ``TRACKS`` tracks, the longest; the others are counted. Times are face time: a face counts for as
long as its frame lies behind the one before, at most ``LONGEST_STEP_S``, so that neither the rate of a video nor a
camera that was away tells.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.summaries.summary import ExpressionShares, ImageSummary, RunSummary, TrackSummary, VideoSummary
from ekspresi.summaries.time_bins import TimeBins
from ekspresi.tracking.bytetrack import FRAME_S, LONGEST_LOST_S, LONGEST_STEP_S
from ekspresi.types import FrameResult, Prediction, Row

TRACKS = 500
"""Tracks that are kept of a video, and of all videos together ten times as many."""
DETAILED = 20
"""Tracks of a video whose course and view are kept when it ends, and of all videos together ten times as many."""
STILLS = 1000
"""Pictures that are kept by name."""
VIEW_PX = 64
"""Side of a track's view."""

_ENDED_S = LONGEST_LOST_S
"""A track unseen for this long is over: its number is not given again."""
_MARGIN = 0.2
"""How much of its surroundings a view shows on each side, in sides of the face."""


class SummaryBuilder:
    """Listens to what is analyzed, and tells it whenever it is asked."""

    def __init__(self, *, anonymize: bool = False) -> None:
        """Begin.

        Args:
            anonymize: keep no view of any face.
        """
        self._anonymize = anonymize
        self._video: _Video | None = None
        self._ended: list[VideoSummary] = []
        self._stills: list[ImageSummary] = []
        self._more_stills = 0
        self._labels: tuple[str, ...] = ()

    def add(self, result: FrameResult) -> None:
        """Listen to one frame; those of one source come one after another."""
        frame = result.frame
        for row in result.rows:
            if row.face.prediction is not None and not self._labels:
                self._labels = tuple(row.face.prediction.probabilities)
        if frame.time_s is None:
            self._add_still(result)
            return
        if self._video is None or self._video.source != frame.source:
            self._end_video()
            self._video = _Video(result, views=not self._anonymize)
        self._video.add(result, frame.time_s)

    def build(self) -> RunSummary:
        """What was heard up to now; more may be added afterwards."""
        videos = [*self._ended, *([self._story(self._video)] if self._video else [])]
        return RunSummary(tuple(videos), tuple(self._stills), self._more_stills, self._labels, self._anonymize)

    def _add_still(self, result: FrameResult) -> None:
        if len(self._stills) >= STILLS:
            self._more_stills += 1
            return
        shown = _Shown()
        for row in result.rows:
            shown.add(row.face.prediction, 1)
        height, width = result.frame.image.shape[:2]
        self._stills.append(ImageSummary(result.frame.source, width, height, shown.build()))

    def _end_video(self) -> None:
        if self._video is not None:
            self._ended.append(self._story(self._video))
            self._video = None

    def _story(self, video: "_Video") -> VideoSummary:
        kept = [track for ended in self._ended for track in ended.tracks]
        detailed = sum(track.curve is not None for track in kept)
        return video.build(min(TRACKS, 10 * TRACKS - len(kept)), min(DETAILED, 10 * DETAILED - detailed))


@dataclass(slots=True)
class _Shown:
    """What faces show, being counted; see ``ExpressionShares``."""

    total: float = 0.0
    unsure: float = 0.0
    by_expression: dict[str, float] = field(default_factory=dict)

    def add(self, belief: Prediction | None, amount: float) -> None:
        self.total += amount
        if belief is None or belief.abstained:
            self.unsure += amount
        else:
            self.by_expression[belief.expression] = self.by_expression.get(belief.expression, 0.0) + amount

    def build(self) -> ExpressionShares:
        return ExpressionShares(
            self.total, self.unsure, dict(sorted(self.by_expression.items(), key=lambda item: -item[1]))
        )


class _Track:
    """One track, being listened to."""

    def __init__(self, number: int, time_s: float) -> None:
        self.number = number
        self.first_s = self.last_s = time_s
        self.shown = _Shown()
        self._frames = 0
        self._labels: tuple[str, ...] = ()
        self._steps: TimeBins | None = None
        self._view: NDArray[np.uint8] | None = None
        self._view_px = 0.0

    def add(self, row: Row, time_s: float, amount: float, image: NDArray[np.uint8] | None) -> None:
        self.last_s = time_s
        self._frames += 1
        belief = row.face.prediction
        self.shown.add(belief, amount)
        if belief is None:
            return
        if self._steps is None:
            self._labels = tuple(belief.probabilities)
            self._steps = TimeBins(len(self._labels))
        self._steps.add(time_s, belief, amount)
        # A view is shrunk to its size, so what is larger than it is no better.
        if image is not None and min(belief.face_px, VIEW_PX) > 1.1 * self._view_px:
            self._view, self._view_px = _view(image, row), min(belief.face_px, VIEW_PX)

    def build(self, detailed: bool) -> TrackSummary:
        face_px, effective_px = self._steps.sizes_px() if self._steps else (0.0, None)
        return TrackSummary(
            number=self.number,
            first_s=self.first_s,
            last_s=self.last_s,
            frames=self._frames,
            shown=self.shown.build(),
            face_px=face_px,
            effective_px=effective_px,
            curve=self._steps.curve(self._labels) if self._steps and detailed else None,
            view=self._view if detailed else None,
        )


class _Video:
    """One video, being listened to."""

    def __init__(self, first: FrameResult, *, views: bool) -> None:
        height, width = first.frame.image.shape[:2]
        self.source = first.frame.source
        self._views = views
        self._tracks: dict[int, _Track] = {}
        self._more, self._more_s = 0, 0.0
        self._shown = _Shown()
        self._time_s: float | None = None
        first_s = first.frame.time_s or 0.0
        self._summary = VideoSummary(
            self.source, width, height, False, 0, first_s, first_s, 0, 0, ExpressionShares(0, 0, {}), (), 0, 0.0
        )

    def add(self, result: FrameResult, time_s: float) -> None:
        amount = FRAME_S if self._time_s is None else min(max(time_s - self._time_s, 0.0), LONGEST_STEP_S)
        amount = amount or FRAME_S
        self._time_s = time_s
        told, image = self._summary, result.frame.image
        untracked = 0
        for row in result.rows:
            self._shown.add(row.face.prediction, amount)
            if row.track is None:
                untracked += 1
                continue
            if row.track not in self._tracks:
                self._tracks[row.track] = _Track(row.track, time_s)
            self._tracks[row.track].add(row, time_s, amount, image if self._views else None)
        self._summary = replace(
            told,
            resized=told.resized or image.shape[:2] != (told.height, told.width),
            frames=told.frames + 1,
            last_s=time_s,
            faces=told.faces + len(result.rows),
            untracked=told.untracked + untracked,
        )
        if len(self._tracks) > 1.25 * TRACKS:
            self._drop(time_s)

    def build(self, kept: int, detailed: int) -> VideoSummary:
        """The story with so many tracks, and so many of them in detail."""
        ranked = _longest_first(self._tracks.values())
        tracks = tuple(track.build(place < detailed) for place, track in enumerate(ranked[:kept]))
        rest = ranked[kept:]
        return replace(
            self._summary,
            shown=self._shown.build(),
            tracks=tracks,
            omitted=self._more + len(rest),
            omitted_s=self._more_s + sum(track.shown.total for track in rest),
        )

    def _drop(self, time_s: float) -> None:
        """Keep the longest tracks, and those that go on: they would come back as new ones."""
        for track in _longest_first(self._tracks.values())[TRACKS:]:
            if time_s - track.last_s > _ENDED_S:
                del self._tracks[track.number]
                self._more += 1
                self._more_s += track.shown.total


def _longest_first(tracks: Iterable[_Track]) -> list[_Track]:
    return sorted(tracks, key=lambda track: (-track.shown.total, track.number))


def _view(image: NDArray[np.uint8], row: Row) -> NDArray[np.uint8]:
    """A face with a little around it, at most ``VIEW_PX`` wide and high."""
    x1, y1, x2, y2 = row.face.box_xyxy
    half = (0.5 + _MARGIN) * max(x2 - x1, y2 - y1)
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    rows, columns = (
        slice(min(max(round(middle - half), 0), whole - 1), max(round(middle + half), 1))
        for middle, whole in ((y, image.shape[0]), (x, image.shape[1]))
    )
    picture = Image.fromarray(image[rows, columns])
    picture.thumbnail((VIEW_PX, VIEW_PX), Image.Resampling.LANCZOS)
    return np.array(picture)
