"""Turn crops into tensors, in the same way for training and recognition.

In: uint8 gray crops of any size. Out: float32 tensors (N, 1, S, S). The numbers belong to the model and are stored in
its file. Does not know about labels or networks, nor where a crop comes from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ekspresi.imaging.resampling import resize, resize_matrix

_BAND = 8
"""Rows averaged in one product. One product over a crop above 73 px starts BLAS's threads. On a busy processor they
cost fifty times the product. Bands of 8 rows do not start them."""
_PRODUCTS = 1 << 18
"""Multiplications up to which OpenBLAS uses only the caller's thread. A fork during a larger product hangs, so bands of
crops above 440 px are split in width too."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Define how a model's crops become tensors.

    Example:
        >>> Preprocessing(input_px=64).tensor([np.full((20, 20), 255, np.uint8)]).shape
        (1, 1, 64, 64)

    Attributes:
        input_px: side S of the tensor in pixels.
        kernel: resampling kernel (``resampling.KERNELS``), antialiased when it shrinks.
        mean: subtracted from gray values in 0..1.
        std: divisor after the mean.
        largest_px: larger crops are first shrunk to this size by area averaging: training used no sharper faces.
    """

    input_px: int = 64
    kernel: str = "bicubic"
    mean: float = 0.5
    std: float = 0.25
    largest_px: int = 48

    def tensor(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Convert crops of mixed sizes.

        Args:
            crops: N gray crops, uint8 (H, W) each. A crop that is not square is stretched.

        Returns:
            float32 (N, 1, S, S).
        """
        out = np.empty((len(crops), 1, self.input_px, self.input_px), dtype=np.float32)
        for i, crop in enumerate(crops):
            seen = _average_rows(_average_rows(crop.astype(np.float32), self.largest_px).T, self.largest_px).T
            # One at a time: a single crop fits in the cache, all of them do not.
            out[i, 0] = self.normalize(resize(seen, self.input_px, self.input_px, self.kernel))
        return out

    def padded_tensor(self, batch: NDArray[np.uint8], sizes_px: NDArray[np.int64]) -> NDArray[np.float32]:
        """Convert square crops in one padded array; equal to ``tensor`` of each.

        Args:
            batch: uint8 (N, P, P); crop i fills ``batch[i, :sizes_px[i], :sizes_px[i]]``, the rest is ignored.
            sizes_px: int64 (N,), sides of the crops in pixels, 1..``largest_px``.

        Returns:
            float32 (N, 1, S, S).
        """
        padded = batch.shape[-1]
        enlarge = np.zeros((len(batch), self.input_px, padded), dtype=np.float32)
        for i, size in enumerate(sizes_px):
            enlarge[i, :, :size] = resize_matrix(int(size), self.input_px, self.kernel)
        out = enlarge @ batch.astype(np.float32) @ enlarge.transpose(0, 2, 1)
        return self.normalize(out[:, None])

    def normalize(self, gray: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scale gray values to the range of training.

        Args:
            gray: float32 of any shape, 0..255.

        Returns:
            float32 of the same shape.
        """
        scaled = gray * np.float32(1 / (255 * self.std)) - np.float32(self.mean / self.std)
        return scaled.astype(np.float32, copy=False)


def _average_rows(image: NDArray[np.float32], largest: int) -> NDArray[np.float32]:
    """Shrink float32 (H, W) to (min(H, largest), W) by the kernel 'area', in bands of rows."""
    height = len(image)
    if height <= largest:
        return image
    matrix = resize_matrix(height, largest, "area")
    out = np.empty((largest, image.shape[1]), dtype=np.float32)
    for start in range(0, largest, _BAND):
        stop = min(start + _BAND, largest)
        first, last = start * height // largest, -(-stop * height // largest)  # other entries of these rows are zero
        step = max(_PRODUCTS // ((stop - start) * (last - first)), 1)
        for left in range(0, image.shape[1], step):
            part = slice(left, left + step)
            out[start:stop, part] = matrix[start:stop, first:last] @ image[first:last, part]
    return out


def check_crops(crops: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> None:
    """Check that crops are a sequence of uint8 pictures.

    Example:
        >>> check_crops([np.zeros((8, 8), np.uint8)])

    Args:
        crops: N crops, uint8 (H, W), (H, W, 1) or (H, W, 3).

    Raises:
        TypeError: a crop is not a uint8 array; the message names its index.
        ValueError: a crop has another shape or no pixels, or ``crops`` is one crop instead of a sequence.
    """
    if isinstance(crops, np.ndarray) and (crops.ndim == 2 or (crops.ndim == 3 and crops.shape[2] in (1, 3))):
        raise ValueError(f"crops: shape {crops.shape} is a single crop, not a sequence. Pass [crop].")
    for i, crop in enumerate(crops):
        if not isinstance(crop, np.ndarray) or crop.dtype != np.uint8:
            found = f"dtype {crop.dtype}" if isinstance(crop, np.ndarray) else type(crop).__name__
            raise TypeError(f"crops[{i}]: {found} is not a uint8 array. Pass values 0..255 as uint8.")
        if crop.ndim not in (2, 3) or (crop.ndim == 3 and crop.shape[2] not in (1, 3)) or crop.size == 0:
            raise ValueError(
                f"crops[{i}]: shape {crop.shape} is not that of a face. Use (H, W), (H, W, 1) or (H, W, 3)."
            )
