"""Beliefs over time, summed in bounded memory: nothing is lost but how fine time is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekspresi.summaries.time_bins import STEP_S, STEPS, TimeBins
from tests.support.results import LABELS, belief


@given(st.integers(1, 5000), st.sampled_from([0.04, 0.2, 0.5, 1.0]), st.floats(0, 1e6))
def test_curve_of_any_length_keeps_the_sums(count: int, step_s: float, begin_s: float) -> None:
    steps = TimeBins(len(LABELS))
    times = begin_s + step_s * np.arange(count)
    rng = np.random.default_rng(count)
    wide = rng.uniform(0.4, 1, count)
    for time_s, share in zip(times.tolist(), wide.tolist(), strict=True):
        steps.add(time_s, belief("surprise", share, abstained=share < 0.5), step_s)
    course = steps.curve(LABELS)
    assert 1 <= len(course.starts_s) <= STEPS
    assert (np.diff(course.starts_s) > 0).all()
    assert course.starts_s[0] <= times[0] < course.ends_s[0] + 1e-9
    assert course.starts_s[-1] <= times[-1] < course.ends_s[-1] + 1e-9
    np.testing.assert_allclose(course.probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(course.ends_s[:-1], course.starts_s[1:])
    amounts = np.histogram(times, [*course.starts_s, np.inf])[0]
    assert (amounts @ course.probabilities[:, 2]) / count == pytest.approx(wide.mean())
    assert (amounts @ course.unsure) / count == pytest.approx((wide < 0.5).mean())
    if count * step_s < STEPS * STEP_S - 1:
        assert steps.step_s == STEP_S
    else:
        assert len(course.starts_s) > STEPS // 4 or step_s >= steps.step_s


def test_curve_has_a_gap_where_the_face_was_away() -> None:
    steps = TimeBins(len(LABELS))
    for time_s in (0.0, 0.6, 5.0, 5.1):
        steps.add(time_s, belief(), 0.04)
    course = steps.curve(LABELS)
    np.testing.assert_allclose(course.starts_s, [0, 0.5, 5])
    np.testing.assert_allclose(course.ends_s, [0.5, 0.75, 5.25])


def test_sizes_px_are_medians_of_time() -> None:
    steps = TimeBins(len(LABELS))
    for number in range(10):
        steps.add(number / 4, belief(face_px=10.0, effective_px=8.0), 0.01)
    for number in range(10, 14):
        steps.add(number / 4, belief(face_px=40.0, effective_px=30.0), 0.25)
    assert steps.sizes_px() == (pytest.approx(40), pytest.approx(30))
    untold = TimeBins(len(LABELS))
    untold.add(0.0, belief(effective_px=None), 0.04)
    assert untold.sizes_px() == (pytest.approx(20), None)
