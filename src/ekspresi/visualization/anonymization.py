"""A picture and boxes -> the picture with what lies in the boxes made unrecognizable.

In: uint8 (H, W, 3) and face boxes. Out: a copy. Knows nothing of what was recognized; that works on the original.

Of a head and its surroundings is left what fits into 4 x 4 cells, three numbers of sixteen steps in each: 24 bytes, of
which the face itself, from brow to chin, has a quarter, whether it was 300 px wide or 20. All heads that agree in them
look the same afterwards, so what was taken away cannot be had back from the picture; a blur, or a mosaic whose cells
are smaller than the features of a face, keeps enough to tell people apart (McPherson, Shokri, Shmatikov, Defeating
Image Obfuscation with Deep Learning, 2016). In a film the cells move with the box, so that its pictures together tell
more than one. Faces that nobody told of are not hidden.
"""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.types import Box

CELLS = 4
"""Side of the grid that is left of a head with its hair."""
STEPS = 16
"""Distance of the colors that are left, of 256, in lightness and in both directions of color (YCbCr)."""
ABOVE, BESIDE, BELOW = 0.45, 0.3, 0.25
"""How far a head reaches beyond the box of its face, in heights and widths of the box."""

_RIM = 0.12
"""Outside of the head what is hidden fades into the picture, over this share of its size, so that no edge is seen."""


def anonymize(image: NDArray[np.uint8], boxes: Iterable[Box]) -> NDArray[np.uint8]:
    """An image and the boxes of faces -> a copy in which no head in them can be recognized.

    Args:
        image: uint8 (H, W, 3) RGB.
        boxes: of the faces alone, from brow to chin; they may reach past the image's edges.

    Returns:
        uint8 (H, W, 3); beyond the ellipses around heads and their rims every pixel is as it was.
    """
    hidden = image.copy()
    for box in boxes:
        _hide_one(image, hidden, box)
    return hidden


def head(box: Box) -> Box:
    """The box of a face -> the box of its head, hair and ears, of which nothing but the color of cells is left."""
    x1, y1, x2, y2 = box
    width, height = x2 - x1, y2 - y1
    return (x1 - BESIDE * width, y1 - ABOVE * height, x2 + BESIDE * width, y2 + BELOW * height)


def _hide_one(image: NDArray[np.uint8], hidden: NDArray[np.uint8], box: Box) -> None:
    if not np.isfinite(box).all():
        return
    x1, y1, x2, y2 = head(box)
    rim_x, rim_y = _RIM * (x2 - x1), _RIM * (y2 - y1)
    left, top = int(np.floor(x1 - rim_x)), int(np.floor(y1 - rim_y))
    width, height = (max(int(np.ceil(length)), 1) for length in (x2 + rim_x - left, y2 + rim_y - top))
    rows, columns = (
        slice(max(start, 0), max(min(start + length, whole), 0))
        for start, length, whole in ((top, height, image.shape[0]), (left, width, image.shape[1]))
    )
    seen = image[rows, columns]
    if not seen.size:
        return
    # Where the head reaches past the picture its visible part has fewer cells, not smaller ones.
    cells = (-(-CELLS * seen.shape[1] // width), -(-CELLS * seen.shape[0] // height))
    patch = np.asarray(_poor(Image.fromarray(seen), cells), dtype=np.float32)
    cover = _cover(height, width)[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left, None]
    under = hidden[rows, columns].astype(np.float32)
    hidden[rows, columns] = np.rint(under + cover * (patch - under)).astype(np.uint8)


def _poor(region: Image.Image, cells: tuple[int, int]) -> Image.Image:
    """A region -> the same with nothing left in it but the rough colors of so many cells across and down."""
    means = np.asarray(region.resize(cells, Image.Resampling.BOX).convert("YCbCr"), dtype=np.float32)
    rough = np.clip(np.rint(means / STEPS) * STEPS, 0, 255).astype(np.uint8)  # 128 stays: what is gray, stays gray
    return Image.frombytes("YCbCr", cells, rough.tobytes()).convert("RGB").resize(region.size, Image.Resampling.BICUBIC)


@lru_cache(maxsize=64)
def _cover(height: int, width: int) -> NDArray[np.float32]:
    """How much is hidden, float32 (H, W): 1 in an ellipse, 0 on the rim of the rectangle, smooth between."""
    y, x = ((np.arange(length) + 0.5) / length * 2 - 1 for length in (height, width))
    distance = np.hypot(x[None, :], y[:, None])  # the corners of the face's box, which is lower down, are at 0.76
    rim = 2 * _RIM / (1 + 2 * _RIM)
    fading = np.clip((1 - distance) / rim, 0, 1)
    return np.asarray(fading * fading * (3 - 2 * fading), dtype=np.float32)
