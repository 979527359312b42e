import os

import numpy as np
import pytest
from PIL import Image

from ekspresi.datasets import face_crops
from ekspresi.datasets.face_crops import FaceCropper
from ekspresi.errors import ImageError
from ekspresi.imaging.cropping import CropConvention
from ekspresi.system.downloads import cache_folder
from ekspresi.types import Face
from tests.support.fake_faces import save, texture


class CornerDetector:
    """Finds a face of 20 px in the upper left corner of every bright picture."""

    def __init__(self, calls):
        self.calls = calls

    def detect(self, image):
        self.calls.append(image.shape)
        return [Face((0, 0, 20, 20), 0.9)] if image.mean() > 60 else []


@pytest.fixture
def calls(monkeypatch):
    """Shapes of the pictures that the detector saw."""
    found = []
    monkeypatch.setattr(face_crops, "make_detector", lambda name, min_face_px: CornerDetector(found))
    return found


@pytest.fixture
def frame(tmp_path):
    save(texture(1, 49, 64), tmp_path / "frame.png")
    return tmp_path / "frame.png"


def memories():
    return sorted((cache_folder() / "faces").iterdir())


def test_the_second_cut_is_read_back(calls, frame, tmp_path):
    first, second = FaceCropper()(frame), FaceCropper()(frame)
    assert calls == [(49, 64, 3)]
    assert first.dtype == second.dtype == np.uint8
    assert np.array_equal(first, second)
    rgb = np.asarray(Image.open(frame).convert("RGB"))
    assert np.array_equal(first, CropConvention().crop(rgb, (0, 0, 20, 20)))
    # It is the bytes that count, not where they lie.
    moved = frame.rename(tmp_path / "moved.png")
    assert np.array_equal(FaceCropper()(moved), first)
    assert len(calls) == 1


def test_a_changed_frame_is_cut_anew(calls, frame):
    first = FaceCropper()(frame)
    save(texture(2, 49, 64), frame)
    assert not np.array_equal(FaceCropper()(frame), first)
    assert len(calls) == 2


def test_that_there_is_no_face_is_remembered(calls, tmp_path):
    save(np.zeros((30, 30), dtype=np.uint8), tmp_path / "wall.png")
    for _ in range(2):
        with pytest.raises(ImageError, match=r"wall\.png: no face was found"):
            FaceCropper()(tmp_path / "wall.png")
    assert len(calls) == 1


def other_networks(monkeypatch, tmp_path):
    (tmp_path / "mtcnn-pnet.onnx").write_bytes(b"other weights")
    monkeypatch.setattr(face_crops, "ASSETS", tmp_path)


def other_convention(monkeypatch, tmp_path):
    monkeypatch.setattr(face_crops, "CropConvention", lambda: CropConvention(scale=1.2))


def other_method(monkeypatch, tmp_path):
    monkeypatch.setattr(face_crops, "METHOD", "another")


@pytest.mark.parametrize("change", [other_networks, other_convention, other_method])
def test_all_that_decides_a_crop_is_in_its_key(calls, frame, monkeypatch, tmp_path, change):
    FaceCropper()(frame)
    change(monkeypatch, tmp_path)
    FaceCropper()(frame)
    assert len(calls) == 2
    assert len(memories()) == 2


def test_the_networks_of_the_key_are_those_of_the_detector():
    assert len(list(face_crops.ASSETS.glob("mtcnn-*.onnx"))) == 3


def test_a_damaged_memory_is_made_anew(calls, frame):
    crop = FaceCropper()(frame)
    (memory,) = memories()
    data = memory.read_bytes()
    wrong = memory.with_suffix(".wrong")
    with wrong.open("wb") as file:
        np.savez(file, crop=crop.astype(float))
    with_floats = wrong.read_bytes()
    wrong.unlink()
    for count, damaged in enumerate((b"", data[:50], data[:-1], b"text", with_floats), start=2):
        memory.write_bytes(damaged)
        assert np.array_equal(FaceCropper()(frame), crop)
        assert len(calls) == count
        assert memory.read_bytes() == data


def test_memories_of_faces_are_for_their_owner_only(calls, frame):
    FaceCropper()(frame)
    assert (cache_folder() / "faces").stat().st_mode & 0o077 == 0
    assert [path.suffix for path in memories()] == [".npz"]


def test_a_cache_that_cannot_be_written_does_no_harm(calls, frame, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(frame))
    assert FaceCropper()(frame).shape == (19, 19)


def test_what_cannot_be_read_is_not_remembered(calls, tmp_path):
    for name, content, reason in (
        ("no.png", None, "no such file"),
        ("text.png", b"text", "is a text file"),
        ("x.png", b"", "empty"),
    ):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(ImageError, match=f"{name}: .*{reason}"):
            FaceCropper()(tmp_path / name)
    (tmp_path / "device.png").symlink_to(os.devnull)
    for path, reason in ((tmp_path, "is a folder"), (tmp_path / "device.png", "is not a regular file")):
        with pytest.raises(ImageError, match=reason):
            FaceCropper()(path)
    assert calls == []
    assert not (cache_folder() / "faces").exists()
