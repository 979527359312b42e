import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import ConfigError, EkspresiError, ImageError, MissingExtraError, SourceError
from ekspresi.media.frames import read_frames
from ekspresi.types import Frame


def save(path: Path, value: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((20, 30, 3), value, dtype=np.uint8)).save(path, "PNG")
    return path


def told_of(found: list[Frame], root: Path) -> list[tuple[str, int, float | None]]:
    return [(Path(one.source).relative_to(root).as_posix(), one.number, one.time_s) for one in found]


def test_read_frames_of_a_picture_is_one_frame(tmp_path: Path) -> None:
    (frame,) = read_frames(save(tmp_path / "a.png", 7))
    assert (frame.source, frame.number, frame.time_s) == (str(tmp_path / "a.png"), 0, None)
    assert frame.image.shape == (20, 30, 3) and frame.image.max() == 7


def test_read_frames_of_folders_is_in_natural_order(tmp_path: Path) -> None:
    for name in ("f10.png", "f2.png", "sub/f1.png"):
        save(tmp_path / name)
    assert told_of(list(read_frames(tmp_path)), tmp_path) == [
        ("f2.png", 0, None),
        ("f10.png", 0, None),
        ("sub/f1.png", 0, None),
    ]
    assert told_of(list(read_frames(str(tmp_path / "f*.png"))), tmp_path) == [("f2.png", 0, None), ("f10.png", 0, None)]


def test_read_frames_of_a_folder_reads_videos_too(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="extra [video]")
    from tests.support.clips import write_clip

    save(tmp_path / "b1.png")
    write_clip(tmp_path / "b2.mp4", 3)
    found = told_of(list(read_frames(tmp_path, every_s=0.08)), tmp_path)
    assert found == [("b1.png", 0, None), ("b2.mp4", 0, 0.0), ("b2.mp4", 2, pytest.approx(0.08))]


def test_read_frames_with_a_bad_picture_continues(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"x" * 100)
    save(tmp_path / "c.png")
    told: list[EkspresiError] = []
    assert [Path(frame.source).name for frame in read_frames(tmp_path, refused=told.append)] == ["a.png", "c.png"]
    assert [type(error) for error in told] == [ImageError]
    with pytest.raises(ImageError, match=r"b\.png"):
        list(read_frames(tmp_path))


def test_read_frames_with_a_bad_video_continues(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="extra [video]")
    from tests.support.clips import write_clip

    (tmp_path / "a.mp4").write_bytes(b"x" * 100)
    write_clip(tmp_path / "b.mp4", 2)
    told: list[EkspresiError] = []
    assert [Path(frame.source).name for frame in read_frames(tmp_path, refused=told.append)] == ["b.mp4", "b.mp4"]
    assert len(told) == 1 and str(told[0]).startswith(f"{tmp_path / 'a.mp4'}: is not a readable video")


def test_read_frames_of_unknown_suffix_tries_both(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="extra [video]")
    from tests.support.clips import write_clip

    write_clip(tmp_path / "a.mp4", 2).rename(tmp_path / "clip")
    assert [frame.number for frame in read_frames(tmp_path / "clip")] == [0, 1]
    save(tmp_path / "photo")
    assert [frame.time_s for frame in read_frames(tmp_path / "photo")] == [None]
    (tmp_path / "notes").write_text("hello\n" * 50)
    with pytest.raises(ImageError, match="a text file, not a picture"):
        list(read_frames(tmp_path / "notes"))


@pytest.mark.input_row("pictures", "suffix", "The first bytes of a file decide whether it is a picture or a video.")
def test_read_frames_goes_by_content_not_by_suffix(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="extra [video]")
    from tests.support.clips import write_clip

    save(tmp_path / "photo.mp4", 7)
    assert [frame.time_s for frame in read_frames(tmp_path / "photo.mp4")] == [None]
    write_clip(tmp_path / "a.mp4", 2).rename(tmp_path / "clip.jpg")
    assert [frame.time_s for frame in read_frames(tmp_path / "clip.jpg")] == [0.0, pytest.approx(0.04)]


@pytest.mark.parametrize("suffix", ["tga", "ico", "bmp", "pcx", "sgi"])
def test_read_frames_of_rare_pictures_has_no_time(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="extra [video]")
    Image.new("RGB", (48, 48), (40, 120, 200)).save(tmp_path / f"a.{suffix}")
    (frame,) = read_frames(tmp_path / f"a.{suffix}")
    assert (frame.number, frame.time_s, frame.image.shape) == (0, None, (48, 48, 3))
    assert np.abs(frame.image[20, 20].astype(int) - (40, 120, 200)).max() <= 2


def test_read_frames_of_an_animation_numbers_its_frames(tmp_path: Path) -> None:
    first, *others = (Image.new("L", (32, 24), gray) for gray in (20, 120, 220))
    first.save(tmp_path / "a.gif", save_all=True, append_images=others, duration=200)
    first.save(tmp_path / "b.tif", save_all=True, append_images=others)
    assert told_of(list(read_frames(tmp_path, every_s=0.4)), tmp_path) == [
        ("a.gif", 0, 0.0),
        ("a.gif", 2, pytest.approx(0.4)),
        ("b.tif", 0, None),
        ("b.tif", 1, None),
        ("b.tif", 2, None),
    ]


def test_read_frames_with_bad_arguments_raises_at_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file or folder"):
        read_frames(tmp_path / "nowhere.mp4")
    with pytest.raises(SourceError, match=r"ftp://\*\*\*@host/x: cannot be read\. Start an address with"):
        read_frames("ftp://user:secret@host/x")
    with pytest.raises(ConfigError, match="--every 0s: must be above 0"):
        read_frames(save(tmp_path / "a.png"), every_s=0)


def test_read_frames_when_stopped_ends(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        save(tmp_path / name)
    stop = threading.Event()
    found = []
    for frame in read_frames(tmp_path, stop=stop):
        found.append(frame)
        stop.set()
    assert len(found) == 1


def test_read_frames_of_pictures_needs_no_pyav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    assert len(list(read_frames(save(tmp_path / "a.png")))) == 1
    (tmp_path / "b.mp4").write_bytes(b"x" * 100)
    with pytest.raises(MissingExtraError, match=r"pip install 'ekspresi\[video\]'"):
        list(read_frames(tmp_path / "b.mp4", refused=lambda error: None))


@pytest.mark.parametrize("source", [None, b"a.jpg", ["a.jpg", "b.jpg"]])
def test_read_frames_of_another_type_is_a_type_error(source: object) -> None:
    with pytest.raises(TypeError, match=r"is not a source\. Give a path, an address or the number of a webcam"):
        read_frames(source)  # type: ignore[arg-type]
