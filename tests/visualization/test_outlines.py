"""Check that dashed outlines differ from solid ones, on any ground."""

import numpy as np
import pytest
from PIL import Image

from ekspresi.visualization.outlines import draw_outline


def top_edge(ground: str, side: int, line: int, *, dashed: bool, color: str = "#FFFFFF") -> np.ndarray:
    """Draw a box and return the brightness along the middle of its upper line."""
    picture = Image.new("RGB", (side + 40, side + 40), ground)
    draw_outline(picture, (20, 20, 20 + side, 20 + side), color, line, dashed=dashed)
    return np.asarray(picture.convert("L")).astype(int)[20 + line // 2, 20 + side // 5 : 20 + side - side // 5]


@pytest.mark.parametrize("ground", ["#FFFFFF", "#000000", "#808080"])
@pytest.mark.parametrize(("side", "line"), [(18, 2), (40, 2), (300, 6)])
def test_draw_outline_dashed_has_light_and_dark_parts(ground: str, side: int, line: int) -> None:
    edge = top_edge(ground, side, line, dashed=True)
    assert edge.max() > 230 and edge.min() < 40
    assert (np.diff((edge > 128).astype(int)) != 0).sum() >= 2, "dashes"


@pytest.mark.parametrize("ground", ["#FFFFFF", "#000000", "#808080"])
def test_draw_outline_solid_has_one_color(ground: str) -> None:
    edge = top_edge(ground, 60, 3, dashed=False, color="#B8BEC6")
    assert np.ptp(edge) == 0


def test_draw_outline_dashed_keeps_the_face_clear() -> None:
    picture = Image.new("RGB", (60, 60), "#808080")
    draw_outline(picture, (10, 10, 50, 50), "#FFFFFF", 3, dashed=True)
    assert (np.asarray(picture)[16:44, 16:44] == 128).all()
