"""Prepare sampled faces for a page: their pictures as text, and their probabilities as bars.

In: ``AnswerGroup`` values. Out: values that a template writes as they are. Does not know about the page.
"""

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.summaries.face_samples import AnswerGroup, SampledFace
from ekspresi.system.file_names import printable
from ekspresi.visualization.formatting import format_percent
from ekspresi.visualization.palette import COLORS, OTHER_COLOR

_COARSE_PX = 48
"""Views with shorter sides show their pixels as squares, and are stored without loss."""


@dataclass(frozen=True, slots=True)
class GalleryFace:
    """Hold one face of a gallery.

    Attributes:
        picture: data URI of its view; None where faces are hidden.
        coarse: show the pixels of the view as squares.
        words: its answer in words, with the confidence.
        size: of the crop in words.
        bars: width in percent and color of each probable expression, in the order of the model.
        spoken: the bars in words.
        name: of its picture file.
        source: path of its picture.

    >>> GalleryFace(None, False, "fear 70%", "24 px", [(70.0, "#CC79A7")], "fear 70%", "a.jpg", "in/a.jpg").name
    'a.jpg'
    """

    picture: str | None
    coarse: bool
    words: str
    size: str
    bars: list[tuple[float, str]]
    spoken: str
    name: str
    source: str


def make_gallery(groups: Iterable[AnswerGroup]) -> list[tuple[AnswerGroup, list[GalleryFace]]]:
    """Prepare the faces of each group.

    >>> make_gallery([AnswerGroup("fear", 3, ())])[0][1]
    []
    """
    return [(group, [_prepare(face) for face in group.sample]) for group in groups]


def _prepare(face: SampledFace) -> GalleryFace:
    prediction = face.prediction
    ranked = sorted(prediction.probabilities.items(), key=lambda share: -share[1])
    likely = f"{prediction.expression} {format_percent(prediction.confidence)}"
    size = f"{prediction.face_px:.0f} px"
    if prediction.effective_px is not None:
        size += f", effective {prediction.effective_px:.0f}"
    source = printable(face.source)
    return GalleryFace(
        picture=None if face.view is None else encode_view(face.view),
        coarse=face.view is not None and max(face.view.shape) < _COARSE_PX,
        words=f"perhaps {likely}" if prediction.abstained else likely,
        size=size,
        bars=[
            (round(100 * share, 1), COLORS.get(label, OTHER_COLOR))
            for label, share in prediction.probabilities.items()
            if share >= 0.005
        ],
        spoken=", ".join(f"{label} {format_percent(share)}" for label, share in ranked[:3]),
        name=Path(source).name,
        source=source,
    )


def encode_view(view: NDArray[np.uint8]) -> str:
    """Encode the view of a face as a data URI, PNG where it is small and JPEG elsewhere.

    >>> encode_view(np.zeros((8, 8, 3), np.uint8))[:22], encode_view(np.zeros((64, 64, 3), np.uint8))[:23]
    ('data:image/png;base64,', 'data:image/jpeg;base64,')

    Args:
        view: uint8 (h, w, 3) RGB.
    """
    buffer, kind = io.BytesIO(), "png" if max(view.shape) < _COARSE_PX else "jpeg"
    Image.fromarray(view).save(buffer, kind, optimize=True, quality=82)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
