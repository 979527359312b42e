"""Metrics against hand-computed values, scikit-learn, and properties that must hold for any data."""

import time

import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from ekspresi.metrics import classification
from tests.metrics.made_up_answers import BAD_INPUTS, answer_cases, one_hot, random_case


def test_score_by_hand():
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
def test_score_equals_scikit_learns(seed):
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


def test_score_interval_is_a_cluster_bootstrap():
    targets, probabilities = random_case(n=300)
    groups = np.repeat([f"S{i:02d}" for i in range(30)], 10)
    probabilities[:150] = one_hot(targets[:150], 8)  # half of the subjects are easy: they vary between them
    scores = classification.score(targets, probabilities, groups, resamples=4000)
    low, high = naive_interval(targets, probabilities.argmax(axis=1), groups, 4000, np.random.default_rng(7))
    assert scores.clusters == 30
    assert scores.accuracy.low == pytest.approx(low, abs=0.012)
    assert scores.accuracy.high == pytest.approx(high, abs=0.012)


def test_score_interval_of_images_is_binomial():
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


def test_score_of_equal_subjects_has_no_spread():
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
def test_score_of_a_single_label_is_perfect():
    scores = classification.score(np.zeros(3, np.int64), np.ones((3, 1)))
    assert scores.confusion == ((3,),)
    assert (scores.accuracy.value, scores.macro_f1.value, scores.classes[0].support) == (1, 1, 3)


def test_score_is_seeded():
    targets, probabilities = random_case()
    assert classification.score(targets, probabilities) == classification.score(targets, probabilities)
    assert classification.score(targets, probabilities) != classification.score(targets, probabilities, seed=1)


def test_score_of_a_single_subject_has_no_interval():
    targets, probabilities = random_case(n=20)
    scores = classification.score(targets, probabilities, np.full(20, "S001"))
    assert (scores.accuracy.low, scores.accuracy.high, scores.clusters) == (None, None, 1)


def test_score_of_3500_images_takes_under_two_seconds():
    targets, probabilities = random_case(n=3500)
    for groups in (None, np.arange(3500) // 30):
        start = time.process_time()
        classification.score(targets, probabilities, groups, resamples=1000)
        assert time.process_time() - start < 2


def test_sequence_means_average_frames_of_a_class():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]])
    targets, means, first = classification.sequence_means(
        np.array([1, 0, 0, 0]), probabilities, np.array(["b", "a", "a", "b"])
    )
    assert targets.tolist() == [0, 0, 1]  # sequence a; b's frame of class 0; b's frame of class 1
    assert first.tolist() == [1, 3, 0]
    assert means == pytest.approx(np.array([[0.25, 0.75], [0.4, 0.6], [0.9, 0.1]]))


@pytest.mark.parametrize(("targets", "probabilities"), BAD_INPUTS)
def test_score_refuses_bad_input(targets, probabilities):
    with pytest.raises(ValueError, match="targets"):
        classification.score(targets, probabilities)


@given(answer_cases)
def test_score_holds_its_properties(case):
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
    order = np.random.default_rng(0).permutation(len(targets))
    shuffled = classification.score(targets[order], probabilities[order], groups[order], resamples=50)
    assert shuffled == scores  # the order of images does not matter
