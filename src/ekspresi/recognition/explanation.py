"""Explain a prediction: where its evidence lies, and what remains at smaller sizes.

In: a face crop and a recognizer. Out: how much each part of the crop contributes to the answer, and the prediction for
the same face at falling sizes. It only calls the recognizer, so it works for any model file. Does not know about
pictures, colors or networks.

The map is occlusion sensitivity (Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014). One
thing differs: a gray square adds edges, to which a network reacts. Here the patch fades into the crop's local mean, so
it removes detail and adds none.
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
"""Side of the hidden patch at half strength, as a fraction of the crop: about a mouth, or an eye with its brow."""

GRID = 16
"""Positions of the patch along each side: a quarter of the patch apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Occlusion:
    """Hold how much each part of a crop contributes to the answer.

    Example:
        >>> prediction = Prediction("fear", 0.7, {"fear": 0.7, "anger": 0.3}, face_px=24.0)
        >>> occlusion = Occlusion(np.zeros((24, 24), np.uint8), prediction, np.zeros((GRID, GRID)))
        >>> occlusion.prediction.expression, float(occlusion.falls.max())
        ('fear', 0.0)

    Attributes:
        crop: uint8 (H, W) gray, as it was cropped.
        prediction: for the whole crop, nothing hidden.
        falls: float64 (``GRID``, ``GRID``), -1..1. ``falls[i, j]`` is the fall of the probability of
            ``prediction.expression`` when the patch around row (i + 0.5) / ``GRID``, column (j + 0.5) / ``GRID`` of the
            crop is hidden. Below 0 where hiding raises the probability.
    """

    crop: NDArray[np.uint8]
    prediction: Prediction
    falls: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """Hold a face at a smaller size, with its prediction.

    Example:
        >>> prediction = Prediction("fear", 0.7, {"fear": 0.7, "anger": 0.3}, face_px=8.0)
        >>> Reduced(np.zeros((8, 8), np.uint8), prediction).crop.shape
        (8, 8)

    Attributes:
        crop: uint8 (S, S) gray; (H, W) where it is the original crop.
        prediction: for this crop.
    """

    crop: NDArray[np.uint8]
    prediction: Prediction


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Hold the map of a crop and its predictions at each size.

    Example:
        >>> explanation = explain(Recognizer(), np.full((20, 20), 90, np.uint8))
        >>> explanation.occlusion.crop.shape, len(explanation.sizes)
        ((20, 20), 4)

    Attributes:
        occlusion: where in the crop the evidence lies.
        sizes: the same face at falling sizes, the largest first.
    """

    occlusion: Occlusion
    sizes: tuple[Reduced, ...]


def explain(recognizer: Recognizer, crop: NDArray[np.uint8]) -> Explanation:
    """Explain the prediction for a crop.

    Example:
        >>> explanation = explain(Recognizer(), np.full((20, 20), 90, np.uint8))
        >>> [len(reduced.crop) for reduced in explanation.sizes]
        [20, 16, 12, 8]

    Args:
        recognizer: makes the predictions.
        crop: uint8 (H, W), (H, W, 1) or (H, W, 3) RGB.

    Raises:
        ValueError: the crop is not uint8 (H, W), (H, W, 1) or (H, W, 3).
    """
    return Explanation(measure_occlusion(recognizer, crop), tuple(predict_at_sizes(recognizer, crop)))


def measure_occlusion(recognizer: Recognizer, crop: NDArray[np.uint8]) -> Occlusion:
    """Measure how much the probability of the answer falls when each part of a crop is hidden.

    A crop larger than the network's input is shrunk first. Crops with a hidden part keep the effective size of
    the whole crop; otherwise the map would also show how a patch changes the estimated size.

    Example:
        >>> measure_occlusion(Recognizer(), np.full((20, 20), 90, np.uint8)).falls.shape
        (16, 16)

    Args:
        recognizer: makes the predictions.
        crop: uint8 (H, W), (H, W, 1) or (H, W, 3) RGB.

    Raises:
        ValueError: the crop is not uint8 (H, W), (H, W, 1) or (H, W, 3).
    """
    full = gray(crop, luma=recognizer.metadata.crop.luma)
    (prediction,) = recognizer.predict([full])
    largest_px = recognizer.metadata.preprocessing.largest_px
    height, width = (min(length, largest_px) for length in full.shape)
    shrunk = resize(full.astype(np.float32), height, width, "area")
    mean = _local_means(height) @ shrunk @ _local_means(width).T
    windows = np.einsum("iy,jx->ijyx", _windows(height), _windows(width)).reshape(-1, height, width)
    hidden = np.rint(np.concatenate([shrunk[None], shrunk + windows * (mean - shrunk)]))
    logits, _ = recognizer.logits(np.clip(hidden, 0, 255).astype(np.uint8)[..., None])
    effective_px = prediction.face_px if prediction.effective_px is None else prediction.effective_px
    calibrated = recognizer.calibrate(logits, np.full(len(logits), effective_px), recognizer.prior).probabilities
    answer = calibrated[:, recognizer.labels.index(prediction.expression)]
    return Occlusion(full, prediction, (answer[0] - answer[1:]).reshape(GRID, GRID))


def predict_at_sizes(recognizer: Recognizer, crop: NDArray[np.uint8], sizes: Sequence[int] = SIZES_PX) -> list[Reduced]:
    """Predict the same face at several sizes, in order.

    Example:
        >>> [len(reduced.crop) for reduced in predict_at_sizes(Recognizer(), np.full((20, 20), 90, np.uint8), [48, 10])]
        [20, 10]

    Args:
        recognizer: makes the predictions.
        crop: uint8 (H, W), (H, W, 1) or (H, W, 3) RGB.
        sizes: sides of the square in pixels, shrunk by area averaging. Sizes above the crop's own side give the
            original crop, once.

    Raises:
        ValueError: the crop is not uint8 (H, W), (H, W, 1) or (H, W, 3).
    """
    full = gray(crop, luma=recognizer.metadata.crop.luma)
    own_px = min(full.shape)
    crops = [shrink(full, size) for size in dict.fromkeys(min(size, own_px) for size in sizes)]
    return [Reduced(small, prediction) for small, prediction in zip(crops, recognizer.predict(crops), strict=True)]


def _windows(length: int) -> NDArray[np.float32]:
    """Compute how much of each pixel the patch hides at each position.

    Returns 0..1, float32 (``GRID``, length).
    The middle half of the patch hides everything; from there it fades as a cosine to zero, half a patch further out.
    """
    centers = (np.arange(GRID) + 0.5) / GRID
    pixels = (np.arange(length) + 0.5) / length
    patches = np.abs(pixels[None, :] - centers[:, None]) / PATCH
    return (0.5 + 0.5 * np.cos(np.pi * np.clip(2 * patches - 0.5, 0, 1))).astype(np.float32)


def _local_means(length: int) -> NDArray[np.float32]:
    """Compute a Gaussian of half a patch, float32 (length, length); each row sums to 1."""
    pixels = np.arange(length) / length
    weights = np.exp(-0.5 * ((pixels[:, None] - pixels[None, :]) / (PATCH / 2)) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)
