"""Draw boxes and labels on an image.

In: an image with its faces. Out: a Pillow image. Knows nothing of files and models.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ekspresi.types import Box, Face
from ekspresi.visualization.label_layout import leader, nearby, place_label
from ekspresi.visualization.labels import labels_of, rounded
from ekspresi.visualization.palette import PANEL, color_of


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
        extended = Image.new("RGB", (picture.width, picture.height + below), PANEL[:3])
        extended.paste(picture, (0, 0))
        picture = extended
    for face, frame, fill in zip(faces, frames, fills, strict=True):
        if not fill:
            draw_frame(picture, frame, color_of(face.prediction), line)
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
        others, taken = (nearby(boxes, frame, sizes, gap) for boxes in (frames, [box for _, box in placed]))
        if spot := place_label(sizes, frame, others, taken, picture.size, gap):
            label = made[spot.label]
            placed.append((label, (spot.x, spot.y, spot.x + label.width, spot.y + label.height)))
            if ends := leader(frame, placed[-1][1], gap):
                draw.line(ends, fill=color_of(face.prediction), width=max(1, line // 2))
    for label, (left, top, _, _) in placed:
        picture.paste(label, (round(left), round(top)), label)
    return picture


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


def draw_frame(picture: Image.Image, frame: Box, color: str, line: int) -> None:
    """Draw a rounded line of this width along the inside of a box."""
    x1, y1, x2, y2 = (round(edge) for edge in frame)
    size = (max(1, x2 - x1), max(1, y2 - y1))
    radius = min(size) * 0.08 + line
    # A dark rim keeps the line visible on any background.
    rim = max(1, line // 2)
    outer = (size[0] + 2 * rim, size[1] + 2 * rim)
    picture.paste((0, 0, 0), (x1 - rim, y1 - rim), rounded(outer, radius + rim, line + 2 * rim, strength=0.35))
    picture.paste(color, (x1, y1), rounded(size, radius, line))
