"""Crop -> tensor: the only definition, used alike in training and at run time.

In: uint8 gray crops of any side. Out: float32 tensors (N, 1, S, S). The numbers belong to the model and travel in
its file. Knows nothing of where a crop came from, of labels or of networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ekspresi.imaging.resampling import resize, resize_matrix

_BAND = 8
"""Rows averaged at once. A whole crop above 73 px in one product wakes BLAS's threads, which cost fifty times the
product where other programs want the processor too. In bands of 8 rows they sleep."""
_PRODUCTS = 1 << 18
"""Multiplications up to which OpenBLAS uses the caller's thread alone. A fork during more of them never ends; so larger
bands, of crops above 440 px, are cut across too."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a model wants its crops.

    Attributes:
        input_px: side S of the tensor in pixels.
        kernel: resampling kernel (``resampling.KERNELS``), antialiased when it shrinks.
        mean: subtracted from gray values in 0..1.
        std: divided by, after the mean.
        largest_px: a larger crop is first shrunk to this side by area: the network never saw sharper faces.
    """

    input_px: int = 64
    kernel: str = "bicubic"
    mean: float = 0.5
    std: float = 0.25
    largest_px: int = 48

    def tensor(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """N gray crops, uint8 (H, W) of any sides -> float32 (N, 1, S, S); a crop that is no square is stretched."""
        out = np.empty((len(crops), 1, self.input_px, self.input_px), dtype=np.float32)
        for i, crop in enumerate(crops):
            seen = _averaged(_averaged(crop.astype(np.float32), self.largest_px).T, self.largest_px).T
            # One by one: a crop still lies in the cache, all of them together no longer do.
            out[i, 0] = self.normalize(resize(seen, self.input_px, self.input_px, self.kernel))
        return out

    def tensor_of_batch(self, batch: NDArray[np.uint8], sides: NDArray[np.int64]) -> NDArray[np.float32]:
        """Square crops of mixed sides in one padded array -> float32 (N, 1, S, S), equal to ``tensor`` of each.

        Args:
            batch: uint8 (N, P, P); crop i fills ``batch[i, :sides[i], :sides[i]]``, the rest is ignored.
            sides: int64 (N,), sides of the crops in pixels, 1..``largest_px``.
        """
        padded = batch.shape[-1]
        enlarge = np.zeros((len(batch), self.input_px, padded), dtype=np.float32)
        for i, side in enumerate(sides):
            enlarge[i, :, :side] = resize_matrix(int(side), self.input_px, self.kernel)
        out = enlarge @ batch.astype(np.float32) @ enlarge.transpose(0, 2, 1)
        return self.normalize(out[:, None])

    def normalize(self, gray: NDArray[np.float32]) -> NDArray[np.float32]:
        """Float32 gray values 0..255 of any shape -> the range the network was trained on."""
        scaled = gray * np.float32(1 / (255 * self.std)) - np.float32(self.mean / self.std)
        return scaled.astype(np.float32, copy=False)


def _averaged(image: NDArray[np.float32], largest: int) -> NDArray[np.float32]:
    """Float32 (H, W) -> (min(H, largest), W): the kernel 'area' along the first axis, in bands."""
    height = len(image)
    if height <= largest:
        return image
    matrix = resize_matrix(height, largest, "area")
    out = np.empty((largest, image.shape[1]), dtype=np.float32)
    for start in range(0, largest, _BAND):
        stop = min(start + _BAND, largest)
        first, last = start * height // largest, -(-stop * height // largest)  # the rest of these rows is zero
        step = max(_PRODUCTS // ((stop - start) * (last - first)), 1)
        for left in range(0, image.shape[1], step):
            part = slice(left, left + step)
            out[start:stop, part] = matrix[start:stop, first:last] @ image[first:last, part]
    return out
