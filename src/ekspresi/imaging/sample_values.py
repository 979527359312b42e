"""Turn samples of any type and range into 8-bit RGB.

In: integers or floats. Out: uint8. Does not know about files.

Few files say which value is white. Otherwise these rules hold. The *bright end* is the value that 99.9 % of the
samples above black do not exceed, so that single hot pixels do not count. White is

    integers    the smallest of 255, 1023, 4095, 16383, 65535 (signed: 32767) and the largest value of the type that
                is not below the bright end: 8, 10, 12, 14 or all bits are used
    floats      the smallest of 1, 255, 1023, 4095, 16383 and 65535 that is at least 4/5 of the bright end: resampling
                overshoots

A white of which less than a 16th would be used is too bright, except the smallest: then the bright end is white. If
more than 0.1 % of the samples are negative, the picture is stretched from its dark end to its bright end. Values
beyond black and white are clipped; NaN is black.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

OUTLIERS = 0.001
"""Share of samples beyond the bright end."""
OVERSHOOT = 1.25
"""Bright end of floats, as a multiple of white, up to which the picture is clipped."""
FILLED = 1 / 16
"""Share of a range that the bright end reaches."""

_INTEGER_WHITES: tuple[float, ...] = (255.0, 1023.0, 4095.0, 16383.0, 65535.0)
_FLOAT_WHITES: tuple[float, ...] = (1.0, *_INTEGER_WHITES)


def to_8_bits(samples: NDArray[Any], white: float | None = None) -> NDArray[np.uint8]:
    """Scale samples so that black is 0 and white is 255.

    Args:
        samples: integers or floats of any shape.
        white: the value of white, where the file states it; None to guess it, see the module.

    Example:
        >>> to_8_bits(np.array([0, 2048, 4095], np.uint16)).tolist()
        [0, 128, 255]
        >>> to_8_bits(np.array([0, 2048, 4095], np.uint16), white=65535).tolist()
        [0, 8, 16]
    """
    black, white = (0.0, white) if white is not None else value_range(samples)
    if samples.dtype == np.uint8 and (black, white) == (0.0, 255.0):
        return samples
    out = np.empty(samples.shape, dtype=np.uint8)
    for row in range(0, len(samples), 256):  # in parts: 64-bit floats of a whole picture need much memory
        part = samples[row : row + 256].astype(np.float64)
        part -= black
        part *= 255 / max(white - black, 1e-300)
        np.nan_to_num(part, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
        out[row : row + 256] = np.rint(np.clip(part, 0, 255, out=part), out=part)
    return out


def value_range(samples: NDArray[Any]) -> tuple[float, float]:
    """Guess the values of black and white of samples, see the module.

    Example:
        >>> value_range(np.array([0.0, 0.5, 1.02]))
        (0.0, 1.0)
    """
    values = samples[np.isfinite(samples)] if samples.dtype.kind == "f" else samples.reshape(-1)
    outliers = int(OUTLIERS * values.size)
    if np.count_nonzero(values < 0) > outliers:
        dark, bright = (float(np.partition(values, at)[at]) for at in (outliers, values.size - 1 - outliers))
        return dark, bright
    lit = values[values > 0]
    if lit.size == 0:
        return 0.0, 1.0
    at = lit.size - 1 - int(OUTLIERS * lit.size)
    bright = float(np.partition(lit, at)[at])
    if samples.dtype.kind == "f":
        whites, slack = _FLOAT_WHITES, OVERSHOOT
    else:
        largest = float(np.iinfo(samples.dtype).max)
        whites, slack = (*(white for white in _INTEGER_WHITES if white < largest), largest), 1.0
    white = next((white for white in whites if bright <= white * slack), None)
    if white is None or (white != whites[0] and bright < white * FILLED):
        return 0.0, bright
    return 0.0, white


def on_white(colors: NDArray[np.uint8], alpha: NDArray[np.uint8], *, premultiplied: bool = False) -> NDArray[np.uint8]:
    """Blend colors with white, as a browser does.

    Args:
        colors: uint8 (H, W, C).
        alpha: uint8 (H, W), 255 is opaque.
        premultiplied: the colors are multiplied by alpha already.

    Returns:
        uint8 (H, W, C).

    Example:
        >>> on_white(np.zeros((1, 1, 3), np.uint8), np.full((1, 1), 128, np.uint8)).tolist()
        [[[127, 127, 127]]]
    """
    share = alpha[:, :, None].astype(np.float32) / np.float32(255)
    shown = colors.astype(np.float32) if premultiplied else colors * share
    return np.rint(np.minimum(shown + 255 * (1 - share), 255)).astype(np.uint8)
