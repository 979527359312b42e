"""Measure boxes: area, intersection over union, non-maximum suppression.

In: boxes as x1, y1, x2, y2 in pixels. Out: numbers. Knows nothing of faces and of networks.
"""

import numpy as np
from numpy.typing import NDArray

from ekspresi.types import Box

_TOGETHER = 32
"""Boxes that ``nms`` compares with all others at once: 1 kB for each other box."""


def area(box: Box) -> float:
    """Compute the area of a box in square pixels; negative or zero for one that is inside out."""
    x1, y1, x2, y2 = box
    return (x2 - x1) * (y2 - y1)


def nms(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], threshold: float, of_smaller: bool = False
) -> NDArray[np.int64]:
    """Non-maximum suppression: boxes (n, 4), scores (n,) -> indices of those kept, best first.

    Args:
        boxes: x1, y1, x2, y2.
        scores: higher is better.
        threshold: a box goes where it overlaps a better one by more than this, 0..1.
        of_smaller: measure the overlap by the smaller box instead of by the union.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = boxes[order]
    areas = np.prod(np.maximum(ranked[:, 2:] - ranked[:, :2], 0), axis=1)
    left = np.arange(len(order))
    kept = [np.zeros(0, dtype=np.int64)]
    while len(left):
        # The best few against all at once: one by one, calls cost more than what they compute.
        some = left[:_TOGETHER]
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
    """Boxes (T, 4) and (M, 4) -> IoU (T, M) of the boxes, each widened on every side by the margin (T,) of the first.

    What is widened keeps a sense of size: a face of 8 px in the middle of one of 40 px has an IoU of 0.25.
    """
    margin = margins_px[:, None, None]
    low_one, high_one = one[:, None, :2] - margin, one[:, None, 2:] + margin
    low_other, high_other = other[None, :, :2] - margin, other[None, :, 2:] + margin
    sides = np.minimum(high_one, high_other) - np.maximum(low_one, low_other)
    shared = np.clip(sides, 0, None).prod(axis=-1)
    whole = (high_one - low_one).prod(axis=-1) + (high_other - low_other).prod(axis=-1) - shared
    return np.asarray(shared / whole, dtype=np.float64)
