"""Priors of an evaluation: which are measured, and estimates that read no label."""

from dataclasses import replace

import numpy as np
import pytest

from ekspresi.errors import ConfigError, ModelError
from ekspresi.evaluation.class_priors import count_shares, known_shares, list_priors, resolve_prior
from ekspresi.evaluation.evaluate import evaluate
from ekspresi.expressions import CKPLUS_LABELS, FERPLUS_LABELS
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.recognition.recognizer import Recognizer
from tests.evaluation.made_up_faces import dataset_of
from tests.support.gray_model import write_gray_model

SHOWN = {"anger": 40, "fear": 15, "happiness": 15}


@pytest.fixture(scope="module")
def doubting(tmp_path_factory):
    """Make a model that takes half of all faces for neutral before it sees them, and is unsure of small ones."""
    priors = (0.51, *(0.07,) * 7)
    bias = tuple(np.log(priors).tolist())
    calibration = SizeCalibration((8.0, 48.0), (2.0, 2.0), (0.0, 0.0), 0.9, bias, priors, 1.0, 6.0)
    path = tmp_path_factory.mktemp("doubting") / "m.onnx"
    return Recognizer(write_gray_model(path, FERPLUS_LABELS, calibration=calibration))


@pytest.fixture(scope="module")
def faces():
    return dataset_of([(label, label) for label, count in SHOWN.items() for _ in range(count)], CKPLUS_LABELS)


def test_evaluate_estimates_each_size_beside_the_truth(doubting, faces):
    found = evaluate(doubting, faces, np.arange(70), sizes=(48, 16), estimated_prior=True)
    prior = found.prior
    assert (prior.name, prior.shares, [each.size_px for each in prior.estimates]) == ("estimated", {}, [48, 16])
    assert prior.true_shares == {label: SHOWN.get(label, 0) / 70 for label in FERPLUS_LABELS}
    for each in prior.estimates:
        assert each.estimate.faces == 70
        for label, share in prior.true_shares.items():
            assert each.estimate.low[label] - 0.02 <= share <= each.estimate.high[label] + 0.02
    assert [view.name for view in found.views][:3] == [
        "test, unmasked",
        "test, unmasked, trained prior",
        "test, unmasked, even prior",
    ]
    own = evaluate(replace_prior(doubting, prior.estimates[0].estimate.prior), faces, np.arange(70), sizes=(48,))
    assert own.prior.name == "given" and own.prior.shares["anger"] == pytest.approx(40 / 70, abs=0.05)
    assert own.headline.at(48) == found.headline.at(48)


def replace_prior(recognizer, prior):
    return Recognizer(recognizer.path, prior=prior)


def test_evaluate_estimate_does_not_read_labels(doubting, faces):
    """Other labels, and faces without any, change what is true, not what is estimated."""
    votes = np.roll(faces.votes, 1, axis=1)
    votes[::7] = 0
    others = np.zeros((70, 1), np.float32)
    others[::7] = 10
    wrong = replace(faces, votes=votes, other_votes=others)
    first, second = (
        evaluate(doubting, each, np.arange(70), sizes=(48,), estimated_prior=True).prior for each in (faces, wrong)
    )
    assert first.estimates == second.estimates and first.true_shares != second.true_shares


def test_evaluate_estimate_resamples_subjects(doubting, faces):
    people = replace(faces, subjects=np.array([f"S{i % 10}" for i in range(70)]))
    one = evaluate(doubting, people, np.arange(70), sizes=(48,), estimated_prior=True).prior.estimates[0].estimate
    assert one.faces == 70
    few = replace(faces, subjects=np.array([f"S{i % 9}" for i in range(70)]))
    with pytest.raises(ConfigError, match="70 faces in 9 independent groups are too few"):
        evaluate(doubting, few, np.arange(70), sizes=(48,), estimated_prior=True)


def test_evaluate_estimate_of_few_faces_is_refused(doubting, faces):
    with pytest.raises(ConfigError, match="prior: 49 faces are too few to estimate it"):
        evaluate(doubting, faces, np.arange(49), sizes=(48,), estimated_prior=True)


def test_evaluate_masked_is_what_labels_give(doubting):
    pairs = [("fear", "contempt"), ("anger", "neutral"), ("happiness", "neutral"), ("sadness", "sadness")] * 3
    dataset = dataset_of(pairs, CKPLUS_LABELS)
    masked = evaluate(doubting, dataset, np.arange(12), sizes=(48,)).masked
    chosen = Recognizer(doubting.path, labels=masked.labels)
    right = [
        prediction.expression == label
        for prediction, (label, _) in zip(chosen.predict(dataset.images), pairs, strict=True)
    ]
    assert 0 < sum(right) < 12
    assert masked.at(48).scores.accuracy.value == pytest.approx(np.mean(right))


def test_list_priors_puts_the_own_one_first(doubting, recognizer):
    assert list_priors(doubting, estimated=False) == ("trained", "even")
    assert list_priors(doubting, estimated=True) == ("estimated", "trained", "even")
    assert list_priors(replace_prior(doubting, "uniform"), estimated=False) == ("even", "trained")
    assert list_priors(replace_prior(doubting, {"fear": 1, "anger": 1}), estimated=False)[0] == "given"
    assert list_priors(recognizer, estimated=False) == ("trained",)  # it has no calibration
    with pytest.raises(ModelError, match="no calibration"):
        list_priors(recognizer, estimated=True)

    class OtherTool:
        labels = FERPLUS_LABELS

    assert list_priors(OtherTool(), estimated=False) == ("trained",)
    with pytest.raises(ConfigError, match=r"^OtherTool: only a Recognizer has a prior"):
        list_priors(OtherTool(), estimated=True)


def test_resolve_prior_given_is_the_recognizers_own(doubting):
    own = replace_prior(doubting, {"fear": 1, "anger": 3})
    assert resolve_prior("given", own, None) == (("anger", 0.75), ("fear", 0.25))
    assert (resolve_prior("trained", own, None), resolve_prior("even", own, None)) == ("trained", "uniform")


def test_known_shares_of_models_with_a_prior_alone(doubting, recognizer):
    assert known_shares(doubting, "trained")["neutral"] == pytest.approx(0.51)
    assert known_shares(doubting, "estimated") == known_shares(recognizer, "trained") == {}


def test_count_shares_leaves_out_faces_without_a_label(faces):
    others = np.zeros((70, 1), np.float32)
    others[:20] = 99
    half = replace(faces, other_votes=others)
    assert count_shares(half, np.arange(70), ("anger", "fear")) == {"anger": 20 / 50, "fear": 15 / 50}
    assert count_shares(half, np.arange(20), ("anger",)) == {"anger": 0}
