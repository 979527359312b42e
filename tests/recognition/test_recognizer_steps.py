"""The steps of a prediction give together what ``predict`` gives: a service takes them one by one."""

import numpy as np
import pytest

from ekspresi.recognition.recognizer import Recognizer

CROPS = [np.random.default_rng(k).integers(0, 256, (20 + k, 24), dtype=np.uint8) for k in range(5)]


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer(device="cpu", threads=1)


def test_prepare_and_run_network_equal_logits(recognizer: Recognizer) -> None:
    sides = np.array([float(min(crop.shape)) for crop in CROPS])
    logits, sizes = recognizer.run_network(recognizer.prepare(CROPS), sides)
    wanted_logits, wanted_sizes = recognizer.logits(CROPS)
    assert logits == pytest.approx(wanted_logits, abs=1e-4) and sizes == pytest.approx(wanted_sizes, abs=1e-3)


def test_prepare_refuses_what_is_no_crop(recognizer: Recognizer) -> None:
    with pytest.raises(TypeError, match=r"crops\[0\]: dtype float64"):
        recognizer.prepare([np.zeros((8, 8))])


def test_calibrate_restricts_to_the_allowed_labels(recognizer: Recognizer) -> None:
    allowed = np.array([label in ("fear", "anger") for label in recognizer.labels])
    batch = recognizer.calibrate(*recognizer.logits(CROPS), "uniform", allowed)
    wanted = Recognizer(device="cpu", prior="uniform", labels=["fear", "anger"]).predict_batch(CROPS)
    assert batch.probabilities == pytest.approx(wanted.probabilities, abs=1e-5)
    assert batch.abstained.tolist() == wanted.abstained.tolist()


def test_as_predictions_equals_predict(recognizer: Recognizer) -> None:
    found = recognizer.as_predictions(recognizer.predict_batch(CROPS), [float(min(crop.shape)) for crop in CROPS])
    assert found == recognizer.predict(CROPS)


def test_logits_of_no_crops_are_empty(recognizer: Recognizer) -> None:
    logits, sizes = recognizer.logits([])
    assert (logits.shape, sizes.shape) == ((0, 8), (0,))
