"""Draw the outlines of faces: solid for an answer, dashed for an abstention.

In: boxes and colors. Out: lines on a Pillow image. Does not know about faces or predictions.
"""

import numpy as np
from PIL import Image, ImageChops

from ekspresi.imaging.image_cache import cache_images
from ekspresi.types import Box
from ekspresi.visualization.labels import draw_rounded_mask
from ekspresi.visualization.palette import DASH_GROUND

_PERIOD = 6
"""Distance from one dash to the next, in widths of the line."""


def draw_outline(picture: Image.Image, outline: Box, color: str, line: int, *, dashed: bool = False) -> None:
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
        dashed: draw dashes, with almost black between them.
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
    mask = draw_rounded_mask(size, radius, line)
    if dashed:
        picture.paste(DASH_GROUND, (x1, y1), mask)
        mask = ImageChops.multiply(mask, _draw_dashes(size, line))
    picture.paste(color, (x1, y1), mask)


@cache_images(4 << 20)
def _draw_dashes(size: tuple[int, int], line: int) -> Image.Image:
    """Draw the sectors of a box that hold dashes, as a mask of mode L; all corners have one, all sides two gaps."""
    (x, along_x), (y, along_y) = (_phases(length, line) for length in size)
    horizontal = np.minimum(y, size[1] - y)[:, None] * size[0] < np.minimum(x, size[0] - x)[None, :] * size[1]
    phase = np.where(horizontal, along_x[None, :], along_y[:, None])
    return Image.fromarray(np.where(np.abs(phase - 0.5) >= 0.22, 255, 0).astype(np.uint8))


def _phases(length: int, line: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the middles of the pixels of a side, and their phases, 0..1, from one dash to the next."""
    middles = np.arange(length) + 0.5
    return middles, middles / length * max(2, round(length / (_PERIOD * line))) % 1
