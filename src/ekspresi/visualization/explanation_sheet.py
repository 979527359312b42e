"""Explanations -> a sheet that a person reads: where the evidence lies, and what is left at each size.

In: explanations of faces. Out: a Pillow image, one band a face. Knows nothing of files, nor of how an explanation is
made.

The map has one hue that no expression has, and grows denser with the fall, so that it reads the same to people with
any common color blindness and in print; where nothing falls the face is left bare.
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
from ekspresi.visualization.labels import font
from ekspresi.visualization.palette import DIM, FAINT, INK, PAPER
from ekspresi.visualization.size_strip import draw_sizes

FLAT = 0.03
"""A fall of the belief, 0..1, below which a map is not colored: its differences would be read as meaning."""

SCALES = (0.10, 0.25, 0.50, 1.0)
"""Falls that full color can stand for, 0..1; the smallest that holds the map's largest fall is taken."""

_HUE = (214, 0, 128)
_DENSEST = 0.8  # the face shows through even where the belief rests on it
_MAP, _CELL = 384, 192  # the second is a whole multiple of five of SIZES_PX, and 32 comes close
_MARGIN, _GAP, _TITLE, _LINE, _TEXT = 36, 56, 62, 28, 20


def render_explanations(explanations: Sequence[Explanation]) -> Image.Image:
    """Explanations of faces -> one RGB picture, a numbered band for each, in order.

    A band has the crop with its map and the map's scale on the left, the face at each size on the right.

    Args:
        explanations: one or more.
    """
    bands = [_band(number, explanation) for number, explanation in enumerate(explanations, start=1)]
    beliefs = [explanation.occlusion.prediction for explanation in explanations]
    beliefs += [reduced.prediction for explanation in explanations for reduced in explanation.sizes]
    note = _note(beliefs)
    width = max(picture.width for picture in (*bands, note)) + 2 * _MARGIN
    height = sum(band.height + _GAP for band in bands) + note.height + 2 * _MARGIN
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    top = _MARGIN
    for band in bands:
        sheet.paste(band, (_MARGIN, top))
        top += band.height + _GAP
        draw.line((_MARGIN, top - _GAP // 2, width - _MARGIN, top - _GAP // 2), fill="#DFE3E8", width=2)
    sheet.paste(note, (_MARGIN, top))
    return sheet


def heat_map(occlusion: Occlusion, side: int) -> Image.Image:
    """A map -> the crop with its longer side of ``side`` pixels, colored where hiding lowers the belief.

    Full color stands for ``scale_of`` the map; a flat map is left bare.
    """
    height, width = occlusion.crop.shape
    size = (max(1, side * width // max(height, width)), max(1, side * height // max(height, width)))
    pixels = Image.fromarray(occlusion.crop).resize(size, Image.Resampling.NEAREST).convert("RGB")
    if (scale := scale_of(occlusion)) is None:
        return pixels
    falls = resize(occlusion.falls.astype(np.float32), size[1], size[0], "bicubic")
    return _tinted(pixels, falls / scale)


def scale_of(occlusion: Occlusion) -> float | None:
    """A map -> the fall that full color stands for, one of ``SCALES``; None where the map is flat."""
    peak = float(occlusion.falls.max())
    return None if peak < FLAT else next(scale for scale in SCALES if peak <= scale)


def _band(number: int, explanation: Explanation) -> Image.Image:
    belief = explanation.occlusion.prediction
    left, right = _map_panel(explanation.occlusion), draw_sizes(explanation.sizes, _CELL)
    band = Image.new("RGB", (left.width + _GAP + right.width, _TITLE + max(left.height, right.height)), PAPER)
    draw = ImageDraw.Draw(band)
    share = format_percent(belief.confidence)
    verdict = f"unsure, perhaps {belief.expression} {share}" if belief.abstained else f"{belief.expression} {share}"
    x = 0.0
    for text, ink, letters in (
        (f"{number}", FAINT, font(34)),
        (verdict, DIM if belief.abstained else INK, font(34)),
        (_size_in_words(belief.face_px, belief.effective_px), DIM, font(24)),
    ):
        draw.text((x, 36), text, ink, letters, anchor="ls")
        x += letters.getlength(text) + 20
    band.paste(left, (0, _TITLE))
    band.paste(right, (left.width + _GAP, _TITLE))
    return band


def _size_in_words(face_px: float, effective_px: float | None) -> str:
    return f"{face_px:.0f} px" if effective_px is None else f"{face_px:.0f} px, carries {effective_px:.0f}"


def _map_panel(occlusion: Occlusion) -> Image.Image:
    picture, scale, lines = heat_map(occlusion, _MAP), scale_of(occlusion), _in_words(occlusion)
    legend = 0 if scale is None else 76
    panel = Image.new("RGB", (_MAP, picture.height + 18 + legend + len(lines) * _LINE + 8), PAPER)
    panel.paste(picture, ((_MAP - picture.width) // 2, 0))
    draw = ImageDraw.Draw(panel)
    top = picture.height + 18
    if scale is not None:
        ramp = np.broadcast_to(np.linspace(0, 1, _MAP, dtype=np.float32), (20, _MAP))
        panel.paste(_tinted(Image.new("RGB", (_MAP, 20), (150, 150, 150)), ramp), (0, top))
        for share, anchor in ((0.0, "lt"), (0.5, "mt"), (1.0, "rt")):
            points = f"{100 * scale * share:g}" + (" points" if share == 1 else "")
            draw.text((share * _MAP, top + 29), points, DIM, font(_TEXT), anchor=anchor)
    for i, (text, ink) in enumerate(lines):
        draw.text((0, top + legend + i * _LINE), text, ink, font(_TEXT), anchor="lt")
    return panel


def _in_words(occlusion: Occlusion) -> list[tuple[str, str]]:
    """A map -> lines of text no wider than it, each with its color."""
    belief = f"the belief in {occlusion.prediction.expression}"
    peak, rise = 100 * float(occlusion.falls.max()), -100 * float(occlusion.falls.min())
    if scale_of(occlusion) is None:
        said = f"It rests on no single part: hiding any lowers {belief} by less than {100 * FLAT:.0f} points."
    else:
        said = f"Hiding what is colored lowers {belief} by up to {peak:.0f} points."
    lines = [(line, INK) for line in _wrapped(said, _TEXT, _MAP)]
    if rise >= 100 * FLAT:
        which = "some" if scale_of(occlusion) is None else "other"
        lines += [(line, DIM) for line in _wrapped(f"Hiding {which} parts raises it by up to {rise:.0f}.", _TEXT, _MAP)]
    return lines


def _note(beliefs: Sequence[Prediction]) -> Image.Image:
    """All beliefs that a sheet shows -> what its words and colors mean, of those that stand on it."""
    lines = [
        "Color: by how many percentage points the belief falls where a soft patch, "
        f"{PATCH:.0%} of the side wide, is blurred away."
    ]
    if any(belief.effective_px is not None for belief in beliefs):
        lines.append(
            "'carries': pixels of side that the model finds in a face; fewer than there are, where it is blurred."
        )
    if any(belief.abstained for belief in beliefs):
        lines.append("'unsure': the face is too small, or the belief too weak, for the precision the model promises.")
    width = max(math.ceil(font(_TEXT).getlength(line)) for line in lines)
    note = Image.new("RGB", (width, len(lines) * _LINE), PAPER)
    draw = ImageDraw.Draw(note)
    for i, line in enumerate(lines):
        draw.text((0, i * _LINE), line, DIM, font(_TEXT), anchor="lt")
    return note


def _wrapped(text: str, text_px: int, width: int) -> list[str]:
    """A sentence -> its lines, broken between words where they would grow wider than ``width`` pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font(text_px).getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _tinted(pixels: Image.Image, strengths: NDArray[np.float32]) -> Image.Image:
    """An RGB picture and strengths 0..1, float32 (H, W), clipped to that -> the picture under that much color."""
    dense = _DENSEST * np.clip(strengths, 0, 1)[:, :, None]
    mixed = np.asarray(pixels, dtype=np.float32) * (1 - dense) + np.array(_HUE, dtype=np.float32) * dense
    return Image.fromarray(np.rint(mixed).astype(np.uint8))
