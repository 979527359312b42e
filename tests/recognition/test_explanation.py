"""Check that the map shows where a model looks, and that each size shows the crop that was predicted."""

from dataclasses import replace

import numpy as np
import pytest

from ekspresi.detection.detector import make_detector
from ekspresi.imaging.cropping import gray
from ekspresi.imaging.degradations import SIZES_PX, shrink
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.recognition.explanation import GRID, PATCH, explain, measure_occlusion, predict_at_sizes
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Face
from tests.support.quadrant_model import CALIBRATION, LABELS, checkered, write_quadrant_model


@pytest.mark.parametrize("repeat", [1, 6], ids=["16 px", "96 px, which the network never sees"])
@pytest.mark.parametrize("quadrant", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_measure_occlusion_mass_lies_where_the_model_looks(tmp_path, quadrant, repeat):
    recognizer = Recognizer(write_quadrant_model(tmp_path / "x.onnx", quadrant))
    found = measure_occlusion(recognizer, checkered(repeat))
    assert found.prediction.expression == "happiness"
    assert found.falls.shape == (GRID, GRID)
    half = GRID // 2
    inside = found.falls.reshape(2, half, 2, half)[quadrant[0], :, quadrant[1], :]
    assert inside.sum() > 0.8 * np.abs(found.falls).sum()
    assert found.falls.max() > 0.03
    reach = round(PATCH * 0.75 * GRID)
    opposite = found.falls if quadrant[0] else found.falls[::-1]
    np.testing.assert_allclose(opposite[: half - reach], 0, atol=0.002 if repeat == 1 else 0.01)


def test_measure_occlusion_fall_is_in_probability_of_the_answer(tmp_path):
    """Compare with arithmetic: the whole pattern is worth 3 logits, and a patch hides up to a quarter of it."""
    recognizer = Recognizer(write_quadrant_model(tmp_path / "x.onnx", (0, 0)))
    found = measure_occlusion(recognizer, checkered())
    powers = np.exp([3.0, 3.0 * 3 / 4])
    whole, rest = powers / (powers + 2)
    assert found.prediction.confidence == pytest.approx(whole, abs=0.01)
    assert 0.6 * (whole - rest) < found.falls.max() < 1.3 * (whole - rest)


def test_measure_occlusion_hiding_contrary_evidence_raises_it(tmp_path):
    recognizer = Recognizer(write_quadrant_model(tmp_path / "x.onnx", (0, 0), strength=-1.0))
    found = measure_occlusion(recognizer, checkered())
    assert found.prediction.expression != "happiness"
    assert found.falls.max() > 0, "without the pattern the probability is split in three, not in two"
    found = measure_occlusion(recognizer, 255 - checkered())
    assert found.prediction.expression == "happiness"
    assert found.falls.min() > -0.01


def test_measure_occlusion_changed_size_alone_leaves_map_empty(tmp_path):
    """Keep the temperature: that of a smaller face would soften constant logits."""
    path = tmp_path / "x.onnx"
    recognizer = Recognizer(write_quadrant_model(path, (0, 1), 0.0, 5.0, size_strength=4.0, calibration=CALIBRATION))
    whole, gone = recognizer.predict_batch([checkered(), np.full((16, 16), 128, np.uint8)]).probabilities.max(axis=1)
    assert whole > gone + 0.3
    np.testing.assert_array_equal(measure_occlusion(recognizer, checkered()).falls, 0)


def test_measure_occlusion_keeps_temperature_of_whole_face(tmp_path):
    path = tmp_path / "x.onnx"
    sized = Recognizer(write_quadrant_model(path, (0, 1), size_strength=4.0, calibration=CALIBRATION))
    plain = Recognizer(write_quadrant_model(tmp_path / "y.onnx", (0, 1)))
    found = measure_occlusion(sized, checkered())
    assert found.prediction.effective_px == pytest.approx(16, abs=0.1)
    np.testing.assert_allclose(found.falls, measure_occlusion(plain, checkered()).falls, atol=0.002)


def test_measure_occlusion_explains_answer_under_the_prior(tmp_path):
    rare = replace(CALIBRATION, temperatures=(1.0, 1.0), class_priors=(0.97, 0.02, 0.01), bias=(2.0, 0.0, -9.0))
    model = write_quadrant_model(tmp_path / "x.onnx", (1, 1), 1.0, calibration=rare)
    as_learnt, even = (
        measure_occlusion(Recognizer(model, prior=prior), checkered()) for prior in ("trained", "uniform")
    )
    assert (as_learnt.prediction.expression, even.prediction.expression) == ("neutral", "happiness")
    assert as_learnt.falls.min() < -0.001, "the pattern is evidence against neutral"
    without = tuple(np.array(rare.bias) - np.log(rare.class_priors))
    same = write_quadrant_model(tmp_path / "y.onnx", (1, 1), 1.0, calibration=replace(rare, bias=without))
    np.testing.assert_allclose(even.falls, measure_occlusion(Recognizer(same), checkered()).falls, atol=1e-12)


def test_measure_occlusion_constant_model_has_flat_map(tmp_path):
    recognizer = Recognizer(write_quadrant_model(tmp_path / "x.onnx", (0, 0), strength=0.0))
    np.testing.assert_array_equal(measure_occlusion(recognizer, checkered()).falls, 0)


@pytest.mark.parametrize("shape", [(1, 1), (10, 10), (3, 200), (300, 200, 3), (20, 20, 1)])
def test_explain_crop_of_any_shape_is_accepted(tiny_model, shape):
    crop = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    before = crop.copy()
    found = explain(Recognizer(tiny_model), crop)
    np.testing.assert_array_equal(crop, before)
    np.testing.assert_array_equal(found.occlusion.crop, gray(crop))
    assert found.occlusion.falls.shape == (GRID, GRID)
    assert np.isfinite(found.occlusion.falls).all()
    assert found.occlusion.falls.max() <= found.occlusion.prediction.confidence + 0.01
    assert found.occlusion.prediction.face_px == min(shape[:2])


def test_predict_at_sizes_each_prediction_is_of_its_crop(tiny_model):
    recognizer = Recognizer(tiny_model)
    crop = np.random.default_rng(4).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    found = predict_at_sizes(recognizer, crop)
    assert [reduced.crop.shape for reduced in found] == [(side, side) for side in SIZES_PX]
    for reduced, side in zip(found, SIZES_PX, strict=True):
        np.testing.assert_array_equal(reduced.crop, shrink(gray(crop), side))
        (belief,) = recognizer.predict([reduced.crop])
        assert reduced.prediction.expression == belief.expression
        assert reduced.prediction.confidence == pytest.approx(belief.confidence, abs=1e-5)


@pytest.mark.parametrize(("own", "sizes"), [(20, [20, 16, 12, 8]), (48, list(SIZES_PX)), (8, [8]), (5, [5])])
def test_predict_at_sizes_small_crop_is_not_enlarged_or_repeated(tiny_model, own, sizes):
    crop = np.random.default_rng(5).integers(0, 256, (own, own), dtype=np.uint8)
    assert [len(reduced.crop) for reduced in predict_at_sizes(Recognizer(tiny_model), crop)] == sizes


class OneFace:
    def detect(self, image):
        return [Face((10.0, 5.0, 41.0, 45.0), 0.9)]


@pytest.mark.parametrize("finder", [OneFace(), make_detector("none")], ids=["a box", "the whole picture"])
def test_analyzer_crops_are_the_crops_that_are_predicted(tiny_model, finder):
    image = np.random.default_rng(6).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    analyzer = Analyzer(Recognizer(tiny_model), finder)
    (face,) = analyzer.analyze(image)
    (belief,) = analyzer.recognizer.predict(analyzer.crops(image, [face]))
    assert belief == face.prediction
    assert set(belief.probabilities) > set(LABELS)


def test_explain_invalid_crop_is_refused(tiny_model):
    with pytest.raises(ValueError, match="expected uint8"):
        measure_occlusion(Recognizer(tiny_model), np.zeros((9, 9)))
    with pytest.raises(ValueError, match="expected \\(H, W\\)"):
        explain(Recognizer(tiny_model), np.zeros((2, 9, 9, 3), dtype=np.uint8))
