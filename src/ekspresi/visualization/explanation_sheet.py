"""Draw explanations as a sheet: where the evidence lies, and what remains at each size.

In: explanations of faces. Out: a Pillow image with one band for each face, in columns where there are many. Does not
know about files, nor how an explanation is computed.

The map uses one hue that no expression has, denser where the fall is larger. It reads the same in print and with any
common color blindness. Where the probability does not fall the face has no color.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ekspresi.imaging.resampling import resize
from ekspresi.recognition.explanation import PATCH, Explanation, Occlusion
from ekspresi.types import Prediction
from ekspresi.visualization.formatting import format_percent
from ekspresi.visualization.labels import load_font
from ekspresi.visualization.palette import DIM, FAINT, INK, PAPER
from ekspresi.visualization.size_strip import draw_sizes

FLAT = 0.03
"""Fall of the probability, 0..1, below which a map gets no color: such differences mean nothing."""

SCALES = (0.10, 0.25, 0.50, 1.0)
"""Falls that full color can mean, 0..1: the map uses the smallest value that covers its largest fall."""

HUE = (214, 0, 128)
"""Color of the map, RGB."""

DENSEST = 0.8
"""Share of the hue where it is full: the face stays visible even there."""

_MAP, _CELL = 384, 192  # the second is a whole multiple of all SIZES_PX but 32
_MARGIN, _GAP, _TITLE, _LINE, _TEXT = 36, 56, 62, 28, 20


def render_explanations(explanations: Sequence[Explanation]) -> Image.Image:
    """Draw explanations of faces as one picture, with a numbered band for each.

    A band shows the crop with its map and the map's scale on the left, and the face at each size on the right. Without
    a map the band says why. Bands lie in rows, in as many columns as keep the longer side of the picture shortest.

    Example:
        >>> from ekspresi.recognition.explanation import explain
        >>> from ekspresi.recognition.recognizer import Recognizer
        >>> crop = np.full((20, 20), 90, np.uint8)
        >>> render_explanations([explain(Recognizer(), crop)]).mode
        'RGB'

    Args:
        explanations: one or more, in order.
    """
    bands = [_draw_band(number, explanation) for number, explanation in enumerate(explanations, start=1)]
    predictions = [explanation.occlusion.prediction for explanation in explanations]
    predictions += [reduced.prediction for explanation in explanations for reduced in explanation.sizes]
    note = _draw_note(predictions, any(choose_scale(one.occlusion) for one in explanations))
    column = max(band.width for band in bands) + 2 * _GAP
    columns = min(range(1, len(bands) + 1), key=lambda number: max(number * column, sum(_row_heights(bands, number))))
    heights = _row_heights(bands, columns)
    width = max(columns * column - 2 * _GAP, note.width) + 2 * _MARGIN
    sheet = Image.new("RGB", (width, sum(heights) + note.height + 2 * _MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    top = _MARGIN
    for row, height in enumerate(heights):
        for place, band in enumerate(bands[row * columns : (row + 1) * columns]):
            sheet.paste(band, (_MARGIN + place * column, top))
        top += height
        draw.line((_MARGIN, top - _GAP // 2, width - _MARGIN, top - _GAP // 2), fill="#DFE3E8", width=2)
    sheet.paste(note, (_MARGIN, top))
    return sheet


def _row_heights(bands: Sequence[Image.Image], columns: int) -> list[int]:
    """Return the height of each row of bands, with the gap below it."""
    return [
        max(band.height for band in bands[first : first + columns]) + _GAP for first in range(0, len(bands), columns)
    ]


def draw_heat_map(occlusion: Occlusion, side_px: int) -> Image.Image:
    """Draw a crop with color where hiding lowers the probability of the answer.

    Full color means ``choose_scale`` of the map; a flat map gets no color.

    Example:
        >>> prediction = Prediction("fear", 0.7, {"fear": 0.7, "anger": 0.3}, face_px=24.0)
        >>> occlusion = Occlusion(np.zeros((24, 12), np.uint8), prediction, np.full((16, 16), 0.2))
        >>> draw_heat_map(occlusion, side_px=96).size
        (48, 96)

    Args:
        occlusion: a crop and its map.
        side_px: longer side of the result in pixels.
    """
    height, width = occlusion.crop.shape
    size = (max(1, side_px * width // max(height, width)), max(1, side_px * height // max(height, width)))
    pixels = Image.fromarray(occlusion.crop).resize(size, Image.Resampling.NEAREST).convert("RGB")
    if (scale := choose_scale(occlusion)) is None:
        return pixels
    falls = resize(occlusion.falls.astype(np.float32), size[1], size[0], "bicubic")
    return _tint(pixels, falls / scale)


def choose_scale(occlusion: Occlusion) -> float | None:
    """Choose the fall that full color means.

    Example:
        >>> prediction = Prediction("fear", 0.7, {"fear": 0.7, "anger": 0.3}, face_px=24.0)
        >>> choose_scale(Occlusion(np.zeros((24, 24), np.uint8), prediction, np.full((16, 16), 0.2)))
        0.25

    Args:
        occlusion: a crop and its map.

    Returns:
        One of ``SCALES``; None where the map is flat.
    """
    peak = float(occlusion.falls.max())
    return None if peak < FLAT else next(scale for scale in SCALES if peak <= scale)


def _draw_band(number: int, explanation: Explanation) -> Image.Image:
    prediction = explanation.occlusion.prediction
    left, right = _draw_map_panel(explanation.occlusion), draw_sizes(explanation.sizes, _CELL)
    band = Image.new("RGB", (left.width + _GAP + right.width, _TITLE + max(left.height, right.height)), PAPER)
    draw = ImageDraw.Draw(band)
    answer = f"{prediction.expression} {format_percent(prediction.confidence)}"
    x = 0.0
    for text, ink, letters in (
        (f"{number}", FAINT, load_font(34)),
        (
            f"{prediction.answer}, perhaps {answer}" if prediction.abstained else answer,
            DIM if prediction.abstained else INK,
            load_font(34),
        ),
        (_describe_size(prediction.face_px, prediction.effective_px), DIM, load_font(24)),
    ):
        draw.text((x, 36), text, ink, letters, anchor="ls")
        x += letters.getlength(text) + 20
    band.paste(left, (0, _TITLE))
    band.paste(right, (left.width + _GAP, _TITLE))
    return band


def _describe_size(face_px: float, effective_px: float | None) -> str:
    return f"{face_px:.0f} px" if effective_px is None else f"{face_px:.0f} px, effective px {effective_px:.0f}"


def _draw_map_panel(occlusion: Occlusion) -> Image.Image:
    picture, scale, lines = draw_heat_map(occlusion, _MAP), choose_scale(occlusion), _describe(occlusion)
    legend = 0 if scale is None else 76
    panel = Image.new("RGB", (_MAP, picture.height + 18 + legend + len(lines) * _LINE + 8), PAPER)
    panel.paste(picture, ((_MAP - picture.width) // 2, 0))
    draw = ImageDraw.Draw(panel)
    top = picture.height + 18
    if scale is not None:
        ramp = np.broadcast_to(np.linspace(0, 1, _MAP, dtype=np.float32), (20, _MAP))
        panel.paste(_tint(Image.new("RGB", (_MAP, 20), (150, 150, 150)), ramp), (0, top))
        for part, anchor in ((0.0, "lt"), (0.5, "mt"), (1.0, "rt")):
            points = f"{100 * scale * part:g}" + (" points" if part == 1 else "")
            draw.text((part * _MAP, top + 29), points, DIM, load_font(_TEXT), anchor=anchor)
    for i, (text, ink) in enumerate(lines):
        draw.text((0, top + legend + i * _LINE), text, ink, load_font(_TEXT), anchor="lt")
    return panel


def _describe(occlusion: Occlusion) -> list[tuple[str, str]]:
    """Describe a map in lines no wider than it, each with its color."""
    answer = f"the probability of {occlusion.prediction.expression}"
    peak, rise = 100 * float(occlusion.falls.max()), -100 * float(occlusion.falls.min())
    if choose_scale(occlusion) is None:
        most = f"{peak:.1f}" if peak >= 0.05 else "0"
        summary = (
            f"No map: no single part decides. Hiding any one lowers {answer} by at most {most} points; "
            f"color begins at {100 * FLAT:.0f}."
        )
    else:
        summary = f"Hiding the colored parts lowers {answer} by up to {peak:.0f} points."
    lines = [(line, INK) for line in _wrap(summary, _TEXT, _MAP)]
    if rise >= 100 * FLAT:
        parts = "some" if choose_scale(occlusion) is None else "other"
        lines += [(line, DIM) for line in _wrap(f"Hiding {parts} parts raises it by up to {rise:.0f}.", _TEXT, _MAP)]
    return lines


def _draw_note(predictions: Sequence[Prediction], colored: bool) -> Image.Image:
    """Explain the words and colors that the bands of a sheet use."""
    falls = (
        f"how many percentage points the probability falls when that part is blurred (patch: {PATCH:.0%} of the side)."
    )
    lines = [f"Color: {falls}" if colored else f"A map would show {falls}"]
    if any(prediction.effective_px is not None for prediction in predictions):
        lines.append(
            "effective px: pixels of the side with real detail, as the model estimates; "
            "fewer than px where a face is blurred or enlarged."
        )
    if any(prediction.abstained for prediction in predictions):
        lines.append(
            "unsure: the face is too small, or the confidence is below the model's threshold. "
            "The threshold was fitted to other pictures than this one."
        )
    width = max(math.ceil(load_font(_TEXT).getlength(line)) for line in lines)
    note = Image.new("RGB", (width, len(lines) * _LINE), PAPER)
    draw = ImageDraw.Draw(note)
    for i, line in enumerate(lines):
        draw.text((0, i * _LINE), line, DIM, load_font(_TEXT), anchor="lt")
    return note


def _wrap(text: str, text_px: int, width: int) -> list[str]:
    """Break a sentence between words into lines of at most ``width`` pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and load_font(text_px).getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _tint(pixels: Image.Image, strengths: NDArray[np.float32]) -> Image.Image:
    """Color an RGB picture by strengths, float32 (H, W), clipped to 0..1."""
    dense = DENSEST * np.clip(strengths, 0, 1)[:, :, None]
    mixed = np.asarray(pixels, dtype=np.float32) * (1 - dense) + np.array(HUE, dtype=np.float32) * dense
    return Image.fromarray(np.rint(mixed).astype(np.uint8))
