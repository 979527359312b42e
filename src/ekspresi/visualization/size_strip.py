"""Draw one face at several sizes, with the prediction at each.

In: crops with predictions. Out: a Pillow image. Does not know about models.
"""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from ekspresi.recognition.explanation import Reduced
from ekspresi.types import Box
from ekspresi.visualization.formatting import format_percent
from ekspresi.visualization.labels import load_font
from ekspresi.visualization.palette import COLORS, DIM, FAINT, INK, PAPER


def draw_sizes(sizes: Sequence[Reduced], cell: int = 288) -> Image.Image:
    """Draw a face at several sizes: its pixels, its effective size and all probabilities.

    The kernel 'nearest' enlarges each size, so that the recognizer's input pixels are visible.

    Example:
        >>> import numpy as np
        >>> from ekspresi.types import Prediction
        >>> prediction = Prediction("fear", 0.7, {"fear": 0.7, "anger": 0.3}, face_px=16.0, effective_px=11.0)
        >>> draw_sizes([Reduced(np.full((16, 16), 90, np.uint8), prediction)]).mode
        'RGB'

    Args:
        sizes: one or more crops with their predictions, of the same labels.
        cell: side of each picture in pixels; 288 is a whole multiple of each of ``SIZES_PX``.
    """

    def scaled(length: float) -> int:
        return round(length * max(cell / 288, 0.8))  # text stays readable next to small cells

    labels = list(sizes[0].prediction.probabilities)
    large, middle, small, fine = (load_font(scaled(height)) for height in (30, 28, 24, 20))
    gutter = scaled(34 + 22) + math.ceil(max(small.getlength(label) for label in labels))
    column, row, bars_top = cell + scaled(40), scaled(36), cell + scaled(70 + 66)
    sheet = Image.new("RGB", (gutter + len(sizes) * column, bars_top + len(labels) * row + scaled(26)), PAPER)
    draw = ImageDraw.Draw(sheet)
    for k, label in enumerate(labels):
        draw.text((gutter - scaled(22), bars_top + (k + 0.5) * row), label, "#3A4048", small, anchor="rm")
    for number, reduced in enumerate(sizes):
        left, prediction = gutter + number * column, reduced.prediction
        draw.text((left, scaled(46)), f"{min(reduced.crop.shape)} px", INK, large, anchor="ls")
        if prediction.effective_px is not None:
            effective = f"effective px {prediction.effective_px:.0f}"
            draw.text((left + cell, scaled(46)), effective, DIM, fine, anchor="rs")
        pixels = Image.fromarray(reduced.crop).resize((cell, cell), Image.Resampling.NEAREST)
        sheet.paste(pixels, (left, scaled(66)))
        verdict = (
            prediction.answer
            if prediction.abstained
            else f"{prediction.expression} {format_percent(prediction.confidence)}"
        )
        draw.text((left, cell + scaled(66 + 42)), verdict, DIM if prediction.abstained else INK, middle, anchor="ls")
        for k, label in enumerate(labels):
            top, probability = bars_top + k * row, prediction.probabilities[label]
            bar = (left, top + scaled(7), left + cell - scaled(66), top + row - scaled(7))
            _draw_bar(draw, bar, probability, label)
            ink = INK if label == prediction.expression and not prediction.abstained else FAINT
            draw.text(
                (left + cell, top + row / 2), format_percent(probability), ink, load_font(scaled(22)), anchor="rm"
            )
    return sheet


def _draw_bar(draw: ImageDraw.ImageDraw, box: Box, probability: float, label: str) -> None:
    x1, y1, x2, y2 = box
    draw.rectangle((x1, y1, x2, y2), fill="#EDEFF2")
    if probability >= 0.005:
        draw.rectangle((x1, y1, x1 + max(2, (x2 - x1) * probability), y2), fill=COLORS.get(label, "#555C66"))
