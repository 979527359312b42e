"""Exact tests against what can be counted by hand, and against SciPy's own table test."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from ekspresi.metrics.significance import Paired, holm, mcnemar, min_detectable_difference


def answers(both: int, first: int, second: int, none: int) -> tuple["np.ndarray", "np.ndarray"]:
    counts = (both, first, second, none)
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


def test_mcnemar_counts_only_the_cases_that_differ() -> None:
    # 1 against 9 of 10 coins: 2 * (C(10,0) + C(10,1)) / 2**10 = 22 / 1024
    found = mcnemar(*answers(80, 1, 9, 10))
    assert found == Paired(100, 1, 9, pytest.approx(22 / 1024))
    assert found.difference == pytest.approx(-0.08)
    assert mcnemar(*answers(0, 1, 9, 0)).p == found.p
    assert mcnemar(*answers(50, 0, 0, 50)).p == 1.0


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_symmetric_and_twice_the_binomial_tail(first: int, second: int) -> None:
    one, other = mcnemar(*answers(3, first, second, 2)), mcnemar(*answers(3, second, first, 2))
    assert one.p == other.p and one.difference == -other.difference
    tail = 2 * binom.cdf(min(first, second), first + second, 0.5)
    assert one.p == pytest.approx(min(1.0, tail))


def test_mcnemar_refuses_unpaired_arrays() -> None:
    with pytest.raises(ValueError, match="two arrays"):
        mcnemar(np.ones(3, bool), np.ones(4, bool))
    with pytest.raises(ValueError, match="two arrays"):
        mcnemar(np.ones(0, bool), np.ones(0, bool))


def test_holm_multiplies_the_smallest_most_and_never_falls() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_min_detectable_difference_is_just_significant() -> None:
    smallest = min_detectable_difference(327, 30)
    assert smallest is not None
    surplus = round(smallest * 327)
    assert mcnemar(*answers(200, (30 + surplus) // 2, (30 - surplus) // 2, 97)).p < 0.05
    assert mcnemar(*answers(200, (28 + surplus) // 2, (32 - surplus) // 2, 97)).p >= 0.05
    stricter = min_detectable_difference(327, 30, tests=10)
    assert stricter is not None and stricter > smallest
    assert min_detectable_difference(327, 4) is None  # 4 of 4: p = 0.125
    assert min_detectable_difference(327, 0) is None
