"""Frames of one video, one after another -> where a cut lies: what is seen is another scene than in the frame before.

In: pictures. Out: yes or no for each. Knows nothing of faces, tracks or time.

Two pictures are of one scene where the one, moved a little, has the same structure as the other: the largest normalized
cross-correlation of two thumbnails over moves of up to a fifth of the picture (by Fourier transform: Lewis, Fast
Template Matching, 1995; correlation of reduced pictures as a test for cuts: Porter, Mirmehdi, Thomas, Video Cut
Detection using Frequency Domain Correlation, ICPR 2000). Changed, so that only cuts are told:

- Each cell is measured against the mean and contrast of its surroundings: light, exposure and gamma change neither.
- What noise alone could make counts as agreeing. Noise is measured in the picture itself, by two halves of the samples
  of each cell. So plain walls and dark, noisy scenes are no cuts, and what is plain in both tells nothing.
- Where structure is too scarce to tell, the color of most of the picture does, if it turns to another hue. More or
  less light, a flash, a camera that goes over to gray at night only make colors stronger or weaker.
- Black and white frames show nothing, and are passed over: a scene is compared to the last that was seen.

Thresholds were chosen on pairs of such pictures as ``benchmarks/shot_boundaries.py`` makes films of, which tells how
often it is right. What it cannot tell: a dissolve, in which no frame begins another scene; a cut to another person
before the same wall.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_SIMILARITY = 0.42
"""Correlation below which two pictures are of two scenes."""
LEAST_HUE = 0.5
"""Cosine between two colors below which they are two hues: 60 degrees apart."""
LEAST_COLOR = 0.05
"""How far a color must be from gray, in shares of red, green and blue, to have a hue."""
BLACK, WHITE = 12.0, 240.0
"""A picture that is darker, or lighter, almost everywhere shows nothing."""

_ROWS, _COLUMNS = 27, 48
"""Cells of a thumbnail."""
_SAMPLES = 4
"""Pixels down and across that are looked at in each cell: enough to average noise away."""
_REACH = (5, 10)
"""How many cells the one picture may be moved, down and across."""
_AROUND = 4
"""What lies within so many cells is a cell's surroundings."""
_FLOOR = 2.0
"""Contrast, in gray levels, and twice the noise, below which structure counts as none."""
_AGREEING = 0.15
"""Structure that every cell has in common with every other, beside its own, at most 1: what noise could make."""
_DARK = 20.0
"""Gray levels that are added to each channel before shares of color are taken: what is black has no hue."""

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_SIZE = (32, 60)  # of transforms: at least cells and reach, so that what is moved out at one edge comes in nowhere

_Array = NDArray[np.float32]


class ShotBoundaryDetector:
    """Looks at the frames of one video in turn; for another one make another."""

    def __init__(self) -> None:
        self._before: _Signature | None = None
        self._shape: tuple[int, ...] | None = None

    def __call__(self, image: NDArray[np.uint8]) -> bool:
        """The next frame, uint8 (H, W, 3) RGB -> whether it shows another scene than the last one that showed any.

        A picture of another size is a cut too: places in it cannot be compared to those before.
        """
        resized = self._shape not in (None, image.shape)
        self._shape = image.shape
        look = _signature(image)
        if look is None:
            if resized:
                self._before = None
            return resized
        before, self._before = self._before, look
        return resized or (before is not None and _another(before, look))


@dataclass(frozen=True, slots=True)
class _Signature:
    """What is remembered of a picture.

    Attributes:
        structure, power: Fourier transforms of the structure (rows, columns) and of its square.
        color: of most of it, its distance from gray (3,), in shares.
    """

    structure: NDArray[np.complexfloating]
    power: NDArray[np.complexfloating]
    color: _Array


def similarity(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Two pictures -> how alike their structures are, at most 1, wherever the one is moved; 0 where one is black."""
    looks = _signature(one), _signature(other)
    return 0.0 if looks[0] is None or looks[1] is None else _similarity(looks[0], looks[1])


def _another(before: _Signature, now: _Signature) -> bool:
    return _similarity(before, now) < MIN_SIMILARITY or _other_hue(before.color, now.color)


def _similarity(before: _Signature, now: _Signature) -> float:
    shared = _moved(before.structure, now.structure)
    energies = _moved(before.power, _WHOLE), _moved(_WHOLE, now.power)
    whole = np.sqrt((np.maximum(energies[0], 0) + _COMMON) * (np.maximum(energies[1], 0) + _COMMON))
    return float(((shared + _COMMON) / whole).max())


def _other_hue(one: _Array, other: _Array) -> bool:
    lengths = float(np.linalg.norm(one)), float(np.linalg.norm(other))
    return min(lengths) > LEAST_COLOR and float(one @ other) < LEAST_HUE * lengths[0] * lengths[1]


def _signature(image: NDArray[np.uint8]) -> _Signature | None:
    """A picture -> what to remember of it; None where it shows nothing."""
    cells, noise = _thumbnail(image)
    gray = cells @ _LUMA
    if np.percentile(gray, 95) < BLACK or np.percentile(gray, 5) > WHITE:
        return None
    detail = gray - _around(gray)
    detail /= np.sqrt(_around(detail * detail) + _FLOOR**2 * (1 + noise**2))
    shares = cells / (cells.sum(axis=-1, keepdims=True) + 3 * _DARK)
    color = np.median((shares - shares.mean(axis=-1, keepdims=True)).reshape(-1, 3), axis=0).astype(np.float32)
    return _Signature(np.fft.rfft2(detail, _SIZE), np.fft.rfft2(detail * detail, _SIZE), color)


def _thumbnail(image: NDArray[np.uint8]) -> tuple[_Array, float]:
    """A picture of any size -> means of its cells (rows, columns, 3), and the noise of their gray."""
    rows, columns = (
        ((np.arange(count * _SAMPLES) + 0.5) * length / (count * _SAMPLES)).astype(np.intp)
        for count, length in ((_ROWS, image.shape[0]), (_COLUMNS, image.shape[1]))
    )
    samples: _Array = image[rows].take(columns, axis=1).astype(np.float32)
    samples = samples.reshape(_ROWS, _SAMPLES, _COLUMNS, _SAMPLES, 3)
    slices = _mean([samples[:, i] for i in range(_SAMPLES)])
    even, odd = (_mean([slices[:, :, i] for i in range(start, _SAMPLES, 2)]) for start in (0, 1))
    noise = 1.48 * float(np.median(np.abs((even - odd) @ _LUMA))) / 2  # the median ignores edges
    return _mean([even, odd]), noise


def _mean(parts: list[_Array]) -> _Array:
    """The mean of arrays; quicker than that of an axis of one."""
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    total /= len(parts)
    return total


def _around(values: _Array) -> _Array:
    """Means of the surroundings of each cell; the picture's edge goes on beyond it."""
    side = 2 * _AROUND + 1
    wide = np.pad(values, ((_AROUND + 1, _AROUND), (_AROUND + 1, _AROUND)), mode="edge")
    sums = wide.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    boxes = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return np.asarray(boxes / side**2, dtype=np.float32)


def _moved(one: NDArray[np.complexfloating], other: NDArray[np.complexfloating]) -> NDArray[np.float64]:
    """Transforms of two thumbnails -> sums of their products, for each move of the one within reach."""
    sums = np.fft.irfft2(one.conj() * other, _SIZE)
    down, across = _REACH
    return np.asarray(np.roll(sums, _REACH, axis=(0, 1))[: 2 * down + 1, : 2 * across + 1], dtype=np.float64)


_WHOLE = np.fft.rfft2(np.ones((_ROWS, _COLUMNS)), _SIZE)
_COMMON = _AGREEING * _moved(_WHOLE, _WHOLE)
