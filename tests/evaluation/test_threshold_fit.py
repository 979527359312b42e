"""Thresholds: precise enough, seldom by luck, and the strict ones also under shifts."""

from dataclasses import replace

import numpy as np
import pytest

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.evaluation import threshold_fit
from ekspresi.evaluation.threshold_fit import fit_strict_thresholds, halves, lowest_threshold
from ekspresi.recognition.calibration import SizeCalibration, softmax


def test_lowest_threshold_is_precise_enough():
    confidence = np.linspace(1.0, 0.4, 601)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    targets = np.where(confidence >= 0.7, 0, 1)  # Confident answers are right, others wrong.
    threshold = lowest_threshold(probabilities, targets, 0.9)
    answered = probabilities.max(axis=1) >= threshold
    right = probabilities.argmax(axis=1) == targets
    assert 0.62 < threshold < 0.7 and right[answered].mean() > 0.9
    assert lowest_threshold(probabilities, 1 - targets, 0.99) > 1  # the surest are wrong: never


def test_lowest_threshold_of_equal_confidences_is_one_test():
    probabilities = np.tile([0.9, 0.1], (400, 1))
    targets = np.repeat([0, 1], 200)  # the first 200 are right
    assert lowest_threshold(probabilities, targets, 0.8) > 1


def test_lowest_threshold_of_many_tests_rarely_flatters():
    """Answers are right 92 % of the time at every confidence: 93 % precision is hardly ever claimed."""
    rng = np.random.default_rng(0)
    claimed = 0
    for _ in range(100):
        confidence = rng.uniform(0.9, 1, 1600)
        targets = (rng.random(1600) > 0.92).astype(np.int64)
        claimed += lowest_threshold(np.stack([confidence, 1 - confidence], axis=1), targets, 0.93) <= 1
    assert claimed < 15


def test_lowest_threshold_with_weights_equals_repeated_faces():
    rng = np.random.default_rng(3)
    confidence = rng.uniform(0.5, 1, 4000)
    targets = (rng.uniform(size=4000) > confidence).astype(int)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    even = lowest_threshold(probabilities, targets, 0.85)
    assert lowest_threshold(probabilities, targets, 0.85, np.full(4000, 7.0)) == pytest.approx(even)
    # Faces of a class that is often wrong count more: more confidence is needed.
    assert lowest_threshold(probabilities, targets, 0.85, 1.0 + 3 * targets) > even


CALIBRATION = SizeCalibration((16.0, 48.0), (1.0, 1.0), (0.6, 0.5), 0.9, (0.0,) * 3, (0.8, 0.15, 0.05), 0.0, 6.0)


class Biased:
    """Takes the evidence of each face by its number; is blind to faces of the suite 'cctv'."""

    def __init__(self, evidence):
        self.evidence = evidence

    def logits(self, crops):
        numbers = [int(crop[0, 0]) * 100 + int(crop[0, 1]) for crop in crops]
        logits = self.evidence[numbers].copy()
        logits[[bool(crop[0, 2]) for crop in crops]] = [4.0, 0.0, 0.0]
        return logits, np.full(len(crops), float(len(crops[0])))


@pytest.fixture
def made(monkeypatch):
    """Faces of three classes of unequal frequency, and a model that takes the rarest class for the first."""
    rng = np.random.default_rng(0)
    n = 4000
    targets = rng.choice(3, n, p=[0.8, 0.15, 0.05])
    evidence = rng.normal(0, 1, (n, 3)) + 4 * np.eye(3)[np.where(targets == 2, 0, targets)]
    images = np.zeros((n, 48, 48), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.arange(n) // 100, np.arange(n) % 100
    dataset = FaceDataset(
        name="made",
        path="up",
        labels=("a", "b", "c"),
        images=images,
        votes=(10 * np.eye(3)[targets]).astype(np.float32),
        other_votes=np.zeros((n, 0), np.float32),
        names=np.arange(n).astype(str),
    )

    def cut(crop, side, suite, _):
        small = crop[:side, :side].copy()
        small[0, 2] = suite == "cctv"
        return small

    monkeypatch.setattr(threshold_fit, "degrade", cut)
    return Biased(evidence), dataset


def test_fit_strict_thresholds_hold_for_equal_classes(made, monkeypatch):
    monkeypatch.setattr(threshold_fit, "SUITES", ("clean",))
    model, dataset = made
    found = fit_strict_thresholds(model, CALIBRATION, dataset, np.arange(len(dataset)))
    # Where classes are equally frequent, every second answer 'a' is a 'c', however sure.
    assert min(found.strict_thresholds) > 0.99
    assert replace(found, strict_thresholds=()) == CALIBRATION
    monkeypatch.setattr(threshold_fit, "BALANCED_SUITES", ())
    natural = fit_strict_thresholds(model, CALIBRATION, dataset, np.arange(len(dataset)))
    assert all(a <= b < 0.9 for a, b in zip(CALIBRATION.thresholds, natural.strict_thresholds, strict=True))
    kept = np.flatnonzero(halves(dataset, np.arange(len(dataset)))[1])  # the half that chose nothing
    probabilities = softmax(model.evidence[kept])
    sure = probabilities.max(axis=1) >= natural.strict_thresholds[0]
    assert (probabilities.argmax(axis=1) == dataset.targets[kept])[sure].mean() > 0.89


def test_fit_strict_thresholds_take_the_worst_suite(made, monkeypatch):
    monkeypatch.setattr(threshold_fit, "BALANCED_SUITES", ())
    model, dataset = made
    model.evidence[:, 0] -= 2.0  # so that fewer faces of the other suites reach the confidence of the blind ones
    found = fit_strict_thresholds(model, CALIBRATION, dataset, np.arange(len(dataset)))
    blind = softmax(np.array([[4.0, 0.0, 0.0]])).max()
    # 80 % of the blind answers are right, so their confidence is not enough.
    assert min(found.strict_thresholds) > blind


def test_fit_strict_thresholds_without_plain_ones_adds_none(made):
    model, dataset = made
    few = replace(CALIBRATION, precision=0.0)
    assert fit_strict_thresholds(model, few, dataset, np.arange(len(dataset))) is few


def test_halves_keep_the_faces_of_a_subject_together(made):
    _, dataset = made
    people = np.array([f"p{i % 40}" for i in range(len(dataset))])
    group, first = halves(replace(dataset, subjects=people), np.arange(len(dataset)))
    assert len(np.unique(group)) == 40
    assert not set(people[first]) & set(people[~first])
    assert 0.4 < first.mean() < 0.6
