"""Turn the probabilities of a track into the parts of a timeline and a table.

In: a ``ProbabilityCurve``. Out: runs of one answer, areas of probability as SVG paths, ticks of a time axis. Does not
know about pages.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ekspresi.summaries.summary import ProbabilityCurve

WIDTH, HEIGHT = 1000, 100
"""Units of the areas: from the beginning to the end of the curve, and from probability 0, below, to 1."""

_HALF = 0.5
"""Fraction of a bin's time without an answer from which the bin counts as unsure."""
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
    """Join consecutive bins with the same answer.

    Attributes:
        begin_s: start, seconds.
        end_s: end, seconds.
        expression: the answer; None where the model abstained.
        guess: the most probable expression, answered or not.
        share: its mean probability.

    >>> AnswerRun(0.0, 1.5, None, "fear", 0.4).guess
    'fear'
    """

    begin_s: float
    end_s: float
    expression: str | None
    guess: str
    share: float


@dataclass(frozen=True, slots=True)
class Area:
    """Hold the area of one label in the stack; ``path`` is the ``d`` of an SVG path.

    >>> Area("fear", "M0,0L1000,0L1000,100L0,100Z").label
    'fear'
    """

    label: str
    path: str


def find_span(curve: ProbabilityCurve) -> tuple[float, float]:
    """Return the start and the end of a curve, seconds.

    >>> one = np.ones((1, 1))
    >>> find_span(ProbabilityCurve(np.array([1.0]), np.array([1.25]), ("fear",), one, np.zeros(1)))
    (1.0, 1.25)
    """
    return float(curve.starts_s[0]), float(curve.ends_s[-1])


def list_runs(curve: ProbabilityCurve) -> list[AnswerRun]:
    """List the runs of one answer in order, without the times in which the face was away.

    >>> one = np.ones((1, 1))
    >>> [run.expression for run in list_runs(ProbabilityCurve(np.zeros(1), np.ones(1), ("fear",), one, np.zeros(1)))]
    ['fear']
    """
    best = curve.probabilities.argmax(axis=1)
    unsure = curve.unsure >= _HALF
    found = []
    for first, last in _stretches(curve):
        begin = first
        for step in range(first, last + 1):
            if step < last and unsure[step] == unsure[begin] and (unsure[begin] or best[step] == best[begin]):
                continue
            mean = curve.probabilities[begin:step].mean(axis=0)
            guess = int(mean.argmax()) if unsure[begin] else int(best[begin])
            name = curve.labels[guess]
            end_s = float(curve.ends_s[step - 1])
            answer = None if unsure[begin] else name
            found.append(AnswerRun(float(curve.starts_s[begin]), end_s, answer, name, float(mean[guess])))
            begin = step
    return found


def list_areas(curve: ProbabilityCurve) -> list[Area]:
    """List the areas of labels with at least half a percent, stacked in the model's order.

    >>> one = np.ones((1, 1))
    >>> [area.label for area in list_areas(ProbabilityCurve(np.zeros(1), np.ones(1), ("fear",), one, np.zeros(1)))]
    ['fear']
    """
    # Whole units keep paths short: smaller differences are invisible.
    edges = np.rint(HEIGHT * np.cumsum(curve.probabilities, axis=1)).astype(int)
    edges = np.clip(np.concatenate([np.zeros_like(edges[:, :1]), edges], axis=1), 0, HEIGHT)
    edges[:, -1] = HEIGHT
    return [
        Area(label, path)
        for number, label in enumerate(curve.labels)
        if (path := _path(curve, edges[:, number], edges[:, number + 1]))
    ]


def list_veils(curve: ProbabilityCurve) -> list[tuple[float, float]]:
    """List the left edges and widths, in ``WIDTH``, of the times in which the model abstained.

    >>> one = np.ones((1, 1))
    >>> list_veils(ProbabilityCurve(np.zeros(1), np.ones(1), ("fear",), one, np.ones(1)))
    [(0.0, 1000.0)]
    """
    return [
        (_x(curve, run.begin_s), _x(curve, run.end_s) - _x(curve, run.begin_s))
        for run in list_runs(curve)
        if run.expression is None
    ]


def choose_ticks(begin_s: float, end_s: float, most: int = 6) -> list[float]:
    """List at most ``most`` round times for an axis from ``begin_s`` to ``end_s``.

    >>> choose_ticks(0.0, 10.0)
    [0, 2, 4, 6, 8, 10]
    """
    length = max(end_s - begin_s, 1e-9)
    days = math.ceil(length / most / _TICKS_S[-1])
    step = next((step for step in _TICKS_S if length / step <= most - 1), days * _TICKS_S[-1])
    first = math.ceil(begin_s / step - 1e-9)
    return [number * step for number in range(first, math.floor(end_s / step + 1e-9) + 1)]


def _stretches(curve: ProbabilityCurve) -> Iterator[tuple[int, int]]:
    """Yield the first bin, and the bin after the last, of each stretch without a gap."""
    gaps = np.flatnonzero(curve.starts_s[1:] > curve.ends_s[:-1]) + 1
    yield from itertools.pairwise([0, *gaps.tolist(), len(curve.starts_s)])


def _x(curve: ProbabilityCurve, time_s: float) -> float:
    begin_s, end_s = find_span(curve)
    return round(WIDTH * (time_s - begin_s) / (end_s - begin_s), 1)


def _path(curve: ProbabilityCurve, lower: NDArray[np.int64], upper: NDArray[np.int64]) -> str:
    """Draw a closed path between two edges, 0 below to ``HEIGHT`` above, for each stretch with any area."""
    parts = []
    for first, last in _stretches(curve):
        if not (upper[first:last] > lower[first:last]).any():
            continue
        lefts = [_x(curve, float(curve.starts_s[step])) for step in range(first, last)]
        right = _x(curve, float(curve.ends_s[last - 1]))
        above = _stairs(lefts, right, (HEIGHT - upper[first:last]).tolist())
        below = _stairs(lefts, right, (HEIGHT - lower[first:last]).tolist())
        parts.append("M" + "L".join(f"{x:g},{y}" for x, y in (*above, *reversed(below))) + "Z")
    return "".join(parts)


def _stairs(lefts: list[float], right: float, heights: list[int]) -> list[tuple[float, int]]:
    """List the corners of an outline of steps, without corners on a straight line."""
    corners = [(lefts[0], heights[0])]
    for left, height in zip(lefts[1:], heights[1:], strict=True):
        if height != corners[-1][1]:
            corners += [(left, corners[-1][1]), (left, height)]
    return [*corners, (right, corners[-1][1])]
