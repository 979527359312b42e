"""Geometry and photometry of training faces, on whole batches.

In: uint8 faces (N, P, P) and a random generator. Out: float32 faces (N, P, P), 0..255. Runs before degradation:
geometry after it would resample the low resolution away. Knows nothing of labels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Geometry:
    """Random similarity transforms.

    Attributes:
        shift: largest shift along each axis, in sides of the face.
        zoom: largest change of scale; log-uniform from 1 / (1 + zoom) to 1 + zoom.
        rotation: largest rotation, degrees.
        flip: mirror half of the faces.
    """

    shift: float
    zoom: float
    rotation: float
    flip: bool

    def __call__(self, faces: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.float32]:
        """uint8 (N, P, P) -> float32 (N, P, P) by bilinear sampling, the edge repeated outside the face."""
        n, side = faces.shape[:2]
        angle = np.deg2rad(generator.uniform(-self.rotation, self.rotation, n))
        scale = np.exp(generator.uniform(-1, 1, n) * np.log1p(self.zoom))
        mirror = np.where((generator.random(n) < 0.5) & self.flip, -1.0, 1.0)
        moves = generator.uniform(-self.shift, self.shift, (2, n)) * side
        cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
        center = (side - 1) / 2
        grid = np.arange(side, dtype=np.float64) - center
        # where in the source each target pixel comes from: mirror, rotate, scale, shift
        x = (cos * mirror)[:, None, None] * grid - (sin * mirror)[:, None, None] * grid[:, None]
        y = sin[:, None, None] * grid + cos[:, None, None] * grid[:, None]
        x = np.clip(x + center + moves[0][:, None, None], 0, side - 1).astype(np.float32)
        y = np.clip(y + center + moves[1][:, None, None], 0, side - 1).astype(np.float32)
        return _sample(faces, x, y)


def _sample(faces: NDArray[np.uint8], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bilinear values of each face at its own coordinates (N, P, P), which lie inside it."""
    n, side = faces.shape[:2]
    x0 = np.minimum(x.astype(np.int32), side - 2)
    y0 = np.minimum(y.astype(np.int32), side - 2)
    fx, fy = x - x0, y - y0
    flat = faces.reshape(-1)
    base = np.arange(n, dtype=np.int32)[:, None, None] * (side * side) + y0 * side + x0
    top = flat[base] * (1 - fx) + flat[base + 1] * fx
    bottom = flat[base + side] * (1 - fx) + flat[base + side + 1] * fx
    return np.asarray(top * (1 - fy) + bottom * fy, dtype=np.float32)


def photometry(faces: NDArray[np.float32], strength: float, generator: np.random.Generator) -> NDArray[np.float32]:
    """Random gamma, contrast about the face's mean, and brightness, each up to ``strength``; 0..255 in and out."""
    n = len(faces)
    gamma, contrast = np.exp(generator.uniform(-strength, strength, (2, n, 1, 1))).astype(np.float32)
    brightness = (generator.uniform(-strength, strength, (n, 1, 1)) * 64).astype(np.float32)
    bent = 255 * (faces / 255) ** gamma
    mean = bent.mean(axis=(1, 2), keepdims=True)
    return np.asarray(np.clip((bent - mean) * contrast + mean + brightness, 0, 255), dtype=np.float32)


def erase(faces: NDArray[np.float32], share: float, generator: np.random.Generator) -> NDArray[np.float32]:
    """A ``share`` of faces loses a rectangle to an even gray, as behind a hand or a pillar; 0..255 in and out.

    Random erasing of Zhong et al. 2020 (Random Erasing Data Augmentation): 2 to 25 % of the face, at most three times
    as long as wide; before the degradation, so that its edge is as blurred as the face.
    """
    n, side = faces.shape[:2]
    hidden: list[int] = np.flatnonzero(generator.random(n) < share).tolist()
    areas = generator.uniform(0.02, 0.25, n)
    stretches = np.exp(generator.uniform(-0.5, 0.5, n) * np.log(3))
    heights = np.maximum(1, np.rint(side * np.sqrt(areas) * stretches)).astype(int)
    widths = np.maximum(1, np.rint(side * np.sqrt(areas) / stretches)).astype(int)
    places = generator.random((2, n))
    tops = np.rint(places[0] * (side - heights)).astype(int)
    lefts = np.rint(places[1] * (side - widths)).astype(int)
    grays = generator.uniform(0, 255, (n,))
    for i in hidden:
        faces[i, tops[i] : tops[i] + heights[i], lefts[i] : lefts[i] + widths[i]] = grays[i]
    return faces
