"""Files whose stamps need care: coding order alone, none at all, hidden frames behind an edit list."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="extra [video]")

import av

from ekspresi.errors import EkspresiError, SourceError
from tests.support.clips import cut, number_of, read_clip, write_clip

REORDERED = {"libx264": {"bf": "3", "g": "30"}, "libx265": {"x265-params": "log-level=none:bframes=3"}}


def times(path: Path, **window: float) -> list[float]:
    return [frame.time_s or 0.0 for frame in read_clip(path, **window)]


def copy_from(source: Path, target: Path, start_s: float, **options: str) -> Path:
    """Copy the packets from the key frame before a start on; an edit list hides the frames before the start."""
    with av.open(str(source)) as given, av.open(str(target), "w", options=options) as made:
        stream = given.streams.video[0]
        copied = made.add_stream_from_template(stream)
        assert stream.time_base
        shift = (stream.start_time or 0) + round(start_s / stream.time_base)
        if start_s:
            given.seek(shift, stream=stream)
        for packet in given.demux(stream):
            if packet.size:
                assert packet.pts is not None and packet.dts is not None
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, copied
                made.mux(packet)
    return target


@pytest.mark.input_row(
    "videos",
    "time stamps in coding order",
    "H.264 and H.265 in AVI: frames are as far apart as the file says, and in the order in which they are shown.",
)
def test_video_frames_of_reordered_avi_are_even(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.ts", 150, rate=30, encoder=REORDERED["libx264"])
    path = copy_from(whole, tmp_path / "a.avi", 0.0)
    frames = read_clip(path)
    assert [frame.time_s for frame in frames] == pytest.approx([n / 30 for n in range(150)], abs=1e-6)
    assert [number_of(frame.image) for frame in frames] == [n % 20 for n in range(150)]
    late = read_clip(path, start_s=3.0, every_s=0.5)
    assert [(frame.number, number_of(frame.image)) for frame in late] == [(90, 10), (105, 5), (120, 0), (135, 15)]


@pytest.mark.input_row(
    "videos",
    "no time stamps",
    "Raw H.264 and H.265 are timed by the rate in their own header; 25 frames a second where they state none.",
)
@pytest.mark.parametrize(("codec", "ending", "rate"), [("libx264", "h264", 30), ("libx265", "hevc", 15)])
def test_video_frames_of_raw_streams_take_stated_rate(codec: str, ending: str, rate: int, tmp_path: Path) -> None:
    path = write_clip(tmp_path / f"a.{ending}", 40, codec=codec, rate=rate, encoder=REORDERED[codec])
    assert times(path) == pytest.approx([n / rate for n in range(40)], abs=1e-6)
    assert times(path, start_s=1.0) == pytest.approx([n / rate for n in range(rate, 40)], abs=1e-6)


@pytest.mark.input_row("videos", "edit list", "Only the frames that are shown are read: hidden ones are no loss.")
def test_video_frames_of_a_trim_are_the_shown_ones(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mp4", 200, gop=50, encoder=REORDERED["libx264"])
    trim = copy_from(whole, tmp_path / "trim.mp4", 4.8)
    told = list[EkspresiError]()
    frames = read_clip(trim, told)
    assert told == []
    assert [number_of(frame.image) for frame in frames] == [n % 20 for n in range(120, 200)]
    assert [frame.time_s for frame in frames] == pytest.approx([n / 25 for n in range(80)], abs=0.001)
    late = read_clip(trim, start_s=2.4)
    assert [frame.number for frame in late] == list(range(60, 80))
    assert all(np.array_equal(one.image, other.image) for one, other in zip(late, frames[60:], strict=True))


def test_video_frames_of_a_cut_trim_says_so(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mp4", 200, gop=50, encoder=REORDERED["libx264"])
    trim = cut(copy_from(whole, tmp_path / "trim.mp4", 4.8, movflags="faststart"), 0.8)
    with pytest.raises(SourceError, match=r"was cut off after .* of 3\.2 s"):
        read_clip(trim)
