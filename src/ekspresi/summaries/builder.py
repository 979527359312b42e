"""Build the summary of each source from frames with their rows.

In: ``FrameResult`` values in the order of their sources. Out: ``RunSummary``. Does not know about pages.

Memory is bounded for videos of any length. A track keeps ``time_bins.STEPS`` bins of time, which grow with it. A video
keeps its ``TRACKS`` longest tracks and counts the others. Pictures keep a sample of their faces (``face_samples``).
Times are face time: a face counts for the time since the frame before, at most ``LONGEST_STEP_S``. So neither the frame
rate nor the outage of a camera changes the summary.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ekspresi.imaging.pixel_shape import scaled_box, square_pixels
from ekspresi.summaries.face_samples import FaceSampler, cut_view
from ekspresi.summaries.summary import ExpressionTimes, ImageSummary, RunSummary, TrackSummary, VideoSummary
from ekspresi.summaries.time_bins import TimeBins
from ekspresi.tracking.bytetrack import FRAME_S, LONGEST_LOST_S, LONGEST_STEP_S
from ekspresi.types import Box, Frame, FrameResult, Prediction, Row

TRACKS = 500
"""Maximum tracks of a video; ten times as many of all videos together."""
DETAILED = 20
"""Maximum tracks of a video with a curve and a view; ten times as many of all videos together."""
STILLS = 1000
"""Maximum pictures listed by name."""
VIEW_PX = 64
"""Side of a track's view."""

_ENDED_S = LONGEST_LOST_S
"""A track unseen for this long is over: no later face gets its number."""


class SummaryBuilder:
    """Accumulate frame results; ``build()`` returns the summary so far.

    >>> from ekspresi.types import Frame
    >>> builder = SummaryBuilder()
    >>> builder.add(FrameResult(Frame("a.jpg", 0, None, np.zeros((9, 9, 3), np.uint8)), (), ()))
    >>> [still.source for still in builder.build().stills]
    ['a.jpg']
    """

    def __init__(self, *, anonymize: bool = False) -> None:
        """Begin without frames.

        Args:
            anonymize: keep no view of any face.
        """
        self._anonymize = anonymize
        self._video: _Video | None = None
        self._ended: list[VideoSummary] = []
        self._stills: list[ImageSummary] = []
        self._omitted_stills = 0
        self._sampler = FaceSampler(views=not anonymize)
        self._labels: tuple[str, ...] = ()

    def add(self, result: FrameResult) -> None:
        """Add one frame; all frames of a source must follow each other."""
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
        """Return the summary so far; later calls of ``add`` extend it."""
        videos = [*self._ended, *([self._summarize(self._video)] if self._video else [])]
        return RunSummary(
            tuple(videos),
            tuple(self._stills),
            self._omitted_stills,
            self._labels,
            self._anonymize,
            self._sampler.build(),
        )

    def _add_still(self, result: FrameResult) -> None:
        for row in result.rows:
            self._sampler.add(row, result.frame.image)
        if len(self._stills) >= STILLS:
            self._omitted_stills += 1
            return
        shown = _Shown()
        for row in result.rows:
            shown.add(row.face.prediction, 1)
        height, width = result.frame.image.shape[:2]
        self._stills.append(ImageSummary(result.frame.source, width, height, shown.build()))

    def _end_video(self) -> None:
        if self._video is not None:
            self._ended.append(self._summarize(self._video))
            self._video = None

    def _summarize(self, video: "_Video") -> VideoSummary:
        kept = [track for ended in self._ended for track in ended.tracks]
        detailed = sum(track.curve is not None for track in kept)
        return video.build(min(TRACKS, 10 * TRACKS - len(kept)), min(DETAILED, 10 * DETAILED - detailed))


@dataclass(slots=True)
class _Shown:
    """Sum up ``ExpressionTimes``."""

    total: float = 0.0
    unsure: float = 0.0
    by_expression: dict[str, float] = field(default_factory=dict)

    def add(self, prediction: Prediction | None, amount: float) -> None:
        self.total += amount
        if prediction is None or prediction.abstained:
            self.unsure += amount
        else:
            before = self.by_expression.get(prediction.expression, 0.0)
            self.by_expression[prediction.expression] = before + amount

    def build(self) -> ExpressionTimes:
        return ExpressionTimes(
            self.total, self.unsure, dict(sorted(self.by_expression.items(), key=lambda item: -item[1]))
        )


class _Track:
    """Accumulate one track."""

    def __init__(self, number: int, time_s: float) -> None:
        self.number = number
        self.first_s = self.last_s = time_s
        self.shown = _Shown()
        self._frames = 0
        self._labels: tuple[str, ...] = ()
        self._bins: TimeBins | None = None
        self._view: NDArray[np.uint8] | None = None
        self._view_px = 0.0

    def add(self, row: Row, time_s: float, amount: float, frame: Frame | None) -> None:
        self.last_s = time_s
        self._frames += 1
        prediction = row.face.prediction
        self.shown.add(prediction, amount)
        if prediction is None:
            return
        if self._bins is None:
            self._labels = tuple(prediction.probabilities)
            self._bins = TimeBins(len(self._labels))
        self._bins.add(time_s, prediction, amount)
        # A view shrinks to VIEW_PX, so a larger face makes no better view.
        if frame is not None and min(prediction.face_px, VIEW_PX) > 1.1 * self._view_px:
            self._view, self._view_px = _cut_view(frame, row.face.box_xyxy), min(prediction.face_px, VIEW_PX)

    def build(self, detailed: bool) -> TrackSummary:
        face_px, effective_px = self._bins.sizes_px() if self._bins else (0.0, None)
        return TrackSummary(
            number=self.number,
            first_s=self.first_s,
            last_s=self.last_s,
            frames=self._frames,
            shown=self.shown.build(),
            face_px=face_px,
            effective_px=effective_px,
            curve=self._bins.curve(self._labels) if self._bins and detailed else None,
            view=self._view if detailed else None,
        )


class _Video:
    """Accumulate one video."""

    def __init__(self, first: FrameResult, *, views: bool) -> None:
        height, width = first.frame.image.shape[:2]
        self.source = first.frame.source
        self._views = views
        self._tracks: dict[int, _Track] = {}
        self._omitted, self._omitted_s = 0, 0.0
        self._shown = _Shown()
        self._time_s: float | None = None
        first_s = first.frame.time_s or 0.0
        self._summary = VideoSummary(
            self.source, width, height, False, 0, first_s, first_s, 0, 0, ExpressionTimes(0, 0, {}), (), 0, 0.0
        )

    def add(self, result: FrameResult, time_s: float) -> None:
        amount = FRAME_S if self._time_s is None else min(max(time_s - self._time_s, 0.0), LONGEST_STEP_S)
        amount = amount or FRAME_S
        self._time_s = time_s
        before, image = self._summary, result.frame.image
        untracked = 0
        for row in result.rows:
            self._shown.add(row.face.prediction, amount)
            if row.track is None:
                untracked += 1
                continue
            if row.track not in self._tracks:
                self._tracks[row.track] = _Track(row.track, time_s)
            self._tracks[row.track].add(row, time_s, amount, result.frame if self._views else None)
        self._summary = replace(
            before,
            resized=before.resized or image.shape[:2] != (before.height, before.width),
            frames=before.frames + 1,
            last_s=time_s,
            faces=before.faces + len(result.rows),
            untracked=before.untracked + untracked,
        )
        if len(self._tracks) > 1.25 * TRACKS:
            self._drop(time_s)

    def build(self, kept: int, detailed: int) -> VideoSummary:
        """Summarize the video with at most so many tracks, and so many of them in detail."""
        ranked = _longest_first(self._tracks.values())
        tracks = tuple(track.build(rank < detailed) for rank, track in enumerate(ranked[:kept]))
        rest = ranked[kept:]
        return replace(
            self._summary,
            shown=self._shown.build(),
            tracks=tracks,
            omitted=self._omitted + len(rest),
            omitted_s=self._omitted_s + sum(track.shown.total for track in rest),
        )

    def _drop(self, time_s: float) -> None:
        """Drop ended tracks beyond the longest; a running track stays, or it would return as a new one."""
        for track in _longest_first(self._tracks.values())[TRACKS:]:
            if time_s - track.last_s > _ENDED_S:
                del self._tracks[track.number]
                self._omitted += 1
                self._omitted_s += track.shown.total


def _longest_first(tracks: Iterable[_Track]) -> list[_Track]:
    return sorted(tracks, key=lambda track: (-track.shown.total, track.number))


def _cut_view(frame: Frame, box: Box) -> NDArray[np.uint8]:
    """Cut out a face with a margin, at most ``VIEW_PX`` wide and high, in square pixels."""
    image = square_pixels(frame.image, frame.pixel_aspect)
    height, width = frame.image.shape[:2]
    return cut_view(image, scaled_box(box, image.shape[1] / width, image.shape[0] / height), VIEW_PX)
