"""Metrics against hand-computed values, scikit-learn, and properties that must hold for any data."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, precision_recall_fscore_support

from ekspresi.metrics import calibration as confidence
from ekspresi.metrics import classification


def one_hot(answers, n_classes, confidence=1.0):
    rest = (1 - confidence) / (n_classes - 1)
    probabilities = np.full((len(answers), n_classes), rest)
    probabilities[np.arange(len(answers)), answers] = confidence
    return probabilities


def random_case(n=400, n_classes=8, seed=0):
    rng = np.random.default_rng(seed)
    targets = rng.choice(n_classes, size=n, p=rng.dirichlet(np.ones(n_classes)))
    logits = rng.normal(size=(n, n_classes)) + 1.5 * np.eye(n_classes)[targets]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return targets.astype(np.int64), probabilities


def test_scores_by_hand():
    # Class 0: 3 targets, 2 right; class 1: 2 targets, 1 right; class 2: no target, answered once.
    targets = np.array([0, 0, 0, 1, 1])
    scores = classification.score(targets, one_hot(np.array([0, 0, 1, 1, 2]), 3))
    assert scores.confusion == ((2, 1, 0), (0, 1, 1), (0, 0, 0))
    assert scores.accuracy.value == pytest.approx(3 / 5)
    first, second, third = scores.classes
    assert (first.precision, first.recall, first.support) == (1, pytest.approx(2 / 3), 3)
    assert (second.precision, second.recall, second.support) == (0.5, 0.5, 2)
    assert (third.precision, third.recall, third.f1, third.support) == (0, 0, 0, 0)
    assert first.f1 == pytest.approx(0.8)
    # Two classes are present, so the third, which nobody shows, does not drag the mean down.
    assert scores.macro_precision.value == pytest.approx(0.75)
    assert scores.macro_recall.value == pytest.approx((2 / 3 + 0.5) / 2)
    assert scores.macro_f1.value == pytest.approx(0.65)
    assert scores.weighted_precision.value == pytest.approx(0.8)
    assert scores.weighted_f1.value == pytest.approx((3 * 0.8 + 2 * 0.5) / 5)


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_scikit_learns(seed):
    targets, probabilities = random_case(seed=seed)
    answers = probabilities.argmax(axis=1)
    scores = classification.score(targets, probabilities, resamples=10)
    assert scores.accuracy.value == pytest.approx(accuracy_score(targets, answers))
    assert np.array_equal(scores.confusion, confusion_matrix(targets, answers, labels=range(8)))
    for average in ("macro", "weighted"):
        expected = precision_recall_fscore_support(
            targets, answers, labels=np.unique(targets), average=average, zero_division=0
        )
        ours = [getattr(scores, f"{average}_{name}").value for name in ("precision", "recall", "f1")]
        assert ours == pytest.approx(expected[:3])
    per_class = precision_recall_fscore_support(targets, answers, labels=range(8), zero_division=0)
    assert [c.precision for c in scores.classes] == pytest.approx(per_class[0])
    assert [c.recall for c in scores.classes] == pytest.approx(per_class[1])
    assert [c.f1 for c in scores.classes] == pytest.approx(per_class[2])
    assert [c.support for c in scores.classes] == per_class[3].tolist()


def naive_interval(targets, answers, groups, resamples, rng):
    """Accuracy's bootstrap as a textbook writes it: draw subjects, gather their images, count."""
    names = np.unique(groups)
    members = [np.flatnonzero(groups == name) for name in names]
    values = []
    for _ in range(resamples):
        drawn = np.concatenate([members[i] for i in rng.integers(len(names), size=len(names))])
        values.append(np.mean(targets[drawn] == answers[drawn]))
    return np.percentile(values, (2.5, 97.5))


def test_interval_is_that_of_a_textbook_cluster_bootstrap():
    targets, probabilities = random_case(n=300)
    groups = np.repeat([f"S{i:02d}" for i in range(30)], 10)
    probabilities[:150] = one_hot(targets[:150], 8)  # half of the subjects are easy: they vary between them
    scores = classification.score(targets, probabilities, groups, resamples=4000)
    low, high = naive_interval(targets, probabilities.argmax(axis=1), groups, 4000, np.random.default_rng(7))
    assert scores.clusters == 30
    assert scores.accuracy.low == pytest.approx(low, abs=0.012)
    assert scores.accuracy.high == pytest.approx(high, abs=0.012)


def test_interval_of_images_is_the_binomial_one():
    rng = np.random.default_rng(1)
    right = rng.random(1000) < 0.7
    scores = classification.score(np.zeros(1000, np.int64), one_hot(np.where(right, 0, 1), 2), resamples=4000)
    half_width = 1.96 * np.sqrt(right.mean() * (1 - right.mean()) / 1000)
    assert scores.accuracy.high - scores.accuracy.low == pytest.approx(2 * half_width, rel=0.08)


def test_score_of_subjects_widens_the_interval():
    targets, probabilities = random_case(n=100)
    repeated = np.repeat(np.arange(100), 5)
    images = classification.score(targets[repeated], probabilities[repeated])
    subjects = classification.score(targets[repeated], probabilities[repeated], repeated)
    assert images.accuracy.value == subjects.accuracy.value
    width = [s.accuracy.high - s.accuracy.low for s in (images, subjects)]
    assert width[1] > 1.7 * width[0]  # sqrt(5) = 2.2 in theory


def test_the_bootstrap_counts_what_scikit_learn_counts():
    """Subjects who are alike to the last answer leave the bootstrap no choice: each resample is the whole."""
    targets, probabilities = random_case(n=60, n_classes=9)
    targets[targets == 8] = 0  # a class that is only answered
    again = np.tile(np.arange(60), 7)
    scores = classification.score(targets[again], probabilities[again], np.repeat(np.arange(7), 60), resamples=5)
    for average in ("macro", "weighted"):
        for name in ("precision", "recall", "f1"):
            estimate = getattr(scores, f"{average}_{name}")
            assert estimate.low == pytest.approx(estimate.value) == estimate.high
    assert scores.accuracy.low == pytest.approx(scores.accuracy.value) == scores.accuracy.high


@pytest.mark.filterwarnings("error")
def test_a_single_label_is_always_right():
    scores = classification.score(np.zeros(3, np.int64), np.ones((3, 1)))
    assert scores.confusion == ((3,),)
    assert (scores.accuracy.value, scores.macro_f1.value, scores.classes[0].support) == (1, 1, 3)
    calibration = confidence.calibration_scores(np.zeros(3, np.int64), np.ones((3, 1)))
    assert (calibration.nll, calibration.ece) == (0, 0)


def test_bootstrap_is_seeded():
    targets, probabilities = random_case()
    assert classification.score(targets, probabilities) == classification.score(targets, probabilities)
    assert classification.score(targets, probabilities) != classification.score(targets, probabilities, seed=1)


def test_no_interval_from_a_single_subject():
    targets, probabilities = random_case(n=20)
    scores = classification.score(targets, probabilities, np.full(20, "S001"))
    assert (scores.accuracy.low, scores.accuracy.high, scores.clusters) == (None, None, 1)


def test_bootstrap_of_3500_images_takes_under_two_seconds():
    targets, probabilities = random_case(n=3500)
    for groups in (None, np.arange(3500) // 30):
        start = time.process_time()
        classification.score(targets, probabilities, groups, resamples=1000)
        assert time.process_time() - start < 2


def test_calibration_by_hand():
    # Four at 0.9 of which three are right, one at 0.6 and right.
    probabilities = one_hot(np.array([0, 0, 0, 0]), 2, 0.9)
    probabilities = np.concatenate([probabilities, one_hot(np.array([1]), 2, 0.6)])
    targets = np.array([0, 0, 0, 1, 1])
    calibration = confidence.calibration_scores(targets, probabilities)
    assert calibration.ece == pytest.approx(4 / 5 * abs(0.75 - 0.9) + 1 / 5 * abs(1 - 0.6))
    assert calibration.nll == pytest.approx(-(3 * np.log(0.9) + np.log(0.1) + np.log(0.6)) / 5)
    filled = [b for b in calibration.bins if b.count]
    assert [(b.count, b.accuracy) for b in filled] == [(1, 1.0), (4, 0.75)]
    assert filled[1].low < 0.9 <= filled[1].high


def test_nll_is_scikit_learns():
    targets, probabilities = random_case()
    assert confidence.calibration_scores(targets, probabilities).nll == pytest.approx(
        log_loss(targets, probabilities, labels=range(8))
    )


def test_bins_are_open_below_and_closed_above():
    probabilities = np.array([[1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, 0.0]])
    bins = confidence.calibration_scores(np.array([0, 0]), probabilities).bins
    assert len(bins) == 15
    assert [i for i, b in enumerate(bins) if b.count] == [4, 14]  # 1/3 = 5/15 ends the fifth bin


def test_nll_of_a_certain_error_is_finite():
    assert confidence.calibration_scores(np.array([1]), np.array([[1.0, 0.0]])).nll == pytest.approx(-np.log(1e-12))


def test_confident_mistakes_come_most_confident_first():
    probabilities = np.array([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.9, 0.1]])
    targets = np.array([1, 0, 0, 1, 1])
    assert confidence.confident_mistakes(targets, probabilities, 10).tolist() == [4, 2, 3, 0]
    assert confidence.confident_mistakes(targets, probabilities, 2).tolist() == [4, 2]
    assert confidence.confident_mistakes(np.array([0]), np.array([[1.0, 0.0]]), 2).tolist() == []


def test_sequence_means():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]])
    targets, means, first = classification.sequence_means(
        np.array([1, 0, 0, 0]), probabilities, np.array(["b", "a", "a", "b"])
    )
    assert targets.tolist() == [0, 0, 1]  # sequence a; b's frame of class 0; b's frame of class 1
    assert first.tolist() == [1, 3, 0]
    assert means == pytest.approx(np.array([[0.25, 0.75], [0.4, 0.6], [0.9, 0.1]]))


@pytest.mark.parametrize(
    ("targets", "probabilities"),
    [
        (np.array([], np.int64), np.zeros((0, 3))),
        (np.array([0, 1]), np.ones((3, 2)) / 2),
        (np.array([2]), np.ones((1, 2)) / 2),
        (np.array([-1]), np.ones((1, 2)) / 2),
        (np.array([0]), np.ones(1)),
    ],
)
def test_bad_input_is_refused(targets, probabilities):
    with pytest.raises(ValueError, match="targets"):
        classification.score(targets, probabilities)
    with pytest.raises(ValueError, match="targets"):
        confidence.calibration_scores(targets, probabilities)


cases = st.tuples(st.integers(1, 40), st.integers(2, 8)).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)),
        hnp.arrays(np.float64, shape, elements=st.floats(0.01, 1)),
        hnp.arrays(np.int64, shape[0], elements=st.integers(0, 5)),
    )
)


@given(cases)
def test_properties(case):
    targets, weights, groups = case
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    scores = classification.score(targets, probabilities, groups, resamples=50)
    assert scores.weighted_recall.value == pytest.approx(scores.accuracy.value)
    assert sum(map(sum, scores.confusion)) == scores.n == len(targets)
    for name in ("accuracy", "macro_precision", "macro_recall", "macro_f1", "weighted_f1"):
        estimate = getattr(scores, name)
        assert 0 <= estimate.value <= 1
        if estimate.low is not None:
            assert 0 <= estimate.low <= estimate.high <= 1 + 1e-12
    calibration = confidence.calibration_scores(targets, probabilities)
    assert 0 <= calibration.ece <= 1
    assert sum(b.count for b in calibration.bins) == len(targets)
    for b in calibration.bins:
        if b.count:
            assert b.low - 1e-9 <= b.confidence <= b.high + 1e-9
    order = np.random.default_rng(0).permutation(len(targets))
    shuffled = classification.score(targets[order], probabilities[order], groups[order], resamples=50)
    assert shuffled == scores  # the order of images carries no meaning
    mistakes = confidence.confident_mistakes(targets, probabilities, 5)
    assert len(mistakes) == min(5, round((1 - scores.accuracy.value) * len(targets)))


def test_coverage_and_risk_fall_together() -> None:
    sure = np.linspace(0.99, 0.5, 200)
    right = np.arange(200) < 150  # the surest three quarters
    found = confidence.selective_scores(
        np.where(right, 0, 1), np.stack([sure, 1 - sure], axis=1), abstained=sure < sure[99]
    )
    assert found.coverage == 0.5 and found.precision == 1.0
    assert dict(found.curve)[0.75] == 0 and found.curve[-1] == (1.0, 0.25)
    assert len(found.curve) == 100
    expected = np.mean([max(0, n - 150) / n for n in range(1, 201)])
    assert abs(found.aurc - expected) < 1e-9
    silent = confidence.selective_scores(np.zeros(3, np.int64), np.ones((3, 1)), np.ones(3, bool))
    assert silent.coverage == 0 and silent.precision is None
