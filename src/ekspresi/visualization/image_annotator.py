"""Draw outlines and labels of faces on an image.

In: an image with its faces. Out: a Pillow image. Does not know about files or models.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ekspresi.types import Box, Face
from ekspresi.visualization.label_layout import connect_label, nearby, place_label
from ekspresi.visualization.labels import draw_labels, draw_rounded_mask
from ekspresi.visualization.palette import PANEL, choose_color


def annotate(image: NDArray[np.uint8], faces: Sequence[Face]) -> Image.Image:
    """Draw an outline and a label for each face: its answer, confidence and next expressions.

    Labels stay inside the image and off the faces where there is room. In narrow places they shrink to name and
    confidence. Where they would hide each other only the outline is drawn. A face that fills the image gets its label
    on a strip below.

    Example:
        >>> from ekspresi.types import Prediction
        >>> prediction = Prediction("fear", 0.7, {"fear": 0.7, "anger": 0.3}, face_px=24.0)
        >>> face = Face((20, 20, 40, 40), 0.9, prediction=prediction)
        >>> annotate(np.zeros((60, 80, 3), np.uint8), [face]).size
        (480, 360)

    Args:
        image: uint8 (H, W, 3) RGB.
        faces: with or without predictions; boxes in pixels of ``image``.

    Returns:
        RGB picture of the size of ``image``; a whole multiple of it where the image is too small for text.
    """
    picture, factor = enlarge(image, faces)
    scale = (picture.width * picture.height) ** 0.5
    line = max(2, round(scale / 350))
    outlines = []
    for face in faces:
        x1, y1, x2, y2 = (edge * factor for edge in face.box_xyxy)
        # The line runs outside the box: a face of ten pixels has none to lose.
        outlines.append((x1 - line, y1 - line, x2 + line, y2 + line))
    fills = [(x2 - x1) * (y2 - y1) > 0.7 * picture.width * picture.height for x1, y1, x2, y2 in outlines]
    labels = [
        draw_labels(face.prediction, round(choose_text_px(outline, scale))) if face.prediction else []
        for face, outline in zip(faces, outlines, strict=True)
    ]
    below = max((drawn[0].height for drawn, fill in zip(labels, fills, strict=True) if fill and drawn), default=0)
    if below:
        extended = Image.new("RGB", (picture.width, picture.height + below), PANEL[:3])
        extended.paste(picture, (0, 0))
        picture = extended
    for face, outline, fill in zip(faces, outlines, fills, strict=True):
        if not fill:
            draw_outline(picture, outline, choose_color(face.prediction), line)
    gap = 2 * line
    placed: list[tuple[Image.Image, Box]] = []
    draw = ImageDraw.Draw(picture)
    for face, drawn, outline, fill in zip(faces, labels, outlines, fills, strict=True):
        if fill and drawn:
            placed.append((drawn[0], (0, picture.height - below, drawn[0].width, picture.height)))
            continue
        if not drawn:
            continue
        sizes = [label.size for label in drawn]
        others, taken = (nearby(boxes, outline, sizes, gap) for boxes in (outlines, [box for _, box in placed]))
        if spot := place_label(sizes, outline, others, taken, picture.size, gap):
            label = drawn[spot.label]
            placed.append((label, (spot.x, spot.y, spot.x + label.width, spot.y + label.height)))
            if ends := connect_label(outline, placed[-1][1], gap):
                draw.line(ends, fill=choose_color(face.prediction), width=max(1, line // 2))
    for label, (left, top, _, _) in placed:
        picture.paste(label, (round(left), round(top)), label)
    return picture


def enlarge(image: NDArray[np.uint8], faces: Sequence[Face] = ()) -> tuple[Image.Image, int]:
    """Enlarge an image by a whole factor so that there is room for text.

    The geometric mean of the sides becomes about 420 px. With faces, their median width becomes 64 px, as long as the
    longer side stays within 1280 px.

    Example:
        >>> picture, factor = enlarge(np.zeros((60, 80, 3), np.uint8))
        >>> picture.size, factor
        ((480, 360), 6)

    Args:
        image: uint8 (H, W, 3) RGB.
        faces: in pixels of ``image``.

    Returns:
        RGB picture, and the factor.
    """
    height, width = image.shape[:2]
    factor = round(420 / math.sqrt(height * width))
    if faces:
        face_px = float(np.median([face.box_xyxy[2] - face.box_xyxy[0] for face in faces]))
        factor = max(factor, min(math.ceil(64 / max(face_px, 1)), 1280 // max(width, height)))
    factor = max(1, factor)
    return Image.fromarray(image).resize((width * factor, height * factor), Image.Resampling.NEAREST), factor


def choose_text_px(outline: Box, scale: float) -> float:
    """Choose a text height that grows with the face and is readable on the picture.

    Example:
        >>> choose_text_px((0, 0, 200, 200), scale=840)
        20.0

    Args:
        outline: box of the face.
        scale: geometric mean of the picture's sides in pixels.

    Returns:
        Height of the letters in pixels.
    """
    smallest, largest = max(13.0, scale / 85), max(15.0, scale / 42)
    return min(max((outline[2] - outline[0]) * 0.11, smallest), largest)


def draw_outline(picture: Image.Image, outline: Box, color: str, line: int) -> None:
    """Draw a rounded line along the inside of a box.

    Example:
        >>> picture = Image.new("RGB", (40, 40), "#FFFFFF")
        >>> draw_outline(picture, (5, 5, 35, 35), "#D55E00", line=3)
        >>> picture.getpixel((20, 6)), picture.getpixel((20, 20))
        ((213, 94, 0), (255, 255, 255))

    Args:
        picture: RGB; changed in place.
        outline: box in pixels of ``picture``.
        color: '#RRGGBB'.
        line: width of the line in pixels.
    """
    x1, y1, x2, y2 = (round(edge) for edge in outline)
    size = (max(1, x2 - x1), max(1, y2 - y1))
    radius = min(size) * 0.08 + line
    # A dark rim keeps the line visible on any background.
    rim = max(1, line // 2)
    outer = (size[0] + 2 * rim, size[1] + 2 * rim)
    picture.paste(
        (0, 0, 0), (x1 - rim, y1 - rim), draw_rounded_mask(outer, radius + rim, line + 2 * rim, strength=0.35)
    )
    picture.paste(color, (x1, y1), draw_rounded_mask(size, radius, line))
