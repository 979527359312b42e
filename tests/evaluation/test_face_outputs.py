"""Recognition in batches: each picture is decoded once, few are alive, and nothing depends on the batches."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ekspresi.evaluation import face_outputs
from ekspresi.evaluation.calibration_fit import fit_calibration, fit_sizes
from ekspresi.evaluation.evaluate import evaluate
from ekspresi.evaluation.face_outputs import FACES_A_CALL, FaceOutputs, recognize_faces, run_in_batches
from ekspresi.evaluation.provenance import make_provenance
from ekspresi.evaluation.report import write_report
from ekspresi.evaluation.threshold_fit import fit_strict_thresholds
from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.recognition.classifier import BatchPrediction
from ekspresi.recognition.recognizer import BATCH, Recognizer
from tests.evaluation.made_up_faces import ASKED, dataset_of
from tests.support.gray_model import write_gray_model
from tests.support.lazy_sets import lazy_copy


@pytest.fixture(scope="module")
def many():
    """600 faces, of which every seventh looks like another expression."""
    labels = [FERPLUS_LABELS[k % 8] for k in range(600)]
    return dataset_of([(label, labels[k - 1] if k % 7 == 0 else label) for k, label in enumerate(labels)])


def test_report_of_lazy_images_is_equal(tmp_path, calibrated, many, monkeypatch):
    lazy, source = lazy_copy(many, monkeypatch)
    written = []
    for name, dataset in (("eager", many), ("lazy", lazy)):
        evaluation = evaluate(calibrated, dataset, np.arange(300), sizes=(48, 16), suite="cctv", estimated_prior=True)
        provenance = replace(make_provenance(calibrated, dataset, ASKED), date="2026-01-01T00:00:00+00:00")
        written.append(write_report(evaluation, provenance, tmp_path / name, dataset))
    for one, two in zip(*written, strict=True):
        assert one.read_text(encoding="utf-8") == two.read_text(encoding="utf-8")
    assert len(json.loads(written[1][0].read_text())["evaluation"]["mistakes"]) > 0
    # Once to read, once to recognize at both sizes; then a sample for the effective sizes, and the mistakes.
    assert source.decoded <= 600 + 300 + 2 * 300 + 24


def test_evaluate_holds_one_batch_of_lazy_images(recognizer, many, monkeypatch):
    lazy, source = lazy_copy(many, monkeypatch)
    source.most_alive_bytes = 0
    evaluate(recognizer, lazy, np.arange(600), sizes=(48, 24))
    assert 0 < source.most_alive_bytes <= (FACES_A_CALL + 1) * 48 * 48 < many.images.nbytes / 2
    assert source.decoded == 2 * 600  # this model estimates no sizes


def test_fits_of_lazy_images_are_equal_and_hold_one_batch(tmp_path, many, monkeypatch):
    model = Recognizer(write_gray_model(tmp_path / "m.onnx", FERPLUS_LABELS, believed_px=16))
    lazy, source = lazy_copy(many, monkeypatch)
    source.most_alive_bytes = 0
    even = np.full(8, 1 / 8)
    fits = []
    for dataset in (many, lazy):
        sizes = fit_sizes(model, dataset, np.arange(600), smallest_px=6)
        fit = fit_calibration(
            model, dataset, np.arange(600), priors=even, drawn_priors=even, smallest_px=6, sizes_px=(48, 12)
        )
        fits.append((sizes, fit, fit_strict_thresholds(model, fit, dataset, np.arange(600))))
    assert fits[0] == fits[1] and len(fits[0][0]) > 1 and fits[0][2].strict_thresholds
    assert source.most_alive_bytes <= (FACES_A_CALL + 1) * 48 * 48


def test_run_in_batches_equals_one_call(recognizer, many):
    assert FACES_A_CALL % BATCH == 0  # so the network sees the same batches
    for one, two in zip(run_in_batches(recognizer, iter(many.images)), recognizer.logits(many.images), strict=True):
        np.testing.assert_array_equal(one, two)


def test_face_outputs_hold_what_the_network_computed(calibrated, many):
    (outputs,) = recognize_faces(calibrated, many, np.arange(5, 400), [24], "clean")
    logits, effective_px = calibrated.logits([many.images[k][::2, ::2] for k in range(5, 400)])
    for prior in ("trained", "uniform", "trained"):
        expected = calibrated.calibrate(logits, effective_px, prior)
        np.testing.assert_allclose(outputs.answers(calibrated, prior).probabilities, expected.probabilities, atol=0.05)
    assert outputs.answers(calibrated, "trained") is outputs.answers(calibrated, "trained")
    assert outputs.rows_of(np.array([5, 399])).tolist() == [0, 394]
    assert not outputs.not_shrunk.any()


def test_face_outputs_keep_float32_logits_exactly(calibrated, many):
    (outputs,) = recognize_faces(calibrated, many, np.arange(100), [48], "clean")
    exact = calibrated.predict_batch(many.images[:100])
    found = outputs.answers(calibrated, calibrated.prior)
    np.testing.assert_array_equal(found.probabilities, exact.probabilities)
    np.testing.assert_array_equal(found.effective_px, exact.effective_px)
    np.testing.assert_array_equal(found.abstained, exact.abstained)


def test_face_outputs_of_many_faces_are_computed_in_parts(calibrated, many, monkeypatch):
    (whole,) = recognize_faces(calibrated, many, np.arange(300), [48], "clean")
    monkeypatch.setattr(face_outputs, "_ROWS_A_PART", 70)
    monkeypatch.setattr(face_outputs, "_LOGITS_IN_MEMORY", 100)  # the rest is in a file
    (parts,) = recognize_faces(calibrated, many, np.arange(300), [48], "clean")
    for prior in ("uniform", "trained"):
        one, two = whole.answers(calibrated, prior), parts.answers(calibrated, prior)
        np.testing.assert_array_equal(one.probabilities, two.probabilities)
        np.testing.assert_array_equal(one.abstained, two.abstained)


def test_face_outputs_of_any_classifier_are_its_answers(many):
    class Counting:
        labels = ("a", "b", "c")

        def predict_batch(self, crops):
            n = len(crops)
            rows = np.array([[crop.mean(), 1, 2] for crop in crops])
            return BatchPrediction(rows, np.full(n, 9.0), np.arange(n) % 2 == 0)

    (outputs,) = recognize_faces(Counting(), many, np.arange(300), [48], "clean")
    answers = outputs.answers(Counting(), "trained")
    np.testing.assert_array_equal(answers.probabilities[:, 0], many.images[:300].mean(axis=(1, 2)))
    assert answers.effective_px.tolist() == [9.0] * 300 and answers.abstained[[0, 1, 256, 257]].tolist() == [1, 0, 1, 0]


def test_face_outputs_that_are_not_full_have_no_answers(calibrated):
    with pytest.raises(ValueError, match="0 of 2 faces were recognized"):
        FaceOutputs(48, np.arange(2), np.array([True, True]), labels=8).answers(calibrated, "trained")
