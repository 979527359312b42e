"""Where a face's label goes: boxes -> the best free spot near a face.

In: sizes and boxes in pixels. Out: positions. Knows nothing of pictures, text or expressions.
"""

from collections.abc import Sequence

from ekspresi.types import Box

_GOOD = 0.035
"""Cost up to which a fuller label is kept: nothing hidden, up to three steps away from its face."""
_BEARABLE = 0.3
"""Cost above which no label is better than one that hides faces or other labels."""


def place(
    sizes: Sequence[tuple[int, int]],
    frame: Box,
    frames: Sequence[Box],
    taken: Sequence[Box],
    picture: tuple[int, int],
    gap: int,
) -> tuple[int, int, int] | None:
    """The label that fits near a face -> (its index, x, y of its upper left corner); None where none fits.

    Args:
        sizes: width and height of the labels to choose from, the fullest first.
        frame: the face.
        frames: all faces of the picture, which should not be covered.
        taken: boxes of the labels placed so far, which must not be covered.
        picture: width and height of the picture, which labels never leave.
        gap: pixels to keep between two labels.
    """
    best: tuple[float, int, int, int] | None = None
    others = [other for other in frames if other != frame]
    for index, (width, height) in enumerate(sizes):
        for x, y, steps in _spots(width, height, frame, picture, gap):
            spot = (x, y, x + width, y + height)
            apart = (x - gap, y - gap, x + width + gap, y + height + gap)
            hidden = sum(_hidden(other, spot) for other in others) + 3 * _hidden(frame, spot)
            hidden += 3 * sum(max(_hidden(other, apart), _hidden(apart, other)) for other in taken)
            cost = hidden + 0.01 * steps
            if line := leader(frame, spot, gap):
                cost += 0.2 * any(_crosses(line, other) for other in (*others, *taken))
            if best is None or cost < best[0] - 1e-9:
                best = (cost, index, x, y)
        if best is not None and best[0] < _GOOD:
            break
    return None if best is None or best[0] > _BEARABLE else best[1:]


def leader(frame: Box, label: Box, gap: int) -> Box | None:
    """The line from a face to its label -> its ends x1, y1, x2, y2; None where the two are neighbours."""
    (x1, x2), (y1, y2) = (_nearest(frame[i], frame[i + 2], label[i], label[i + 2]) for i in (0, 1))
    return (x1, y1, x2, y2) if abs(x2 - x1) + abs(y2 - y1) > 2 * gap else None


def _spots(width: int, height: int, frame: Box, picture: tuple[int, int], gap: int) -> list[tuple[int, int, int]]:
    """Places around a face, pushed inside the picture -> x, y, steps away from the face, the best first."""
    x1, y1, x2, y2 = (round(edge) for edge in frame)
    right, bottom = max(0, picture[0] - width), max(0, picture[1] - height)
    spots = []
    for steps in range(4):
        away = gap // 2 + steps * (height + gap)
        for y in (y1 - away - height, y2 + away):
            spots += [(x, y, steps) for x in (x1, (x1 + x2 - width) // 2, x2 - width)]
        for x in (x2 + away, x1 - away - width):
            spots += [(x, y, steps) for y in (y1, y2 - height)]
    return [(min(max(x, 0), right), min(max(y, 0), bottom), steps) for x, y, steps in spots]


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
