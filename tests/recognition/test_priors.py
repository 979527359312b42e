"""Check priors by name, by shares and from files, chosen labels, and what they do to predictions."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from ekspresi.errors import ConfigError, ModelError
from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.recognition.priors import check_calibrated, check_labels, log_prior, parse_prior, prior_from, restrict
from ekspresi.recognition.recognizer import Recognizer
from tests.support.gray_model import face, write_gray_model

LABELS = ("neutral", "fear", "anger")
CALIBRATION = SizeCalibration((24.0,), (1.0,), (0.5,), 0.9, (0.0,) * 3, (0.5, 0.3, 0.2), 0.5, 6.0)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model that is hardly sure of anything, and answers from a confidence of 0.5."""
    priors = (0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05)
    calibration = SizeCalibration((48.0,), (100.0,), (0.5,), 0.92, (0.0,) * 8, priors, 1.0, 1.0)
    return write_gray_model(
        tmp_path_factory.mktemp("model") / "m.onnx", FERPLUS_LABELS, calibration=calibration, believed_px=16
    )


@pytest.mark.parametrize("prior", ["trained", "uniform"])
def test_prior_from_known_name_returns_it(prior: str) -> None:
    assert prior_from(prior, None) == prior  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ("flat", r"^prior 'flat': unknown\. Use 'trained', 'uniform', or a share for each label\.$"),
        ("auto", r"^prior 'auto': needs faces to estimate it from\. Call estimate_prior and pass its prior\.$"),
        ({"fear": -0.1}, r"^prior: the share of 'fear' is -0\.1\. Use a number from 0\.$"),
        ({"fear": "much"}, "the share of 'fear' is 'much'"),
        ({"fear": True}, "the share of 'fear' is True"),
        ({"fear": float("nan")}, "the share of 'fear' is nan"),
        ({"fear": 0}, r"^prior: no label has a share above 0\. Give at least two labels a share\.$"),
        ({}, "no label has a share above 0"),
    ],
)
def test_prior_from_invalid_prior_is_refused(prior: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        prior_from(prior, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("even_prior", "prior"), [(True, "uniform"), (False, "trained")])
def test_prior_from_even_prior_warns_and_wins(even_prior: bool, prior: str) -> None:
    with pytest.warns(DeprecationWarning, match="even_prior is deprecated"):
        assert prior_from("trained", even_prior) == prior


def test_prior_from_shares_sum_to_one_and_stay() -> None:
    prior = prior_from({"neutral": 1, "fear": 2, "anger": 0}, None)
    assert prior == (("fear", 2 / 3), ("neutral", 1 / 3))
    assert prior_from(prior, None) == prior


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.toml", "fear = 30\nneutral = 10.0\n"), ("x.json", '{"neutral": 0.25, "fear": 0.75}')],
)
def test_parse_prior_reads_toml_and_json(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    assert parse_prior(str(tmp_path / name)) == (("fear", 0.75), ("neutral", 0.25))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.toml", "fear: 3", r"x\.toml: is not TOML \(.*\)\. Write a line such as neutral = 0\.4 per label\."),
        ("x.json", "fear = 3", r"x\.json: is not JSON"),
        ("x.json", "[1, 2]", r"x\.json: is not a table of shares\. Write a share for each label\."),
        ("x.toml", "fear = -3", r"x\.toml: prior: the share of 'fear' is -3\. Use a number from 0\."),
        ("x.toml", "[fear]\nneutral = 1", r"x\.toml: prior: the share of 'fear' is \{'neutral': 1\}"),
    ],
)
def test_parse_prior_invalid_file_is_named(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=message):
        parse_prior(str(tmp_path / name))


def test_parse_prior_missing_file_or_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--prior flat: no such prior or file\. Use trained, uniform, auto, or a"):
        parse_prior("flat")
    with pytest.raises(ConfigError, match="cannot be read"):
        parse_prior(str(tmp_path))


def test_log_prior_of_names_and_shares() -> None:
    np.testing.assert_allclose(np.exp(log_prior("trained", LABELS, CALIBRATION)), [0.5, 0.3, 0.2])
    half = np.sqrt([0.5, 0.3, 0.2])  # the strength is 0.5
    np.testing.assert_allclose(np.exp(log_prior("uniform", LABELS, CALIBRATION)), half / half.sum())
    np.testing.assert_allclose(np.exp(log_prior("trained", LABELS, None)), [1 / 3] * 3)
    shares = prior_from({"anger": 3, "neutral": 1}, None)
    np.testing.assert_allclose(np.exp(log_prior(shares, LABELS, CALIBRATION)), [0.25, 0, 0.75])
    with pytest.raises(ConfigError, match=r"^prior: the model has no label 'joy'\. Use neutral, fear, anger\.$"):
        log_prior((("joy", 1.0),), LABELS, CALIBRATION)


def test_check_labels_refuses_unknown_and_single_labels() -> None:
    assert check_labels(["anger", "neutral"], LABELS).tolist() == [True, False, True]
    with pytest.raises(ConfigError, match=r"^labels: the model has no label 'joy'\. Use neutral, fear, anger\.$"):
        check_labels(["joy", "fear"], LABELS)
    for few in (["fear"], ["fear", "fear"], []):
        with pytest.raises(ConfigError, match=r"chosen\. Choose at least two of neutral, fear, anger\."):
            check_labels(few, LABELS)


def test_restrict_without_probability_is_equal() -> None:
    allowed = np.array([False, True, True])
    found = restrict(np.array([[1.0, 0.0, 0.0], [0.8, 0.15, 0.05]]), allowed)
    np.testing.assert_allclose(found, [[0, 0.5, 0.5], [0, 0.75, 0.25]])


def test_check_calibrated_names_the_file() -> None:
    with pytest.raises(ModelError, match=r"^bare\.onnx: has no calibration, so its prior cannot be changed\."):
        check_calibrated(None, Path("bare.onnx"))


def test_recognizer_labels_restrict_all_of_a_prediction(model: Path) -> None:
    crops = [face(code, 8, np.random.default_rng(0)) for code in range(8)]
    everything = Recognizer(model)
    chosen = Recognizer(model, labels=["happiness", "anger"])
    full = everything.probabilities(crops)
    columns = [FERPLUS_LABELS.index(label) for label in ("happiness", "anger")]
    for prediction, row in zip(chosen.predict(crops), full, strict=True):
        assert tuple(prediction.probabilities) == FERPLUS_LABELS
        kept = {label: share for label, share in prediction.probabilities.items() if share > 0}
        expected = row[columns] / row[columns].sum()
        assert kept == pytest.approx(dict(zip(("happiness", "anger"), expected.tolist(), strict=True)))
        assert prediction.expression in ("happiness", "anger") and prediction.confidence >= 0.5
        assert not prediction.abstained  # the better of two always reaches the threshold of 0.5
    assert all(prediction.abstained for prediction in everything.predict(crops))


@pytest.mark.parametrize("prior", ["trained", "uniform", {"happiness": 1, "anger": 9, "neutral": 90}])
def test_recognizer_restricts_first_and_then_applies_the_prior(model: Path, prior: object) -> None:
    crops = [face(code, 8, np.random.default_rng(0)) for code in range(8)]
    recognizer = Recognizer(model, prior=prior, labels=("anger", "happiness"))  # type: ignore[arg-type]
    contained = {"trained": (2 / 3, 1 / 3), "uniform": (0.5, 0.5)}.get(str(prior), (0.1, 0.9))
    assert recognizer.class_prior["happiness"] == pytest.approx(contained[0])
    assert sum(recognizer.class_prior.values()) == pytest.approx(1)
    trained = Recognizer(model, labels=("anger", "happiness")).probabilities(crops)[:, [1, 4]]
    expected = trained * np.array(contained) / np.array([2 / 3, 1 / 3])
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(recognizer.probabilities(crops)[:, [1, 4]], expected)
    again = pickle.loads(pickle.dumps(recognizer))
    np.testing.assert_array_equal(again.probabilities(crops), recognizer.probabilities(crops))


def test_recognizer_label_without_share_is_never_answered(model: Path) -> None:
    crops = [face(code, 8, np.random.default_rng(0)) for code in range(8)]
    recognizer = Recognizer(model, prior={"fear": 1, "anger": 1})
    assert {prediction.expression for prediction in recognizer.predict(crops)} == {"fear", "anger"}
    with pytest.raises(ConfigError, match="fewer than two labels have a share and may be answered"):
        Recognizer(model, prior={"fear": 1, "anger": 1}, labels=("anger", "neutral"))


def test_recognizer_without_calibration_can_be_restricted(tmp_path: Path) -> None:
    recognizer = Recognizer(write_gray_model(tmp_path / "bare.onnx", FERPLUS_LABELS), labels=("fear", "anger"))
    (prediction,) = recognizer.predict([face(0, 8, np.random.default_rng(0))])
    assert sum(prediction.probabilities[label] for label in ("fear", "anger")) == pytest.approx(1)
    assert recognizer.class_prior["fear"] == pytest.approx(0.5)
    with pytest.raises(ModelError, match="no calibration"):
        Recognizer(recognizer.path, prior={"fear": 1, "anger": 1})
