"""The shape of pixels: as the container or the codec states it, upright, changing."""

from pathlib import Path

import pytest

pytest.importorskip("av", reason="extra [video]")

from ekspresi.errors import ImageError
from ekspresi.media import frame_converter
from tests.support.clips import read_clip, turned, write_clip


def write_wide(path: Path, sar: str = "2/1", frames: int = 12, codec: str = "libx264") -> Path:
    return write_clip(path, frames, codec=codec, encoder={"aspect": sar})


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.h264"])
def test_video_frames_state_the_shape_of_pixels(name: str, tmp_path: Path) -> None:
    frames = read_clip(write_wide(tmp_path / name))
    assert [frame.pixel_aspect for frame in frames] == [2.0] * 12
    assert frames[0].image.shape == (48, 64, 3)  # as stored: boxes count these pixels
    assert read_clip(write_clip(tmp_path / f"b-{name}", 12))[0].pixel_aspect == 1.0


def test_video_frames_of_impossible_pixels_are_square(tmp_path: Path) -> None:
    assert read_clip(write_wide(tmp_path / "a.mp4", "1/90"))[0].pixel_aspect == 1.0


def test_video_frames_on_their_side_turn_the_pixels(tmp_path: Path) -> None:
    path = turned(write_wide(tmp_path / "a.mp4"), tmp_path / "b.mp4", 0, 1, -1, 0)
    (frame, *_) = read_clip(path)
    assert (frame.image.shape[:2], frame.pixel_aspect) == ((64, 48), 0.5)


def test_video_frames_may_change_the_shape_of_pixels(tmp_path: Path) -> None:
    wide, square = write_wide(tmp_path / "wide.h264", frames=20), write_wide(tmp_path / "square.h264", "1/1", 20)
    joined = tmp_path / "a.h264"
    joined.write_bytes(wide.read_bytes() + square.read_bytes())
    shapes = [frame.pixel_aspect for frame in read_clip(joined)]
    assert shapes[:10] == [2.0] * 10 and shapes[-10:] == [1.0] * 10


def test_video_frames_beyond_the_limit_as_square_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_wide(tmp_path / "a.mp4")
    monkeypatch.setattr(frame_converter, "MAX_PIXELS", 64 * 48 * 2 - 1)
    with pytest.raises(ImageError, match="megapixels a frame"):
        read_clip(path)
