"""Check that logits become probabilities by the numbers of the file, and that thresholds make it abstain."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekspresi.errors import ModelError
from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.recognition.calibration import SizeCalibration, correct_sizes, softmax
from ekspresi.recognition.recognizer import Recognizer
from tests.support.gray_model import face, level, write_gray_model

CALIBRATION = SizeCalibration(
    sizes_px=(8.0, 16.0),
    temperatures=(4.0, 1.0),
    thresholds=(0.9, 0.5),
    precision=0.92,
    bias=(0.0, 0.0, 0.5),
    class_priors=(0.8, 0.15, 0.05),
    prior_strength=1.0,
    smallest_px=6.0,
)


def test_probabilities_temperature_is_interpolated_over_log_size():
    logits = np.array([[2.0, 0.0, 0.0]] * 5)
    found = CALIBRATION.probabilities(logits, np.array([4.0, 8.0, 8 * 2**0.5, 16.0, 48.0]))
    for row, temperature in zip(found, (4, 4, 2.5, 1, 1), strict=True):
        np.testing.assert_allclose(row, softmax(np.array([[2 / temperature, 0, 0.5]]))[0], atol=1e-12)


@given(
    st.lists(st.lists(st.floats(-50, 50), min_size=3, max_size=3), min_size=1, max_size=9),
    st.floats(0.5, 500),
    st.sampled_from([None, (0.2, 0.3, 0.5), (0.0, 0.5, 0.5)]),
)
def test_probabilities_any_logits_sum_to_one(logits, size, prior):
    with np.errstate(divide="ignore"):
        log_prior = None if prior is None else np.log(prior)
    found = CALIBRATION.probabilities(np.array(logits), np.full(len(logits), size), log_prior)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-9)


def test_probabilities_another_prior_replaces_class_frequencies():
    evidence = np.log(np.array([[1.0, 2.0, 1.0]]))  # likelihoods: the second label is twice as likely
    flat = replace(CALIBRATION, bias=(0.0, 0.0, 0.0))
    posterior = evidence + np.log(flat.class_priors)
    assert flat.probabilities(posterior, np.array([16.0])).argmax() == 0
    even, rare = (flat.probabilities(posterior, np.array([16.0]), np.log(p)) for p in ([1 / 3] * 3, [0.6, 0.3, 0.1]))
    np.testing.assert_allclose(even, [[0.25, 0.5, 0.25]])
    np.testing.assert_allclose(rare, [np.array([0.6, 0.6, 0.1]) / 1.3])


def test_abstained_below_threshold_or_smallest_size():
    sure = np.array([[0.7, 0.2, 0.1]] * 4)
    sizes = np.array([48.0, 16.0, 8.0, 5.9])
    assert CALIBRATION.abstained(sure, sizes).tolist() == [False, False, True, True]
    certain = np.array([[1.0, 0.0, 0.0]])
    assert not CALIBRATION.abstained(certain, np.array([6.0]))[0]
    assert CALIBRATION.abstained(certain, np.array([5.9]))[0]
    never = replace(CALIBRATION, thresholds=(2.0, 2.0))
    assert never.abstained(certain, np.array([48.0]))[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperatures": (1.0,)},
        {"temperatures": (1.0, 0.0)},
        {"temperatures": (1.0, float("nan"))},
        {"sizes_px": (16.0, 8.0)},
        {"class_priors": (0.5, 0.5)},
        {"class_priors": (1.0, 0.0, 0.0)},
    ],
)
def test_calibration_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="calibration: a number is out of range or missing"):
        replace(CALIBRATION, **wrong)


def test_recognizer_applies_the_calibration_of_its_file(tmp_path):
    priors = (1 / 8,) * 8
    calibration = SizeCalibration((8.0, 16.0), (50.0, 1.0), (0.9, 0.5), 0.92, (0.0,) * 8, priors, 0.0, 6.0)
    path = write_gray_model(tmp_path / "m.onnx", FERPLUS_LABELS, calibration=calibration, believed_px=16)
    recognizer = Recognizer(path)
    rng = np.random.default_rng(0)
    large, tiny, least = (face(2, 8, rng, side) for side in (48, 8, 5))
    answers = recognizer.predict([large, tiny, least])
    assert [a.expression for a in answers] == ["surprise"] * 3
    assert [a.effective_px for a in answers] == pytest.approx([16, 8, 5])  # at most the size of the crop
    assert [a.abstained for a in answers] == [False, True, True]
    assert answers[0].confidence > 0.9 > 0.5 > answers[1].confidence


def test_correct_sizes_within_and_beyond_pairs():
    pairs = ((10.0, 8.0), (40.0, 16.0))
    found = correct_sizes(np.array([5.0, 10.0, 20.0, 40.0, 50.0, 300.0]), pairs)
    np.testing.assert_allclose(found, [4.0, 8.0, 8 * 2**0.5, 16.0, 20.0, 40.0])
    assert correct_sizes(found, ()) is found


def test_recognizer_applies_the_size_correction_of_its_file(tmp_path):
    path = write_gray_model(tmp_path / "m.onnx", FERPLUS_LABELS, believed_px=20, size_correction=((20.0, 10.0),))
    crops = [face(0, 8, np.random.default_rng(0), side) for side in (48, 8)]
    assert [p.effective_px for p in Recognizer(path).predict(crops)] == pytest.approx([10, 8])


def test_recognizer_uniform_prior_needs_a_calibration(tmp_path):
    bare = write_gray_model(tmp_path / "bare.onnx", FERPLUS_LABELS)
    with pytest.raises(ModelError, match="no calibration"):
        Recognizer(bare, prior="uniform")
    assert not any(p.abstained for p in Recognizer(bare).predict([np.zeros((4, 4), np.uint8)]))
    priors = (0.93, *(0.01,) * 7)
    calibration = SizeCalibration((48.0,), (100.0,), (0.0,), 0.92, (0.0,) * 8, priors, 1.0, 1.0)
    path = write_gray_model(tmp_path / "m.onnx", FERPLUS_LABELS, calibration=calibration)
    between = [np.full((48, 48), (level(0, 8) + level(1, 8)) // 2, np.uint8)]
    trained, uniform = (Recognizer(path, prior=prior).probabilities(between)[0] for prior in ("trained", "uniform"))
    assert uniform[1] > trained[1] and uniform[0] < trained[0]
