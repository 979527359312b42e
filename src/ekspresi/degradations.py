"""Imaging models of low resolution: a sharp face -> the same face as a poor camera would deliver it.

In: uint8 grey faces and an explicit random generator. Out: uint8 faces of fewer pixels. All of it is synthetic; what
is measured on it is not the accuracy on real CCTV. Knows nothing of labels or networks.

The order is that of a camera: lens (blur) -> sensor (fewer pixels, noise) -> file (JPEG).
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.resampling import KERNELS, resize, resize_matrix

SIZES_PX = (48, 32, 24, 16, 12, 8)
"""Face sizes (sides of the crop in pixels before any enlargement) at which ekspresi reports figures."""


def shrink(crop: NDArray[np.uint8], side: int, kernel: str = "area") -> NDArray[np.uint8]:
    """Grey uint8 (H, W) -> uint8 (side, side), resampled and rounded; a crop no larger than that is returned as is."""
    if min(crop.shape) <= side:
        return crop
    small = resize(crop.astype(np.float32), side, side, kernel)
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class LowResolution:
    """How training faces lose their resolution; probabilities are per face, among the faces that are degraded.

    Attributes:
        min_px: smallest face side; sides are log-uniform from here to the full side.
        blur: probability of a Gaussian lens blur, sigma up to 0.8 output pixels.
        noise: probability of sensor noise, standard deviation up to 10 grey levels.
        jpeg: probability of JPEG at quality 30 to 95.
    """

    min_px: int = 6
    blur: float = 0.3
    noise: float = 0.3
    jpeg: float = 0.2

    def __call__(
        self, faces: NDArray[np.float32], share: float, generator: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Degrade a random share of a batch.

        Args:
            faces: float32 (N, P, P), grey values 0..255.
            share: probability that a face is degraded; the others are only rounded.
            generator: the only source of randomness.

        Returns:
            uint8 (N, P, P), face i filling ``[i, :sides[i], :sides[i]]`` and zeros elsewhere; int64 (N,) sides in
            pixels.
        """
        n, full = len(faces), faces.shape[-1]
        chosen = generator.random(n) < share
        log_sides = generator.uniform(np.log(self.min_px), np.log(full + 1), n)
        sides = np.where(chosen, np.minimum(np.exp(log_sides).astype(np.int64), full), full)
        kernels = generator.choice(len(KERNELS), n, p=_KERNEL_SHARES)
        sigmas = generator.uniform(0.2, 0.8, n) * (full / sides) * (chosen & (generator.random(n) < self.blur))
        levels = generator.uniform(1.0, 10.0, n) * (chosen & (generator.random(n) < self.noise))
        qualities = generator.integers(30, 96, n) * (chosen & (generator.random(n) < self.jpeg))

        down = np.zeros((n, full, full), dtype=np.float32)
        for i in range(n):
            down[i, : sides[i]] = resize_matrix(full, int(sides[i]), KERNELS[kernels[i]])
            if sigmas[i] > 0:
                down[i] = down[i] @ _blur_matrix(full, float(sigmas[i]))
        small = down @ faces @ down.transpose(0, 2, 1)
        noise = generator.standard_normal(small.shape, dtype=np.float32)
        small += noise * levels[:, None, None].astype(np.float32)
        out = np.clip(np.rint(small), 0, 255).astype(np.uint8)
        for packed in np.flatnonzero(qualities):
            side = sides[packed]
            out[packed, :side, :side] = jpeg(out[packed, :side, :side], int(qualities[packed]))
        return out, sides


_KERNEL_SHARES = tuple(0.5 if kernel == "area" else 0.5 / (len(KERNELS) - 1) for kernel in KERNELS)


def jpeg(crop: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Grey uint8 (H, W) -> the same after JPEG at ``quality`` 1..95."""
    buffer = io.BytesIO()
    Image.fromarray(crop).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer), dtype=np.uint8)


def _blur_matrix(n: int, sigma: float) -> NDArray[np.float32]:
    """Gaussian of standard deviation ``sigma`` pixels as a float32 (n, n) matrix, renormalised at the edges."""
    offsets = np.arange(n)[:, None] - np.arange(n)[None, :]
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)
