"""Measure boxes: area, intersection over union, non-maximum suppression.

In: boxes as x1, y1, x2, y2 in pixels. Out: numbers. Does not know about faces or networks.
"""

import numpy as np
from numpy.typing import NDArray

from ekspresi.types import Box

_CHUNK = 32
"""Number of boxes that ``nms`` compares with all others at once: 1 kB per other box."""


def area(box: Box) -> float:
    """Compute the area of a box in square pixels; zero or negative where its corners are swapped.

    Example:
        >>> area((10, 10, 30, 20))
        200
    """
    x1, y1, x2, y2 = box
    return (x2 - x1) * (y2 - y1)


def nms(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], threshold: float, of_smaller: bool = False
) -> NDArray[np.int64]:
    """Suppress boxes that overlap a better one; return the indices of the others, best first.

    Args:
        boxes: x1, y1, x2, y2, (n, 4).
        scores: (n,), higher is better.
        threshold: largest overlap with a better box, 0..1.
        of_smaller: divide the overlap by the smaller box instead of by the union.

    Example:
        >>> boxes = np.float32([[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10]])
        >>> nms(boxes, np.float32([0.8, 0.9, 0.7]), threshold=0.5).tolist()
        [1, 2]
    """
    order = np.argsort(-scores, kind="stable")
    ranked = boxes[order]
    areas = np.prod(np.maximum(ranked[:, 2:] - ranked[:, :2], 0), axis=1)
    left = np.arange(len(order))
    kept = [np.zeros(0, dtype=np.int64)]
    while len(left):
        # The best few against all at once: one by one, calls cost more than what they compute.
        some = left[:_CHUNK]
        low = np.maximum(ranked[some, None, :2], ranked[left, :2])
        high = np.minimum(ranked[some, None, 2:], ranked[left, 2:])
        sides = np.maximum(high - low, 0)
        shared = sides[..., 0] * sides[..., 1]
        smaller = np.minimum(areas[some, None], areas[left])
        whole = smaller if of_smaller else areas[some, None] + areas[left] - shared
        apart = shared <= threshold * whole
        good = np.ones(len(some), dtype=np.bool_)
        for i in range(len(some)):
            if good[i]:
                good[i + 1 :] &= apart[i, i + 1 : len(some)]
        kept.append(some[good])
        left = left[len(some) :][apart[good, len(some) :].all(axis=0)]
    return np.asarray(order[np.concatenate(kept)])


def iou(one: NDArray[np.float64], other: NDArray[np.float64], margins_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the intersection over union (T, M) of boxes (T, 4) and (M, 4), widened by margins (T,).

    Both boxes of a pair are widened on every side by the margin of the first, in pixels. Widened boxes still differ by
    size: with a margin of 12 px, a face of 8 px in the middle of one of 40 px has an IoU of 0.25.

    Example:
        >>> one, other = np.array([[0.0, 0.0, 10.0, 10.0]]), np.array([[5.0, 0.0, 15.0, 10.0]])
        >>> iou(one, other, margins_px=np.zeros(1)).round(2).tolist()
        [[0.33]]
    """
    margin = margins_px[:, None, None]
    low_one, high_one = one[:, None, :2] - margin, one[:, None, 2:] + margin
    low_other, high_other = other[None, :, :2] - margin, other[None, :, 2:] + margin
    sides = np.minimum(high_one, high_other) - np.maximum(low_one, low_other)
    shared = np.clip(sides, 0, None).prod(axis=-1)
    whole = (high_one - low_one).prod(axis=-1) + (high_other - low_other).prod(axis=-1) - shared
    return np.asarray(shared / whole, dtype=np.float64)
