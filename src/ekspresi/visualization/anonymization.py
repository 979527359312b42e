"""Make faces unrecognizable.

In: uint8 (H, W, 3) and face boxes. Out: a copy. Does not know about predictions, which are made on the original.

What remains of a head and its surroundings fits in 4 x 4 cells of three numbers with sixteen steps: 24 bytes. The face
itself, from brow to chin, has a quarter of them, at any size. All heads with the same numbers look the same afterwards,
so the image alone cannot restore them. A blur, or a mosaic with cells smaller than facial features, keeps enough to
identify people (McPherson, Shokri, Shmatikov, Defeating Image Obfuscation with Deep Learning, 2016). In a video the
cells move with the box, so several frames together reveal more than one. Faces without a box are not hidden.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.imaging.image_cache import cache_images
from ekspresi.types import Box

CELLS = 4
"""Cells that remain along each side of a head with its hair."""
STEPS = 16
"""Distance between the remaining values, of 256, in each channel of YCbCr."""
ABOVE, BESIDE, BELOW = 0.45, 0.3, 0.25
"""How far a head extends beyond the box of its face, in heights and widths of the box."""

_RIM = 0.12
"""Width of the rim around the head that fades into the image, as a fraction of the head."""


def anonymize(image: NDArray[np.uint8], boxes: Iterable[Box]) -> NDArray[np.uint8]:
    """Hide the heads of faces in a copy of an image.

    Example:
        >>> image = np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8)
        >>> hidden = anonymize(image, [(20, 20, 40, 40)])
        >>> bool((hidden[30, 30] == image[30, 30]).all()), bool((hidden[60:] == image[60:]).all())
        (False, True)

    Args:
        image: uint8 (H, W, 3) RGB.
        boxes: of the faces, from brow to chin; they may extend past the image.

    Returns:
        uint8 (H, W, 3); pixels outside the ellipses around heads and their rims are unchanged.
    """
    hidden = image.copy()
    for box in boxes:
        _hide_head(image, hidden, box)
    return hidden


def head_box(box: Box) -> Box:
    """Extend the box of a face to the box of its head, with hair and ears.

    Example:
        >>> head_box((100, 100, 200, 200))
        (70.0, 55.0, 230.0, 225.0)

    Args:
        box: x1, y1, x2, y2 in pixels.
    """
    x1, y1, x2, y2 = box
    width, height = x2 - x1, y2 - y1
    return (x1 - BESIDE * width, y1 - ABOVE * height, x2 + BESIDE * width, y2 + BELOW * height)


def _hide_head(image: NDArray[np.uint8], hidden: NDArray[np.uint8], box: Box) -> None:
    if not np.isfinite(box).all():
        return
    x1, y1, x2, y2 = head_box(box)
    rim_x, rim_y = _RIM * (x2 - x1), _RIM * (y2 - y1)
    left, top = int(np.floor(x1 - rim_x)), int(np.floor(y1 - rim_y))
    width, height = (max(int(np.ceil(length)), 1) for length in (x2 + rim_x - left, y2 + rim_y - top))
    rows, columns = (
        slice(max(start, 0), max(min(start + length, whole), 0))
        for start, length, whole in ((top, height, image.shape[0]), (left, width, image.shape[1]))
    )
    visible = image[rows, columns]
    if not visible.size:
        return
    # A head that extends past the image has fewer visible cells, not smaller ones.
    cells = (-(-CELLS * visible.shape[1] // width), -(-CELLS * visible.shape[0] // height))
    patch = np.asarray(_reduce_to_cells(Image.fromarray(visible), cells), dtype=np.float32)
    cover = _draw_cover(height, width)[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left, None
    ]
    under = hidden[rows, columns].astype(np.float32)
    hidden[rows, columns] = np.rint(under + cover * (patch - under)).astype(np.uint8)


def _reduce_to_cells(region: Image.Image, cells: tuple[int, int]) -> Image.Image:
    """Reduce a region to the coarse colors of its cells, across and down."""
    means = np.asarray(region.resize(cells, Image.Resampling.BOX).convert("YCbCr"), dtype=np.float32)
    rough = np.clip(np.rint(means / STEPS) * STEPS, 0, 255).astype(np.uint8)  # 128 stays 128, so gray stays gray
    return Image.frombytes("YCbCr", cells, rough.tobytes()).convert("RGB").resize(region.size, Image.Resampling.BICUBIC)


@cache_images(16 << 20)
def _draw_cover(height: int, width: int) -> NDArray[np.float32]:
    """Compute the opacity, float32 (H, W): 1 in an ellipse, fading to 0 at its rim."""
    y, x = ((np.arange(length) + 0.5) / length * 2 - 1 for length in (height, width))
    distance = np.hypot(x[None, :], y[:, None])  # the corners of the face's box are at 0.76
    rim = 2 * _RIM / (1 + 2 * _RIM)
    fading = np.clip((1 - distance) / rim, 0, 1)
    return np.asarray(fading * fading * (3 - 2 * fading), dtype=np.float32)
