"""Confidences against accuracies: hand-computed values, scikit-learn, and properties that hold for any data."""

import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import log_loss

from ekspresi.metrics import calibration
from ekspresi.metrics.calibration import calibration_scores, confident_mistakes, selective_scores
from tests.metrics.made_up_answers import BAD_INPUTS, answer_cases, one_hot, random_case


def test_calibration_scores_by_hand():
    # Four at 0.9 of which three are right, one at 0.6 and right.
    probabilities = one_hot(np.array([0, 0, 0, 0]), 2, 0.9)
    probabilities = np.concatenate([probabilities, one_hot(np.array([1]), 2, 0.6)])
    targets = np.array([0, 0, 0, 1, 1])
    calibration = calibration_scores(targets, probabilities)
    assert calibration.ece == pytest.approx(4 / 5 * abs(0.75 - 0.9) + 1 / 5 * abs(1 - 0.6))
    assert calibration.nll == pytest.approx(-(3 * np.log(0.9) + np.log(0.1) + np.log(0.6)) / 5)
    filled = [b for b in calibration.bins if b.count]
    assert [(b.count, b.accuracy) for b in filled] == [(1, 1.0), (4, 0.75)]
    assert filled[1].low < 0.9 <= filled[1].high


def test_nll_equals_scikit_learns():
    targets, probabilities = random_case()
    assert calibration_scores(targets, probabilities).nll == pytest.approx(
        log_loss(targets, probabilities, labels=range(8))
    )


def test_bins_are_open_below_and_closed_above():
    probabilities = np.array([[1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, 0.0]])
    bins = calibration_scores(np.array([0, 0]), probabilities).bins
    assert len(bins) == 15
    assert [i for i, b in enumerate(bins) if b.count] == [4, 14]  # 1/3 = 5/15 ends the fifth bin


def test_nll_of_a_certain_error_is_finite():
    assert calibration_scores(np.array([1]), np.array([[1.0, 0.0]])).nll == pytest.approx(-np.log(1e-12))


def test_confident_mistakes_come_most_confident_first():
    probabilities = np.array([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.9, 0.1]])
    targets = np.array([1, 0, 0, 1, 1])
    assert confident_mistakes(targets, probabilities, 10).tolist() == [4, 2, 3, 0]
    assert confident_mistakes(targets, probabilities, 2).tolist() == [4, 2]
    assert confident_mistakes(np.array([0]), np.array([[1.0, 0.0]]), 2).tolist() == []


def test_selective_scores_by_hand() -> None:
    sure = np.linspace(0.99, 0.5, 200)
    right = np.arange(200) < 150  # the surest three quarters
    found = selective_scores(np.where(right, 0, 1), np.stack([sure, 1 - sure], axis=1), abstained=sure < sure[99])
    assert found.coverage == 0.5 and found.precision == 1.0
    assert dict(found.curve)[0.75] == 0 and found.curve[-1] == (1.0, 0.25)
    assert len(found.curve) == 100
    expected = np.mean([max(0, n - 150) / n for n in range(1, 201)])
    assert abs(found.aurc - expected) < 1e-9
    assert found.recall == (pytest.approx(found.precision * found.coverage * len(right) / right.sum()), 0)
    silent = selective_scores(np.zeros(3, np.int64), np.ones((3, 1)), np.ones(3, bool))
    assert silent.coverage == 0 and silent.precision is None


@pytest.mark.filterwarnings("error")
def test_calibration_scores_of_a_single_label_are_perfect():
    calibration = calibration_scores(np.zeros(3, np.int64), np.ones((3, 1)))
    assert (calibration.nll, calibration.ece) == (0, 0)


@pytest.mark.parametrize(("targets", "probabilities"), BAD_INPUTS)
def test_calibration_scores_refuse_bad_input(targets, probabilities):
    with pytest.raises(ValueError, match="targets"):
        calibration_scores(targets, probabilities)


@pytest.mark.parametrize(("targets", "probabilities"), BAD_INPUTS)
def test_selective_scores_refuse_bad_input(targets, probabilities):
    with pytest.raises(ValueError, match="targets"):
        selective_scores(targets, probabilities, np.zeros(len(targets), bool))


@given(answer_cases)
def test_calibration_scores_hold_their_properties(case):
    targets, weights, _ = case
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    calibration = calibration_scores(targets, probabilities)
    assert 0 <= calibration.ece <= 1
    assert sum(b.count for b in calibration.bins) == len(targets)
    for b in calibration.bins:
        if b.count:
            assert b.low - 1e-9 <= b.confidence <= b.high + 1e-9


@given(answer_cases)
def test_confident_mistakes_number_the_errors_up_to_the_limit(case):
    targets, weights, _ = case
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    errors = int((probabilities.argmax(axis=1) != targets).sum())
    assert len(confident_mistakes(targets, probabilities, 5)) == min(5, errors)


def test_calibration_of_many_images_is_computed_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    targets, probabilities = rng.integers(0, 4, 1000), rng.dirichlet(np.ones(4), 1000)
    whole = calibration_scores(targets, probabilities)
    monkeypatch.setattr(calibration, "_ROWS_A_PART", 300)
    parts = calibration_scores(targets, probabilities)
    assert parts.nll == pytest.approx(whole.nll, rel=1e-12) and parts.bins == whole.bins
    assert whole.nll == pytest.approx(-np.log(probabilities[np.arange(1000), targets]).mean())
