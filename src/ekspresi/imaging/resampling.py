"""Resample images by matrices.

In: two lengths in pixels and the name of a kernel. Out: float32 (n_out, n_in), rows summing to 1. An image is resized
by ``rows @ image @ columns.T``, so one definition serves NumPy and any other array library, single crops and whole
batches. Does not know about faces.

To shrink, every kernel but 'nearest' is widened by the ratio (antialiasing), as in Pillow. Pixel centers are at
half-integers. Weights outside the image are dropped, and the rest is renormalized.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ekspresi.imaging.image_cache import cache_images

_CACHED_BYTES = 64 << 20
"""All matrices between 48 or 64 px and 1..64 px, of which training uses thousands, and some hundred of larger crops."""


def _triangle(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(0.0, 1.0 - np.abs(x))


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evaluate Keys' cubic with a = -0.5 (IEEE Trans. ASSP 29, 1981)."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _lanczos3(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


_KERNELS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "bilinear": _triangle,
    "bicubic": _cubic,
    "lanczos": _lanczos3,
}

KERNELS = ("area", "nearest", *_KERNELS)
"""Names of all kernels; 'area' averages exactly the source pixels that an output pixel covers."""


@cache_images(_CACHED_BYTES)
def resize_matrix(n_in: int, n_out: int, kernel: str = "bicubic") -> NDArray[np.float32]:
    """Return the resampling matrix of two lengths in pixels, float32 (n_out, n_in), read-only.

    Raises:
        ValueError: a length is below 1, or the kernel is not in ``KERNELS``.

    Example:
        >>> resize_matrix(4, 2, "area").tolist()
        [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]]
    """
    if n_in < 1 or n_out < 1:
        raise ValueError(f"resampling of {n_in} to {n_out} pixels: both must be at least 1. Give larger lengths.")
    scale = n_in / n_out
    if kernel == "nearest":
        weights = np.zeros((n_out, n_in))
        source = np.minimum(((np.arange(n_out) + 0.5) * scale).astype(int), n_in - 1)
        weights[np.arange(n_out), source] = 1.0
    elif kernel == "area":
        starts = np.arange(n_out)[:, None] * scale
        pixels = np.arange(n_in)[None, :]
        weights = np.clip(np.minimum(starts + scale, pixels + 1) - np.maximum(starts, pixels), 0.0, None)
    elif kernel in _KERNELS:
        shape = _KERNELS[kernel]
        widen = max(scale, 1.0)
        centers = (np.arange(n_out)[:, None] + 0.5) * scale
        weights = shape((np.arange(n_in)[None, :] + 0.5 - centers) / widen)
    else:
        raise ValueError(f"unknown kernel '{kernel}'. Use {', '.join(KERNELS)}.")
    matrix: NDArray[np.float32] = np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)
    matrix.setflags(write=False)
    return matrix


def resize(image: NDArray[np.float32], height: int, width: int, kernel: str = "bicubic") -> NDArray[np.float32]:
    """Resize a float image (..., H, W) to float32 (..., height, width); overshoot is not clipped.

    Example:
        >>> resize(np.float32([[0, 2], [4, 6]]), 1, 1, "area").tolist()
        [[3.0]]
    """
    rows = resize_matrix(image.shape[-2], height, kernel)
    columns = resize_matrix(image.shape[-1], width, kernel)
    return np.asarray(rows @ image @ columns.T, dtype=np.float32)
