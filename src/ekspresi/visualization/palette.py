"""Define the colors of pictures, plots and pages.

The colors of expressions are those of Okabe and Ito (Color Universal Design, 2008), with a light gray for *neutral*.
People with any common color blindness can distinguish them. Names and numbers accompany them everywhere, and *unsure*
is dashed, so no meaning rests on color alone.
"""

from ekspresi.types import Prediction

COLORS = {
    "neutral": "#B8BEC6",
    "happiness": "#E69F00",
    "surprise": "#56B4E9",
    "sadness": "#0072B2",
    "anger": "#D55E00",
    "disgust": "#009E73",
    "fear": "#CC79A7",
    "contempt": "#F0E442",
}
"""Expression -> its color in every picture and plot."""

UNKNOWN_COLOR = "#FFFFFF"
"""Color of a face without a prediction, of labels that are not in ``COLORS``, and of the dashes of an abstention."""
OTHER_COLOR = "#868E98"
"""Color of labels that are not in ``COLORS``, on pages with light and dark ground."""
DASH_GROUND = "#14171C"
"""Color between the dashes of an abstention."""

PAPER, INK, DIM, FAINT = "#FFFFFF", "#14171C", "#5A626D", "#868E98"
"""Background and text colors of sheets."""
PANEL = (20, 23, 28, 225)
"""Background of labels, RGBA: almost black, slightly transparent."""
PANEL_INK, PANEL_DIM, PANEL_TRACK = "#FFFFFF", "#B9C0C9", "#3C434C"
"""Colors of labels: first line, other lines, and the ground of bars."""


def choose_color(prediction: Prediction | None) -> str:
    """Choose the color of a face's outline.

    Example:
        >>> choose_color(Prediction("fear", 0.7, {"fear": 0.7, "anger": 0.3}, face_px=24.0))
        '#CC79A7'

    Args:
        prediction: for the face; None where it has none.

    Returns:
        '#RRGGBB'; white for an abstention.
    """
    if prediction is None or prediction.abstained:
        return UNKNOWN_COLOR
    return COLORS.get(prediction.expression, UNKNOWN_COLOR)
