"""Choose the width of lines and the height of letters for a picture and its faces.

In: sizes in pixels. Out: widths and heights in pixels. Does not know about images, labels or expressions.
"""

import math

from ekspresi.types import Box


def viewing_px(width: float, height: float) -> float:
    """Compute the length that lines and letters are fractions of: the geometric mean of the sides.

    A panorama is not looked at as a whole, so its longer side counts up to 2.25 times its shorter one only.

    Example:
        >>> viewing_px(6000, 4000) > 3 * viewing_px(8000, 1000)
        True

    Args:
        width: of the picture in pixels.
        height: of the picture in pixels.
    """
    return min(math.sqrt(width * height), 1.5 * min(width, height))


def choose_line_px(viewing: float, face_px: float | None = None) -> int:
    """Choose the width of an outline: thicker on large pictures and faces, never a large part of a small face.

    Example:
        >>> choose_line_px(4900, face_px=600), choose_line_px(4900, face_px=60), choose_line_px(960, face_px=30)
        (21, 7, 2)

    Args:
        viewing: see ``viewing_px``.
        face_px: width of the face; None for one width of all outlines, as in videos.

    Returns:
        At least 2 pixels.
    """
    if face_px is None:
        return max(2, round(viewing / 350))
    wanted = min(max(face_px / 28, viewing / 500), viewing / 180)
    return max(2, round(min(wanted, face_px / 9)))


def choose_text_px(outline: Box, viewing: float) -> float:
    """Choose a text height that grows with the face and is readable on the picture.

    Example:
        >>> choose_text_px((0, 0, 200, 200), viewing=960), choose_text_px((0, 0, 90, 90), viewing=4900)
        (22.857142857142858, 40.5)

    Args:
        outline: box of the face.
        viewing: see ``viewing_px``.

    Returns:
        Height of the letters in pixels, at least 13.
    """
    face_px = outline[2] - outline[0]
    smallest, largest = max(13.0, min(viewing / 85, 0.45 * face_px)), max(15.0, viewing / 42)
    return min(max(face_px * 0.12, smallest), largest)
