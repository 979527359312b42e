"""Turn matplotlib figures into SVG that follows the colors of a page, light and dark.

In: figures drawn in the marker colors below. Out: strings that begin with ``<svg``. The page's CSS variables
(``theme.css``) replace the markers; text stays text, in the page's font. Does not know about the contents of plots.
"""

import io
import re
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, MUTED, LINE, ACCENT, SECOND, PAPER, THIRD, FOURTH, FIFTH = (f"#0{i}0{i}0{i}" for i in range(1, 10))
"""Marker colors: text, quiet text, lines, two colors of data, the page, and three more for many lines."""

SERIES = (ACCENT, SECOND, THIRD, FOURTH, FIFTH, MUTED)
"""Colors of the lines in a plot, in order."""

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
    """Make an empty figure.

    Example:
        >>> make_figure(4, 3).get_size_inches().tolist()
        [4.0, 3.0]

    Args:
        width: in inches.
        height: in inches.
    """
    # Not pyplot, which keeps state between figures and opens a display.
    return Figure(figsize=(width, height), layout="constrained")


def clear_axes(axes: Axes) -> None:
    """Remove spines and ticks from axes, and color their labels as text.

    Example:
        >>> axes = make_figure(4, 3).subplots()
        >>> clear_axes(axes)
        >>> any(spine.get_visible() for spine in axes.spines.values())
        False

    Args:
        axes: changed in place.
    """
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, colors=INK, labelsize=9.5)
    axes.set_axisbelow(True)


def render_svg(figure: Figure, name: str) -> str:
    """Render a figure as inline SVG.

    Example:
        >>> figure = make_figure(4, 3)
        >>> _ = figure.text(0.5, 0.5, "48 px", color=INK)
        >>> page_part = render_svg(figure, "sizes")
        >>> page_part.startswith("<svg"), "var(--ink)" in page_part
        (True, True)

    Args:
        figure: drawn in the marker colors.
        name: different for each figure of a page, so that ids do not clash.

    Returns:
        SVG with CSS variables as colors; the same bytes each time.
    """
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
