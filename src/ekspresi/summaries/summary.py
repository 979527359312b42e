"""Hold the summary of each source: the expressions of its faces, as values.

In: nothing. Out: frozen dataclasses, times in seconds. Does not know how they are computed or shown.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ekspresi.summaries.face_samples import AnswerGroup
from ekspresi.types import UNSURE


@dataclass(frozen=True, slots=True, eq=False)
class ProbabilityCurve:
    """Hold the probabilities of one face over time; T bins, K labels.

    Attributes:
        starts_s: start of each bin, seconds, (T,), rising.
        ends_s: end of each bin, (T,); earlier than the next start where the face was away.
        labels: of the model, K.
        probabilities: mean in each bin, (T, K).
        unsure: fraction of each bin's face time without an answer, (T,), 0..1.

    >>> half = np.full((1, 2), 0.5)
    >>> ProbabilityCurve(np.array([0.0]), np.array([0.25]), ("anger", "fear"), half, np.array([1.0])).labels
    ('anger', 'fear')
    """

    starts_s: NDArray[np.float64]
    ends_s: NDArray[np.float64]
    labels: tuple[str, ...]
    probabilities: NDArray[np.float64]
    unsure: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ExpressionTimes:
    """Hold the time of each expression, in seconds of face time; in faces for still pictures.

    Attributes:
        total: of all faces.
        unsure: of faces too small or too unclear to answer.
        by_expression: expression -> time with this answer, the longest first.

    >>> ExpressionTimes(10.0, 2.0, {"happiness": 7.0, "neutral": 1.0}).dominant
    'happiness'
    """

    total: float
    unsure: float
    by_expression: dict[str, float]

    @property
    def dominant(self) -> str | None:
        """Return the most frequent expression; None where all are unsure."""
        return next(iter(self.by_expression), None)

    @property
    def by_answer(self) -> dict[str, float]:
        """Return the time of each answer, 'unsure' among them, the longest first; answers without time are left out.

        >>> ExpressionTimes(4.0, 3.0, {"happiness": 1.0}).by_answer
        {'unsure': 3.0, 'happiness': 1.0}
        """
        ranked = sorted({**self.by_expression, UNSURE: self.unsure}.items(), key=lambda answer: -answer[1])
        return {answer: amount for answer, amount in ranked if amount > 0}


@dataclass(frozen=True, slots=True, eq=False)
class TrackSummary:
    """Summarize one track of a video.

    Attributes:
        number: of the track, as in the table and in the film.
        first_s: time of its first frame.
        last_s: time of its last frame.
        frames: number of its frames.
        shown: its expressions.
        face_px: median side of its crop, pixels.
        effective_px: median effective size, pixels; None where the model does not estimate it.
        curve: its probabilities; None where not kept.
        view: its best view, uint8 (h, w, 3) of at most ``VIEW_PX``; None where not kept.

    >>> TrackSummary(1, 0.0, 2.0, 51, ExpressionTimes(2.0, 2.0, {}), 24.0, None, None, None).shown.dominant is None
    True
    """

    number: int
    first_s: float
    last_s: float
    frames: int
    shown: ExpressionTimes
    face_px: float
    effective_px: float | None
    curve: ProbabilityCurve | None
    view: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True, eq=False)
class VideoSummary:
    """Summarize one video or camera.

    Attributes:
        source: path or address.
        width: of its first frame, pixels.
        height: of its first frame, pixels.
        resized: a later frame had another size.
        frames: number of analyzed frames.
        first_s: time of the first frame.
        last_s: time of the last frame.
        faces: number of rows.
        untracked: number of rows without a track.
        shown: the expressions of all faces.
        tracks: the kept tracks, the longest face time first.
        omitted: number of other tracks.
        omitted_s: their face time, seconds.

    >>> VideoSummary("a.mp4", 64, 48, False, 9, 0, 1, 0, 0, ExpressionTimes(0, 0, {}), (), 0, 0.0).frames
    9
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
    shown: ExpressionTimes
    tracks: tuple[TrackSummary, ...]
    omitted: int
    omitted_s: float


@dataclass(frozen=True, slots=True)
class ImageSummary:
    """Summarize one picture.

    Attributes:
        source: path.
        width: pixels.
        height: pixels.
        shown: the expressions of its faces; ``shown.total`` is their number.

    >>> ImageSummary("a.jpg", 64, 48, ExpressionTimes(1, 0, {"fear": 1})).shown.total
    1
    """

    source: str
    width: int
    height: int
    shown: ExpressionTimes


@dataclass(frozen=True, slots=True, eq=False)
class RunSummary:
    """Summarize a whole run.

    Attributes:
        videos: in the order of reading.
        stills: the first ``STILLS`` pictures.
        omitted_stills: number of later pictures.
        labels: of the model; empty where no face was found.
        anonymized: faces are hidden: no track and no face has a view.
        groups: the faces of all pictures, by answer.

    >>> RunSummary((), (), 0, (), anonymized=False).videos
    ()
    """

    videos: tuple[VideoSummary, ...]
    stills: tuple[ImageSummary, ...]
    omitted_stills: int
    labels: tuple[str, ...]
    anonymized: bool
    groups: tuple[AnswerGroup, ...] = ()
