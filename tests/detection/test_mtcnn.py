"""MTCNN on real faces: the portrait, the corridor, the 25 px faces, and pictures without any."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ekspresi.detection import mtcnn
from ekspresi.detection.mtcnn import MtcnnDetector, pyramid, suppress
from ekspresi.errors import ModelError
from ekspresi.types import Box

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def cascade() -> MtcnnDetector:
    return MtcnnDetector()


def read(name: str) -> np.ndarray:
    return np.asarray(Image.open(EXAMPLES / name).convert("RGB"))


def iou(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def test_portrait_has_one_face_with_landmarks_in_their_places(cascade: MtcnnDetector) -> None:
    (face,) = cascade.detect(read("astronaut.jpg"))
    assert face.score > 0.99
    assert iou(face.box_xyxy, (179, 60, 267, 171)) > 0.85
    assert face.landmarks is not None
    seen = [(205, 101), (246, 103), (225, 129), (203, 139), (244, 141)]  # read off the picture
    assert np.abs(np.array(face.landmarks) - seen).max() < 6


def test_corridor_finds_every_face_down_to_10_px_largest_first(cascade: MtcnnDetector) -> None:
    truth = json.loads((EXAMPLES / "corridor.json").read_text())["faces"]
    found = [face.box_xyxy for face in cascade.detect(read("corridor.jpg"))]
    assert len(truth) == 10
    for face in truth:
        best = max(iou(box, face["box_xyxy"]) for box in found)
        assert best > 0.45, f"the face of {face['face_px']} px"
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in found]
    assert areas == sorted(areas, reverse=True)
    assert len(found) == 10  # no false alarm


def test_sheet_of_25_px_faces_finds_at_least_23_of_24(cascade: MtcnnDetector) -> None:
    boxes = [face.box_xyxy for face in cascade.detect(read("lfw-faces.png"))]
    cells = {(int((x1 + x2) / 2 // 44), int((y1 + y2) / 2 // 44)) for x1, y1, x2, y2 in boxes}
    assert len(cells) >= 23 and len(boxes) == len(cells)


def test_a_face_moves_with_the_picture(cascade: MtcnnDetector) -> None:
    image = read("astronaut.jpg")[20:220, 120:320]
    canvas = np.full((300, 420, 3), 128, dtype=np.uint8)
    canvas[60:260, 170:370] = image
    (here,), (there,) = cascade.detect(image), cascade.detect(canvas)
    assert np.subtract(there.box_xyxy, here.box_xyxy) == pytest.approx([170, 60, 170, 60], abs=6)


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (11, 11), (12, 12), (2, 900), (900, 2), (40, 2500)])
def test_pictures_without_a_face_give_an_empty_list(cascade: MtcnnDetector, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert cascade.detect(noise) == []


def test_strips_give_what_the_whole_level_gives(cascade: MtcnnDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).normal(0, 0.5, (1, 3, 157, 90)).astype(np.float32)
    whole = cascade._scan(noise)
    assert whole[1].shape == (74, 40)
    monkeypatch.setattr(mtcnn, "STRIP_PX", 3000)
    for strips, expected in zip(cascade._scan(noise), whole, strict=True):
        np.testing.assert_allclose(strips, expected, atol=1e-5)


def test_pyramid_enlarges_small_pictures_and_bounds_large_ones() -> None:
    assert pyramid(300, 200, 12)[0] == pytest.approx(2.0)
    assert pyramid(300, 200, 4)[0] == mtcnn.MAX_ENLARGEMENT
    large = pyramid(4000, 3000, 12)[0]
    assert large * 4000 * large * 3000 == pytest.approx(mtcnn.LARGEST_LEVEL_PX)
    assert min(pyramid(300, 200, 12)) * 200 >= 12
    assert pyramid(2, 2, 12) == []


def test_suppress_keeps_the_best_of_overlapping_boxes() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30], [22, 22, 26, 26]], np.float32)
    scores = np.array([0.7, 0.9, 0.8, 0.6], np.float32)
    assert suppress(boxes, scores, 0.5).tolist() == [1, 2, 3]
    assert suppress(boxes, scores, 0.5, of_smaller=True).tolist() == [1, 2]
    assert suppress(boxes[:0], scores[:0], 0.5).tolist() == []


def test_missing_networks_are_named_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mtcnn, "files", lambda package: tmp_path)
    with pytest.raises(ModelError, match=r"mtcnn-pnet\.onnx.*reinstall"):
        MtcnnDetector().detect(np.zeros((50, 50, 3), dtype=np.uint8))
