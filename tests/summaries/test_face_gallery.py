"""Check what a page writes of faces."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from ekspresi.summaries.face_gallery import encode_view, make_gallery
from ekspresi.summaries.face_samples import AnswerGroup, SampledFace
from ekspresi.visualization.palette import COLORS
from tests.support.results import belief


@pytest.mark.parametrize(("side", "kind", "off"), [(24, "PNG", 0), (96, "JPEG", 12)])
def test_encode_view_keeps_the_pixels(side: int, kind: str, off: int) -> None:
    ramp = np.linspace(0, 255, side).astype(np.uint8)
    view = np.stack([np.broadcast_to(ramp, (side, side))] * 3, axis=-1)
    with Image.open(io.BytesIO(base64.b64decode(encode_view(view).partition(",")[2]))) as picture:
        assert picture.format == kind
        assert np.abs(np.asarray(picture).astype(int) - view).max() <= off


def test_make_gallery_shows_answer_size_and_bars() -> None:
    face = SampledFace("in/a.png", belief("surprise", 0.8, face_px=20.4), np.zeros((24, 24, 3), np.uint8))
    ((_, (shown,)),) = make_gallery([AnswerGroup("surprise", 1, (face,))])
    assert (shown.words, shown.size, shown.name) == ("surprise 80%", "20 px, effective 16", "a.png")
    assert shown.bars == [(10.0, COLORS["neutral"]), (10.0, COLORS["happiness"]), (80.0, COLORS["surprise"])]
    assert shown.spoken.startswith("surprise 80%, neutral 10%") and shown.coarse


def test_make_gallery_abstention_is_only_perhaps() -> None:
    face = SampledFace("a.png", belief(abstained=True), None)
    ((_, (shown,)),) = make_gallery([AnswerGroup("unsure", 1, (face,))])
    assert (shown.words, shown.picture) == ("perhaps happiness 80%", None)
