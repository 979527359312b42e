"""The course of a track -> what can be drawn over time, and read as a table.

In: a ``ProbabilityCurve``. Out: runs of one answer, areas of belief as SVG paths, ticks of a time axis. Knows nothing
of pages.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ekspresi.summaries.summary import ProbabilityCurve

WIDTH, HEIGHT = 1000, 100
"""Units of the areas: from the beginning to the end of the course, and from probability 0, below, to 1."""

_HALF = 0.5
"""Share of a step's time from which it counts as unsure."""
_TICKS_S = (
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    4 * 3600,
    12 * 3600,
    24 * 3600,
)


@dataclass(frozen=True, slots=True)
class AnswerRun:
    """Steps that say the same.

    Attributes:
        begin_s: when it begins.
        end_s: when it ends.
        expression: what is said; None where it was too unclear to tell.
        guess: the strongest belief, whether it was said or not.
        share: the mean probability of it.
    """

    begin_s: float
    end_s: float
    expression: str | None
    guess: str
    share: float


@dataclass(frozen=True, slots=True)
class Area:
    """Where one label lies in the stack of probabilities: ``path`` is the ``d`` of an SVG path."""

    label: str
    path: str


def span(course: ProbabilityCurve) -> tuple[float, float]:
    """A course -> when it begins and ends, seconds."""
    return float(course.starts_s[0]), float(course.ends_s[-1])


def runs(course: ProbabilityCurve) -> list[AnswerRun]:
    """A course -> what was said, in order; where the face was away there is no run."""
    best = course.probabilities.argmax(axis=1)
    unsure = course.unsure >= _HALF
    found = []
    for first, last in _stretches(course):
        begin = first
        for step in range(first, last + 1):
            if step < last and unsure[step] == unsure[begin] and (unsure[begin] or best[step] == best[begin]):
                continue
            mean = course.probabilities[begin:step].mean(axis=0)
            guess = int(mean.argmax()) if unsure[begin] else int(best[begin])
            name = course.labels[guess]
            end_s = float(course.ends_s[step - 1])
            told = None if unsure[begin] else name
            found.append(AnswerRun(float(course.starts_s[begin]), end_s, told, name, float(mean[guess])))
            begin = step
    return found


def areas(course: ProbabilityCurve) -> list[Area]:
    """A course -> an area for each label that has half a percent anywhere, stacked in the model's order."""
    # Whole units: what differs by less cannot be seen, and a path need not turn for it.
    edges = np.rint(HEIGHT * np.cumsum(course.probabilities, axis=1)).astype(int)
    edges = np.clip(np.concatenate([np.zeros_like(edges[:, :1]), edges], axis=1), 0, HEIGHT)
    edges[:, -1] = HEIGHT
    return [
        Area(label, path)
        for number, label in enumerate(course.labels)
        if (path := _path(course, edges[:, number], edges[:, number + 1]))
    ]


def veils(course: ProbabilityCurve) -> list[tuple[float, float]]:
    """A course -> where it was unsure: left edge and width in ``WIDTH``."""
    return [
        (_x(course, run.begin_s), _x(course, run.end_s) - _x(course, run.begin_s))
        for run in runs(course)
        if run.expression is None
    ]


def ticks(begin_s: float, end_s: float, most: int = 6) -> list[float]:
    """A stretch of time -> whole times in it for an axis, at most so many."""
    length = max(end_s - begin_s, 1e-9)
    days = math.ceil(length / most / _TICKS_S[-1])
    step = next((step for step in _TICKS_S if length / step <= most - 1), days * _TICKS_S[-1])
    first = math.ceil(begin_s / step - 1e-9)
    return [number * step for number in range(first, math.floor(end_s / step + 1e-9) + 1)]


def _stretches(course: ProbabilityCurve) -> Iterator[tuple[int, int]]:
    """First step, and the one after the last, of each stretch without a gap."""
    gaps = np.flatnonzero(course.starts_s[1:] > course.ends_s[:-1]) + 1
    yield from itertools.pairwise([0, *gaps.tolist(), len(course.starts_s)])


def _x(course: ProbabilityCurve, time_s: float) -> float:
    begin_s, end_s = span(course)
    return round(WIDTH * (time_s - begin_s) / (end_s - begin_s), 1)


def _path(course: ProbabilityCurve, lower: NDArray[np.int64], upper: NDArray[np.int64]) -> str:
    """Two edges in steps, from 0 below to ``HEIGHT`` above -> a closed path for each stretch with anything between."""
    parts = []
    for first, last in _stretches(course):
        if not (upper[first:last] > lower[first:last]).any():
            continue
        lefts = [_x(course, float(course.starts_s[step])) for step in range(first, last)]
        right = _x(course, float(course.ends_s[last - 1]))
        above = _stairs(lefts, right, (HEIGHT - upper[first:last]).tolist())
        below = _stairs(lefts, right, (HEIGHT - lower[first:last]).tolist())
        parts.append("M" + "L".join(f"{x:g},{y}" for x, y in (*above, *reversed(below))) + "Z")
    return "".join(parts)


def _stairs(lefts: list[float], right: float, heights: list[int]) -> list[tuple[float, int]]:
    """Steps -> the corners of their outline, without those on a straight line."""
    corners = [(lefts[0], heights[0])]
    for left, height in zip(lefts[1:], heights[1:], strict=True):
        if height != corners[-1][1]:
            corners += [(left, corners[-1][1]), (left, height)]
    return [*corners, (right, corners[-1][1])]
