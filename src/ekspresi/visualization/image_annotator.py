"""Draw outlines and labels of faces on an image.

In: an image with its faces. Out: a Pillow image. Does not know about files or models.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ekspresi.types import Box, Face
from ekspresi.visualization.color_key import add_color_key
from ekspresi.visualization.drawing_scale import choose_line_px, choose_text_px, viewing_px
from ekspresi.visualization.label_layout import connect_label, find_room, nearby, place_label
from ekspresi.visualization.labels import draw_labels
from ekspresi.visualization.outlines import draw_outline
from ekspresi.visualization.palette import PANEL, choose_color

FEW = 4
"""Faces up to which a picture needs no key of the colors."""


def annotate(image: NDArray[np.uint8], faces: Sequence[Face]) -> Image.Image:
    """Draw an outline and a label for each face: its answer, confidence and next expressions.

    The outline of an abstention is dashed. Labels stay inside the image and cover no other face and no other label. In
    narrow places they shrink to name and confidence, or a line leads to them. Without room only the outline is drawn. A
    face that fills the image gets its label on a strip below. More than ``FEW`` faces, and faces without a label, get a
    key of the colors, in a free place or on a strip below.

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
        RGB picture of the size of ``image``; a whole multiple of it where the image is too small for text, and
        higher by the strips below.
    """
    picture, factor = enlarge(image, faces)
    viewing = viewing_px(*picture.size)
    outlines, lines = [], []
    for face in faces:
        x1, y1, x2, y2 = (edge * factor for edge in face.box_xyxy)
        lines.append(line := choose_line_px(viewing, x2 - x1))
        # The line runs outside the box: a face of ten pixels has none to lose.
        outlines.append((x1 - line, y1 - line, x2 + line, y2 + line))
    fills = [(x2 - x1) * (y2 - y1) > 0.7 * picture.width * picture.height for x1, y1, x2, y2 in outlines]
    labels = [
        draw_labels(face.prediction, round(choose_text_px(outline, viewing))) if face.prediction else []
        for face, outline in zip(faces, outlines, strict=True)
    ]
    below = max((drawn[0].height for drawn, fill in zip(labels, fills, strict=True) if fill and drawn), default=0)
    if below:
        extended = Image.new("RGB", (picture.width, picture.height + below), PANEL[:3])
        extended.paste(picture, (0, 0))
        picture = extended
    for face, outline, fill, line in zip(faces, outlines, fills, lines, strict=True):
        if not fill:
            unsure = face.prediction is not None and face.prediction.abstained
            draw_outline(picture, outline, choose_color(face.prediction), line, dashed=unsure)
    gap = 2 * min(lines, default=2)
    placed: list[tuple[Image.Image, Box]] = []
    draw = ImageDraw.Draw(picture)

    def place(label: Image.Image, left: int, top: int, i: int) -> None:
        placed.append((label, (left, top, left + label.width, top + label.height)))
        if not fills[i] and (ends := connect_label(outlines[i], placed[-1][1], gap)):
            draw.line(ends, fill=choose_color(faces[i].prediction), width=max(1, lines[i] // 2))

    crowded = []
    for i, drawn in enumerate(labels):
        if not drawn:
            continue
        if fills[i]:
            place(drawn[0], 0, picture.height - below, i)
            continue
        sizes = [label.size for label in drawn]
        others, taken = (nearby(boxes, outlines[i], sizes, gap) for boxes in (outlines, [box for _, box in placed]))
        if spot := place_label(sizes, outlines[i], others, taken, picture.size, gap, strict=True):
            place(drawn[spot.label], spot.x, spot.y, i)
        else:
            crowded.append(i)
    for i in crowded:  # after all labels next to their faces, which a label from elsewhere would displace
        short = labels[i][-1]
        if corner := find_room(short.size, outlines[i], [*outlines, *(box for _, box in placed)], picture.size, gap):
            place(short, *corner, i)
    for label, (left, top, _, _) in placed:
        picture.paste(label, (round(left), round(top)), label)
    predictions = [face.prediction for face in faces if face.prediction]
    if len(predictions) > FEW or len(placed) < len(predictions):
        text_px = round(float(np.median([choose_text_px(outline, viewing) for outline in outlines])))
        picture = add_color_key(picture, predictions, [*outlines, *(box for _, box in placed)], text_px)
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
