"""Check that faces are detected, cropped and recognized from any kind of input."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ekspresi.pipeline.analyzer
from ekspresi.detection.detector import make_detector
from ekspresi.errors import ConfigError, ImageError, ModelError
from ekspresi.imaging.cropping import CropConvention, gray
from ekspresi.pipeline.analyzer import Analyzer, analyze
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Face


class TwoFaces:
    """A detector that always finds the same two faces, one of them past the edge."""

    def detect(self, image: np.ndarray) -> list[Face]:
        assert image.dtype == np.uint8
        assert image.shape[2] == 3
        points = ((12.0, 22.0),) * 5
        return [Face((10.0, 20.0, 30.0, 50.0), 0.9, points), Face((-5.0, -5.0, 5.0, 5.0), 0.8)]


@pytest.fixture(scope="module")
def recognizer(tiny_model: Path) -> Recognizer:
    return Recognizer(tiny_model)


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (80, 60, 3), dtype=np.uint8)


def test_analyze_crops_faces_as_the_model_file_says(recognizer: Recognizer, image: np.ndarray) -> None:
    faces = Analyzer(recognizer, TwoFaces()).analyze(image)
    convention = recognizer.metadata.crop
    assert convention != CropConvention()
    found = TwoFaces().detect(image)
    for face, before in zip(faces, found, strict=True):
        (expected,) = recognizer.predict([convention.crop(image, before.box_xyxy)])
        assert face.prediction is not None
        assert face.prediction.expression == expected.expression
        np.testing.assert_allclose(
            list(face.prediction.probabilities.values()), list(expected.probabilities.values()), atol=1e-6
        )
        assert (face.box_xyxy, face.score, face.landmarks) == (
            before.box_xyxy,
            before.score,
            before.landmarks,
        )
    assert faces[0].prediction.face_px == round(30 * 1.2)
    assert faces[1].prediction.face_px == round(10 * 1.2)


def test_analyze_without_detection_crops_the_whole_image(recognizer: Recognizer, image: np.ndarray) -> None:
    (face,) = Analyzer(recognizer, make_detector("none")).analyze(image)
    assert face.box_xyxy == (0, 0, 60, 80)
    (expected,) = recognizer.predict([gray(image)])
    assert face.prediction == expected
    assert face.prediction.face_px == 60


def test_analyze_image_without_faces_is_empty(recognizer: Recognizer) -> None:
    class Nobody:
        def detect(self, image: np.ndarray) -> list[Face]:
            return []

    assert Analyzer(recognizer, Nobody()).analyze(np.zeros((9, 9), np.uint8)) == []


def test_analyze_each_kind_of_input_gives_equal_faces(tiny_model: Path, image: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    Image.fromarray(image).save(path)
    content = path.read_bytes()
    with path.open("rb") as file, Image.open(path) as photo:
        kinds = (path, str(path), content, bytearray(content), image, file, io.BytesIO(content), photo)
        results = [analyze(given, model=tiny_model, detector="none") for given in kinds]
    assert len(results[0]) == 1
    assert all(result == results[0] for result in results)


def test_analyze_pillow_image_honors_its_orientation(recognizer: Recognizer, image: np.ndarray, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(image).save(tmp_path / "x.png", exif=exif)
    analyzer = Analyzer(recognizer, make_detector("none"))
    with Image.open(tmp_path / "x.png") as photo:
        (face,) = analyzer.analyze(photo)
        (crop,) = analyzer.crops(photo, [face])
    assert face.box_xyxy == (0, 0, 80, 60)
    assert [face] == analyzer.analyze(tmp_path / "x.png")
    np.testing.assert_array_equal(crop, gray(np.ascontiguousarray(np.rot90(image, -1))))


def test_analyze_animation_warns_in_the_callers_line(tiny_model: Path, tmp_path: Path) -> None:
    first = Image.new("L", (24, 24), 50)
    first.save(tmp_path / "x.gif", save_all=True, append_images=[Image.new("L", (24, 24), 90)])
    with pytest.warns(UserWarning, match="has several frames") as caught:
        Analyzer(Recognizer(tiny_model), make_detector("none")).analyze(tmp_path / "x.gif")
    assert [warning.filename for warning in caught] == [__file__]


def test_analyzer_with_names_is_refused_at_once(recognizer: Recognizer) -> None:
    with pytest.raises(TypeError, match=r"the detector is a str, which has no method detect\. Give one made by make_"):
        Analyzer(recognizer, "yunet")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"the recognizer is a str, not a Recognizer\. Give ekspresi\.Recognizer"):
        Analyzer("model.onnx")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the detector is a type"):
        Analyzer(recognizer, TwoFaces)  # type: ignore[arg-type]


def test_analyze_second_call_keeps_the_model(
    tiny_model: Path, image: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyze(image, model=tiny_model, detector="none", min_face_px=77)
    monkeypatch.setattr(ekspresi.pipeline.analyzer, "Recognizer", None)
    assert len(analyze(image, model=tiny_model, detector="none", min_face_px=77)) == 1


def test_analyze_invalid_input_names_the_problem(tiny_model: Path, tmp_path: Path, image: np.ndarray) -> None:
    with pytest.raises(ModelError, match="no such model file"):
        analyze(image, model=tmp_path / "nowhere.onnx")
    with pytest.raises(ConfigError, match="'viola': is not a detector"):
        analyze(image, model=tiny_model, detector="viola")
    with pytest.raises(ImageError, match="no such file"):
        analyze(tmp_path / "nowhere.jpg", model=tiny_model, detector="none")


def test_analyzer_old_name_warns_and_still_works(recognizer: Recognizer, image: np.ndarray) -> None:
    analyzer = Analyzer(recognizer, TwoFaces())
    faces = analyzer.detector.detect(image)
    crops = analyzer.crops(image, faces)
    with pytest.warns(DeprecationWarning, match="use recognize"):
        assert analyzer.recognised(faces, crops) == analyzer.recognize(faces, crops)
