"""Show pictures whose pixels are not square in their true shape, and convert boxes between both.

In: pictures, faces and results in the pixels that a file stores; the width of a pixel over its height. Out: the same in
square pixels, or back. Does not know about files. Detail is kept: the shorter side of the pixels is stretched.

DVDs, DV, HDV and many recorders store such pictures: 352 x 576 for a scene of 4:3 (ITU-R BT.601).
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.types import Box, Face, FrameResult

ShapedImage = tuple[NDArray[np.uint8], float]
"""uint8 (H, W, 3) RGB, and the width of a pixel over its height."""

LONGEST = 4
"""Largest plausible ratio of the sides of a pixel; half-height recordings of half the width come close to 3."""


def plausible_aspect(stated: Fraction | None) -> float:
    """Return the shape of pixels as a file states it; 1 where it states none, or an impossible one.

    Example:
        >>> plausible_aspect(Fraction(64, 45)), plausible_aspect(None), plausible_aspect(Fraction(1, 900))
        (1.4222222222222223, 1.0, 1.0)
    """
    return float(stated) if stated and 1 / LONGEST <= stated <= LONGEST else 1.0


def square_pixels(image: NDArray[np.uint8], pixel_aspect: float) -> NDArray[np.uint8]:
    """Stretch a picture so that its pixels are square.

    Args:
        image: uint8 (H, W, 3) RGB.
        pixel_aspect: width of a pixel over its height.

    Returns:
        The same array where they are square; else uint8 of a larger width or height.

    Example:
        >>> square_pixels(np.zeros((8, 6, 3), np.uint8), pixel_aspect=2.0).shape
        (8, 12, 3)
    """
    if pixel_aspect == 1:
        return image
    height, width = image.shape[:2]
    x, y = factors((width, height), pixel_aspect)
    return np.asarray(Image.fromarray(image).resize((round(width * x), round(height * y)), Image.Resampling.BICUBIC))


def factors(size: tuple[int, int], pixel_aspect: float) -> tuple[float, float]:
    """Return by what a width and a height grow where the pixels become square, rounded to whole pixels.

    Example:
        >>> factors((720, 576), 64 / 45), factors((704, 288), 0.5)
        ((1.4222222222222223, 1.0), (1.0, 2.0))
    """
    width, height = size
    return max(1.0, round(width * pixel_aspect) / width), max(1.0, round(height / pixel_aspect) / height)


def scaled_box(box: Box, x: float, y: float) -> Box:
    """Scale a box in both directions.

    Example:
        >>> scaled_box((1, 2, 3, 4), 2, 10)
        (2, 20, 6, 40)
    """
    x1, y1, x2, y2 = box
    return x1 * x, y1 * y, x2 * x, y2 * y


def scaled_face(face: Face, x: float, y: float) -> Face:
    """Scale the box and the landmarks of a face in both directions.

    Example:
        >>> scaled_face(Face((1, 2, 3, 4), 0.9, ((1, 2),)), 2, 10)
        Face(box_xyxy=(2, 20, 6, 40), score=0.9, landmarks=((2, 20),), prediction=None)
    """
    points = None if face.landmarks is None else tuple((left * x, top * y) for left, top in face.landmarks)
    return replace(face, box_xyxy=scaled_box(face.box_xyxy, x, y), landmarks=points)


def stored_result(result: FrameResult) -> FrameResult:
    """Convert the boxes of a result from square pixels to those of its frame.

    Example:
        >>> from ekspresi.types import Frame
        >>> frame = Frame("a.mp4", 0, 0.0, np.zeros((8, 6, 3), np.uint8), pixel_aspect=2.0)
        >>> stored_result(FrameResult(frame, (), ((0, 0, 12, 8),))).hidden
        ((0.0, 0.0, 6.0, 8.0),)
    """
    frame = result.frame
    if frame.pixel_aspect == 1:
        return result
    x, y = factors((frame.image.shape[1], frame.image.shape[0]), frame.pixel_aspect)
    return _scaled(result, 1 / x, 1 / y)


def square_result(result: FrameResult) -> FrameResult:
    """Convert a result, with its picture and boxes, to square pixels.

    Example:
        >>> from ekspresi.types import Frame
        >>> frame = Frame("a.mp4", 0, 0.0, np.zeros((8, 6, 3), np.uint8), pixel_aspect=2.0)
        >>> square = square_result(FrameResult(frame, (), ((0, 0, 6, 8),)))
        >>> square.frame.image.shape, square.hidden
        ((8, 12, 3), ((0.0, 0.0, 12.0, 8.0),))
    """
    frame = result.frame
    if frame.pixel_aspect == 1:
        return result
    x, y = factors((frame.image.shape[1], frame.image.shape[0]), frame.pixel_aspect)
    image = square_pixels(frame.image, frame.pixel_aspect)
    return replace(_scaled(result, x, y), frame=replace(frame, image=image, pixel_aspect=1.0))


def _scaled(result: FrameResult, x: float, y: float) -> FrameResult:
    rows = tuple(replace(row, face=scaled_face(row.face, x, y)) for row in result.rows)
    return replace(result, rows=rows, hidden=tuple(scaled_box(box, x, y) for box in result.hidden))
