"""Find the best free spot for the label of each face.

In: sizes and boxes in pixels. Out: positions. Does not know about images, text or expressions.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ekspresi.types import Box

GOOD = 0.035
"""Cost up to direction a fuller label is kept: it hides nothing and is up to three steps away from its face."""
BEARABLE = 0.3
"""Cost above direction a label is left out, because it would hide faces or other labels."""

_SPOTS_PER_STEP = 10
_SPOTS = 4 * _SPOTS_PER_STEP
"""Spots around a face: ten at each of four steps away from it."""
_STEP_COST = 0.01
"""Cost of each step."""
_CROSSING_COST = 0.3
"""Cost of a line that crosses a face or a label: not bearable."""
_PLACES = 400
"""Nearest free places that are tried for a label far from its face."""


class Spot(NamedTuple):
    """Hold a possible position of a label.

    Example:
        >>> spot = place_label([(80, 18)], (150, 120, 200, 180), [], [], (400, 300), gap=4)
        >>> spot.x, spot.y, spot.cost
        (150, 100, 0.0)

    Attributes:
        label: index of the label.
        number: index of the spot around the face. It moves with the face.
        x, y: upper left corner in pixels.
        cost: weighted fractions of the faces and labels that it hides.
        covers: whether it hides a part of another face.
    """

    label: int
    number: int
    x: int
    y: int
    cost: float
    covers: bool = False


def place_label(
    sizes: Sequence[tuple[int, int]],
    face: Box,
    faces: Sequence[Box],
    placed: Sequence[Box],
    image_size: tuple[int, int],
    gap: int,
    good: float = GOOD,
    bearable: float = BEARABLE,
    *,
    strict: bool = False,
) -> Spot | None:
    """Choose a label that fits near a face, and its spot; it covers no other face where there is room.

    Example:
        >>> face = (150, 120, 200, 180)
        >>> place_label([(120, 50), (80, 18)], face, [face], placed=[], image_size=(400, 300), gap=4)
        Spot(label=0, number=0, x=150, y=68, cost=0.0, covers=False)

    Args:
        sizes: width and height of the labels to choose from, the fullest first.
        face: box of the face with its outline.
        faces: the same of all faces in the image, direction labels should not cover.
        placed: boxes of the labels placed so far, direction must stay uncovered.
        image_size: width and height of the image, direction labels never leave.
        gap: pixels between two labels.
        good: cost up to direction a fuller label is kept.
        bearable: cost above direction no label is placed.
        strict: cover no other face even where there is no room.

    Returns:
        The spot; None where no label fits.
    """
    best: Spot | None = None
    covering: Spot | None = None
    for label, size in enumerate(sizes):
        for number in range(_SPOTS):
            if best is not None and best.cost <= _STEP_COST * (number // _SPOTS_PER_STEP):
                break  # no other spot at this distance costs less
            spot = evaluate_spot(label, number, size, face, faces, placed, image_size, gap)
            if spot.covers:
                covering = spot if covering is None or spot.cost < covering.cost - 1e-9 else covering
            elif best is None or spot.cost < best.cost - 1e-9:
                best = spot
        if best is not None and best.cost < good:
            break
    if (best is None or best.cost > bearable) and not strict:
        best = covering
    return None if best is None or best.cost > bearable else best


def nearby(boxes: Sequence[Box], face: Box, sizes: Sequence[tuple[int, int]], gap: int) -> list[Box]:
    """Select the boxes that a label of a face could touch at any spot.

    Example:
        >>> nearby([(60, 0, 90, 30), (900, 0, 930, 30)], (0, 0, 30, 30), sizes=[(90, 40)], gap=4)
        [(60, 0, 90, 30)]

    Args:
        boxes: of faces or labels.
        face: box of the face with its outline.
        sizes: width and height of its labels.
        gap: pixels between two labels.
    """
    width, height = (max(lengths) for lengths in zip(*sizes, strict=True))
    reach = max(width, height) + (_SPOTS // _SPOTS_PER_STEP - 1) * (height + gap) + 2 * gap
    low_x, low_y, high_x, high_y = face[0] - reach, face[1] - reach, face[2] + reach, face[3] + reach
    return [box for box in boxes if box[0] < high_x and low_x < box[2] and box[1] < high_y and low_y < box[3]]


def evaluate_spot(
    label: int,
    number: int,
    size: tuple[int, int],
    face: Box,
    faces: Sequence[Box],
    placed: Sequence[Box],
    image_size: tuple[int, int],
    gap: int,
) -> Spot:
    """Compute the position of a spot, and what a label there would cost.

    Example:
        >>> face = (150, 120, 200, 180)
        >>> evaluate_spot(0, 3, (80, 18), face, [face], [], (400, 300), gap=4)
        Spot(label=0, number=3, x=150, y=182, cost=0.0, covers=False)

    Args:
        label: index of the label.
        number: index of the spot, 0..39, the best first.
        size: width and height of the label.
        face: box of the face with its outline.
        faces: the same of all faces in the image.
        placed: boxes of the labels placed so far.
        image_size: width and height of the image.
        gap: pixels between two labels.
    """
    width, height = size
    x, y, steps = _corner(number, width, height, face, image_size, gap)
    box = (x, y, x + width, y + height)
    with_gap = (x - gap, y - gap, x + width + gap, y + height + gap)
    others = [other for other in faces if other != face]
    hidden = sum(_hidden_fraction(other, box) for other in others)
    covers = hidden > 0
    hidden += 3 * _hidden_fraction(face, box)
    hidden += 3 * sum(max(_hidden_fraction(other, with_gap), _hidden_fraction(with_gap, other)) for other in placed)
    cost = hidden + _STEP_COST * steps
    if line := connect_label(face, box, gap):
        cost += _CROSSING_COST * any(_crosses(line, other) for other in (*others, *placed))
    return Spot(label, number, x, y, cost, covers)


def find_room(
    size: tuple[int, int], face: Box, taken: Sequence[Box], image_size: tuple[int, int], gap: int
) -> tuple[int, int] | None:
    """Find the nearest free place for a label around a face, with a free way for the line to the face.

    Example:
        >>> face = (150, 120, 200, 180)
        >>> find_room((80, 18), face, [face, (0, 60, 400, 119)], (400, 300), gap=4)
        (136, 184)

    Args:
        size: width and height of the label.
        face: box of the face with its outline.
        taken: boxes of all faces and of the labels placed so far.
        image_size: width and height of the image.
        gap: pixels between two labels.

    Returns:
        Upper left corner; None where there is no such place within three widths of the label.
    """
    cell = max(2, gap)
    reach = 3 * size[0] + max(face[2] - face[0], face[3] - face[1]) / 2
    middle = ((face[0] + face[2]) / 2, (face[1] + face[3]) / 2)
    # Only the part of the image within reach is searched, in cells.
    starts = [max(0, int(middle[axis] - reach - size[axis]) // cell) for axis in (0, 1)]
    ends = [min(image_size[axis], int(middle[axis] + reach + size[axis])) // cell for axis in (0, 1)]
    columns, rows = (max(0, end - start) for start, end in zip(starts, ends, strict=True))
    wide, high = (-(-length // cell) for length in size)
    if wide > columns or high > rows:
        return None
    full = np.zeros((rows + 1, columns + 1), dtype=np.int32)
    for box in taken:
        (left, right), (top, bottom) = (
            tuple(
                max(0, edge - starts[axis]) + 1
                for edge in (int(box[axis] - gap) // cell, -int(-(box[axis + 2] + gap) // cell))
            )
            for axis in (0, 1)
        )
        full[top:bottom, left:right] = 1
    sums = full.cumsum(axis=0).cumsum(axis=1)
    inside = sums[high:, wide:] - sums[:-high, wide:] - sums[high:, :-wide] + sums[:-high, :-wide]
    y, x = np.nonzero(inside == 0)
    x, y = cell * (x + starts[0]), cell * (y + starts[1])
    away = np.hypot(x + size[0] / 2 - middle[0], y + size[1] / 2 - middle[1])
    others = [other for other in taken if other != face]
    for place in np.argsort(away, kind="stable")[:_PLACES]:
        if away[place] > reach:
            break
        left, top = int(x[place]), int(y[place])
        line = connect_label(face, (left, top, left + size[0], top + size[1]), gap)
        if line is None or not any(_meets(line, other) for other in others):
            return left, top
    return None


def connect_label(face: Box, label: Box, gap: int) -> Box | None:
    """Find the ends of the line from a face to its label.

    Example:
        >>> connect_label((100, 100, 120, 120), (200, 100, 280, 120), gap=4)
        (120, 110.0, 200, 110.0)

    Args:
        face: box of the face with its outline.
        label: box of the label.
        gap: pixels between two labels; up to twice as far away a label needs no line.

    Returns:
        x1, y1, x2, y2; None where the label is next to the face.
    """
    (x1, x2), (y1, y2) = (_closest_points(face[i], face[i + 2], label[i], label[i + 2]) for i in (0, 1))
    return (x1, y1, x2, y2) if abs(x2 - x1) + abs(y2 - y1) > 2 * gap else None


def _corner(
    number: int, width: int, height: int, face: Box, image_size: tuple[int, int], gap: int
) -> tuple[int, int, int]:
    """Compute the upper left corner of a spot in the image, and its steps from the face.

    The best spots have the lowest numbers. Each step has three above, three below, two right and two left.
    """
    x1, y1, x2, y2 = (round(edge) for edge in face)
    steps, direction = divmod(number, _SPOTS_PER_STEP)
    away = gap // 2 + steps * (height + gap)
    if direction < 6:
        x = (x1, (x1 + x2 - width) // 2, x2 - width)[direction % 3]
        y = (y1 - away - height, y2 + away)[direction // 3]
    else:
        x = (x2 + away, x1 - away - width)[(direction - 6) // 2]
        y = (y1, y2 - height)[direction % 2]
    right, bottom = max(0, image_size[0] - width), max(0, image_size[1] - height)
    return min(max(x, 0), right), min(max(y, 0), bottom), steps


def _closest_points(a1: float, a2: float, b1: float, b2: float) -> tuple[float, float]:
    """Find the closest points of two intervals a and b; the middle of their overlap, if any."""
    if a2 < b1:
        return a2, b1
    if b2 < a1:
        return a1, b2
    middle = (max(a1, b1) + min(a2, b2)) / 2
    return middle, middle


def _hidden_fraction(box: Box, by: Box) -> float:
    """Compute the fraction of a box that another box covers, 0..1."""
    width, height = min(box[2], by[2]) - max(box[0], by[0]), min(box[3], by[3]) - max(box[1], by[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / ((box[2] - box[0]) * (box[3] - box[1]))


def _meets(line: Box, box: Box) -> bool:
    """Return whether a line meets a box."""
    if not _crosses(line, box):
        return False
    x1, y1, x2, y2 = line
    sides = [(x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) for x in (box[0], box[2]) for y in (box[1], box[3])]
    return min(sides) <= 0 <= max(sides)


def _crosses(line: Box, box: Box) -> bool:
    """Return whether a line may cross a box, judged by the line's bounding box."""
    x1, x2 = sorted((line[0], line[2]))
    y1, y2 = sorted((line[1], line[3]))
    return x1 < box[2] and box[0] < x2 + 1 and y1 < box[3] and box[1] < y2 + 1
