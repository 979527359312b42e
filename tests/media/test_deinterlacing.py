"""Interlaced frames: without combs, as many as before, with the same stamps, wherever reading starts."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("av", reason="extra [video]")

import av

from ekspresi.media import deinterlacing
from ekspresi.media.containers import open_container
from ekspresi.media.decoder import Decoder
from ekspresi.media.deinterlacing import Deinterlacer
from tests.support.clips import read_clip, turned, write_clip

INTERLACED = {"flags": "+ilme+ildct", "x264-params": "tff=1:log-level=none"}


def moment(number: int, offset: int = 0) -> NDArray[np.uint8]:
    """A bright bar, 20 px wide, that moves 3 px a moment on a gray ground."""
    image = np.full((48, 160, 3), 60, np.uint8)
    left = 5 + 3 * (number + offset)
    image[:, left : left + 20] = 220
    return image


def write_interlaced(path: Path, frames: int = 30, gop: int = 10) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "5", **INTERLACED})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 160, 48, "yuv420p", gop
        for number in range(frames):
            image = moment(number % 20 * 2)
            image[1::2] = moment(number % 20 * 2 + 1)[1::2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def combs(image: NDArray[np.uint8]) -> float:
    """Mean difference of neighboring lines, gray levels."""
    return float(np.abs(np.diff(image.astype(int), axis=0)).mean())


@pytest.mark.input_row(
    "videos",
    "interlacing",
    "Frames that are flagged as interlaced are deinterlaced by bwdif; their number and times stay.",
)
def test_deinterlacer_removes_combs_and_keeps_times(tmp_path: Path) -> None:
    frames = read_clip(write_interlaced(tmp_path / "a.mp4"))
    assert [frame.number for frame in frames] == list(range(30))
    assert [frame.time_s for frame in frames] == pytest.approx([n / 25 for n in range(30)], abs=1e-6)
    for number, frame in enumerate(frames[1:19], 1):
        assert combs(frame.image) < 1.5  # 4 for the frame as stored
        shown = [np.abs(frame.image.astype(int) - moment(number * 2, each)).mean() for each in (0, 1)]
        assert min(shown) < 1.5  # one of both moments
    woven = moment(0)
    woven[1::2] = moment(1)[1::2]
    assert combs(woven) > 4


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_deinterlacer_from_a_start_gives_the_same(name: str, tmp_path: Path) -> None:
    path = write_interlaced(tmp_path / name, 100)
    whole = read_clip(path)
    for start_s in (2.4, 2.52):  # at a key frame, and behind one
        late = read_clip(path, start_s=start_s, every_s=0.2)
        first = round(start_s * 25)
        assert [frame.number for frame in late] == list(range(first, 100, 5))
        assert [frame.time_s for frame in late] == [frame.time_s for frame in whole[first::5]]
        assert all(np.array_equal(one.image, other.image) for one, other in zip(late, whole[first::5], strict=True))


def test_deinterlacer_of_a_turned_video_keeps_the_turn(tmp_path: Path) -> None:
    path = turned(write_interlaced(tmp_path / "a.mp4"), tmp_path / "b.mp4", 0, 1, -1, 0)
    (upright, *_), (plain, *_) = read_clip(path), read_clip(tmp_path / "a.mp4")
    assert np.array_equal(upright.image, np.rot90(plain.image, -1))


def test_deinterlacer_of_one_frame_gives_it(tmp_path: Path) -> None:
    assert len(read_clip(write_interlaced(tmp_path / "a.mp4", 1))) == 1


def test_deinterlacer_of_another_size_starts_over(tmp_path: Path) -> None:
    def decoded(size: tuple[int, int]) -> list[av.VideoFrame]:
        path = write_clip(tmp_path / f"{size[0]}.mp4", 3, size=size, encoder=INTERLACED)
        with av.open(str(path)) as container:
            return list(container.decode(video=0))

    deinterlace = Deinterlacer()
    done = deinterlace(decoded((64, 48)) + decoded((96, 64))) + deinterlace.flush()
    assert [(frame.width, frame.pts) for frame in done] == [(w, n * 640) for w in (64, 96) for n in range(3)]
    assert all(not frame.interlaced_frame for frame in done)


def test_deinterlacer_of_progressive_frames_uses_no_filter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deinterlacing, "_make_graph", None)
    path = write_clip(tmp_path / "a.mp4", 5)
    with open_container(f"file:{path}", "a.mp4") as container:
        decoder = Decoder(container, "a.mp4")
        assert [frame.pts for frames in decoder for frame in frames] == [n * 640 for n in range(5)]
        assert not decoder.interlaced
