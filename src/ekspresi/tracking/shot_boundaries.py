"""Detect shot boundaries: frames that show another scene than the frame before.

In: the frames of one video in order. Out: yes or no for each. Does not know about faces, tracks or time.

Two frames belong to one shot if their thumbnails correlate after a small shift. The measure is the largest normalized
cross-correlation over shifts of up to a fifth of the frame, by Fourier transform (Lewis, Fast Template Matching, 1995).
Porter, Mirmehdi and Thomas use it for the same purpose (Video Cut Detection using Frequency Domain Correlation, ICPR
2000). Four changes keep false boundaries rare:

- Each cell is measured against the mean and contrast of its surroundings. Light, exposure and gamma change neither.
- Structure as weak as noise counts as agreement. The noise is measured in the frame itself, from two halves of the
  samples of each cell. So plain walls and dark, noisy scenes are not boundaries.
- Where there is too little structure, the color of most of the frame decides: another hue is a boundary. More light,
  a flash or a camera that turns to gray at night change the strength of a color, not its hue.
- Black and white frames show nothing and are skipped. A frame is compared with the last one that showed something.

The thresholds were chosen on frame pairs like those of ``benchmarks/shot_boundaries.py``, which measures the error
rates. Two cases stay undetected: a dissolve, in which no frame starts a new scene, and a cut to another person before
the same wall.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_SIMILARITY = 0.42
"""Correlation below which two frames belong to two shots."""
MIN_HUE_COSINE = 0.5
"""Cosine between two colors below which their hues differ: 60 degrees."""
MIN_COLOR = 0.05
"""Smallest distance from gray of a color with a hue, in fractions of red, green and blue."""
BLACK, WHITE = 12.0, 240.0
"""Gray levels: a frame that is darker, or lighter, almost everywhere shows nothing."""

_ROWS, _COLUMNS = 27, 48
"""Cells of a thumbnail."""
_SAMPLES = 4
"""Pixels sampled in each cell, down and across: enough to average noise away."""
_MAX_SHIFT = (5, 10)
"""Largest shift between two thumbnails in cells, down and across."""
_SURROUNDINGS = 4
"""Radius of a cell's surroundings, in cells."""
_MIN_CONTRAST = 2.0
"""Contrast below which structure does not count, in gray levels; twice the noise where that is more."""
_AGREEMENT = 0.15
"""Structure that all cells share besides their own, 0..1: as much as noise alone could produce."""
_DARK = 20.0
"""Gray levels added to each channel before color fractions are taken: black has no hue."""

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_SIZE = (32, 60)  # of transforms: cells plus largest shift, so that nothing wraps around an edge

_Array = NDArray[np.float32]


class ShotBoundaryDetector:
    """Compare the frames of one video in order; use a new detector for each video.

    Example:
        >>> detector = ShotBoundaryDetector()
        >>> brown, blue = (np.full((90, 160, 3), color, np.uint8) for color in ((120, 90, 60), (40, 60, 110)))
        >>> [detector.update(frame) for frame in (brown, brown, blue)]
        [False, False, True]
    """

    def __init__(self) -> None:
        self._before: _Signature | None = None
        self._shape: tuple[int, ...] | None = None

    def update(self, image: NDArray[np.uint8]) -> bool:
        """Return whether the next frame starts a new shot.

        A frame of another size starts one too, because positions in it cannot be compared.

        Args:
            image: uint8 (H, W, 3) RGB.
        """
        resized = self._shape not in (None, image.shape)
        self._shape = image.shape
        signature = _signature(image)
        if signature is None:
            if resized:
                self._before = None
            return resized
        before, self._before = self._before, signature
        return resized or (before is not None and _differ(before, signature))


@dataclass(frozen=True, slots=True)
class _Signature:
    """Hold the features by which a frame is compared.

    Attributes:
        structure, power: Fourier transforms of the structure (rows, columns) and of its square.
        color: median distance from gray (3,), in fractions of red, green and blue.
    """

    structure: NDArray[np.complexfloating]
    power: NDArray[np.complexfloating]
    color: _Array


def similarity(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Compute how well the structures of two images correlate at the best shift.

    Example:
        >>> image = np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8)
        >>> round(similarity(image, image), 3), similarity(image, np.zeros_like(image))
        (1.0, 0.0)

    Args:
        one: uint8 (H, W, 3) RGB.
        other: the same; its size may differ.

    Returns:
        At most 1; 0 where an image is black or white.
    """
    signatures = _signature(one), _signature(other)
    return 0.0 if signatures[0] is None or signatures[1] is None else _similarity(signatures[0], signatures[1])


def _differ(before: _Signature, now: _Signature) -> bool:
    return _similarity(before, now) < MIN_SIMILARITY or _differ_in_hue(before.color, now.color)


def _similarity(before: _Signature, now: _Signature) -> float:
    shared = _shifted_products(before.structure, now.structure)
    energies = _shifted_products(before.power, _WHOLE), _shifted_products(_WHOLE, now.power)
    whole = np.sqrt((np.maximum(energies[0], 0) + _COMMON) * (np.maximum(energies[1], 0) + _COMMON))
    return float(((shared + _COMMON) / whole).max())


def _differ_in_hue(one: _Array, other: _Array) -> bool:
    lengths = float(np.linalg.norm(one)), float(np.linalg.norm(other))
    return min(lengths) > MIN_COLOR and float(one @ other) < MIN_HUE_COSINE * lengths[0] * lengths[1]


def _signature(image: NDArray[np.uint8]) -> _Signature | None:
    """Compute the features of a frame; None where it shows nothing."""
    cells, noise = _thumbnail(image)
    gray = cells @ _LUMA
    if np.percentile(gray, 95) < BLACK or np.percentile(gray, 5) > WHITE:
        return None
    detail = gray - _average_around(gray)
    detail /= np.sqrt(_average_around(detail * detail) + _MIN_CONTRAST**2 * (1 + noise**2))
    fractions = cells / (cells.sum(axis=-1, keepdims=True) + 3 * _DARK)
    color = np.median((fractions - fractions.mean(axis=-1, keepdims=True)).reshape(-1, 3), axis=0).astype(np.float32)
    return _Signature(np.fft.rfft2(detail, _SIZE), np.fft.rfft2(detail * detail, _SIZE), color)


def _thumbnail(image: NDArray[np.uint8]) -> tuple[_Array, float]:
    """Average an image into cells (rows, columns, 3); measure the noise of their gray."""
    rows, columns = (
        ((np.arange(count * _SAMPLES) + 0.5) * length / (count * _SAMPLES)).astype(np.intp)
        for count, length in ((_ROWS, image.shape[0]), (_COLUMNS, image.shape[1]))
    )
    samples: _Array = image[rows].take(columns, axis=1).astype(np.float32)
    samples = samples.reshape(_ROWS, _SAMPLES, _COLUMNS, _SAMPLES, 3)
    slices = _average([samples[:, i] for i in range(_SAMPLES)])
    even, odd = (_average([slices[:, :, i] for i in range(start, _SAMPLES, 2)]) for start in (0, 1))
    noise = 1.48 * float(np.median(np.abs((even - odd) @ _LUMA))) / 2  # the median ignores edges
    return _average([even, odd]), noise


def _average(parts: list[_Array]) -> _Array:
    """Average arrays; faster than the mean over an axis of one array."""
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    total /= len(parts)
    return total


def _average_around(values: _Array) -> _Array:
    """Average the surroundings of each cell; beyond the edge the edge repeats."""
    width = 2 * _SURROUNDINGS + 1
    wide = np.pad(values, ((_SURROUNDINGS + 1, _SURROUNDINGS), (_SURROUNDINGS + 1, _SURROUNDINGS)), mode="edge")
    sums = wide.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    totals = sums[width:, width:] - sums[:-width, width:] - sums[width:, :-width] + sums[:-width, :-width]
    return np.asarray(totals / width**2, dtype=np.float32)


def _shifted_products(one: NDArray[np.complexfloating], other: NDArray[np.complexfloating]) -> NDArray[np.float64]:
    """Sum the products of two transformed thumbnails at each allowed shift of the first."""
    sums = np.fft.irfft2(one.conj() * other, _SIZE)
    down, across = _MAX_SHIFT
    return np.asarray(np.roll(sums, _MAX_SHIFT, axis=(0, 1))[: 2 * down + 1, : 2 * across + 1], dtype=np.float64)


_WHOLE = np.fft.rfft2(np.ones((_ROWS, _COLUMNS)), _SIZE)
_COMMON = _AGREEMENT * _shifted_products(_WHOLE, _WHOLE)
