"""Check predictions of a model file, and which files and crops are refused."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ekspresi.errors import ConfigError, ModelError
from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.imaging.cropping import CropConvention
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.recognition.metadata import ModelMetadata
from ekspresi.recognition.preprocessing import Preprocessing
from ekspresi.recognition.recognizer import Recognizer
from tests.support.gray_model import write_gray_model


@pytest.fixture(scope="module")
def recognizer(tiny_model: Path) -> Recognizer:
    return Recognizer(tiny_model, threads=1)


@pytest.fixture
def crops() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    shapes = [(48, 48), (8, 8), (32, 24, 3), (64, 64, 1), (200, 100), (1, 1), (16, 16, 3)]
    return [rng.integers(0, 256, shape, dtype=np.uint8) for shape in shapes]


def test_recognizer_reads_everything_from_its_file(recognizer: Recognizer) -> None:
    assert recognizer.labels == FERPLUS_LABELS
    assert recognizer.metadata.name == "tiny"
    assert recognizer.metadata.preprocessing == Preprocessing(input_px=64, largest_px=64)
    assert recognizer.metadata.crop.scale == 1.2


def test_probabilities_are_the_softmax_of_the_network(recognizer: Recognizer) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    weights = np.random.default_rng(0).normal(0, 2, (16, 8)).astype(np.float32)
    tensor = (crop.astype(np.float64) / 255 - 0.5) / 0.25
    means = tensor.reshape(4, 16, 4, 16).mean(axis=(1, 3)).reshape(16)
    powers = np.exp(means @ weights)
    found = recognizer.probabilities([crop])
    assert found.dtype == np.float64
    np.testing.assert_allclose(found[0], powers / powers.sum(), atol=1e-5)


def test_probabilities_mixed_crops_equal_single_crops(recognizer: Recognizer, crops: list[np.ndarray]) -> None:
    together = recognizer.probabilities(crops)
    assert together.shape == (7, 8)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-12)
    single = np.concatenate([recognizer.probabilities([crop]) for crop in crops])
    np.testing.assert_allclose(together, single, atol=1e-6)
    assert len(np.unique(together.argmax(axis=1))) > 1


def test_probabilities_beyond_one_batch_equal_single_crops(recognizer: Recognizer) -> None:
    crops = np.random.default_rng(1).integers(0, 256, (130, 20, 20), dtype=np.uint8)
    together = recognizer.probabilities(crops)
    for i in (0, 63, 64, 127, 128, 129):
        np.testing.assert_allclose(together[i], recognizer.probabilities([crops[i]])[0], atol=1e-6)


def test_predict_agrees_with_probabilities(recognizer: Recognizer, crops: list[np.ndarray]) -> None:
    predictions = recognizer.predict(crops)
    assert [prediction.face_px for prediction in predictions] == [48, 8, 24, 64, 100, 1, 16]
    rows = recognizer.probabilities(crops)
    for prediction, row in zip(predictions, rows, strict=True):
        assert tuple(prediction.probabilities) == FERPLUS_LABELS
        assert list(prediction.probabilities.values()) == row.tolist()
        assert prediction.expression == FERPLUS_LABELS[row.argmax()]
        assert prediction.confidence == row.max()
        assert isinstance(prediction.confidence, float)
        assert isinstance(prediction.face_px, float)
        assert not prediction.abstained


def test_probabilities_color_uses_the_gray_weights_of_the_file(
    tiny_model: Path, write_model: Callable[..., Path]
) -> None:
    red = np.zeros((32, 32, 3), dtype=np.uint8)
    red[..., 0] = 200
    convention = CropConvention(luma=(1.0, 0.0, 0.0))
    metadata = ModelMetadata("red", FERPLUS_LABELS, Preprocessing(), convention).to_json()
    only_red = Recognizer(write_model(tiny_model.with_name("red.onnx"), metadata=metadata))
    np.testing.assert_allclose(
        only_red.probabilities([red]), only_red.probabilities([np.full((32, 32), 200, np.uint8)])
    )
    standard = Recognizer(tiny_model).probabilities([red])
    np.testing.assert_allclose(standard, only_red.probabilities([np.full((32, 32), 60, np.uint8)]), atol=1e-6)


def test_predict_without_crops_is_empty(recognizer: Recognizer) -> None:
    assert recognizer.predict([]) == []
    assert recognizer.probabilities([]).shape == (0, 8)


def test_predict_invalid_crop_is_named_by_its_index(recognizer: Recognizer) -> None:
    good = np.zeros((8, 8), dtype=np.uint8)
    with pytest.raises(TypeError, match=r"crops\[1\]: dtype float32 is not a uint8 array\. Pass values 0\.\.255"):
        recognizer.predict([good, good.astype(np.float32)])
    with pytest.raises(TypeError, match=r"crops\[0\]: str is not a uint8 array"):
        recognizer.predict(["photo.jpg"])  # type: ignore[list-item]
    for shape in ((8,), (8, 8, 4), (0, 8), (1, 8, 8, 3)):
        with pytest.raises(ValueError, match=r"crops\[2\]: shape .* is not that of a face\. Use \(H, W\)"):
            recognizer.predict([good, good, np.zeros(shape, dtype=np.uint8)])


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 1), (48, 48, 3)])
def test_predict_single_crop_without_list_is_refused(recognizer: Recognizer, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"is a single crop, not a sequence\. Pass \[crop\]\."):
        recognizer.predict(np.zeros(shape, dtype=np.uint8))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is not an ONNX model that ONNX Runtime can run"),
        (b"not a model at all", "is not an ONNX model that ONNX Runtime can run"),
        (b"PK\x03\x04 like a torch checkpoint", "is not an ONNX model that ONNX Runtime can run"),
    ],
)
def test_recognizer_file_that_is_not_onnx_is_refused(
    content: bytes, what: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=what) as caught:
        Recognizer(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_recognizer_missing_file_or_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model file"):
        Recognizer(tmp_path / "nowhere.onnx")
    with pytest.raises(ModelError, match="is a folder"):
        Recognizer(tmp_path)


def changed(**changes: object) -> str:
    valid = ModelMetadata("tiny", FERPLUS_LABELS, Preprocessing(), CropConvention())
    return json.dumps({**json.loads(valid.to_json()), **changes})


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"metadata": None}, "lacks ekspresi's metadata"),
        ({"metadata": "{"}, "metadata is damaged"),
        ({"metadata": changed(format=99)}, "model format is 99"),
        ({"metadata": changed(labels=["anger", "fear"])}, r"require 'logits' \(N, 2\)"),
        ({"side": 32}, r"require 'tensor' \(N, 1, 64, 64\)"),
        ({"batch": 1}, "require 'tensor'"),
        ({"classes": 7}, r"require 'logits' \(N, 8\)"),
        ({"output": "scores"}, "require 'logits'"),
        (
            {"metadata": changed(preprocessing={"input_px": 64, "kernel": "magic", "mean": 0, "std": 1})},
            "out of range",
        ),
        (
            {"metadata": changed(preprocessing={"input_px": 64, "kernel": "area", "mean": 0, "std": 0})},
            "out of range",
        ),
    ],
)
def test_recognizer_graph_that_does_not_fit_metadata_is_refused(
    options: dict[str, object], what: str, tmp_path: Path, write_model: Callable[..., Path]
) -> None:
    path = write_model(tmp_path / "model.onnx", **options)
    with pytest.raises(ModelError, match=what) as caught:
        Recognizer(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_predict_output_that_is_not_finite_is_refused(tmp_path: Path, write_model: Callable[..., Path]) -> None:
    recognizer = Recognizer(write_model(tmp_path / "model.onnx", bias=float("nan")))
    with pytest.raises(ModelError, match="an output of the model is not a finite number"):
        recognizer.predict([np.zeros((8, 8), dtype=np.uint8)])


def test_recognizer_old_names_warn_and_still_work(recognizer: Recognizer, crops: list[np.ndarray]) -> None:
    with pytest.warns(DeprecationWarning, match="use estimates_size"):
        assert recognizer.tells_size == recognizer.estimates_size
    with pytest.warns(DeprecationWarning, match="use prior == 'uniform'"):
        assert recognizer.even_prior is False
    expected = recognizer.predict_batch(crops).probabilities
    with pytest.warns(DeprecationWarning, match="use predict_batch"):
        np.testing.assert_array_equal(recognizer.beliefs(crops).probabilities, expected)
    with pytest.warns(DeprecationWarning, match="use calibrate"):
        found = recognizer.beliefs_of(*recognizer.logits(crops), even_prior=False)
    np.testing.assert_array_equal(found.probabilities, expected)


def test_recognizer_strict_answers_fewer_faces(tmp_path: Path) -> None:
    labels = ("sad", "glad")
    calibration = SizeCalibration(
        (48.0,), (1.0,), (0.6,), 0.92, (0.0, 0.0), (0.5, 0.5), 0.0, 6.0, strict_thresholds=(0.9,)
    )
    path = write_gray_model(tmp_path / "gray.onnx", labels, sharpness=10.0, calibration=calibration)
    crops = [np.full((48, 48), gray, np.uint8) for gray in (20, 110)]  # clearly the first label, and hardly
    plain, strict = Recognizer(path, device="cpu"), Recognizer(path, device="cpu", strict=True)
    certain, hardly = plain.predict_batch(crops).probabilities.max(axis=1)
    assert certain > 0.9 > hardly > 0.6
    assert plain.predict_batch(crops).abstained.tolist() == [False, False]
    assert strict.predict_batch(crops).abstained.tolist() == [False, True]
    again = pickle.loads(pickle.dumps(strict))
    assert again.predict_batch(crops).abstained.tolist() == [False, True]


def test_recognizer_strict_without_thresholds_is_refused(tiny_model: Path) -> None:
    with pytest.raises(ConfigError, match="strict: the model 'tiny' has no strict thresholds"):
        Recognizer(tiny_model, strict=True)
