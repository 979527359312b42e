"""Where a face's label goes: boxes -> the best free spot near a face.

In: sizes and boxes in pixels. Out: positions. Knows nothing of pictures, text or expressions.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ekspresi.types import Box

GOOD = 0.035
"""Cost up to which a fuller label is kept: nothing hidden, up to three steps away from its face."""
BEARABLE = 0.3
"""Cost above which no label is better than one that hides faces or other labels."""

_ROUND = 10
_SPOTS = 4 * _ROUND
"""Places around a face: ten in each of four steps away from it."""
_AWAY = 0.01
"""Cost of each step."""


class Spot(NamedTuple):
    """Where one of a face's labels can stand.

    Attributes:
        label: which of the labels.
        number: which of the places around the face: the same number is the same place beside a face that moved.
        x, y: upper left corner, pixels.
        cost: what it hides; the shares of faces and labels, weighted.
    """

    label: int
    number: int
    x: int
    y: int
    cost: float


def place_label(
    sizes: Sequence[tuple[int, int]],
    frame: Box,
    frames: Sequence[Box],
    taken: Sequence[Box],
    picture: tuple[int, int],
    gap: int,
    good: float = GOOD,
    bearable: float = BEARABLE,
) -> Spot | None:
    """The label that fits near a face -> its spot; None where none fits.

    Args:
        sizes: width and height of the labels to choose from, the fullest first.
        frame: the face.
        frames: all faces of the picture, which should not be covered.
        taken: boxes of the labels placed so far, which must not be covered.
        picture: width and height of the picture, which labels never leave.
        gap: pixels to keep between two labels.
        good: cost up to which a fuller label is kept.
        bearable: cost above which there is none.
    """
    best: Spot | None = None
    for label, size in enumerate(sizes):
        for number in range(_SPOTS):
            if best is not None and best.cost <= _AWAY * (number // _ROUND):
                break  # none that is as far away costs less
            spot = evaluate_spot(label, number, size, frame, frames, taken, picture, gap)
            if best is None or spot.cost < best.cost - 1e-9:
                best = spot
        if best is not None and best.cost < good:
            break
    return None if best is None or best.cost > bearable else best


def nearby(boxes: Sequence[Box], frame: Box, sizes: Sequence[tuple[int, int]], gap: int) -> list[Box]:
    """Which of many boxes labels of these sizes could meet at all, wherever they stand around a face."""
    width, height = (max(lengths) for lengths in zip(*sizes, strict=True))
    reach = max(width, height) + (_SPOTS // _ROUND - 1) * (height + gap) + 2 * gap
    low_x, low_y, high_x, high_y = frame[0] - reach, frame[1] - reach, frame[2] + reach, frame[3] + reach
    return [box for box in boxes if box[0] < high_x and low_x < box[2] and box[1] < high_y and low_y < box[3]]


def evaluate_spot(
    label: int,
    number: int,
    size: tuple[int, int],
    frame: Box,
    frames: Sequence[Box],
    taken: Sequence[Box],
    picture: tuple[int, int],
    gap: int,
) -> Spot:
    """A label of some size and the number of a place -> the spot, and what it costs to stand there."""
    width, height = size
    x, y, steps = _place(number, width, height, frame, picture, gap)
    box = (x, y, x + width, y + height)
    apart = (x - gap, y - gap, x + width + gap, y + height + gap)
    others = [other for other in frames if other != frame]
    hidden = sum(_hidden(other, box) for other in others) + 3 * _hidden(frame, box)
    hidden += 3 * sum(max(_hidden(other, apart), _hidden(apart, other)) for other in taken)
    cost = hidden + _AWAY * steps
    if line := leader(frame, box, gap):
        cost += 0.2 * any(_crosses(line, other) for other in (*others, *taken))
    return Spot(label, number, x, y, cost)


def leader(frame: Box, label: Box, gap: int) -> Box | None:
    """The line from a face to its label -> its ends x1, y1, x2, y2; None where the two are neighbors."""
    (x1, x2), (y1, y2) = (_nearest(frame[i], frame[i + 2], label[i], label[i + 2]) for i in (0, 1))
    return (x1, y1, x2, y2) if abs(x2 - x1) + abs(y2 - y1) > 2 * gap else None


def _place(
    number: int, width: int, height: int, frame: Box, picture: tuple[int, int], gap: int
) -> tuple[int, int, int]:
    """One of the places around a face, pushed inside the picture -> x, y, steps away from the face.

    The best have the lowest numbers: in each step three above, three below, two to the right and two to the left.
    """
    x1, y1, x2, y2 = (round(edge) for edge in frame)
    steps, which = divmod(number, _ROUND)
    away = gap // 2 + steps * (height + gap)
    if which < 6:
        x = (x1, (x1 + x2 - width) // 2, x2 - width)[which % 3]
        y = (y1 - away - height, y2 + away)[which // 3]
    else:
        x = (x2 + away, x1 - away - width)[(which - 6) // 2]
        y = (y1, y2 - height)[which % 2]
    right, bottom = max(0, picture[0] - width), max(0, picture[1] - height)
    return min(max(x, 0), right), min(max(y, 0), bottom), steps


def _nearest(a1: float, a2: float, b1: float, b2: float) -> tuple[float, float]:
    """The closest points of two intervals a and b; the middle of what they share where they overlap."""
    if a2 < b1:
        return a2, b1
    if b2 < a1:
        return a1, b2
    middle = (max(a1, b1) + min(a2, b2)) / 2
    return middle, middle


def _hidden(box: Box, by: Box) -> float:
    """The share of a box that another covers, 0..1."""
    width, height = min(box[2], by[2]) - max(box[0], by[0]), min(box[3], by[3]) - max(box[1], by[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / ((box[2] - box[0]) * (box[3] - box[1]))


def _crosses(line: Box, box: Box) -> bool:
    """Whether a line may cross a box, judged by the line's bounding box."""
    x1, x2 = sorted((line[0], line[2]))
    y1, y2 = sorted((line[1], line[3]))
    return x1 < box[2] and box[0] < x2 + 1 and y1 < box[3] and box[1] < y2 + 1
