"""Draw the label of a face: answer, confidence and the strongest other predictions.

In: a prediction. Out: RGBA pictures. Knows nothing of where a label lies.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ekspresi.types import Prediction
from ekspresi.visualization.formatting import format_percent
from ekspresi.visualization.palette import COLORS, PANEL, PANEL_DIM, PANEL_INK, PANEL_TRACK, UNKNOWN_COLOR, color_of

_UNSURE = "unsure"


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A height in pixels -> the font that all pictures are lettered with."""
    return ImageFont.load_default(size)


_Line = tuple[str, float | None, str]
"""Name, share or None, color."""


def labels_of(prediction: Prediction, text_px: int) -> list[Image.Image]:
    """A prediction -> its label as RGBA pictures, the fullest first."""
    lines = _lines_of(prediction)
    return [_label(lines, text_px), _label(lines[:1], text_px)]


def steady_labels_of(prediction: Prediction, text_px: int, track: int | None) -> list[Image.Image]:
    """The same for films, with the number of the track: all labels of a model are alike in size, and kept."""
    number = "" if track is None else f"#{track} "
    (name, share, color), *others = _lines_of(prediction, digits=2)
    lines = ((number + name, share, color), *others)
    widest = (*(number + label for label in prediction.probabilities), f"{number}{_UNSURE}")
    return [_kept_label(lines, text_px, widest), _kept_label(lines[:1], text_px, widest)]


def _lines_of(prediction: Prediction, digits: int = 6) -> tuple[_Line, ...]:
    """A prediction -> what its label says: the answer, and the two strongest of the other beliefs."""
    shares = {label: round(share, digits) for label, share in prediction.probabilities.items()}
    ranked = sorted(shares, key=lambda label: -shares[label])  # those that are shown alike stay in the model's order
    beliefs = [(label, shares[label], COLORS.get(label, UNKNOWN_COLOR)) for label in ranked]
    if prediction.abstained:  # 'unsure' has no share of its own: beside one it would be read as 'so unsure'
        return ((_UNSURE, None, UNKNOWN_COLOR), *beliefs[:2])
    first = (prediction.expression, round(prediction.confidence, digits), color_of(prediction))
    return (first, *[belief for belief in beliefs if belief[0] != prediction.expression][:2])


@lru_cache(maxsize=256)  # some 140 KB each in a film of 1080 lines
def _kept_label(lines: tuple[_Line, ...], text_px: int, widest: tuple[str, ...]) -> Image.Image:
    return _label(lines, text_px, widest)


@lru_cache(maxsize=1024)
def _width_of(names: tuple[str, ...], text_px: int) -> float:
    return max(map(font(text_px).getlength, names))


def _label(lines: Sequence[_Line], text_px: int, widest: tuple[str, ...] = ()) -> Image.Image:
    """Lines -> one panel, with room for other names too where it is to have the same size with them.

    The first line is the large one.
    """
    fonts = [font(text_px), *[font(max(11, round(text_px * 0.78)))] * (len(lines) - 1)]
    pad = round(text_px * 0.5)
    shares = ["" if share is None else format_percent(share) for _, share, _ in lines]
    name_width = max(letters.getlength(name) for letters, (name, _, _) in zip(fonts, lines, strict=True))
    share_width = max(letters.getlength(share) for letters, share in zip(fonts, shares, strict=True))
    if widest:
        name_width = max(name_width, _width_of(widest, text_px))
        share_width = max(share_width, fonts[0].getlength(format_percent(1.0)))
    bar_width = round(text_px * 2.4) if len(lines) > 1 else 0
    swatch = round(text_px * 0.28)
    columns = swatch + pad + name_width + pad + (bar_width + pad if bar_width else 0)
    columns += share_width + pad if share_width else 0
    heights = [round(text_px * 1.5), *[round(text_px * 1.15)] * (len(lines) - 1)]
    tail = round(text_px * 0.3) if len(lines) > 1 else 0
    width, height = round(columns), sum(heights) + tail
    panel = Image.new("RGBA", (width, height), PANEL)
    draw = ImageDraw.Draw(panel)
    draw.rectangle((0, 0, swatch - 1, height), fill=lines[0][2])
    top = 0
    for i, (name, share, color) in enumerate(lines):
        ink = PANEL_INK if i == 0 else PANEL_DIM
        middle = top + heights[i] / 2 + (tail / 2 if i == 0 and tail else 0)
        left = swatch + pad
        draw.text((left, middle), name, ink, fonts[i], anchor="lm")
        if bar_width and share is not None:
            x = left + name_width + pad
            half = text_px * (0.24 if i == 0 else 0.18)
            draw.rectangle((x, middle - half, x + bar_width, middle + half), fill=PANEL_TRACK)
            if share >= 0.005:
                draw.rectangle((x, middle - half, x + max(1, bar_width * share), middle + half), fill=color)
        draw.text((width - pad, middle), shares[i], ink, fonts[i], anchor="rm")
        top += heights[i]
    panel.putalpha(
        Image.composite(panel.getchannel("A"), Image.new("L", panel.size), rounded(panel.size, text_px * 0.3))
    )
    return panel


@lru_cache(maxsize=256)
def rounded(size: tuple[int, int], radius: float, line: float | None = None, strength: float = 1.0) -> Image.Image:
    """A rounded rectangle with smooth edges -> mask (mode L); with ``line`` only its outline."""
    width, height = size
    radius = min(radius, width / 2, height / 2)
    x = np.abs(np.arange(width, dtype=np.float32) + 0.5 - width / 2)[None, :] - (width / 2 - radius)
    y = np.abs(np.arange(height, dtype=np.float32) + 0.5 - height / 2)[:, None] - (height / 2 - radius)
    distance = np.hypot(np.maximum(x, 0), np.maximum(y, 0)) + np.minimum(np.maximum(x, y), 0) - radius
    cover = np.clip(0.5 - distance, 0, 1)
    if line is not None:
        cover *= np.clip(0.5 + distance + line, 0, 1)
    return Image.fromarray((cover * (255 * strength)).astype(np.uint8))
