"""Build the image pyramid of a picture, and cut patches from the level that fits them.

In: RGB images and boxes. Out: Pillow images, largest first, and patches. Does not know about networks or tiles.
"""

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.detection.tiling import Array

WINDOW_PX = 12  # width of P-Net's window
PYRAMID_STEP = 0.709  # about 1 / sqrt(2), the paper's
BAND_PX = 4_000_000  # pixels of a frame that are shrunk at once


def list_scales(width: int, height: int, scale: float) -> list[float]:
    """Return all scales of a pyramid, largest first, by the size of a picture in pixels and the first scale.

    The last level is at least as large as P-Net's window; a smaller picture has no levels.

    Example:
        >>> [round(scale, 2) for scale in list_scales(40, 30, 1.0)]
        [1.0, 0.71, 0.5]
    """
    scales = []
    while scale * min(width, height) >= WINDOW_PX:
        scales.append(scale)
        scale *= PYRAMID_STEP
    return scales


def shrink_to_means(part: NDArray[np.uint8], factor: int) -> Image.Image:
    """Shrink RGB uint8 (h, w, 3) to the means of factor x factor pixels.

    Works in bands: Pillow's own copy of a large frame would take more memory than the frame.

    Example:
        >>> shrink_to_means(np.zeros((40, 60, 3), np.uint8), 2).size
        (30, 20)
    """
    if factor == 1:
        return Image.fromarray(part)
    step = factor * max(BAND_PX // (factor * part.shape[1]), 1)
    bands = [
        np.asarray(Image.fromarray(part[top : top + step]).reduce(factor)) for top in range(0, part.shape[0], step)
    ]
    return Image.fromarray(np.concatenate(bands))


def build_pyramid(picture: Image.Image, first: float) -> list[Image.Image]:
    """Return a picture and its pyramid from the first scale on, largest level first.

    Example:
        >>> [level.size for level in build_pyramid(Image.new("RGB", (40, 30)), 0.5)]
        [(40, 30), (20, 15)]
    """
    levels = [picture]
    for scale in list_scales(picture.width, picture.height, first):
        size = (ceil(picture.width * scale), ceil(picture.height * scale))
        # From the level before, not from the original: as good, and ten times faster on a large photo.
        levels.append(levels[-1].resize(size, Image.Resampling.BILINEAR))
    return levels


def measure_pixel(picture: Image.Image, level: Image.Image) -> Array:
    """Return width and height of a level's pixel in pixels of the picture, twice, float32 (4,).

    Sizes of levels are rounded, so the two differ.

    Example:
        >>> measure_pixel(Image.new("RGB", (40, 30)), Image.new("RGB", (20, 10))).tolist()
        [2.0, 3.0, 2.0, 3.0]
    """
    x, y = picture.width / level.width, picture.height / level.height
    return np.array([x, y, x, y], dtype=np.float32)


def cut_patches(levels: list[Image.Image], boxes: Array, side: int) -> NDArray[np.uint8]:
    """Cut square boxes (n, 4) in pixels of levels[0] as RGB uint8 (n, side, side, 3); the outside is black.

    Each patch comes from the smallest level that shows it at ``side`` pixels or more. A face that fills a photo costs
    as little as one that fills a thumbnail.

    Example:
        >>> picture = Image.new("RGB", (40, 30), "white")
        >>> cut_patches([picture], np.array([[4, 4, 16, 16]], np.float32), 12).shape
        (1, 12, 12, 3)
    """
    if len(boxes) == 0:
        return np.empty((0, side, side, 3), np.uint8)
    by_size = sorted(levels, key=lambda level: level.width)
    widths = np.array([level.width for level in by_size]) / levels[0].width
    chosen = np.searchsorted(widths, side / np.maximum(boxes[:, 2] - boxes[:, 0], 1e-3))
    indices = np.minimum(chosen, len(by_size) - 1)
    own = boxes / np.stack([measure_pixel(levels[0], level) for level in by_size])[indices]  # in pixels of its level
    sheet = Image.new("RGB", (side, side * len(boxes)))  # pictures become arrays slowly: so one, not each
    for number, ((x1, y1, x2, y2), index) in enumerate(zip(own.tolist(), indices.tolist(), strict=True)):
        x2, y2 = max(x2, x1 + 1), max(y2, y1 + 1)  # offsets can turn a box of a few pixels inside out
        left, top = floor(x1), floor(y1)
        region = by_size[index].crop((left, top, ceil(x2), ceil(y2)))
        inside = (x1 - left, y1 - top, x2 - left, y2 - top)
        sheet.paste(region.resize((side, side), Image.Resampling.BILINEAR, box=inside), (0, number * side))
    return np.asarray(sheet).reshape(-1, side, side, 3)
