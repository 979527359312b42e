"""Cut square gray crops from face boxes by the crop convention, which was fixed before any training.

In: an RGB image and a face box. Out: uint8 (side, side) gray, cut at the original resolution, never enlarged. The
convention belongs to the model and is stored in its file. Does not know about detectors or networks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ekspresi.types import Box

LUMA = (0.299, 0.587, 0.114)
"""Weights of R, G and B in gray: ITU-R BT.601, which Pillow's mode 'L' uses."""

_COLUMNS = 3000
"""Columns converted at once: more would start OpenBLAS's threads, and a fork meanwhile would never end."""


def gray(image: NDArray[np.uint8], luma: tuple[float, float, float] = LUMA) -> NDArray[np.uint8]:
    """Convert an image to gray, uint8 (H, W).

    Args:
        image: uint8 (H, W), (H, W, 1) or (H, W, 3) RGB; a gray image is returned unchanged.
        luma: weights of R, G and B, summing to 1.

    Raises:
        ValueError: the image has another shape or type.

    Example:
        >>> gray(np.full((1, 2, 3), 200, np.uint8)).tolist()
        [[200, 200]]
    """
    if image.dtype != np.uint8:
        raise ValueError(f"image of type {image.dtype}: expected uint8. Convert it.")
    if image.ndim == 2:
        return image
    if image.ndim != 3 or image.shape[2] not in (1, 3):
        raise ValueError(f"image of shape {image.shape}: expected (H, W), (H, W, 1) or (H, W, 3). Convert it.")
    if image.shape[2] == 1:
        return image[:, :, 0]
    weights = np.asarray(luma, dtype=np.float32)
    parts = [image[:, left : left + _COLUMNS] for left in range(0, max(image.shape[1], 1), _COLUMNS)]
    weighted: NDArray[np.float32] = np.concatenate([part.astype(np.float32) @ weights for part in parts], axis=1)
    return np.clip(np.rint(weighted), 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class CropConvention:
    """Describe how a face box becomes a crop.

    Attributes:
        scale: side of the square, in longer sides of the box.
        shift_y: distance of the square's center below the box's center, in longer sides of the box.
        luma: weights of R, G and B in gray (ITU-R BT.601, which Pillow's mode 'L' uses).

    Example:
        >>> CropConvention(scale=1.0, shift_y=0.0).crop(np.zeros((50, 50, 3), np.uint8), (10, 10, 30, 20)).shape
        (20, 20)
    """

    # tools/fit_crop_margin.py on 600 FER+ Training faces, 465 found in mirrored and 461 in gray surroundings:
    # medians of scale 0.944 and 0.958 (quartiles 0.86 to 1.04), of shift_y 0.010 and 0.006 (-0.02 to 0.04).
    scale: float = 0.95
    shift_y: float = 0.008
    luma: tuple[float, float, float] = LUMA

    def square(self, box: Box) -> Box:
        """Return the square to cut for a face box, in pixels of the image; it may reach past the edges."""
        x1, y1, x2, y2 = box
        longer = max(x2 - x1, y2 - y1)
        half = self.scale * longer / 2
        x, y = (x1 + x2) / 2, (y1 + y2) / 2 + self.shift_y * longer
        return (x - half, y - half, x + half, y + half)

    def crop(self, image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
        """Cut the gray crop, uint8 (side, side), of a face box in an RGB image, uint8 (H, W, 3).

        The square is rounded to whole pixels, at least one, so nothing is resampled. Beyond the image, the pixels of
        the edge are repeated, because the training faces have no black bars.
        """
        x1, y1, x2, _ = self.square(box)
        side = max(round(x2 - x1), 1)
        rows = np.clip(round(y1) + np.arange(side), 0, image.shape[0] - 1)
        columns = np.clip(round(x1) + np.arange(side), 0, image.shape[1] - 1)
        return gray(image[rows[:, None], columns], self.luma)
