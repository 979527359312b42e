"""Vary the geometry and the photometry of training faces, in whole batches.

In: uint8 faces (N, P, P) and a random generator. Out: float32 faces (N, P, P), 0..255. Runs before the degradation,
because geometry after it would resample the low resolution away. Does not know about labels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Geometry:
    """Transform faces by random similarities.

    Attributes:
        shift: largest shift along each axis, as a fraction of the face's width.
        zoom: largest change of scale; log-uniform from 1 / (1 + zoom) to 1 + zoom.
        rotation: largest rotation, degrees.
        flip: mirror half of the faces.

        >>> still = Geometry(shift=0.0, zoom=0.0, rotation=0.0, flip=False)
        >>> still(np.full((1, 4, 4), 7, np.uint8), np.random.default_rng(0)).mean()
        np.float32(7.0)
    """

    shift: float
    zoom: float
    rotation: float
    flip: bool

    def __call__(self, faces: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.float32]:
        """Transform uint8 (N, P, P) into float32 (N, P, P) by bilinear sampling; the edge repeats outside the face."""
        n, side = faces.shape[:2]
        angle = np.deg2rad(generator.uniform(-self.rotation, self.rotation, n))
        scale = np.exp(generator.uniform(-1, 1, n) * np.log1p(self.zoom))
        mirror = np.where((generator.random(n) < 0.5) & self.flip, -1.0, 1.0)
        moves = generator.uniform(-self.shift, self.shift, (2, n)) * side
        cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
        center = (side - 1) / 2
        grid = np.arange(side, dtype=np.float64) - center
        # The position in the source of each target pixel: mirror, rotate, scale, shift.
        x = (cos * mirror)[:, None, None] * grid - (sin * mirror)[:, None, None] * grid[:, None]
        y = sin[:, None, None] * grid + cos[:, None, None] * grid[:, None]
        x = np.clip(x + center + moves[0][:, None, None], 0, side - 1).astype(np.float32)
        y = np.clip(y + center + moves[1][:, None, None], 0, side - 1).astype(np.float32)
        return _sample(faces, x, y)


def _sample(faces: NDArray[np.uint8], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sample each face at its own coordinates (N, P, P) by bilinear interpolation; they lie inside the face."""
    n, side = faces.shape[:2]
    x0 = np.minimum(x.astype(np.int32), side - 2)
    y0 = np.minimum(y.astype(np.int32), side - 2)
    fx, fy = x - x0, y - y0
    flat = faces.reshape(-1)
    base = np.arange(n, dtype=np.int32)[:, None, None] * (side * side) + y0 * side + x0
    top = flat[base] * (1 - fx) + flat[base + 1] * fx
    bottom = flat[base + side] * (1 - fx) + flat[base + side + 1] * fx
    return np.asarray(top * (1 - fy) + bottom * fy, dtype=np.float32)


def vary_photometry(faces: NDArray[np.float32], strength: float, generator: np.random.Generator) -> NDArray[np.float32]:
    """Vary gamma, contrast about the face's mean, and brightness at random.

    Args:
        faces: float32 (N, P, P), 0..255.
        strength: largest relative change of each.
        generator: source of the random numbers.

    Returns:
        float32 (N, P, P), 0..255.

        >>> vary_photometry(np.full((1, 2, 2), 128, np.float32), 0.0, np.random.default_rng(0)).round()[0, 0]
        array([128., 128.], dtype=float32)
    """
    n = len(faces)
    gamma, contrast = np.exp(generator.uniform(-strength, strength, (2, n, 1, 1))).astype(np.float32)
    brightness = (generator.uniform(-strength, strength, (n, 1, 1)) * 64).astype(np.float32)
    bent = 255 * (faces / 255) ** gamma
    mean = bent.mean(axis=(1, 2), keepdims=True)
    return np.asarray(np.clip((bent - mean) * contrast + mean + brightness, 0, 255), dtype=np.float32)


def erase(faces: NDArray[np.float32], fraction: float, generator: np.random.Generator) -> NDArray[np.float32]:
    """Cover a rectangle of some faces with an even gray, as a hand or a pillar would.

    This is the random erasing of Zhong et al. 2020 (Random Erasing Data Augmentation). The rectangle covers 2 to 25 %
    of the face and is at most three times as long as wide. It comes before the degradation, so that its edge is as
    blurred as the face.

    Args:
        faces: float32 (N, P, P), 0..255; changed in place.
        fraction: expected fraction of the faces that lose a rectangle, 0..1.
        generator: source of the random numbers.

    Returns:
        ``faces``.

        >>> bool((erase(np.zeros((1, 9, 9), np.float32), 1.0, np.random.default_rng(0)) > 0).any())
        True
    """
    n, side = faces.shape[:2]
    hidden: list[int] = np.flatnonzero(generator.random(n) < fraction).tolist()
    areas = generator.uniform(0.02, 0.25, n)
    stretches = np.exp(generator.uniform(-0.5, 0.5, n) * np.log(3))
    heights = np.maximum(1, np.rint(side * np.sqrt(areas) * stretches)).astype(int)
    widths = np.maximum(1, np.rint(side * np.sqrt(areas) / stretches)).astype(int)
    corners = generator.random((2, n))
    tops = np.rint(corners[0] * (side - heights)).astype(int)
    lefts = np.rint(corners[1] * (side - widths)).astype(int)
    grays = generator.uniform(0, 255, (n,))
    for i in hidden:
        faces[i, tops[i] : tops[i] + heights[i], lefts[i] : lefts[i] + widths[i]] = grays[i]
    return faces
