"""Evaluation of a model file with known answers, on faces that are right or wrong by design."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ekspresi.datasets.registry import read
from ekspresi.errors import DatasetError
from ekspresi.evaluation.evaluate import evaluate
from ekspresi.expressions import CKPLUS_LABELS, FERPLUS_LABELS, SHARED_LABELS
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.recognition.classifier import BatchPrediction
from ekspresi.recognition.recognizer import Recognizer
from tests.evaluation.made_up_faces import dataset_of
from tests.support.gray_model import face, level, write_gray_model


def everything(dataset):
    return np.arange(len(dataset))


def test_evaluate_counts_known_answers_at_every_size(recognizer):
    dataset = dataset_of([("fear", "fear")] * 3 + [("anger", "anger")] * 4 + [("anger", "fear")])
    evaluation = evaluate(recognizer, dataset, everything(dataset))
    assert evaluation.sizes_px == (48, 32, 24, 16, 12, 8)
    assert [view.name for view in evaluation.views] == ["test"]
    view = evaluation.headline
    assert (view.answers, view.custom, view.level, view.resampled) == ("all", "argmax", "image", "images")
    assert view.labels == FERPLUS_LABELS
    anger, fear = FERPLUS_LABELS.index("anger"), FERPLUS_LABELS.index("fear")
    for result in view.by_size:
        assert result.scores.accuracy.value == pytest.approx(7 / 8)
        assert result.scores.confusion[anger][fear] == 1
        assert result.scores.classes[fear].precision == pytest.approx(3 / 4)
    (mistake,) = evaluation.mistakes
    assert (mistake.index, mistake.name, mistake.target, mistake.answer) == (7, "7.png", "anger", "fear")


def test_evaluate_any_classifier_gives_the_same_scores(recognizer):
    class OtherTool:
        """No logits, no file, no prior: labels and probabilities alone."""

        labels = FERPLUS_LABELS[::-1]

        def predict_batch(self, crops):
            own = recognizer.predict_batch(crops)
            return BatchPrediction(own.probabilities[:, ::-1], own.effective_px, own.abstained)

    dataset = dataset_of([("fear", "fear")] * 3 + [("anger", "anger")] * 4 + [("anger", "fear")])
    ours = evaluate(recognizer, dataset, everything(dataset))
    theirs = evaluate(OtherTool(), dataset, everything(dataset))
    assert theirs.model_labels == FERPLUS_LABELS[::-1]
    assert theirs.effective_sizes == () and {view.prior for view in theirs.views} == {"trained"}
    for mine, other in zip(ours.headline.by_size, theirs.headline.by_size, strict=True):
        assert other.scores.accuracy == mine.scores.accuracy
        assert other.scores.macro_f1 == mine.scores.macro_f1
    assert [mistake.index for mistake in theirs.mistakes] == [7]


def test_evaluate_shrinks_larger_faces_only(recognizer):
    seen = []

    class Watching:
        labels = recognizer.labels

        def predict_batch(self, crops):
            seen.extend(crop.shape for crop in crops)
            return recognizer.predict_batch(crops)

    dataset = dataset_of([("fear", "fear")] * 2)
    small = face(0, 8, np.random.default_rng(1), side=12)
    dataset = replace(dataset, images=[dataset.images[0], small])
    view = evaluate(Watching(), dataset, everything(dataset), sizes=(8, 48, 16)).headline
    assert seen == [(48, 48), (12, 12), (16, 16), (12, 12), (8, 8), (8, 8)]
    assert [(r.size_px, r.not_shrunk) for r in view.by_size] == [(48, 2), (16, 1), (8, 0)]
    with pytest.raises(KeyError):
        view.at(24)


def test_evaluate_counts_only_the_given_indices(recognizer):
    dataset = dataset_of([("fear", "fear"), ("fear", "anger"), ("anger", "anger"), ("anger", "fear")])
    evaluation = evaluate(recognizer, dataset, np.array([3, 0, 2]), sizes=(48,))
    assert evaluation.headline.by_size[0].scores.n == 3
    assert evaluation.headline.by_size[0].scores.accuracy.value == pytest.approx(2 / 3)
    assert evaluation.mistakes[0].index == 3


def test_evaluate_on_ckplus_counts_masked_and_unmasked(recognizer):
    pairs = [("fear", "fear"), ("fear", "contempt"), ("anger", "neutral"), ("contempt", "contempt")]
    dataset = dataset_of(pairs, CKPLUS_LABELS)
    unmasked, masked = evaluate(recognizer, dataset, everything(dataset), sizes=(48,)).views
    assert (masked.answers, unmasked.answers) == ("masked", "unmasked")
    assert set(masked.labels) == set(SHARED_LABELS)
    assert unmasked.labels == FERPLUS_LABELS
    assert masked.excluded == unmasked.excluded == {"labelled contempt": 1}
    # Contempt lies next to fear in gray, so once contempt may not be answered, fear is; neutral's
    # neighbor among the six is happiness, which is still wrong.
    assert masked.by_size[0].scores.accuracy.value == pytest.approx(2 / 3)
    assert unmasked.by_size[0].scores.accuracy.value == pytest.approx(1 / 3)
    # Probabilities over the six are those of the eight, made to sum to 1.
    raw = recognizer.probabilities([dataset.images[i] for i in range(3)])
    six = raw[:, [FERPLUS_LABELS.index(label) for label in masked.labels]]
    six /= six.sum(axis=1, keepdims=True)
    of_target = [six[0, 5], six[1, 5], six[2, 3]]
    assert masked.labels[5] == "fear"
    assert masked.labels[3] == "anger"
    expected = -np.log(np.maximum(of_target, 1e-12)).mean()
    assert masked.by_size[0].calibration.nll == pytest.approx(expected)


def test_evaluate_leaves_out_labels_that_the_model_lacks(tmp_path):
    small = Recognizer(write_gray_model(tmp_path / "small.onnx", FERPLUS_LABELS[1:]))
    rng = np.random.default_rng(0)
    dataset = dataset_of([("neutral", "neutral"), ("happiness", "happiness"), ("fear", "fear")])
    dataset = replace(dataset, images=np.stack([face(k, 7, rng) for k in (0, 0, 5)]))
    (view,) = evaluate(small, dataset, everything(dataset), sizes=(48,)).views
    assert view.excluded == {"labelled neutral": 1}
    assert view.answers == "all"
    assert view.by_size[0].scores.accuracy.value == 1


def test_evaluate_of_counted_votes_has_both_customs(recognizer):
    dataset = dataset_of([("fear", "fear"), ("anger", "fear"), ("sadness", "sadness"), ("fear", "fear")])
    votes = dataset.votes.copy()
    votes[2, FERPLUS_LABELS.index("anger")] = 10  # a tie: a label by arg-max, none by majority
    others = np.zeros((4, 2), np.float32)
    others[3, 0] = 11  # 'unknown' wins
    dataset = replace(dataset, votes=votes, other_votes=others)
    evaluation = evaluate(
        recognizer,
        dataset,
        np.array([0, 2, 3]),
        sizes=(48,),
        subset="clean",
        further={"whole": np.arange(4)},
    )
    assert [view.name for view in evaluation.views] == [
        "clean, arg-max",
        "clean, majority",
        "whole, arg-max",
        "whole, majority",
    ]
    assert [view.by_size[0].scores.n for view in evaluation.views] == [2, 1, 3, 2]
    assert [view.excluded for view in evaluation.views] == [{"without a clear label": n} for n in (1, 2, 1, 2)]
    assert [round(view.by_size[0].scores.accuracy.value, 3) for view in evaluation.views] == [
        1,
        1,
        round(2 / 3, 3),
        0.5,
    ]
    assert evaluation.mistakes == ()  # the headline has none


def test_evaluate_averages_sequences_resamples_subjects(recognizer):
    frames = [("fear", "fear"), ("fear", "fear"), ("fear", "anger"), ("anger", "anger"), ("anger", "anger")]
    dataset = dataset_of(
        frames,
        subjects=np.array(["S1", "S1", "S1", "S2", "S2"]),
        sequences=np.array(["S1_1", "S1_1", "S1_1", "S2_1", "S2_2"]),
    )
    images, sequences = evaluate(recognizer, dataset, everything(dataset), sizes=(48,)).views
    assert (images.level, sequences.level) == ("image", "sequence")
    assert (images.resampled, sequences.resampled) == ("subjects", "subjects")
    assert images.by_size[0].scores.clusters == sequences.by_size[0].scores.clusters == 2
    assert images.by_size[0].scores.accuracy.value == pytest.approx(4 / 5)
    assert sequences.by_size[0].scores.n == 3
    assert sequences.by_size[0].scores.accuracy.value == 1  # two frames of three outvote the third


def test_evaluate_without_subjects_resamples_sequences(recognizer):
    dataset = dataset_of([("fear", "fear")] * 4, sequences=np.array(["a", "a", "b", "b"]))
    assert {view.resampled for view in evaluate(recognizer, dataset, everything(dataset)).views} == {"sequences"}


def test_evaluate_progress_ends_at_the_total(recognizer):
    dataset = dataset_of([("fear", "fear")] * 300, side=8)
    calls = []
    evaluate(
        recognizer,
        dataset,
        everything(dataset),
        sizes=(8, 4),
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == [(256, 600), (512, 600), (556, 600), (600, 600)]


def test_evaluate_twice_is_equal_and_json(recognizer):
    dataset = dataset_of([("fear", "fear"), ("anger", "fear")] * 5)
    first, second = (evaluate(recognizer, dataset, everything(dataset), sizes=(48, 8)) for _ in range(2))
    assert first == second
    text = json.dumps(first.to_dict(), allow_nan=False)
    assert json.loads(text)["views"][0]["by_size"][1]["scores"]["accuracy"]["value"] == 0.5


def test_evaluate_without_faces_names_the_reason(recognizer):
    dataset = dataset_of([("contempt", "contempt")], CKPLUS_LABELS)
    with pytest.raises(DatasetError, match=r"made:up: no face of 'test' .*1 labelled contempt"):
        evaluate(recognizer, dataset, everything(dataset))
    with pytest.raises(DatasetError, match="it is empty"):
        evaluate(recognizer, dataset, np.array([], np.int64))


@pytest.mark.shared
def test_evaluate_ckplus48_counts_six_classes(recognizer, shared):
    dataset = read(f"ckplus48:{shared / 'data' / 'CK+48'}")
    views = evaluate(recognizer, dataset, everything(dataset), sizes=(48,)).views
    assert [view.by_size[0].scores.n for view in views] == [927, 309, 927, 309]
    assert {view.by_size[0].scores.clusters for view in views} == {106}
    assert all(view.excluded == {"labelled contempt": 54} for view in views)


def test_evaluate_counts_abstentions(calibrated):
    dataset = dataset_of([("fear", "fear")] * 3 + [("anger", "fear")])
    between = np.full((48, 48), (level(0, 8) + level(1, 8)) // 2, np.uint8)  # half one, half the other: unsure
    images = [*dataset.images[:2], between, dataset.images[3]]
    dataset = replace(dataset, images=images)
    result = evaluate(calibrated, dataset, everything(dataset), sizes=(48,)).headline.by_size[0]
    assert result.selective.coverage == pytest.approx(0.75)
    assert result.selective.precision == pytest.approx(2 / 3)
    assert result.selective.curve[-1] == pytest.approx((1.0, 0.5))
    assert result.scores.accuracy.value == pytest.approx(0.5)


def test_evaluate_counts_other_classes_under_both_priors(calibrated):
    dataset = dataset_of([("fear", "fear")] * 2 + [("anger", "anger")], CKPLUS_LABELS)
    evaluation = evaluate(calibrated, dataset, everything(dataset), sizes=(48,))
    named = {view.name: view for view in evaluation.views if view.level == "image"}
    assert list(named) == ["test, unmasked", "test, unmasked, even prior", "test, masked", "test, masked, even prior"]
    assert named["test, masked"].by_size[0].scores.accuracy.value == 1
    # A prior strength this large makes every answer fear.
    assert named["test, masked, even prior"].by_size[0].scores.accuracy.value == pytest.approx(2 / 3)
    assert named["test, masked"].by_size[0].selective is None
    own = evaluate(calibrated, dataset_of([("fear", "fear")]), np.array([0]), sizes=(48,))
    assert [view.prior for view in own.views] == ["trained"]


def test_evaluate_counts_abstentions_under_each_prior(tmp_path):
    """Between two labels the trained prior decides for one; an even prior abstains."""
    priors = tuple(0.93 if label == "anger" else 0.01 for label in FERPLUS_LABELS)
    bias = tuple(np.log(priors).tolist())
    calibration = SizeCalibration((8.0, 48.0), (1.0, 1.0), (0.8, 0.8), 0.92, bias, priors, 1.0, 6.0)
    model = Recognizer(write_gray_model(tmp_path / "m.onnx", FERPLUS_LABELS, calibration=calibration))
    dataset = dataset_of([("anger", "anger")], CKPLUS_LABELS)
    between = np.full((1, 48, 48), (level(3, 8) + level(4, 8)) // 2, np.uint8)  # sadness or anger
    dataset = replace(dataset, images=between)
    found = {v.name: v.by_size[0].selective for v in evaluate(model, dataset, np.array([0]), sizes=(48,)).views}
    assert found["test, unmasked"].coverage == 1
    assert found["test, unmasked, even prior"].coverage == 0
