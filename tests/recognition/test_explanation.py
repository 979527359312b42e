"""The map finds where a model looks, and nothing else moves it; each size is what the recognizer was given."""

from dataclasses import replace

import numpy as np
import pytest

from ekspresi.detection.detector import make_detector
from ekspresi.imaging.cropping import gray
from ekspresi.imaging.degradations import SIZES_PX, shrink
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.recognition.explanation import GRID, PATCH, at_sizes, explain, occlusion
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Face
from tests.support.quadrant_model import LABELS, chequered, write_quadrant_model

CALIBRATION = SizeCalibration(
    sizes_px=(2.0, 16.0),
    temperatures=(9.0, 1.0),
    thresholds=(0.5, 0.5),
    precision=0.9,
    bias=(0.0, 0.0, 0.0),
    class_priors=(0.3, 0.3, 0.4),
    prior_strength=1.0,
    smallest_px=1.0,
)


@pytest.mark.parametrize("repeat", [1, 6], ids=["16 px", "96 px, which the network never sees"])
@pytest.mark.parametrize("quadrant", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_the_mass_lies_where_the_model_looks(tmp_path, quadrant, repeat):
    recognizer = Recognizer(write_quadrant_model(tmp_path / "x.onnx", quadrant))
    found = occlusion(recognizer, chequered(repeat))
    assert found.prediction.expression == "happiness"
    assert found.falls.shape == (GRID, GRID)
    half = GRID // 2
    inside = found.falls.reshape(2, half, 2, half)[quadrant[0], :, quadrant[1], :]
    assert inside.sum() > 0.8 * np.abs(found.falls).sum()
    assert found.falls.max() > 0.03
    reach = round(PATCH * 0.75 * GRID)
    opposite = found.falls if quadrant[0] else found.falls[::-1]
    np.testing.assert_allclose(opposite[: half - reach], 0, atol=0.002 if repeat == 1 else 0.01)


def test_the_fall_is_that_of_the_believed_expression_in_probability(tmp_path):
    """All of a quadrant's pattern is worth 3 logits; a patch hides at most (1/2)^2 of it, and a good part of that."""
    recognizer = Recognizer(write_quadrant_model(tmp_path / "x.onnx", (0, 0)))
    found = occlusion(recognizer, chequered())
    powers = np.exp([3.0, 3.0 * 3 / 4])
    believed, left = powers / (powers + 2)
    assert found.prediction.confidence == pytest.approx(believed, abs=0.01)
    assert 0.6 * (believed - left) < found.falls.max() < 1.3 * (believed - left)


def test_hiding_what_speaks_against_the_belief_raises_it(tmp_path):
    recognizer = Recognizer(write_quadrant_model(tmp_path / "x.onnx", (0, 0), strength=-1.0))
    found = occlusion(recognizer, chequered())
    assert found.prediction.expression != "happiness"
    assert found.falls.max() > 0, "without the pattern the belief is shared by three, not by two"
    found = occlusion(recognizer, 255 - chequered())
    assert found.prediction.expression == "happiness"
    assert found.falls.min() > -0.01


def test_a_patch_that_only_moves_the_estimated_size_does_not_color_the_map(tmp_path):
    """The constant logits would be softened by the temperature of a smaller face."""
    path = tmp_path / "x.onnx"
    recognizer = Recognizer(write_quadrant_model(path, (0, 1), 0.0, 5.0, size_strength=4.0, calibration=CALIBRATION))
    whole, gone = recognizer.predict_batch([chequered(), np.full((16, 16), 128, np.uint8)]).probabilities.max(axis=1)
    assert whole > gone + 0.3
    np.testing.assert_array_equal(occlusion(recognizer, chequered()).falls, 0)


def test_the_temperature_is_that_of_the_whole_face(tmp_path):
    path = tmp_path / "x.onnx"
    sized = Recognizer(write_quadrant_model(path, (0, 1), size_strength=4.0, calibration=CALIBRATION))
    plain = Recognizer(write_quadrant_model(tmp_path / "y.onnx", (0, 1)))
    found = occlusion(sized, chequered())
    assert found.prediction.effective_px == pytest.approx(16, abs=0.1)
    np.testing.assert_allclose(found.falls, occlusion(plain, chequered()).falls, atol=0.002)


def test_what_is_explained_is_the_answer_under_the_recognizers_prior(tmp_path):
    rare = replace(CALIBRATION, temperatures=(1.0, 1.0), class_priors=(0.97, 0.02, 0.01), bias=(2.0, 0.0, -9.0))
    model = write_quadrant_model(tmp_path / "x.onnx", (1, 1), 1.0, calibration=rare)
    as_learnt, even = (occlusion(Recognizer(model, prior=prior), chequered()) for prior in ("trained", "uniform"))
    assert (as_learnt.prediction.expression, even.prediction.expression) == ("neutral", "happiness")
    assert as_learnt.falls.min() < -0.001, "the pattern speaks against neutral"
    without = tuple(np.array(rare.bias) - np.log(rare.class_priors))
    same = write_quadrant_model(tmp_path / "y.onnx", (1, 1), 1.0, calibration=replace(rare, bias=without))
    np.testing.assert_allclose(even.falls, occlusion(Recognizer(same), chequered()).falls, atol=1e-12)


def test_a_model_that_looks_nowhere_has_a_flat_map(tmp_path):
    recognizer = Recognizer(write_quadrant_model(tmp_path / "x.onnx", (0, 0), strength=0.0))
    np.testing.assert_array_equal(occlusion(recognizer, chequered()).falls, 0)


@pytest.mark.parametrize("shape", [(1, 1), (10, 10), (3, 200), (300, 200, 3), (20, 20, 1)])
def test_any_crop_can_be_explained(tiny_model, shape):
    crop = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    before = crop.copy()
    found = explain(Recognizer(tiny_model), crop)
    np.testing.assert_array_equal(crop, before)
    np.testing.assert_array_equal(found.occlusion.crop, gray(crop))
    assert found.occlusion.falls.shape == (GRID, GRID)
    assert np.isfinite(found.occlusion.falls).all()
    assert found.occlusion.falls.max() <= found.occlusion.prediction.confidence + 0.01
    assert found.occlusion.prediction.face_px == min(shape[:2])


def test_sizes_fall_and_each_belief_is_that_of_the_crop_beside_it(tiny_model):
    recognizer = Recognizer(tiny_model)
    crop = np.random.default_rng(4).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    found = at_sizes(recognizer, crop)
    assert [reduced.crop.shape for reduced in found] == [(side, side) for side in SIZES_PX]
    for reduced, side in zip(found, SIZES_PX, strict=True):
        np.testing.assert_array_equal(reduced.crop, shrink(gray(crop), side))
        (belief,) = recognizer.predict([reduced.crop])
        assert reduced.prediction.expression == belief.expression
        assert reduced.prediction.confidence == pytest.approx(belief.confidence, abs=1e-5)


@pytest.mark.parametrize(("own", "sizes"), [(20, [20, 16, 12, 8]), (48, list(SIZES_PX)), (8, [8]), (5, [5])])
def test_no_size_is_enlarged_or_shown_twice(tiny_model, own, sizes):
    crop = np.random.default_rng(5).integers(0, 256, (own, own), dtype=np.uint8)
    assert [len(reduced.crop) for reduced in at_sizes(Recognizer(tiny_model), crop)] == sizes


class OneFace:
    def detect(self, image):
        return [Face((10.0, 5.0, 41.0, 45.0), 0.9)]


@pytest.mark.parametrize("finder", [OneFace(), make_detector("none")], ids=["a box", "the whole picture"])
def test_the_crop_is_the_one_that_was_judged(tiny_model, finder):
    image = np.random.default_rng(6).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    analyzer = Analyzer(Recognizer(tiny_model), finder)
    (face,) = analyzer.analyze(image)
    (belief,) = analyzer.recognizer.predict(analyzer.crops(image, [face]))
    assert belief == face.prediction
    assert set(belief.probabilities) > set(LABELS)


def test_what_is_no_crop_is_refused(tiny_model):
    with pytest.raises(ValueError, match="expected uint8"):
        occlusion(Recognizer(tiny_model), np.zeros((9, 9)))
    with pytest.raises(ValueError, match="expected \\(H, W\\)"):
        explain(Recognizer(tiny_model), np.zeros((2, 9, 9, 3), dtype=np.uint8))
