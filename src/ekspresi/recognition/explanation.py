"""One crop -> why the recognizer believes what it believes, and what is left of it at each size.

In: a face crop and a recognizer. Out: how much of the belief each part of the crop carries, and the same face at
falling sizes with the belief at each. It asks the recognizer and nothing else, so it holds for any model file.
Knows nothing of pictures, of colors or of networks.

The map is occlusion sensitivity (Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014).
Changed: a gray square is an edge of its own, which a network answers to; here the patch fades into the crop's local
mean, so that detail is taken away and nothing is put in its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ekspresi.imaging.cropping import gray
from ekspresi.imaging.degradations import SIZES_PX, shrink
from ekspresi.imaging.resampling import resize
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Prediction

PATCH = 1 / 4
"""Side of the hidden patch at half its strength, in sides of the crop: about a mouth's height, or an eye with its
brow."""

GRID = 16
"""Places of the patch along each side: they lie a quarter of the patch apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Occlusion:
    """How much of a belief each part of a crop carries.

    Attributes:
        crop: uint8 (H, W) gray, as it was cut.
        prediction: what the recognizer believes of it, nothing hidden.
        falls: float64 (``GRID``, ``GRID``); ``falls[i, j]`` is how much the probability of ``prediction.expression``
            falls when the patch around row (i + 0.5) / ``GRID``, column (j + 0.5) / ``GRID`` of the crop is hidden.
            Between -1 and 1; below 0 where hiding makes the belief stronger.
    """

    crop: NDArray[np.uint8]
    prediction: Prediction
    falls: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """A face with fewer pixels.

    Attributes:
        crop: uint8 (S, S) gray; (H, W) where it is the crop as it was cut.
        prediction: what the recognizer believes of it.
    """

    crop: NDArray[np.uint8]
    prediction: Prediction


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What can be said of one crop.

    Attributes:
        occlusion: where in the crop the evidence lies.
        sizes: what is left of the belief at each size, the largest first.
    """

    occlusion: Occlusion
    sizes: tuple[Reduced, ...]


def explain(recognizer: Recognizer, crop: NDArray[np.uint8]) -> Explanation:
    """A crop -> where the evidence lies in it, and what is left of it at each size.

    Args:
        recognizer: whose belief is explained.
        crop: uint8 (H, W), (H, W, 1) or (H, W, 3) RGB.

    Raises:
        ValueError: a crop of another type or shape.
    """
    return Explanation(occlusion(recognizer, crop), tuple(at_sizes(recognizer, crop)))


def occlusion(recognizer: Recognizer, crop: NDArray[np.uint8]) -> Occlusion:
    """A crop -> how much the belief in its expression falls when each part is hidden.

    A crop larger than the network sees is shrunk to that first. Hidden crops count as carrying as much as the whole
    one, else the map would also show how a patch changes the estimate of the size.

    Args:
        recognizer: whose belief is explained.
        crop: uint8 (H, W), (H, W, 1) or (H, W, 3) RGB.

    Raises:
        ValueError: a crop of another type or shape.
    """
    full = gray(crop, luma=recognizer.metadata.crop.luma)
    (prediction,) = recognizer.predict([full])
    largest_px = recognizer.metadata.preprocessing.largest_px
    height, width = (min(side, largest_px) for side in full.shape)
    seen = resize(full.astype(np.float32), height, width, "area")
    mean = _local_means(height) @ seen @ _local_means(width).T
    windows = np.einsum("iy,jx->ijyx", _windows(height), _windows(width)).reshape(-1, height, width)
    hidden = np.rint(np.concatenate([seen[None], seen + windows * (mean - seen)]))
    logits, _ = recognizer.logits(np.clip(hidden, 0, 255).astype(np.uint8)[..., None])
    carried = prediction.face_px if prediction.effective_px is None else prediction.effective_px
    beliefs = recognizer.calibrate(logits, np.full(len(logits), carried), recognizer.prior).probabilities
    believed = beliefs[:, recognizer.labels.index(prediction.expression)]
    return Occlusion(full, prediction, (believed[0] - believed[1:]).reshape(GRID, GRID))


def at_sizes(recognizer: Recognizer, crop: NDArray[np.uint8], sizes: Sequence[int] = SIZES_PX) -> list[Reduced]:
    """A crop -> the same face at each size with the belief in it, in order.

    Args:
        recognizer: whose belief is asked.
        crop: uint8 (H, W), (H, W, 1) or (H, W, 3) RGB.
        sizes: sides of the square in pixels, shrunk by area averaging. Those above the crop's own give the crop as
            it is, once.

    Raises:
        ValueError: a crop of another type or shape.
    """
    full = gray(crop, luma=recognizer.metadata.crop.luma)
    own = min(full.shape)
    crops = [shrink(full, side) for side in dict.fromkeys(min(side, own) for side in sizes)]
    return [Reduced(small, belief) for small, belief in zip(crops, recognizer.predict(crops), strict=True)]


def _windows(side: int) -> NDArray[np.float32]:
    """A side in pixels -> how much of each pixel the patch hides at each place, 0..1, float32 (``GRID``, side).

    All in the middle half of the patch, falling as a cosine to nothing half a patch further out.
    """
    centers = (np.arange(GRID) + 0.5) / GRID
    pixels = (np.arange(side) + 0.5) / side
    patches = np.abs(pixels[None, :] - centers[:, None]) / PATCH
    return (0.5 + 0.5 * np.cos(np.pi * np.clip(2 * patches - 0.5, 0, 1))).astype(np.float32)


def _local_means(side: int) -> NDArray[np.float32]:
    """A side in pixels -> Gaussian of standard deviation half a patch, float32 (side, side), rows summing to 1."""
    pixels = np.arange(side) / side
    weights = np.exp(-0.5 * ((pixels[:, None] - pixels[None, :]) / (PATCH / 2)) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)
