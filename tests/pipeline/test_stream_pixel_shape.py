"""Frames whose pixels are not square: faces are found in their true shape, and boxes count stored pixels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Face, Frame, FrameResult

CORRIDOR = Path(__file__).parents[2] / "examples" / "corridor.jpg"


class SeenShapes:
    """Detect a face of 24 px in the middle, and record the shapes of the images."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def detect(self, image: np.ndarray) -> list[Face]:
        self.shapes.append(image.shape)
        y, x = image.shape[0] / 2, image.shape[1] / 2
        return [Face((x - 12, y - 12, x + 12, y + 12), 0.99, ((x - 5, y - 4),) * 5)]


@pytest.mark.parametrize(("pixel_aspect", "x", "y"), [(2.0, 2.0, 1.0), (0.5, 1.0, 2.0), (1.0, 1.0, 1.0)])
def test_analyze_frames_boxes_count_stored_pixels(pixel_aspect: float, x: float, y: float, tiny_model: Path) -> None:
    frames = [Frame("a.mp4", n, n / 25, np.zeros((60, 80, 3), np.uint8), False, pixel_aspect) for n in range(3)]
    detector = SeenShapes()
    results = list(analyze_frames(iter(frames), Analyzer(Recognizer(tiny_model, threads=1), detector)))
    assert detector.shapes == [(60 * y, 80 * x, 3)] * 3
    for result in results:
        (row,) = result.rows
        assert row.face.box_xyxy == (40 - 12 / x, 30 - 12 / y, 40 + 12 / x, 30 + 12 / y)
        assert row.face.landmarks == ((40 - 5 / x, 30 - 4 / y),) * 5
        assert result.hidden == (row.face.box_xyxy,)
        assert row.face.prediction is not None and row.face.prediction.face_px == pytest.approx(28.8, abs=2)
        assert result.frame.image.shape == (60, 80, 3)


@pytest.mark.input_row(
    "videos",
    "pixel shape",
    "Faces are found in square pixels; films and pages show these. Boxes count the pixels that the file stores.",
)
def test_analyze_frames_of_squeezed_faces_finds_the_same() -> None:
    picture = Image.open(CORRIDOR).convert("RGB").crop((100, 230, 860, 440))
    squeezed = picture.resize((570, 210), Image.Resampling.LANCZOS)  # HDV: 1440 x 1080

    def analyzed(image: Image.Image, pixel_aspect: float) -> FrameResult:
        frame = Frame("a.mp4", 0, 0.0, np.asarray(image), pixel_aspect=pixel_aspect)
        (result,) = analyze_frames(iter([frame]), Analyzer())
        return result

    true, found = analyzed(picture, 1.0), analyzed(squeezed, 4 / 3)
    assert len(true.rows) >= 8 and len(found.rows) >= len(true.rows) - 1
    for row in found.rows[:5]:
        x1, y1, x2, y2 = row.face.box_xyxy
        box = np.array([x1 * 4 / 3, y1, x2 * 4 / 3, y2])
        near = [other for other in true.rows if np.abs(np.array(other.face.box_xyxy) - box).max() < 4]
        assert len(near) == 1
        assert row.face.prediction is not None and near[0].face.prediction is not None
        assert row.face.prediction.expression == near[0].face.prediction.expression
