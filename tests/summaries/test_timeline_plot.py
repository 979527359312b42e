"""Curves as runs, areas and ticks."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekspresi.summaries.summary import ProbabilityCurve
from ekspresi.summaries.timeline_plot import (
    HEIGHT,
    WIDTH,
    AnswerRun,
    choose_ticks,
    find_span,
    list_areas,
    list_runs,
    list_veils,
)

LABELS = ("neutral", "happiness", "surprise")


def curve_of(
    shares: list[tuple[float, float, float]], unsure: list[float] | None = None, gap_at: int = 99
) -> ProbabilityCurve:
    """Steps of a second; before step ``gap_at`` the face is away for ten seconds."""
    starts = np.arange(len(shares), dtype=float) + 10.0 * (np.arange(len(shares)) >= gap_at)
    return ProbabilityCurve(starts, starts + 1, LABELS, np.array(shares), np.array(unsure or [0.0] * len(shares)))


HAPPY, NEUTRAL = (0.1, 0.8, 0.1), (0.6, 0.2, 0.2)


def test_runs_join_equal_answers_and_end_at_gaps() -> None:
    found = list_runs(curve_of([HAPPY, HAPPY, NEUTRAL, NEUTRAL, HAPPY, NEUTRAL], [0, 0, 0, 0.9, 0.6, 0], gap_at=1))
    assert found == [
        AnswerRun(0, 1, "happiness", "happiness", 0.8),
        AnswerRun(11, 12, "happiness", "happiness", 0.8),
        AnswerRun(12, 13, "neutral", "neutral", 0.6),
        AnswerRun(13, 15, None, "happiness", pytest.approx(0.5)),
        AnswerRun(15, 16, "neutral", "neutral", 0.6),
    ]


def corners(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+),([\d.]+)", path)]


@given(st.lists(st.tuples(*[st.floats(0.001, 1)] * 3), min_size=1, max_size=30), st.integers(0, 40))
def test_areas_fill_the_plot_without_overlap(raw: list[tuple[float, float, float]], gap_at: int) -> None:
    shares = [tuple(np.array(one) / sum(one)) for one in raw]
    one = curve_of(shares, gap_at=gap_at)
    begin_s, end_s = find_span(one)
    drawn = 0.0
    for area in list_areas(one):
        for path in area.path.split("Z")[:-1]:
            points = np.array(corners(path))
            assert points.min() >= 0 and points[:, 0].max() <= WIDTH and points[:, 1].max() <= HEIGHT
            x, y = points.T
            drawn += abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    there = len(shares) / (end_s - begin_s)
    assert drawn == pytest.approx(WIDTH * HEIGHT * there, rel=0.01)


def test_areas_have_the_height_of_their_probability() -> None:
    (neutral, happiness, surprise) = list_areas(curve_of([HAPPY, NEUTRAL]))
    assert (neutral.label, happiness.label, surprise.label) == LABELS
    assert corners(neutral.path)[:4] == [(0, 90), (500, 90), (500, 40), (1000, 40)]
    assert [area.label for area in list_areas(curve_of([(1.0, 0.0, 0.0)]))] == ["neutral"]


def test_veils_cover_unsure_times() -> None:
    assert list_veils(curve_of([HAPPY] * 4, [0, 1, 1, 0])) == [(250, 500)]


@given(st.floats(0, 1e6), st.floats(0.05, 3e6))
def test_ticks_are_few_and_within(begin_s: float, length_s: float) -> None:
    marks = choose_ticks(begin_s, begin_s + length_s)
    assert len(marks) <= 7
    assert all(begin_s - 0.01 <= mark <= begin_s + length_s + 0.01 for mark in marks)
    if length_s > 0.6:
        assert marks
