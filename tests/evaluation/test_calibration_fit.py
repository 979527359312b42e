"""Calibration fitted on validation faces: it recovers known temperatures and biases, and keeps its precision."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.evaluation.calibration_fit import fit_calibration, fit_sizes
from ekspresi.recognition.calibration import softmax
from ekspresi.recognition.preprocessing import Preprocessing

SIZES = (8, 16, 48)
TRUE_TEMPERATURES = {8: 3.0, 16: 1.5, 48: 0.7}
TRUE_BIAS = np.array([0.8, 0.0, -0.8])


def faces(n, labels=("a", "b", "c"), subjects=None):
    """Faces whose gray level is their number, so that a made-up recognizer knows which it sees."""
    rng = np.random.default_rng(5)
    evidence = rng.normal(0, 1.6, (n, 3))
    honest = softmax(evidence)
    targets = np.array([rng.choice(3, p=row) for row in honest])
    images = np.zeros((n, 48, 48), np.uint8)
    images[:, :, :24], images[:, :, 24:] = (np.arange(n) // 100)[:, None, None], (np.arange(n) % 100)[:, None, None]
    dataset = FaceDataset(
        name="made",
        path="up",
        labels=labels,
        images=images,
        votes=(10 * np.eye(3)[targets]).astype(np.float32),
        other_votes=np.zeros((n, 0), np.float32),
        names=np.array([str(i) for i in range(n)]),
        subjects=subjects,
    )
    return dataset, evidence


class Skewed:
    """Answers with the true evidence, divided and shifted the wrong way; remembers the faces it saw."""

    def __init__(self, evidence):
        self.evidence = evidence
        self.seen = set()

    def logits(self, crops):
        numbers = [int(crop[0, 0]) * 100 + int(crop[0, -1]) for crop in crops]
        self.seen |= set(numbers)
        size = len(crops[0])
        logits = (self.evidence[numbers] - TRUE_BIAS) * TRUE_TEMPERATURES[size]
        return logits, np.full(len(crops), float(size))


def fit(dataset, evidence, indices=None, **more):
    indices = np.arange(len(dataset)) if indices is None else indices
    even = np.full(3, 1 / 3)
    model = Skewed(evidence)
    settings = {"priors": even, "drawn_priors": even, "smallest_px": 6.0, "sizes_px": SIZES, **more}
    return fit_calibration(model, dataset, indices, **settings), model


def test_fit_calibration_recovers_temperatures_and_bias():
    dataset, evidence = faces(6000)
    found, _ = fit(dataset, evidence)
    assert found.sizes_px == (8.0, 16.0, 48.0)
    np.testing.assert_allclose(found.temperatures, [TRUE_TEMPERATURES[size] for size in SIZES], rtol=0.12)
    np.testing.assert_allclose(found.bias, TRUE_BIAS, atol=0.15)
    assert found.smallest_px == 6.0


def test_fit_calibration_of_few_faces_expects_oversampling():
    """With few faces the bias stays near what the sampling explains."""
    dataset, evidence = faces(220)
    priors, drawn = np.array([0.8, 0.15, 0.05]), np.array([0.5, 0.3, 0.2])
    expected = np.log(priors / drawn)
    plain, _ = fit(dataset, evidence)
    informed, _ = fit(dataset, evidence, priors=priors, drawn_priors=drawn)
    difference = np.array(informed.bias) - np.array(plain.bias)
    assert difference @ (expected - expected.mean()) > 0
    assert informed.class_priors == pytest.approx(tuple(priors))


def test_fit_calibration_keeps_precision_on_other_faces():
    dataset, evidence = faces(9000)
    half = np.arange(6000)
    found, model = fit(dataset, evidence, half, precision=0.85)
    assert model.seen == set(half.tolist())
    fresh = np.arange(6000, 9000)
    logits, sizes = Skewed(evidence).logits(list(dataset.images[fresh]))
    probabilities = found.probabilities(logits, sizes)
    answered = ~found.abstained(probabilities, sizes)
    right = probabilities.argmax(axis=1) == dataset.targets[fresh]
    assert 0.2 < answered.mean() < 0.95
    assert right[answered].mean() > 0.84 > right.mean()


class Squinting:
    """Takes a face of s px for one of 8 s^0.5 px; reads s off the blocks of a checkerboard, which enlarging keeps."""

    estimates_size = True
    metadata = SimpleNamespace(preprocessing=Preprocessing(largest_px=40))

    def logits(self, crops):
        self.widest = max(np.abs(np.diff(crop.astype(float), axis=1)).sum(axis=1).mean() / 255 for crop in crops)
        steps = [np.abs(np.diff(crop.astype(float), axis=1)).sum(axis=1).mean() / 255 for crop in crops]
        return np.zeros((len(crops), 3)), 8 * np.maximum(steps, 1) ** 0.5


def test_fit_sizes_recovers_true_sizes(monkeypatch):
    """Replace shrinking: a face 'of s px' has s light and dark columns."""

    def columns(_, size):
        return np.tile((np.arange(480) * size // 480 % 2 * 255).astype(np.uint8), (480, 1))

    monkeypatch.setattr("ekspresi.evaluation.calibration_fit.shrink", columns)
    monkeypatch.setattr("ekspresi.evaluation.calibration_fit.enlarge_again", lambda crop, _: crop)
    dataset, _ = faces(300)
    model = Squinting()
    pairs = fit_sizes(model, dataset, np.arange(300), 6)
    assert model.widest == 39  # 40 columns: what the network sees, not the 48 that the faces have
    estimated, true = np.array(pairs).T
    inside = (estimated > 20) & (estimated < 48)
    np.testing.assert_allclose(true[inside], (estimated[inside] / 8) ** 2 + 1, rtol=0.12)
    assert (np.diff(estimated) > 0).all() and (np.diff(true) > 0).all()
    assert fit_sizes(Squinting(), dataset, np.arange(150), 6) == ()


def test_fit_calibration_of_too_few_labels_fits_nothing():
    dataset, evidence = faces(600)
    assert fit(dataset, evidence)[0].precision == 0.92
    few = np.where(np.arange(600)[:, None] < 150, dataset.votes, 0).astype(np.float32)
    assert fit(replace(dataset, votes=few), evidence)[0].precision == 0.0
    people = np.array([f"S{i // 7}" for i in range(600)])
    assert fit(replace(dataset, subjects=people), evidence)[0].precision == 0.0  # 86 people
    none = np.where(np.arange(600)[:, None] < 9, dataset.votes, 0).astype(np.float32)
    assert fit(replace(dataset, votes=none), evidence)[0] is None


def test_fit_calibration_of_few_faces_fits_one_temperature():
    dataset, evidence = faces(150)
    found, _ = fit(dataset, 3 * evidence)
    assert len(set(found.temperatures)) == 1 and found.temperatures[0] > 1.5  # overconfident at every size
    assert set(found.thresholds) == {0.0} and set(found.bias) == {0.0}
    logits, sizes = Skewed(3 * evidence).logits(list(dataset.images))
    probabilities = found.probabilities(logits, sizes)
    assert np.array_equal(probabilities.argmax(axis=1), logits.argmax(axis=1))
    nll = [-np.log(p[np.arange(150), dataset.targets]).mean() for p in (probabilities, softmax(logits))]
    assert nll[0] < nll[1]
    assert not found.abstained(probabilities, sizes).any()
