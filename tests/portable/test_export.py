"""A portable model answers as the recognizer and the analyzer do; what cannot be exported is refused."""

import hashlib
import json

import numpy as np
import onnx
import pytest
from PIL import Image

from ekspresi.errors import ConfigError, ModelError
from ekspresi.imaging.sample_values import on_white
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.portable.export import make_portable, write_portable_model
from ekspresi.recognition.metadata import ModelMetadata
from ekspresi.recognition.pretrained import bundled_model
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.onnx_runtime import create_session
from ekspresi.types import Face
from tests.support.sample_faces import EXAMPLES, draw_boxes, draw_crops

WHOLE = np.zeros((0, 4), np.float32)
LARGEST = 1e-5


def session_of(model):
    return create_session(model.SerializeToString(), device="cpu")


def run_crops(session, crops, **more):
    """Run crops one at a time; return probabilities, sizes, abstentions and thresholds of all."""
    images = [crop[:, :, None] if crop.ndim == 2 else crop for crop in crops]
    found = [session.run(None, {"image": image, "boxes": WHOLE, **more}) for image in images]
    return [np.concatenate(values) for values in zip(*found, strict=True)]


def check_equal(found, expected):
    """Compare the first three outputs with a ``BatchPrediction``."""
    probabilities, effective_px, abstained = found[:3]
    np.testing.assert_allclose(probabilities, expected.probabilities, rtol=0, atol=LARGEST)
    np.testing.assert_allclose(effective_px, expected.effective_px, rtol=1e-5)
    np.testing.assert_array_equal(abstained, expected.abstained)


def test_portable_crops_of_6_to_300_px_equal_the_recognizer(session):
    crops = draw_crops(300)
    expected = Recognizer(device="cpu").predict_batch(crops)
    check_equal(run_crops(session, crops), expected)
    assert 0.1 < expected.abstained.mean() < 0.9
    assert len(set(expected.probabilities.argmax(axis=1))) >= 3
    assert {len(crop) for crop in crops} >= {6, 12, 24} and max(map(len, crops)) > 250


def scenes():
    with Image.open(EXAMPLES / "corridor.jpg") as photo:
        yield "RGB", np.asarray(photo.convert("RGB"))
    with Image.open(EXAMPLES / "astronaut.jpg") as photo:
        rgb = np.asarray(photo.convert("RGB"))
        yield "RGB", rgb
        yield "gray", np.asarray(photo.convert("L"))[:, :, None]
    alpha = np.linspace(0, 400, 512).clip(0, 255).astype(np.uint8)
    yield "RGBA", np.dstack([rgb, np.broadcast_to(alpha, rgb.shape[:2])])


@pytest.mark.parametrize(("mode", "image"), list(scenes()))
def test_portable_boxes_past_the_edges_equal_the_analyzer(session, mode, image):
    boxes = draw_boxes(60, image.shape[1], image.shape[0])
    found = session.run(None, {"image": image, "boxes": boxes})
    analyzer = Analyzer(Recognizer(device="cpu"))
    shown = on_white(image[:, :, :3], image[:, :, 3]) if mode == "RGBA" else image
    faces = [Face(tuple(box), 1.0) for box in boxes.tolist()]
    check_equal(found, analyzer.recognizer.predict_batch(analyzer.crops(shown, faces)))


def test_portable_detected_faces_answer_as_the_analyzer(session):
    with Image.open(EXAMPLES / "lfw-faces.png") as sheet:
        image = np.asarray(sheet)
    faces = Analyzer(Recognizer(device="cpu")).analyze(image)
    boxes = np.float32([face.box_xyxy for face in faces])
    probabilities, _, abstained, thresholds = session.run(None, {"image": image[:, :, None], "boxes": boxes})
    answers = [face.prediction for face in faces]
    assert len(answers) > 20
    np.testing.assert_array_equal(abstained, [answer.abstained for answer in answers])
    np.testing.assert_array_equal(abstained, probabilities.max(axis=1) < thresholds)
    confidences = [answer.confidence for answer in answers]
    np.testing.assert_allclose(probabilities.max(axis=1), confidences, rtol=0, atol=LARGEST)


@pytest.mark.parametrize("prior", ["uniform", {"neutral": 0.2, "happiness": 0.5, "fear": 0.3}])
def test_portable_prior_given_or_as_default_is_the_same(session, prior):
    crops = draw_crops(25, seed=1)
    recognizer = Recognizer(prior=prior, device="cpu")
    expected = recognizer.predict_batch(crops)
    shares = np.float32(list(recognizer.class_prior.values()))
    check_equal(run_crops(session, crops, prior=shares * 7), expected)
    check_equal(run_crops(session_of(make_portable(recognizer)), crops), expected)


def test_portable_labels_and_strict_equal_the_recognizer():
    crops = draw_crops(40, seed=2)
    recognizer = Recognizer(labels=["neutral", "surprise", "fear"], strict=True, device="cpu")
    expected = recognizer.predict_batch(crops)
    check_equal(run_crops(session_of(make_portable(recognizer)), crops), expected)
    assert expected.abstained.any() and not expected.abstained.all()


def test_portable_threshold_is_2_where_a_face_is_too_small(session):
    crops = [np.random.default_rng(0).integers(0, 256, (side, side), dtype=np.uint8) for side in (3, 5, 40)]
    _, effective_px, abstained, thresholds = run_crops(session, crops)
    assert thresholds[:2].tolist() == [2, 2] and abstained[:2].all() and (effective_px[:2] < 6).all()
    assert 0.5 < thresholds[2] < 1


def test_portable_never_answers_what_is_no_number(session):
    image = np.full((30, 40, 1), 90, np.uint8)
    no_box = session.run(None, {"image": image, "boxes": np.float32([[np.nan, 1, 20, 20]])})
    no_prior = session.run(None, {"image": image, "boxes": WHOLE, "prior": np.zeros(8, np.float32)})
    for probabilities, _, abstained, _ in (no_box, no_prior):
        assert np.isnan(probabilities).all() and abstained.all()
    backwards = session.run(None, {"image": image, "boxes": np.float32([[20, 20, 5, 5]])})
    assert backwards[2].all()


def test_all_inputs_ready_crops_and_an_assumed_size():
    recognizer = Recognizer(device="cpu")
    session = session_of(make_portable(recognizer, all_inputs=True))
    crops = [crop[:40, :40] for crop in draw_crops(12, seed=3)]
    atlas = np.zeros((40, 480, 1), np.uint8)
    for place, crop in enumerate(crops):
        atlas[: len(crop), 40 * place : 40 * place + crop.shape[1], 0] = crop
    corners = [(40 * i, 0, 40 * i + crop.shape[1], len(crop)) for i, crop in enumerate(crops)]
    prior = np.float32(list(recognizer.class_prior.values()))
    given = {"image": atlas, "crops": np.int32(corners), "prior": prior, "boxes": WHOLE}
    estimated = session.run(None, {**given, "assumed_px": np.zeros(0, np.float32)})
    check_equal(estimated, recognizer.predict_batch(crops))
    assumed = session.run(None, {**given, "assumed_px": np.float32([15])})
    logits, _ = recognizer.logits(crops)
    check_equal(assumed, recognizer.calibrate(logits, np.full(12, 15.0), "trained"))
    box = np.float32([[100, 4, 130, 36]])
    both = session.run(None, {**given, "boxes": box, "assumed_px": np.zeros(0, np.float32)})
    np.testing.assert_allclose(both[0][1:], estimated[0], rtol=0, atol=LARGEST)
    face = recognizer.metadata.crop.crop(atlas, tuple(box[0].tolist()))
    np.testing.assert_allclose(both[0][:1], recognizer.probabilities([face]), rtol=0, atol=LARGEST)


def test_write_portable_model_keeps_metadata_and_origin(portable):
    entries = {entry.key: entry.value for entry in onnx.load(portable).metadata_props}
    assert ModelMetadata.from_json(entries["ekspresi"], "x") == Recognizer(device="cpu").metadata
    origin = json.loads(entries["ekspresi_portable"])
    assert origin["sha256"] == hashlib.sha256(bundled_model().read_bytes()).hexdigest()
    assert origin["file"] == "ekspresi-b0.onnx" and origin["prior"]["disgust"] == pytest.approx(0.009, abs=1e-3)
    assert portable.stat().st_size < 8.3e6


def test_a_portable_model_is_not_a_model_of_the_package(portable, tmp_path):
    with pytest.raises(ModelError, match=r"is a portable model, .* Use the file it was made from\.$"):
        Recognizer(portable)
    with pytest.raises(ModelError, match="is a portable model"):
        write_portable_model(tmp_path / "again.onnx", portable)


def test_write_portable_model_refuses_nonsense(tmp_path, tiny_model):
    with pytest.raises(ModelError, match=r"does not end in \.onnx"):
        write_portable_model(tmp_path / "model.tflite")
    with pytest.raises(ModelError, match=r"its operators are .*17.*, not opset 18"):
        write_portable_model(tmp_path / "x.onnx", tiny_model)
    with pytest.raises(ModelError, match="no such model file"):
        write_portable_model(tmp_path / "x.onnx", tmp_path / "absent.onnx")
    with pytest.raises(ConfigError, match="no label 'joy'"):
        write_portable_model(tmp_path / "x.onnx", labels=["joy", "fear"])
    before = tiny_model.read_bytes()
    with pytest.raises(ModelError, match="is the model that is exported"):
        write_portable_model(tiny_model, tiny_model)
    assert tiny_model.read_bytes() == before
    assert not list(tmp_path.iterdir())
