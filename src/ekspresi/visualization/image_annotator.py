"""Faces -> pictures that a person looks at.

In: an image with its faces, or one crop and a recogniser. Out: a Pillow image. Knows nothing of files, nor of how a
belief is explained (``explanation_sheet``).

The colours are those of Okabe and Ito (Color Universal Design, 2008), which people with any common colour
blindness tell apart; names and numbers stand beside them everywhere, so that no meaning rests on colour
alone.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ekspresi.imaging.degradations import SIZES_PX
from ekspresi.recognition.explanation import Reduced, at_sizes
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Box, Face, Prediction, percent
from ekspresi.visualization.label_layout import leader, near, place

COLOURS = {
    "neutral": "#A7ADB5",
    "happiness": "#E69F00",
    "surprise": "#56B4E9",
    "sadness": "#0072B2",
    "anger": "#D55E00",
    "disgust": "#009E73",
    "fear": "#CC79A7",
    "contempt": "#F0E442",
}
"""Expression -> its colour in every picture and plot."""

UNKNOWN_COLOUR = "#FFFFFF"
"""Colour of a face without a prediction, of one that is not judged, and of labels that are not in
``COLOURS``."""

PAPER, INK, DIM, FAINT = "#FFFFFF", "#14171C", "#5A626D", "#868E98"
"""Ground and text of what is drawn on a page of its own."""

_UNSURE = "unsure"
_PANEL = (20, 23, 28, 225)  # almost black, a little of the picture shines through
_PANEL_INK, _PANEL_DIM, _PANEL_TRACK = "#FFFFFF", "#B9C0C9", "#3C434C"


def annotate(image: NDArray[np.uint8], faces: Sequence[Face]) -> Image.Image:
    """An image and its faces -> the image with boxes, names, confidences and the three strongest beliefs.

    Labels stay inside the picture and off the faces where there is room; where it is narrow they shrink to
    name and confidence, and where they would hide one another only the box is drawn. A face that fills the
    picture gets its label on a strip below it.

    Args:
        image: uint8 (H, W, 3) RGB.
        faces: with or without predictions, boxes in pixels of ``image``.

    Returns:
        RGB picture of the size of ``image``; a whole multiple of it where the image is too small for text.
    """
    picture, factor = enlarged(image, faces)
    scale = (picture.width * picture.height) ** 0.5
    line = max(2, round(scale / 350))
    frames = []
    for face in faces:
        x1, y1, x2, y2 = (edge * factor for edge in face.box_xyxy)
        # The line stands outside the box: a face of ten pixels has none to spare.
        frames.append((x1 - line, y1 - line, x2 + line, y2 + line))
    fills = [(x2 - x1) * (y2 - y1) > 0.7 * picture.width * picture.height for x1, y1, x2, y2 in frames]
    labels = [
        labels_of(face.prediction, round(text_px_of(frame, scale))) if face.prediction else []
        for face, frame in zip(faces, frames, strict=True)
    ]
    below = max((made[0].height for made, fill in zip(labels, fills, strict=True) if fill and made), default=0)
    if below:
        extended = Image.new("RGB", (picture.width, picture.height + below), _PANEL[:3])
        extended.paste(picture, (0, 0))
        picture = extended
    for face, frame, fill in zip(faces, frames, fills, strict=True):
        if not fill:
            draw_frame(picture, frame, colour_of(face.prediction), line)
    gap = 2 * line
    placed: list[tuple[Image.Image, Box]] = []
    draw = ImageDraw.Draw(picture)
    for face, made, frame, fill in zip(faces, labels, frames, fills, strict=True):
        if fill and made:
            placed.append((made[0], (0, picture.height - below, made[0].width, picture.height)))
            continue
        if not made:
            continue
        sizes = [label.size for label in made]
        others, taken = (near(boxes, frame, sizes, gap) for boxes in (frames, [box for _, box in placed]))
        if spot := place(sizes, frame, others, taken, picture.size, gap):
            label = made[spot.label]
            placed.append((label, (spot.x, spot.y, spot.x + label.width, spot.y + label.height)))
            if ends := leader(frame, placed[-1][1], gap):
                draw.line(ends, fill=colour_of(face.prediction), width=max(1, line // 2))
    for label, (left, top, _, _) in placed:
        picture.paste(label, (round(left), round(top)), label)
    return picture


def strip(recognizer: Recognizer, crop: NDArray[np.uint8], sizes: Sequence[int] = SIZES_PX) -> Image.Image:
    """One face crop -> a picture of it at falling sizes, with what the recogniser believes at each.

    Args:
        recognizer: whose belief is shown.
        crop: uint8 (H, W), (H, W, 1) or (H, W, 3) RGB; where sizes are above its own it is shown as it is, once.
        sizes: sides of the square in pixels, shrunk by area averaging.
    """
    return draw_sizes(at_sizes(recognizer, crop, sizes))


def draw_sizes(sizes: Sequence[Reduced], cell: int = 288) -> Image.Image:
    """A face at several sizes -> its picture at each, what it carries, and the belief in every expression.

    Each size is enlarged with 'nearest', so that the pixels that the recogniser was given can be seen.

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
        verdict = "unsure" if belief.abstained else f"{belief.expression} {percent(belief.confidence)}"
        draw.text((left, cell + scaled(66 + 42)), verdict, DIM if belief.abstained else INK, middle, anchor="ls")
        for k, label in enumerate(labels):
            top, share = bars_top + k * row, belief.probabilities[label]
            bar = (left, top + scaled(7), left + cell - scaled(66), top + row - scaled(7))
            _draw_bar(draw, bar, share, label)
            ink = INK if label == belief.expression and not belief.abstained else FAINT
            draw.text((left + cell, top + row / 2), percent(share), ink, font(scaled(22)), anchor="rm")
    return sheet


def _draw_bar(draw: ImageDraw.ImageDraw, box: Box, share: float, label: str) -> None:
    x1, y1, x2, y2 = box
    draw.rectangle((x1, y1, x2, y2), fill="#EDEFF2")
    if share >= 0.005:
        draw.rectangle((x1, y1, x1 + max(2, (x2 - x1) * share), y2), fill=COLOURS.get(label, "#555C66"))


def colour_of(prediction: Prediction | None) -> str:
    """A prediction -> the colour of its frame."""
    if prediction is None or prediction.abstained:
        return UNKNOWN_COLOUR
    return COLOURS.get(prediction.expression, UNKNOWN_COLOUR)


def enlarged(image: NDArray[np.uint8], faces: Sequence[Face] = ()) -> tuple[Image.Image, int]:
    """An image, uint8 (H, W, 3) -> a copy with room for text, and the whole factor by which it was enlarged.

    Room is a mean side of 420 px, and, where faces are given, faces of 64 px in up to 1280 px.
    """
    height, width = image.shape[:2]
    factor = round(420 / math.sqrt(height * width))
    if faces:
        face_px = float(np.median([face.box_xyxy[2] - face.box_xyxy[0] for face in faces]))
        factor = max(factor, min(math.ceil(64 / max(face_px, 1)), 1280 // max(width, height)))
    factor = max(1, factor)
    return Image.fromarray(image).resize((width * factor, height * factor), Image.Resampling.NEAREST), factor


def text_px_of(frame: Box, scale: float) -> float:
    """Text grows with the face, within what is readable on a picture of this mean side."""
    smallest, largest = max(13.0, scale / 85), max(15.0, scale / 42)
    return min(max((frame[2] - frame[0]) * 0.11, smallest), largest)


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A height in pixels -> the font that all pictures are lettered with."""
    return ImageFont.load_default(size)


_Line = tuple[str, float | None, str]
"""Name, share or None, colour."""


def labels_of(prediction: Prediction, text_px: int) -> list[Image.Image]:
    """A prediction -> its label as RGBA pictures, the fullest first."""
    lines = _lines_of(prediction)
    return [_label(lines, text_px), _label(lines[:1], text_px)]


def steady_labels_of(prediction: Prediction, text_px: int, track: int | None) -> list[Image.Image]:
    """The same for films, with the number of the track: all labels of a model are alike in size, and kept."""
    number = "" if track is None else f"#{track} "
    (name, share, colour), *others = _lines_of(prediction, digits=2)
    lines = ((number + name, share, colour), *others)
    widest = (*(number + label for label in prediction.probabilities), f"{number}{_UNSURE}")
    return [_kept_label(lines, text_px, widest), _kept_label(lines[:1], text_px, widest)]


def _lines_of(prediction: Prediction, digits: int = 6) -> tuple[_Line, ...]:
    """A prediction -> what its label says: the answer, and the two strongest of the other beliefs."""
    shares = {label: round(share, digits) for label, share in prediction.probabilities.items()}
    ranked = sorted(shares, key=lambda label: -shares[label])  # those that are shown alike stay in the model's order
    beliefs = [(label, shares[label], COLOURS.get(label, UNKNOWN_COLOUR)) for label in ranked]
    if prediction.abstained:  # 'unsure' has no share of its own: beside one it would be read as 'so unsure'
        return ((_UNSURE, None, UNKNOWN_COLOUR), *beliefs[:2])
    first = (prediction.expression, round(prediction.confidence, digits), colour_of(prediction))
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
    shares = ["" if share is None else percent(share) for _, share, _ in lines]
    name_width = max(letters.getlength(name) for letters, (name, _, _) in zip(fonts, lines, strict=True))
    share_width = max(letters.getlength(share) for letters, share in zip(fonts, shares, strict=True))
    if widest:
        name_width = max(name_width, _width_of(widest, text_px))
        share_width = max(share_width, fonts[0].getlength(percent(1.0)))
    bar_width = round(text_px * 2.4) if len(lines) > 1 else 0
    swatch = round(text_px * 0.28)
    columns = swatch + pad + name_width + pad + (bar_width + pad if bar_width else 0)
    columns += share_width + pad if share_width else 0
    heights = [round(text_px * 1.5), *[round(text_px * 1.15)] * (len(lines) - 1)]
    tail = round(text_px * 0.3) if len(lines) > 1 else 0
    width, height = round(columns), sum(heights) + tail
    panel = Image.new("RGBA", (width, height), _PANEL)
    draw = ImageDraw.Draw(panel)
    draw.rectangle((0, 0, swatch - 1, height), fill=lines[0][2])
    top = 0
    for i, (name, share, colour) in enumerate(lines):
        ink = _PANEL_INK if i == 0 else _PANEL_DIM
        middle = top + heights[i] / 2 + (tail / 2 if i == 0 and tail else 0)
        left = swatch + pad
        draw.text((left, middle), name, ink, fonts[i], anchor="lm")
        if bar_width and share is not None:
            x = left + name_width + pad
            half = text_px * (0.24 if i == 0 else 0.18)
            draw.rectangle((x, middle - half, x + bar_width, middle + half), fill=_PANEL_TRACK)
            if share >= 0.005:
                draw.rectangle((x, middle - half, x + max(1, bar_width * share), middle + half), fill=colour)
        draw.text((width - pad, middle), shares[i], ink, fonts[i], anchor="rm")
        top += heights[i]
    panel.putalpha(
        Image.composite(panel.getchannel("A"), Image.new("L", panel.size), _rounded(panel.size, text_px * 0.3))
    )
    return panel


def draw_frame(picture: Image.Image, frame: Box, colour: str, line: int) -> None:
    """Draw a rounded line of this width along the inside of a box."""
    x1, y1, x2, y2 = (round(edge) for edge in frame)
    size = (max(1, x2 - x1), max(1, y2 - y1))
    radius = min(size) * 0.08 + line
    # A dark rim keeps the line visible on any background.
    rim = max(1, line // 2)
    outer = (size[0] + 2 * rim, size[1] + 2 * rim)
    picture.paste((0, 0, 0), (x1 - rim, y1 - rim), _rounded(outer, radius + rim, line + 2 * rim, strength=0.35))
    picture.paste(colour, (x1, y1), _rounded(size, radius, line))


@lru_cache(maxsize=256)
def _rounded(size: tuple[int, int], radius: float, line: float | None = None, strength: float = 1.0) -> Image.Image:
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
