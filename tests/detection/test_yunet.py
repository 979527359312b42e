"""YuNet: around the network with a network of a few lines, and on real faces where its file is at hand."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ekspresi.detection.detector import make_detector
from ekspresi.detection.yunet import MODEL, YunetDetector, yunet_levels
from ekspresi.errors import ConfigError, MissingExtraError, ModelError
from ekspresi.recognition.pretrained import bundled_model
from ekspresi.system.downloads import RemoteFile, cache_folder
from ekspresi.types import Box
from tests.support.fake_yunet import FACE_PX, write_fake_yunet

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("cv2", reason="extra [yunet]")
    return write_fake_yunet(tmp_path_factory.mktemp("yunet") / "réseau.onnx")


@pytest.fixture(scope="module")
def real() -> Path:
    pytest.importorskip("cv2", reason="extra [yunet]")
    file = Path(__file__).parents[3] / "shared" / "models" / "yunet_n_dynamic.onnx"
    if not file.is_file():
        pytest.skip("YuNet's file (../shared/models) is not on this machine")
    return file


def squares(width: int, height: int, side: int, corners: list[tuple[int, int]]) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    for x, y in corners:
        image[y : y + side, x : x + side] = 255
    return image


def iou(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def test_yunet_boxes_are_in_pixels_of_the_image(fake: Path) -> None:
    (face,) = YunetDetector(40, fake).detect(squares(300, 200, FACE_PX, [(80, 40)]))
    x1, y1, x2, y2 = face.box_xyxy
    assert (x1, x2) == (80, 104) and y2 - y1 == pytest.approx(24)
    assert -1 < y1 - 40 < 0  # moved up, to where the crop convention expects a face
    assert face.score == pytest.approx(1.0)
    assert face.landmarks == ((88, 48), (96, 48), (92, 52), (88, 56), (96, 56))


@pytest.mark.parametrize(("min_face_px", "side"), [(20, 12), (10, 6), (4, 6), (80, 48)])
def test_yunet_scale_fits_the_face(fake: Path, min_face_px: float, side: int) -> None:
    found = YunetDetector(min_face_px, fake).detect(squares(240, 160, side, [(64, 80)]))
    assert any(iou(face.box_xyxy, (64, 80, 64 + side, 80 + side)) > 0.8 for face in found)


def test_yunet_on_a_seam_finds_a_face_once(fake: Path) -> None:
    image = squares(1500, 200, FACE_PX, [(x, 80) for x in range(8, 1450, 40)])
    assert len(yunet_levels(1500, 200, 40)[0].tiles) > 1
    lefts = sorted(face.box_xyxy[0] for face in YunetDetector(40, fake).detect(image) if face.score > 0.9)
    assert lefts == pytest.approx(range(8, 1450, 40), abs=4)  # its step is 8 px from a tile's edge


def test_yunet_passes_colors_as_bgr(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    seen = []
    real_convert = cv2.cvtColor
    monkeypatch.setattr(cv2, "cvtColor", lambda picture, code: seen.append(code) or real_convert(picture, code))
    YunetDetector(40, fake).detect(squares(64, 64, FACE_PX, []))
    assert set(seen) == {cv2.COLOR_RGB2BGR}


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (2, 900), (900, 2)])
def test_yunet_without_a_face_returns_nothing(fake: Path, shape: tuple[int, int]) -> None:
    assert YunetDetector(12, fake).detect(np.zeros((*shape, 3), dtype=np.uint8)) == []


def test_yunet_levels_of_any_frame_bound_memory() -> None:
    for width, height in ((640, 480), (20_000, 4_000)):
        for level in yunet_levels(width, height, 12):
            for tile in level.tiles:
                assert (tile.right - tile.left) * (tile.bottom - tile.top) * level.scale**2 <= 1024**2
        assert max(width, height) * level.scale <= 320


def test_make_detector_of_yunet_names_the_file(fake: Path) -> None:
    made = make_detector(f"yunet:{fake}", min_face_px=20)
    assert isinstance(made, YunetDetector) and made.path == fake and made.min_face_px == 20
    downloaded = make_detector("yunet")
    assert isinstance(downloaded, YunetDetector) and downloaded.path is None
    with pytest.raises(ConfigError, match=r"'yunet:'.*yunet:PATH"):
        make_detector("yunet:")
    with pytest.raises(ModelError, match=r"nowhere\.onnx: no such file"):
        make_detector("yunet:nowhere.onnx")


def test_yunet_without_a_path_uses_the_registered_file(
    fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fetched(file: RemoteFile, *, instead: str) -> Path:
        asked.append((file, instead))
        return fake

    monkeypatch.setattr("ekspresi.detection.yunet.download_verified", fetched)
    assert len(make_detector("yunet", 40).detect(squares(100, 100, FACE_PX, [(40, 40)]))) == 1
    assert asked == [(MODEL, "give its path as 'yunet:PATH'")]


def test_yunet_offline_names_file_and_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cv2", reason="extra [yunet]")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for proxy in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")  # the port of 'discard': nobody listens
    monkeypatch.setattr("ekspresi.system.downloads.PAUSES_S", (0.0, 0.0))
    with pytest.raises(ModelError, match=r"^face_detection_yunet_2026may\.onnx: cannot be downloaded") as refused:
        make_detector("yunet").detect(np.zeros((50, 50, 3), np.uint8))
    assert MODEL.url in str(refused.value) and "yunet:PATH" in str(refused.value)
    assert str(cache_folder()).startswith(str(tmp_path))


def test_yunet_without_opencv_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ekspresi.detection.yunet.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"'yunet' needs the extra \[yunet\]\. Run pip install "):
        make_detector("yunet")


def other_files(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    pointer = tmp_path / "pointer.onnx"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 229738\n")
    yield pointer, "Git LFS pointer"
    text = tmp_path / "text.onnx"
    text.write_text("no network")
    yield text, "cannot be run as YuNet by OpenCV"
    yield bundled_model(), "cannot be run as YuNet by OpenCV"


def test_yunet_with_another_file_is_an_error(fake: Path, tmp_path: Path) -> None:
    for file, said in other_files(tmp_path):
        with pytest.raises(ModelError, match=said) as refused:
            YunetDetector(path=file).detect(np.zeros((64, 64, 3), np.uint8))
        assert str(file) in str(refused.value) and "\n" not in str(refused.value)


def test_yunet_loads_opencv_late_and_silently(fake: Path) -> None:
    code = (
        "import sys, numpy as np, ekspresi.detection.detector as d\n"
        f"found = d.make_detector('yunet:' + {str(fake)!r})\n"
        "print('cv2' in sys.modules)\n"
        "found.detect(np.zeros((64, 64, 3), np.uint8))"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert result.stdout.strip() == "False"
    assert result.stderr == ""


@pytest.mark.shared
def test_yunet_in_a_corridor_finds_faces_of_10_px(real: Path) -> None:
    truth = json.loads((EXAMPLES / "corridor.json").read_text())["faces"]
    found = YunetDetector(path=real).detect(np.asarray(Image.open(EXAMPLES / "corridor.jpg").convert("RGB")))
    for face in truth:
        best = max(iou(other.box_xyxy, face["box_xyxy"]) for other in found)
        assert best > 0.6, f"the face of {face['face_px']} px"
    assert len(found) == 10  # no false alarm


@pytest.mark.shared
def test_yunet_on_a_portrait_agrees_with_mtcnn(real: Path) -> None:
    (face,) = YunetDetector(path=real).detect(np.asarray(Image.open(EXAMPLES / "astronaut.jpg").convert("RGB")))
    assert face.landmarks is not None
    seen = [(205, 101), (246, 103), (225, 129), (203, 139), (244, 141)]  # read off the picture
    assert np.abs(np.array(face.landmarks) - seen).max() < 6


@pytest.mark.shared
def test_yunet_on_a_large_face_finds_one(real: Path) -> None:
    portrait = Image.open(EXAMPLES / "astronaut.jpg").convert("RGB").crop((150, 30, 300, 200))
    large = np.asarray(portrait.resize((2400, 2720), Image.Resampling.BICUBIC))
    (face,) = YunetDetector(min_face_px=40, path=real).detect(large)
    assert iou(face.box_xyxy, (29 * 16, 30 * 16, 117 * 16, 141 * 16)) > 0.7


def test_search_from_another_width_shares_the_network(fake: Path) -> None:
    detector = YunetDetector(12, fake)
    image = np.zeros((60, 60, 3), np.uint8)
    detector.detect(image)
    other = detector.search_from(40)
    assert other.detect(image) == YunetDetector(40, fake).detect(image)
    assert (other.min_face_px, detector.min_face_px) == (40, 12)
    assert other._network is detector._network is not None
