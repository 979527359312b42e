"""Keep a bounded sample of the faces of pictures, by answer.

In: rows of pictures with their images. Out: for each answer, the number of its faces and some of them. Does not know
about pages.

Memory does not grow with the run: each answer keeps every face at first, then every second, every fourth and so on. So
the sample is spread evenly over the pictures, and shows good and bad predictions as often as they are.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.types import UNSURE, Box, Prediction, Row

SAMPLED = 480
"""Maximum faces of a sample, all answers together."""
SAMPLED_PX = 96
"""Maximum side of the view of a sampled face."""

_MARGIN = 0.2
"""Margin of a view on each side, in sides of the face."""


@dataclass(frozen=True, slots=True, eq=False)
class SampledFace:
    """Hold one face of a picture.

    Attributes:
        source: path of its picture.
        prediction: of the face.
        view: uint8 (h, w, 3) of at most ``SAMPLED_PX``; None where faces are hidden.

    >>> SampledFace("a.jpg", Prediction("fear", 0.7, {"fear": 0.7, "anger": 0.3}, 24.0), None).prediction.answer
    'fear'
    """

    source: str
    prediction: Prediction
    view: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True, eq=False)
class AnswerGroup:
    """Hold the faces of pictures with one answer.

    Attributes:
        answer: an expression, or 'unsure'.
        faces: number of all faces with this answer.
        sample: some of them, the highest confidence first.

    >>> AnswerGroup("fear", 3, ()).faces
    3
    """

    answer: str
    faces: int
    sample: tuple[SampledFace, ...]


@dataclass(slots=True)
class _Group:
    """Sample the faces of one answer."""

    faces: int = 0
    step: int = 1
    sample: list[SampledFace] = field(default_factory=list)


class FaceSampler:
    """Sample the faces of pictures; ``build()`` returns the groups so far.

    >>> from ekspresi.types import Face
    >>> face = Face((2, 2, 8, 8), 0.9, None, Prediction("fear", 0.7, {"fear": 0.7, "anger": 0.3}, 6.0))
    >>> sampler = FaceSampler(views=True)
    >>> sampler.add(Row("a.jpg", 0, None, None, face), np.zeros((9, 9, 3), np.uint8))
    >>> [(group.answer, group.faces, len(group.sample)) for group in sampler.build()]
    [('fear', 1, 1)]
    """

    def __init__(self, *, views: bool) -> None:
        """Begin without faces.

        Args:
            views: keep a view of each sampled face; without it, no pixel of a face is kept.
        """
        self._views = views
        self._groups: dict[str, _Group] = {}
        self._labels: tuple[str, ...] = ()

    def add(self, row: Row, image: NDArray[np.uint8]) -> None:
        """Count a face of a picture, and keep it if its turn has come.

        Args:
            row: of a picture; one without a prediction is left out.
            image: uint8 (H, W, 3) RGB, the picture.
        """
        prediction = row.face.prediction
        if prediction is None:
            return
        self._labels = self._labels or tuple(prediction.probabilities)
        group = self._groups.setdefault(prediction.answer, _Group())
        group.faces += 1
        if (group.faces - 1) % group.step:
            return
        view = cut_view(image, row.face.box_xyxy, SAMPLED_PX) if self._views else None
        group.sample.append(SampledFace(row.source, prediction, view))
        if len(group.sample) > max(1, SAMPLED // (len(prediction.probabilities) + 1)):
            group.sample, group.step = group.sample[::2], 2 * group.step

    def build(self) -> tuple[AnswerGroup, ...]:
        """Return the groups so far, in the order of the model's labels; 'unsure' comes last."""
        answers = [answer for answer in (*self._labels, UNSURE) if answer in self._groups]
        return tuple(
            AnswerGroup(
                answer,
                self._groups[answer].faces,
                tuple(sorted(self._groups[answer].sample, key=lambda face: -face.prediction.confidence)),
            )
            for answer in answers
        )


def cut_view(image: NDArray[np.uint8], box: Box, side_px: int) -> NDArray[np.uint8]:
    """Cut out a face with a margin, and shrink it where it is large.

    >>> cut_view(np.zeros((300, 400, 3), np.uint8), (50, 50, 250, 250), side_px=64).shape
    (64, 64, 3)

    Args:
        image: uint8 (H, W, 3) RGB.
        box: of the face in pixels; may reach past the image.
        side_px: maximum width and height of the view.

    Returns:
        uint8 (h, w, 3) RGB, a copy.
    """
    x1, y1, x2, y2 = box
    half = (0.5 + _MARGIN) * max(x2 - x1, y2 - y1)
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    rows, columns = (
        slice(min(max(round(middle - half), 0), whole - 1), max(round(middle + half), 1))
        for middle, whole in ((y, image.shape[0]), (x, image.shape[1]))
    )
    picture = Image.fromarray(image[rows, columns])
    picture.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    return np.array(picture)
