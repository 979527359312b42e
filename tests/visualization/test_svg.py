"""Check that plots become SVG that follows the colors of a page."""

import re

from matplotlib.figure import Figure

from ekspresi.visualization import svg
from ekspresi.visualization.svg import ACCENT, INK, LINE, clear_axes, make_figure, render_svg


def plot() -> Figure:
    figure = make_figure(4, 3)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=ACCENT)
    axes.grid(color=LINE)
    axes.set_title("48 px & more", color=INK)
    clear_axes(axes)
    return figure


def test_render_svg_replaces_every_marker_color() -> None:
    text = render_svg(plot(), "a")
    assert text.startswith("<svg") and text.endswith("</svg>")
    assert {"var(--ink)", "var(--accent)", "var(--line)"} <= set(re.findall(r"var\(--\w+\)", text))
    assert not [marker for marker in svg._VARIABLES if marker in text]


def test_render_svg_keeps_text_and_drops_fixed_size() -> None:
    text = render_svg(plot(), "a")
    assert "48 px &amp; more" in text
    opening = text[: text.index(">")]
    assert "viewBox" in opening and " width=" not in opening and " height=" not in opening
    assert "<metadata>" not in text and "<g id=" not in text


def test_render_svg_is_repeatable_and_names_keep_ids_apart() -> None:
    first, again, other = (render_svg(plot(), name) for name in ("a", "a", "b"))
    assert first == again
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in (first, other)]
    assert ids[0] and not ids[0] & ids[1]


def test_clear_axes_hides_spines_and_ticks() -> None:
    (axes,) = plot().axes
    assert not any(spine.get_visible() for spine in axes.spines.values())
    assert all(tick.tick1line.get_markersize() == 0 for tick in axes.xaxis.get_major_ticks())
