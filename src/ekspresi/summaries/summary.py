"""The story of each source: what its faces showed, as values.

In: nothing. Out: frozen dataclasses, times in seconds. Knows nothing of how they are told (``builder``) or shown.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class ProbabilityCurve:
    """How belief in one face went, step by step; T steps, K labels.

    Attributes:
        starts_s: when each begins, seconds, (T,), rising.
        ends_s: when each ends, (T,); before the next begins where the face was away.
        labels: of the model, K.
        probabilities: what was believed in each on average, (T, K).
        unsure: which share of each step's face time was not judged, (T,), 0..1.
    """

    starts_s: NDArray[np.float64]
    ends_s: NDArray[np.float64]
    labels: tuple[str, ...]
    probabilities: NDArray[np.float64]
    unsure: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ExpressionShares:
    """What faces showed, in seconds of face time; in frames where they are stills.

    Attributes:
        total: how much there was.
        unsure: of it too small or too unclear to tell.
        by_expression: expression -> of it with this answer, the most frequent first.
    """

    total: float
    unsure: float
    by_expression: dict[str, float]

    @property
    def dominant(self) -> str | None:
        """The most frequent answer; None where there was none."""
        return next(iter(self.by_expression), None)


@dataclass(frozen=True, slots=True, eq=False)
class TrackSummary:
    """One track of a video.

    Attributes:
        number: of the track, as in the table and in the film.
        first_s: when it was first seen.
        last_s: when it was last seen.
        frames: in how many.
        shown: what it showed.
        face_px: median side of its crop, pixels.
        effective_px: median of what its evidence carried; None where the model tells none.
        curve: None where it is not kept.
        view: its best view, uint8 (h, w, 3) of at most ``VIEW_PX``; None where it is not kept.
    """

    number: int
    first_s: float
    last_s: float
    frames: int
    shown: ExpressionShares
    face_px: float
    effective_px: float | None
    curve: ProbabilityCurve | None
    view: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True, eq=False)
class VideoSummary:
    """One video or camera.

    Attributes:
        source: path or address.
        width: of its first frame, pixels.
        height: of its first frame, pixels.
        resized: a later one had another size.
        frames: how many were analyzed.
        first_s: time of the first.
        last_s: time of the last.
        faces: rows in all.
        untracked: rows of no track.
        shown: what all faces showed.
        tracks: those that are kept, the longest face time first.
        omitted: how many there were besides.
        omitted_s: their face time, seconds.
    """

    source: str
    width: int
    height: int
    resized: bool
    frames: int
    first_s: float
    last_s: float
    faces: int
    untracked: int
    shown: ExpressionShares
    tracks: tuple[TrackSummary, ...]
    omitted: int
    omitted_s: float


@dataclass(frozen=True, slots=True)
class ImageSummary:
    """One picture: its source, size in pixels, and what its faces showed; ``shown.total`` of them."""

    source: str
    width: int
    height: int
    shown: ExpressionShares


@dataclass(frozen=True, slots=True, eq=False)
class RunSummary:
    """All that was seen.

    Attributes:
        videos: in the order in which they came.
        stills: the first ``STILLS`` pictures.
        omitted_stills: how many came after them.
        labels: of the model; empty where no face was found.
        anonymized: faces are hidden: no track has a view.
    """

    videos: tuple[VideoSummary, ...]
    stills: tuple[ImageSummary, ...]
    omitted_stills: int
    labels: tuple[str, ...]
    anonymized: bool
