"""Check the colors of faces."""

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


def test_choose_color_without_prediction_is_unknown() -> None:
    assert choose_color(None) == UNKNOWN_COLOR
