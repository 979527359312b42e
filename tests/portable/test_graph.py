"""Graphs of models with fewer parts than the bundled one."""

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from ekspresi.portable.export import make_portable
from ekspresi.portable.graph import PortableChoices, build_graph
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.onnx_runtime import create_session
from tests.support.gray_model import face, level, write_gray_model

LABELS = ("neutral", "happiness", "surprise")
CALIBRATION = SizeCalibration(
    (12.0,), (2.0,), (0.7,), 0.9, (0.1, 0.0, -0.1), (0.5, 0.3, 0.2), prior_strength=0.5, smallest_px=10.0
)


def crops():
    generator = np.random.default_rng(0)
    sides = (8, 12, 20, 48, 70)
    faces = [face(k, 3, generator, side) for k in range(3) for side in sides]
    between = (level(0, 3) + level(1, 3)) // 2
    return [*faces, np.full((20, 20), between, np.uint8), np.full((30, 21), between + 9, np.uint8)]


@pytest.mark.parametrize("calibration", [None, CALIBRATION])
@pytest.mark.parametrize("believed_px", [None, 14.0])
@pytest.mark.parametrize("size_correction", [(), ((4.0, 3.0), (30.0, 24.0))])
def test_build_graph_any_parts_answers_as_the_recognizer(tmp_path, calibration, believed_px, size_correction):
    path = write_gray_model(
        tmp_path / "gray.onnx",
        LABELS,
        calibration=calibration,
        believed_px=believed_px,
        size_correction=size_correction,
        sharpness=60.0,
    )
    recognizer = Recognizer(path, device="cpu")
    model = make_portable(recognizer)
    session = create_session(model.SerializeToString(), device="cpu")
    whole = np.zeros((0, 4), np.float32)
    found = [session.run(None, {"image": crop[:, :, None], "boxes": whole}) for crop in crops()]
    probabilities, effective_px, abstained, thresholds = (np.concatenate(rows) for rows in zip(*found, strict=True))
    expected = recognizer.predict_batch(crops())
    np.testing.assert_allclose(probabilities, expected.probabilities, rtol=0, atol=1e-5)
    np.testing.assert_allclose(effective_px, expected.effective_px, rtol=1e-5)
    np.testing.assert_array_equal(abstained, expected.abstained)
    names = [value.name for value in model.graph.input]
    if calibration is None:
        assert names == ["image", "boxes"]
        assert not abstained.any() and not thresholds.any()
    else:
        assert names == ["image", "boxes", "prior"]
        assert abstained.any() and not abstained.all()


@pytest.mark.parametrize("kernel", ["area", "nearest", "bilinear", "lanczos"])
def test_build_graph_other_kernels_answer_as_the_recognizer(tmp_path, kernel):
    path = write_gray_model(tmp_path / "gray.onnx", LABELS, sharpness=60.0)
    model = onnx.load(path)
    model.metadata_props[0].value = model.metadata_props[0].value.replace('"bicubic"', f'"{kernel}"')
    onnx.save(model, path)
    recognizer = Recognizer(path, device="cpu")
    assert recognizer.metadata.preprocessing.kernel == kernel
    session = create_session(make_portable(recognizer).SerializeToString(), device="cpu")
    for crop in crops():
        found = session.run(None, {"image": crop[:, :, None], "boxes": np.zeros((0, 4), np.float32)})[0]
        np.testing.assert_allclose(found, recognizer.probabilities([crop]), rtol=0, atol=1e-5)


def test_build_graph_needs_no_operators_but_those_of_onnx():
    recognizer = Recognizer(device="cpu")
    choices = PortableChoices(np.ones(8, np.float32), recognizer.allowed, all_inputs=True)
    model = build_graph(onnx.load(recognizer.path), recognizer.metadata, choices)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 18)]
    assert not model.functions and {node.domain for node in model.graph.node} == {""}
    assert [value.name for value in model.graph.input] == ["image", "boxes", "crops", "prior", "assumed_px"]


def test_build_graph_runs_in_the_runtime_of_the_standard(tmp_path):
    path = write_gray_model(
        tmp_path / "gray.onnx",
        LABELS,
        calibration=CALIBRATION,
        believed_px=14.0,
        size_correction=((4.0, 3.0), (30.0, 24.0)),
        sharpness=60.0,
    )
    model = make_portable(Recognizer(path, device="cpu"))
    image = np.random.default_rng(0).integers(0, 256, (70, 90, 4), dtype=np.uint8)
    boxes = np.float32([[-5, 3, 30, 40], [50, 20, 60, 35], [60, 40, 120, 90]])
    session = create_session(model.SerializeToString(), device="cpu")
    for given in (boxes, boxes[:0]):
        expected = session.run(None, {"image": image, "boxes": given})
        found = ReferenceEvaluator(model).run(None, {"image": image, "boxes": given})
        for one, other in zip(found, expected, strict=True):
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            np.testing.assert_allclose(np.float64(one), np.float64(other), rtol=0, atol=1e-5)
