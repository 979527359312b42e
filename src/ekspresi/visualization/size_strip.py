"""Draw one face at several sizes, with its prediction at each.

In: crops with predictions. Out: a Pillow image. Knows nothing of models.
"""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from ekspresi.recognition.explanation import Reduced
from ekspresi.types import Box
from ekspresi.visualization.formatting import format_percent
from ekspresi.visualization.labels import font
from ekspresi.visualization.palette import COLORS, DIM, FAINT, INK, PAPER


def draw_sizes(sizes: Sequence[Reduced], cell: int = 288) -> Image.Image:
    """A face at several sizes -> its picture at each, what it carries, and the belief in every expression.

    Each size is enlarged with 'nearest', so that the pixels that the recognizer was given can be seen.

    Args:
        sizes: one or more.
        cell: side of each picture in pixels; 288 is a whole multiple of each of ``SIZES_PX``.
    """

    def scaled(length: float) -> int:
        return round(length * max(cell / 288, 0.8))  # text stays readable beside small cells

    labels = list(sizes[0].prediction.probabilities)
    large, middle, small = font(scaled(30)), font(scaled(28)), font(scaled(24))
    gutter = scaled(34 + 22) + math.ceil(max(small.getlength(label) for label in labels))
    column, row, bars_top = cell + scaled(40), scaled(36), cell + scaled(70 + 66)
    sheet = Image.new("RGB", (gutter + len(sizes) * column, bars_top + len(labels) * row + scaled(26)), PAPER)
    draw = ImageDraw.Draw(sheet)
    for k, label in enumerate(labels):
        draw.text((gutter - scaled(22), bars_top + (k + 0.5) * row), label, "#3A4048", small, anchor="rm")
    for number, reduced in enumerate(sizes):
        left, belief = gutter + number * column, reduced.prediction
        draw.text((left, scaled(46)), f"{min(reduced.crop.shape)} px", INK, large, anchor="ls")
        if belief.effective_px is not None:
            carried = f"carries {belief.effective_px:.0f}"
            draw.text((left + cell, scaled(46)), carried, DIM, small, anchor="rs")
        pixels = Image.fromarray(reduced.crop).resize((cell, cell), Image.Resampling.NEAREST)
        sheet.paste(pixels, (left, scaled(66)))
        verdict = "unsure" if belief.abstained else f"{belief.expression} {format_percent(belief.confidence)}"
        draw.text((left, cell + scaled(66 + 42)), verdict, DIM if belief.abstained else INK, middle, anchor="ls")
        for k, label in enumerate(labels):
            top, share = bars_top + k * row, belief.probabilities[label]
            bar = (left, top + scaled(7), left + cell - scaled(66), top + row - scaled(7))
            _draw_bar(draw, bar, share, label)
            ink = INK if label == belief.expression and not belief.abstained else FAINT
            draw.text((left + cell, top + row / 2), format_percent(share), ink, font(scaled(22)), anchor="rm")
    return sheet


def _draw_bar(draw: ImageDraw.ImageDraw, box: Box, share: float, label: str) -> None:
    x1, y1, x2, y2 = box
    draw.rectangle((x1, y1, x2, y2), fill="#EDEFF2")
    if share >= 0.005:
        draw.rectangle((x1, y1, x1 + max(2, (x2 - x1) * share), y2), fill=COLORS.get(label, "#555C66"))
