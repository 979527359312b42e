"""MTCNN on real faces: the portrait, the corridor, the 25 px faces, and pictures without any."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ekspresi.detection import mtcnn
from ekspresi.detection.mtcnn import MtcnnDetector, mtcnn_levels
from ekspresi.detection.pyramid import WINDOW_PX
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


def test_mtcnn_in_threads_equals_one_by_one(cascade: MtcnnDetector) -> None:
    pictures = [read(name) for name in ("astronaut.jpg", "corridor.jpg", "lfw-faces.png")] * 2
    alone = [cascade.detect(picture) for picture in pictures]
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(cascade.detect, pictures)) == alone


def test_mtcnn_on_a_portrait_places_landmarks(cascade: MtcnnDetector) -> None:
    (face,) = cascade.detect(read("astronaut.jpg"))
    assert face.score > 0.99
    assert iou(face.box_xyxy, (179, 60, 267, 171)) > 0.85
    assert face.landmarks is not None
    seen = [(205, 101), (246, 103), (225, 129), (203, 139), (244, 141)]  # read off the picture
    assert np.abs(np.array(face.landmarks) - seen).max() < 6


def test_mtcnn_in_a_corridor_finds_faces_of_10_px(cascade: MtcnnDetector) -> None:
    truth = json.loads((EXAMPLES / "corridor.json").read_text())["faces"]
    found = [face.box_xyxy for face in cascade.detect(read("corridor.jpg"))]
    assert len(truth) == 10
    for face in truth:
        best = max(iou(box, face["box_xyxy"]) for box in found)
        assert best > 0.45, f"the face of {face['face_px']} px"
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in found]
    assert areas == sorted(areas, reverse=True)
    assert len(found) == 10  # no false alarm


def test_mtcnn_on_a_sheet_finds_23_of_24_faces(cascade: MtcnnDetector) -> None:
    boxes = [face.box_xyxy for face in cascade.detect(read("lfw-faces.png"))]
    cells = {(int((x1 + x2) / 2 // 44), int((y1 + y2) / 2 // 44)) for x1, y1, x2, y2 in boxes}
    assert len(cells) >= 23 and len(boxes) == len(cells)


def test_mtcnn_on_a_shifted_picture_shifts_the_face(cascade: MtcnnDetector) -> None:
    image = read("astronaut.jpg")[20:220, 120:320]
    canvas = np.full((300, 420, 3), 128, dtype=np.uint8)
    canvas[60:260, 170:370] = image
    (here,), (there,) = cascade.detect(image), cascade.detect(canvas)
    assert np.subtract(there.box_xyxy, here.box_xyxy) == pytest.approx([170, 60, 170, 60], abs=6)


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (11, 11), (12, 12), (2, 900), (900, 2), (40, 2500)])
def test_mtcnn_without_a_face_returns_nothing(cascade: MtcnnDetector, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert cascade.detect(noise) == []


def test_mtcnn_in_strips_equals_the_whole_level(cascade: MtcnnDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (157, 90, 3), dtype=np.uint8)
    whole = cascade._scan(noise)
    assert whole[1].shape == (74, 40)
    monkeypatch.setattr(mtcnn, "STRIP_PX", 3000)
    for strips, expected in zip(cascade._scan(noise), whole, strict=True):
        np.testing.assert_allclose(strips, expected, atol=1e-5)


def test_mtcnn_levels_scale_fits_the_smallest_face() -> None:
    assert [level.scale for level in mtcnn_levels(300, 200, 12)] == [2.0]
    assert mtcnn_levels(300, 200, 4)[0].scale == mtcnn.MAX_ENLARGEMENT
    assert mtcnn_levels(4000, 3000, 12)[0].scale == WINDOW_PX / 12
    assert mtcnn_levels(4000, 3000, 48)[0].scale == mtcnn.OVERSIZE * WINDOW_PX / 48
    between = mtcnn_levels(2000, 1000, 12)[0].scale
    assert between * 2000 * between * 1000 == pytest.approx(mtcnn.FREE_PX)


def test_mtcnn_levels_of_any_frame_bound_memory() -> None:
    for size in ((640, 480), (4000, 3000), (20_000, 4_000)):
        levels = mtcnn_levels(*size, 12)
        for level in levels:
            for tile in level.tiles:
                pixels = (tile.right - tile.left) * (tile.bottom - tile.top) * level.scale**2
                assert pixels <= mtcnn.TILE_PX**2
        assert max(size) * levels[-1].scale <= mtcnn.TILE_PX


def test_mtcnn_in_a_crowd_finds_each_face() -> None:
    crowd = np.tile(read("lfw-faces.png"), (3, 7, 1))
    boxes = [face.box_xyxy for face in MtcnnDetector(min_face_px=20).detect(crowd)]
    cells = {(int((x1 + x2) / 2 // 44), int((y1 + y2) / 2 // 44)) for x1, y1, x2, y2 in boxes}
    assert len(cells) >= 0.95 * 504 and len(boxes) == len(cells)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_mtcnn_on_a_panorama_bounds_memory() -> None:
    # Not ru_maxrss: a process inherits it from the one that starts it.
    code = f"""
import numpy as np
from PIL import Image
from ekspresi.detection.mtcnn import MtcnnDetector
faces = np.asarray(Image.open({str(EXAMPLES / "lfw-faces.png")!r}).convert("RGB"))
panorama = np.full((400, 20_000, 3), 115, dtype=np.uint8)
for left in range(500, 20_000, 3000):
    panorama[100 : 100 + len(faces), left : left + faces.shape[1]] = faces
found = MtcnnDetector(min_face_px=20).detect(panorama)
peak_kb = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(len(found), int(peak_kb) // 1024)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found, peak_mb = (int(word) for word in result.stdout.split())
    assert 0.9 * 7 * 24 <= found <= 7 * 24
    assert peak_mb < 600


def test_mtcnn_on_a_large_face_finds_one() -> None:
    portrait = Image.open(EXAMPLES / "astronaut.jpg").convert("RGB").crop((150, 30, 300, 200))
    large = np.asarray(portrait.resize((2400, 2720), Image.Resampling.BICUBIC))
    assert len(mtcnn_levels(2400, 2720, 24)) == 2
    (face,) = MtcnnDetector(min_face_px=24).detect(large)
    assert iou(face.box_xyxy, (29 * 16, 30 * 16, 117 * 16, 141 * 16)) > 0.7


def test_mtcnn_without_networks_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mtcnn, "ASSETS", tmp_path)
    with pytest.raises(ModelError, match=r"mtcnn-pnet\.onnx.*\. Reinstall"):
        MtcnnDetector().detect(np.zeros((50, 50, 3), dtype=np.uint8))
