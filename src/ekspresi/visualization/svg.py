"""A matplotlib figure -> SVG text that lies in a page and follows its colors, light and dark.

In: figures drawn with the marker colors below. Out: strings beginning with ``<svg``; the markers are replaced by the
page's CSS variables (``theme.css``), text stays text, in the page's font. Knows nothing of what is drawn.
"""

import io
import re
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, MUTED, LINE, ACCENT, SECOND, PAPER, THIRD, FOURTH, FIFTH = (f"#0{i}0{i}0{i}" for i in range(1, 10))
"""Marker colors: text, quiet text, lines, the two colors of data, the page, and three more for many lines."""

SERIES = (ACCENT, SECOND, THIRD, FOURTH, FIFTH, MUTED)
"""Colors of lines in one plot, in the order in which they are taken."""

_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    ACCENT: "var(--accent)",
    SECOND: "var(--second)",
    PAPER: "var(--paper)",
    THIRD: "var(--third)",
    FOURTH: "var(--fourth)",
    FIFTH: "var(--fifth)",
}


def make_figure(width: float, height: float) -> Figure:
    """An empty figure, inches."""
    # Not pyplot: it keeps state between figures and chooses a screen.
    return Figure(figsize=(width, height), layout="constrained")


def clear_axes(axes: Axes) -> None:
    """Axes without spines and ticks, in the page's ink."""
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0, colors=INK, labelsize=9.5)
    axes.set_axisbelow(True)


def render_svg(figure: Figure, name: str) -> str:
    """Figure -> inline SVG: colors by CSS variable, no ids that clash, the same bytes each time."""
    buffer = io.StringIO()
    settings: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": name, "font.size": 10}
    with rc_context(settings):
        figure.savefig(
            buffer,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"(<g) id=\"[^\"]*\"", r"\1", text)
    text = re.sub(r"(<svg[^>]*?) width=\"[^\"]*\"", r"\1", text, count=1)
    text = re.sub(r"(<svg[^>]*?) height=\"[^\"]*\"", r"\1", text, count=1)
    for marker, variable in _VARIABLES.items():
        text = text.replace(marker, variable)
    return text.strip()
