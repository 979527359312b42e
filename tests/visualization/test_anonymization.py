"""Check that hidden faces are not detected or recognized at any size, and that other pixels stay unchanged."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ekspresi.detection.detector import make_detector
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Box
from ekspresi.visualization.anonymization import CELLS, STEPS, anonymize, head_box

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(Recognizer(), make_detector("mtcnn", 10))


def astronaut(face_px: int) -> np.ndarray:
    """Scale the astronaut, whose face is 89 px wide in the file."""
    picture = Image.open(EXAMPLES / "astronaut.jpg").convert("RGB")
    side = round(512 * face_px / 89)
    return np.asarray(picture.resize((side, side), Image.Resampling.LANCZOS).crop((0, 0, side, side // 2)))


def overlapping(one: Box, other: Box) -> bool:
    return min(one[2], other[2]) > max(one[0], other[0]) and min(one[3], other[3]) > max(one[1], other[1])


@pytest.mark.parametrize("face_px", [300, 89, 40, 20, 12])
def test_anonymize_face_is_neither_detected_nor_recognized(face_px: int, analyzer: Analyzer) -> None:
    image = astronaut(face_px)
    (face,) = analyzer.analyze(image)
    assert face.prediction is not None
    assert face.prediction.expression == "happiness"
    hidden = anonymize(image, [face.box_xyxy])
    assert not [found for found in analyzer.detector.detect(hidden) if overlapping(found.box_xyxy, face.box_xyxy)]
    (prediction,) = analyzer.recognizer.predict(analyzer.crops(hidden, [face]))
    assert prediction.abstained
    calibration = analyzer.recognizer.metadata.calibration
    assert calibration is not None
    prior = np.array(calibration.class_priors) / sum(calibration.class_priors)
    probabilities = np.array(list(prediction.probabilities.values()))
    # 0 where nothing is known; the prediction for the visible face is 1.2 nats away.
    assert float((probabilities * np.log(probabilities / prior)).sum()) < 0.25


def test_anonymize_crowd_is_not_detected(analyzer: Analyzer) -> None:
    image = np.asarray(Image.open(EXAMPLES / "corridor.jpg").convert("RGB"))
    faces = analyzer.analyze(image)
    assert len(faces) >= 9
    hidden = anonymize(image, [face.box_xyxy for face in faces])
    assert analyzer.detector.detect(hidden) == []
    assert all(prediction.abstained for prediction in analyzer.recognizer.predict(analyzer.crops(hidden, faces)))


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.lists(st.tuples(*[st.floats(-60, 60)] * 2, *[st.floats(0, 70)] * 2), max_size=3),
)
def test_anonymize_pixels_outside_heads_stay_unchanged(size: tuple[int, int], spots: list[tuple[float, ...]]) -> None:
    height, width = size
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    before = image.copy()
    boxes = [(x, y, x + w, y + h) for x, y, w, h in spots]
    hidden = anonymize(image, boxes)
    np.testing.assert_array_equal(image, before)
    assert (hidden.shape, hidden.dtype) == (image.shape, np.uint8)
    outside = np.ones((height, width), dtype=bool)
    for x1, y1, x2, y2 in map(head_box, boxes):
        rim_x, rim_y = 0.12 * (x2 - x1), 0.12 * (y2 - y1)
        rows, columns = (
            slice(max(int(np.floor(low)), 0), max(int(np.ceil(high)), int(np.floor(low)) + 1, 0))
            for low, high in ((y1 - rim_y, y2 + rim_y), (x1 - rim_x, x2 + rim_x))
        )
        outside[rows, columns] = False
    np.testing.assert_array_equal(hidden[outside], image[outside])


@pytest.mark.parametrize("side", [300, 20, 8])
def test_anonymize_heads_with_equal_cells_look_the_same(side: int) -> None:
    """Keep nothing finer than a cell: patterns with the same mean give the same value."""
    rng = np.random.default_rng(1)
    whole = 4 * side
    box = (1.5 * side, 1.5 * side, 2.5 * side, 2.5 * side)
    plain = np.full((whole, whole, 3), 128, dtype=np.uint8)
    fine = plain.copy()
    fine[::2] += 60
    fine[1::2] -= 60
    noise = np.clip(rng.normal(128, 3, plain.shape), 0, 255).astype(np.uint8)
    face = np.s_[int(box[1]) : int(box[3]), int(box[0]) : int(box[2])]
    pictures = [anonymize(image, [box])[face].astype(int) for image in (plain, noise, fine)]
    np.testing.assert_array_equal(pictures[0], 128)
    np.testing.assert_array_equal(pictures[1], 128)
    assert np.ptp(pictures[2]) <= 2 * STEPS, f"only coarse means of {CELLS} x {CELLS} cells remain of stripes"


def test_anonymize_head_at_the_edge_keeps_no_more_detail() -> None:
    rng = np.random.default_rng(2)
    image = rng.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    whole = anonymize(image, [(60.0, 60.0, 140.0, 140.0)])[60:140, 60:140].astype(float)
    cut = anonymize(image[:, 100:], [(-40.0, 60.0, 40.0, 140.0)])[60:140, :40].astype(float)
    assert np.abs(np.diff(cut, axis=1)).max() <= 2 * max(np.abs(np.diff(whole, axis=1)).max(), 4)


def test_anonymize_invalid_boxes_hide_nothing() -> None:
    image = np.random.default_rng(3).integers(0, 256, (30, 30, 3), dtype=np.uint8)
    nowhere = [(float("nan"),) * 4, (100.0, 100.0, 120.0, 120.0), (-90.0, -90.0, -50.0, -50.0)]
    np.testing.assert_array_equal(anonymize(image, nowhere), image)


def test_anonymize_gray_image_stays_gray() -> None:
    image = np.repeat(np.random.default_rng(4).integers(0, 256, (60, 60, 1), dtype=np.uint8), 3, axis=2)
    hidden = anonymize(image, [(15.0, 15.0, 45.0, 45.0)]).astype(int)
    assert np.ptp(hidden, axis=2).max() <= 1
