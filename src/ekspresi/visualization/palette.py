"""Define the colors of pictures, plots and pages.

The colors of expressions are those of Okabe and Ito (Color Universal Design, 2008). People with any common color
blindness can distinguish them. Names and numbers accompany them everywhere, so no meaning rests on color alone.
"""

from ekspresi.types import Prediction

COLORS = {
    "neutral": "#A7ADB5",
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
"""Color of a face without a prediction, of one that is not judged, and of labels that are not in
``COLORS``."""

PAPER, INK, DIM, FAINT = "#FFFFFF", "#14171C", "#5A626D", "#868E98"
"""Ground and text of what is drawn on a page of its own."""
PANEL = (20, 23, 28, 225)  # almost black, a little of the picture shines through
PANEL_INK, PANEL_DIM, PANEL_TRACK = "#FFFFFF", "#B9C0C9", "#3C434C"


def color_of(prediction: Prediction | None) -> str:
    """A prediction -> the color of its frame."""
    if prediction is None or prediction.abstained:
        return UNKNOWN_COLOR
    return COLORS.get(prediction.expression, UNKNOWN_COLOR)
