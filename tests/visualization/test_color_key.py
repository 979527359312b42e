"""Check what a key lists, and that it covers nothing."""

import numpy as np
import pytest
from PIL import Image

from ekspresi.types import Box, Prediction
from ekspresi.visualization.color_key import add_color_key, list_entries
from ekspresi.visualization.palette import COLORS
from tests.visualization.test_image_annotator import has_color, prediction

ANSWERS = [prediction("fear"), prediction("neutral"), prediction("anger", abstained=True), prediction("fear")]


def keyed(taken: list[Box], size: tuple[int, int] = (400, 300)) -> np.ndarray:
    return np.asarray(add_color_key(Image.new("RGB", size, "#808080"), ANSWERS, taken, text_px=15))


def test_list_entries_names_each_answer_once() -> None:
    own = Prediction("bored", 0.9, {"bored": 0.9}, 20.0)
    assert [name for name, _ in list_entries([*ANSWERS, own])] == ["neutral", "fear", "other", "unsure"]


@pytest.mark.parametrize(
    "taken",
    [
        [(0, 150, 400, 300)],
        [(0, 0, 400, 150)],
        [(0, 0, 200, 300)],
        [(0, 200, 100, 300), (300, 200, 400, 300), (0, 0, 100, 100), (300, 0, 400, 100)],
    ],
)
def test_add_color_key_covers_no_face(taken: list[Box]) -> None:
    picture = keyed(taken)
    assert picture.shape == (300, 400, 3) and has_color(picture, COLORS["fear"])
    for x1, y1, x2, y2 in taken:
        assert (picture[int(y1) : int(y2), int(x1) : int(x2)] == 128).all()


@pytest.mark.parametrize("width", [400, 90])
def test_add_color_key_without_room_is_below(width: int) -> None:
    picture = keyed([(0, 0, width, 300)], (width, 300))
    assert picture.shape[0] > 300 and picture.shape[1] == width
    assert (picture[:300] == 128).all()
    assert has_color(picture[300:], COLORS["neutral"]) and has_color(picture[300:], COLORS["fear"])
