"""Degrade sharp faces as poor cameras do.

In: uint8 gray faces and an explicit random generator. Out: uint8 faces of fewer pixels. All of it is synthetic, so
figures on it are not the accuracy on real CCTV. Does not know about labels or networks.

The order is that of a camera: lens and hand (blur), sensor (fewer pixels, noise), file (JPEG), and a later
enlargement.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.imaging.resampling import KERNELS, resize, resize_matrix
from ekspresi.imaging.suites import SUITES

SIZES_PX = (48, 32, 24, 16, 12, 8)
"""Face sizes (sides of the crop in pixels before any enlargement) at which ekspresi reports figures."""


def degrade(crop: NDArray[np.uint8], side: int, suite: str, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Degrade a gray crop, uint8 (H, W), to ``side`` pixels as one of ``SUITES`` does.

    'cctv' blurs by a Gaussian of 0.2 to 0.8 output pixels, and every second face by a motion of 1 to 3 along the rows.
    It shrinks by area, adds sensor noise of 2 to 12 gray levels, and compresses by JPEG of quality 30 to 80. A crop of
    at most ``side`` keeps its size.

    Raises:
        ValueError: the suite is unknown.

    Example:
        >>> degrade(np.zeros((48, 48), np.uint8), 12, "cctv", np.random.default_rng(0)).shape
        (12, 12)
    """
    if suite == "clean":
        return shrink(crop, side)
    if suite == "kernels":
        return shrink(crop, side, KERNELS[1 + generator.integers(len(KERNELS) - 1)])
    if suite != "cctv":
        raise ValueError(f"unknown suite '{suite}'. Use {', '.join(SUITES)}.")
    height, width = (min(side, length) if min(crop.shape) > side else length for length in crop.shape)
    sigma, level, quality = generator.uniform(0.2, 0.8), generator.uniform(2, 12), int(generator.integers(30, 81))
    length = generator.uniform(1, 3) if generator.random() < 0.5 else 0
    pixels = crop.shape[1] / width
    rows = resize_matrix(crop.shape[0], height, "area") @ _blur_matrix(crop.shape[0], sigma * pixels)
    columns = resize_matrix(crop.shape[1], width, "area") @ _blur_matrix(crop.shape[1], sigma * pixels)
    if length:
        columns = columns @ _motion_matrix(crop.shape[1], length * pixels)
    small = rows @ crop.astype(np.float32) @ columns.T
    small += level * generator.standard_normal(small.shape, dtype=np.float32)
    return jpeg(np.clip(np.rint(small), 0, 255).astype(np.uint8), quality)


def shrink(crop: NDArray[np.uint8], side: int, kernel: str = "area") -> NDArray[np.uint8]:
    """Shrink a gray crop, uint8 (H, W), to uint8 (side, side); a crop of at most that size is returned unchanged.

    Example:
        >>> shrink(np.uint8([[0, 2], [4, 6]]), 1).tolist()
        [[3]]
    """
    if min(crop.shape) <= side:
        return crop
    small = resize(crop.astype(np.float32), side, side, kernel)
    # Some means over whole pixels are exact halves. Without the inner rounding, the noise of float32 would round them
    # differently on each machine.
    return np.clip(np.rint(np.round(small, 3)), 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class LowResolution:
    """Degrade a random part of the training faces; probabilities are per degraded face.

    The *effective side* is a label that comes free: the remaining pixels of side, fewer where a blur removes more
    detail than the pixels do. A Gaussian of half a pixel counts as the pixels themselves (its modulation transfer at
    their Nyquist frequency is 0.29). A wider one counts by its ratio to that, a motion blur by its length along one of
    the two axes.

    Attributes:
        min_px: smallest face side; sides are log-uniform from here to the full side.
        blur: probability of a Gaussian lens blur, sigma 0.2 to 0.8 output pixels.
        motion: probability of a motion blur along rows or columns, 1 to 3 output pixels long.
        noise: probability of sensor noise, standard deviation up to 10 gray levels.
        jpeg: probability of JPEG at quality 30 to 95.
        defocus: probability that only the lens removes detail: a Gaussian of half a pixel of the drawn side, at all
            pixels of the full side.
        enlarged: probability that the small face is enlarged again, as tools and players do, to a side between the
            full one and ``ENLARGED_PX``, by any kernel.

    Example:
        >>> faces = np.zeros((2, 48, 48), np.float32)
        >>> pixels, sides, effective = LowResolution()(faces, 1.0, np.random.default_rng(0))
        >>> pixels.shape, bool((effective <= sides).all())
        ((2, 48, 48), True)
    """

    min_px: int = 6
    blur: float = 0.3
    motion: float = 0.1
    noise: float = 0.3
    jpeg: float = 0.2
    defocus: float = 0.15
    enlarged: float = 0.3

    def __call__(
        self, faces: NDArray[np.float32], share: float, generator: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.float64]]:
        """Degrade a random part of a batch.

        Args:
            faces: float32 (N, P, P), gray values 0..255.
            share: probability that a face is degraded; the others are only rounded.
            generator: the only source of randomness.

        Returns:
            uint8 (N, P, P), face i filling ``[i, :sides[i], :sides[i]]`` and zeros elsewhere; int64 (N,) sides in
            pixels; float64 (N,) effective sides in pixels, at most the sides.
        """
        n, full = len(faces), faces.shape[-1]

        def some(probability: float) -> NDArray[np.bool_]:
            return chosen & (generator.random(n) < probability)

        chosen = generator.random(n) < share
        log_sides = generator.uniform(np.log(self.min_px), np.log(full + 1), n)
        drawn = np.where(chosen, np.minimum(np.exp(log_sides).astype(np.int64), full), full)
        kernels = generator.choice(len(KERNELS), n, p=_KERNEL_SHARES)
        defocused = some(self.defocus)
        sides = np.where(defocused, full, drawn)
        sigmas = generator.uniform(0.2, 0.8, n) * some(self.blur)
        sigmas = np.where(defocused, 0.5, sigmas) * (full / drawn)
        lengths = np.where(some(self.motion), generator.uniform(1, 3, n), 0) * (full / drawn)
        along_rows = generator.random(n) < 0.5
        levels = generator.uniform(1.0, 10.0, n) * some(self.noise)
        qualities = generator.integers(30, 96, n) * some(self.jpeg)
        enlarged = some(self.enlarged) & (sides < full)
        larger = generator.integers(full, max(full, ENLARGED_PX) + 1, n)
        enlarge_kernels = generator.integers(0, len(KERNELS), n)

        rows, columns = np.zeros((2, n, full, full), dtype=np.float32)
        for i in range(n):
            down = resize_matrix(full, int(sides[i]), KERNELS[kernels[i]])
            if sigmas[i] > 0:
                down = down @ _blur_matrix(full, float(sigmas[i]))
            rows[i, : sides[i]] = columns[i, : sides[i]] = down
            if lengths[i] > 0:
                moved = columns if along_rows[i] else rows
                moved[i, : sides[i]] = down @ _motion_matrix(full, float(lengths[i]))
        small = rows @ faces @ columns.transpose(0, 2, 1)
        small += generator.standard_normal(small.shape, dtype=np.float32) * levels[:, None, None].astype(np.float32)
        out = np.clip(np.rint(small), 0, 255).astype(np.uint8)
        for i in np.flatnonzero(qualities).tolist():
            out[i, : sides[i], : sides[i]] = jpeg(out[i, : sides[i], : sides[i]], int(qualities[i]))
        for i in np.flatnonzero(enlarged).tolist():
            kernel = KERNELS[enlarge_kernels[i]]
            up = resize_matrix(int(larger[i]), full, "area") @ resize_matrix(int(sides[i]), int(larger[i]), kernel)
            grown = up @ out[i, : sides[i], : sides[i]].astype(np.float32) @ up.T
            out[i] = np.clip(np.rint(grown), 0, 255).astype(np.uint8)
        pixels = full / drawn
        lost = np.maximum(1, sigmas / (0.5 * pixels)) * np.sqrt(np.maximum(1, lengths / pixels))
        return out, np.where(enlarged, full, sides), drawn / lost


ENLARGED_PX = 112
"""Largest side to which training enlarges a small face again."""

_KERNEL_SHARES = tuple(0.5 if kernel == "area" else 0.5 / (len(KERNELS) - 1) for kernel in KERNELS)


def jpeg(crop: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Compress a gray crop, uint8 (H, W), by JPEG at ``quality`` 1..95, and decode it.

    Example:
        >>> jpeg(np.full((8, 8), 128, np.uint8), quality=50).shape
        (8, 8)
    """
    buffer = io.BytesIO()
    Image.fromarray(crop).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer), dtype=np.uint8)


def _blur_matrix(n: int, sigma: float) -> NDArray[np.float32]:
    """Return a Gaussian of standard deviation ``sigma`` pixels as float32 (n, n), renormalized at the edges."""
    offsets = np.arange(n)[:, None] - np.arange(n)[None, :]
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def _motion_matrix(n: int, length: float) -> NDArray[np.float32]:
    """Return a box of ``length`` pixels as float32 (n, n), renormalized at the edges."""
    offsets = np.abs(np.arange(n)[:, None] - np.arange(n)[None, :])
    weights = np.clip((length + 1) / 2 - offsets, 0.0, 1.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)
