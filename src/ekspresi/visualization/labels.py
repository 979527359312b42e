"""Draw the label of a face: the answer, its confidence and the next expressions.

In: a prediction. Out: RGBA images. Does not know where a label is placed.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ekspresi.imaging.image_cache import cache_images
from ekspresi.types import UNSURE, Prediction
from ekspresi.visualization.formatting import format_percent
from ekspresi.visualization.palette import (
    COLORS,
    DASH_GROUND,
    PANEL,
    PANEL_DIM,
    PANEL_INK,
    PANEL_TRACK,
    UNKNOWN_COLOR,
    choose_color,
)


@lru_cache(maxsize=64)
def load_font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Load the font of all drawings.

    Example:
        >>> load_font(20).getlength("fear") > load_font(10).getlength("fear")
        True

    Args:
        size: height of the letters in pixels.
    """
    return ImageFont.load_default(size)


_Line = tuple[str, float | None, str]
"""Name, probability or None, color."""


def draw_labels(prediction: Prediction, text_px: int) -> list[Image.Image]:
    """Draw the label of a face in full and in short.

    Example:
        >>> full, short = draw_labels(Prediction("fear", 0.7, {"fear": 0.7, "anger": 0.3}, face_px=24.0), text_px=15)
        >>> full.mode, full.height > short.height
        ('RGBA', True)

    Args:
        prediction: for the face.
        text_px: height of the letters in pixels.

    Returns:
        RGBA images, the fullest first.
    """
    lines = _lines_for(prediction)
    return [_label(lines, text_px), _label(lines[:1], text_px)]


def draw_steady_labels(prediction: Prediction, text_px: int, track: int | None) -> list[Image.Image]:
    """Draw labels for a video, with the track number and of the same size for all predictions.

    Example:
        >>> predictions = [Prediction(label, 0.7, {"fear": 0.7, "anger": 0.3}, 24.0) for label in ("fear", "anger")]
        >>> first, second = (draw_steady_labels(prediction, 15, track=1)[0] for prediction in predictions)
        >>> first.size == second.size
        True

    Args:
        prediction: for the face.
        text_px: height of the letters in pixels.
        track: number of its track; None where the face has none.

    Returns:
        RGBA images, the fullest first.
    """
    number = "" if track is None else f"#{track} "
    (name, probability, color), *others = _lines_for(prediction, digits=2)
    lines = ((number + name, probability, color), *others)
    widest = (*(number + label for label in prediction.probabilities), f"{number}{UNSURE}")
    return [_cached_label(lines, text_px, widest), _cached_label(lines[:1], text_px, widest)]


def _lines_for(prediction: Prediction, digits: int = 6) -> tuple[_Line, ...]:
    """List the lines of a label: the answer, and the two most probable other expressions."""
    probabilities = {label: round(value, digits) for label, value in prediction.probabilities.items()}
    ranked = sorted(probabilities, key=lambda label: -probabilities[label])  # ties keep the model's order
    lines = [(label, probabilities[label], COLORS.get(label, UNKNOWN_COLOR)) for label in ranked]
    if prediction.abstained:  # 'unsure' gets no probability, which would be read as 'this unsure'
        return ((UNSURE, None, UNKNOWN_COLOR), *lines[:2])
    first = (prediction.expression, round(prediction.confidence, digits), choose_color(prediction))
    return (first, *[line for line in lines if line[0] != prediction.expression][:2])


@cache_images(32 << 20)  # about 140 KB each in a video of 1080 lines
def _cached_label(lines: tuple[_Line, ...], text_px: int, widest: tuple[str, ...]) -> Image.Image:
    return _label(lines, text_px, widest)


@lru_cache(maxsize=1024)
def _width_of(names: tuple[str, ...], text_px: int) -> float:
    return max(map(load_font(text_px).getlength, names))


def _label(lines: Sequence[_Line], text_px: int, widest: tuple[str, ...] = ()) -> Image.Image:
    """Draw lines as one panel, the first in large letters; texts of ``widest`` must fit too."""
    fonts = [load_font(text_px), *[load_font(max(11, round(text_px * 0.78)))] * (len(lines) - 1)]
    pad = round(text_px * 0.5)
    percentages = ["" if value is None else format_percent(value) for _, value, _ in lines]
    name_width = max(letters.getlength(name) for letters, (name, _, _) in zip(fonts, lines, strict=True))
    percent_width = max(letters.getlength(text) for letters, text in zip(fonts, percentages, strict=True))
    if widest:
        name_width = max(name_width, _width_of(widest, text_px))
        percent_width = max(percent_width, fonts[0].getlength(format_percent(1.0)))
    bar_width = round(text_px * 2.4) if len(lines) > 1 else 0
    swatch = round(text_px * 0.28)
    columns = swatch + pad + name_width + pad + (bar_width + pad if bar_width else 0)
    columns += percent_width + pad if percent_width else 0
    heights = [round(text_px * 1.5), *[round(text_px * 1.15)] * (len(lines) - 1)]
    tail = round(text_px * 0.3) if len(lines) > 1 else 0
    width, height = round(columns), sum(heights) + tail
    panel = Image.new("RGBA", (width, height), PANEL)
    draw = ImageDraw.Draw(panel)
    draw.rectangle((0, 0, swatch - 1, height), fill=lines[0][2])
    if lines[0][0].endswith(UNSURE):  # after a track number
        for top in range(2 * swatch, height, 3 * swatch):  # dashes, as in the outline
            draw.rectangle((0, top, swatch - 1, top + swatch - 1), fill=DASH_GROUND)
    top = 0
    for i, (name, probability, color) in enumerate(lines):
        ink = PANEL_INK if i == 0 else PANEL_DIM
        middle = top + heights[i] / 2 + (tail / 2 if i == 0 and tail else 0)
        left = swatch + pad
        draw.text((left, middle), name, ink, fonts[i], anchor="lm")
        if bar_width and probability is not None:
            x = left + name_width + pad
            half = text_px * (0.24 if i == 0 else 0.18)
            draw.rectangle((x, middle - half, x + bar_width, middle + half), fill=PANEL_TRACK)
            if probability >= 0.005:
                draw.rectangle((x, middle - half, x + max(1, bar_width * probability), middle + half), fill=color)
        draw.text((width - pad, middle), percentages[i], ink, fonts[i], anchor="rm")
        top += heights[i]
    panel.putalpha(
        Image.composite(panel.getchannel("A"), Image.new("L", panel.size), draw_rounded_mask(panel.size, text_px * 0.3))
    )
    return panel


@cache_images(16 << 20)
def draw_rounded_mask(
    size: tuple[int, int], radius: float, line: float | None = None, strength: float = 1.0
) -> Image.Image:
    """Draw a rounded rectangle with smooth edges.

    Example:
        >>> mask = draw_rounded_mask((20, 10), radius=3)
        >>> mask.mode, mask.getpixel((0, 0)) < mask.getpixel((10, 5))
        ('L', True)

    Args:
        size: width and height in pixels.
        radius: of the corners, in pixels.
        line: width of the outline in pixels; None fills the rectangle.
        strength: opacity, 0..1.

    Returns:
        Mask of mode L.
    """
    width, height = size
    radius = min(radius, width / 2, height / 2)
    x = np.abs(np.arange(width, dtype=np.float32) + 0.5 - width / 2)[None, :] - (width / 2 - radius)
    y = np.abs(np.arange(height, dtype=np.float32) + 0.5 - height / 2)[:, None] - (height / 2 - radius)
    distance = np.hypot(np.maximum(x, 0), np.maximum(y, 0)) + np.minimum(np.maximum(x, y), 0) - radius
    cover = np.clip(0.5 - distance, 0, 1)
    if line is not None:
        cover *= np.clip(0.5 + distance + line, 0, 1)
    return Image.fromarray((cover * (255 * strength)).astype(np.uint8))
