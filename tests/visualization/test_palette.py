"""Check the colors of faces."""

from itertools import combinations

import numpy as np
import pytest

from ekspresi.expressions import EXPRESSIONS
from ekspresi.types import Prediction
from ekspresi.visualization.palette import COLORS, UNKNOWN_COLOR, choose_color


def test_colors_differ_for_each_expression() -> None:
    assert set(COLORS) == set(EXPRESSIONS)
    assert len(set(COLORS.values())) == len(EXPRESSIONS)


@pytest.mark.parametrize(
    ("expression", "abstained", "color"),
    [("fear", False, COLORS["fear"]), ("fear", True, UNKNOWN_COLOR), ("unheard-of", False, UNKNOWN_COLOR)],
)
def test_choose_color_depends_on_answer_and_abstention(expression: str, abstained: bool, color: str) -> None:
    assert choose_color(Prediction(expression, 1.0, {expression: 1.0}, 24.0, abstained=abstained)) == color


_VISION = {
    "all cones": np.eye(3),
    "no red cones": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "no green cones": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "no blue cones": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
"""Linear RGB as it looks without one kind of cones (Machado, Oliveira, Fernandes, IEEE TVCG 15, 2009)."""


def lab(color: str, vision: str) -> np.ndarray:
    """Return CIE L*a*b* of an sRGB color as it looks with that vision."""
    encoded = np.array([int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(_VISION[vision]) @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.maximum(to_xyz @ seen / to_xyz.sum(axis=1), 0.01))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", _VISION)
def test_colors_differ_with_any_common_color_blindness(vision: str) -> None:
    colors = {**COLORS, "unsure": UNKNOWN_COLOR}
    for one, two in combinations(colors, 2):
        assert np.linalg.norm(lab(colors[one], vision) - lab(colors[two], vision)) > 12, (one, two)
    assert np.linalg.norm(lab(COLORS["neutral"], vision) - lab(UNKNOWN_COLOR, vision)) > 20


def test_choose_color_without_prediction_is_unknown() -> None:
    assert choose_color(None) == UNKNOWN_COLOR
