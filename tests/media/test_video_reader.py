import os
import subprocess
import sys
from pathlib import Path
from threading import Event

import numpy as np
import pytest

pytest.importorskip("av", reason="extra [video]")

import av

from ekspresi.errors import EkspresiError, MissingExtraError, SourceError
from ekspresi.media import decoder as decoding
from ekspresi.media.timestamps import Window
from ekspresi.media.video_reader import container_frames, video_frames, video_length_s
from ekspresi.types import Frame
from tests.support.clips import cut, number_of, picture, read_clip, write_clip, write_sound


def times(frames: list[Frame]) -> list[float | None]:
    return [None if frame.time_s is None else round(frame.time_s, 3) for frame in frames]


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.mp4", "mpeg4"), ("a.mkv", "libx264"), ("a.avi", "mpeg4"), ("a.ts", "libx264")],
)
def test_video_frames_are_in_order_with_times(name: str, codec: str, tmp_path: Path) -> None:
    path = write_clip(tmp_path / name, 12, codec=codec)
    frames = read_clip(path)
    assert [frame.number for frame in frames] == list(range(12))
    assert [number_of(frame.image) for frame in frames] == list(range(12))
    assert times(frames) == [round(n / 25, 3) for n in range(12)]
    assert {frame.source for frame in frames} == {str(path)}
    image = frames[3].image
    assert image.dtype == np.uint8 and image.shape == (48, 64, 3) and image.flags.c_contiguous
    assert abs(image.astype(int) - picture(3)).mean() < 6


@pytest.mark.input_row("videos", "variable frame rate", "Times are those of the stamps, however uneven.")
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_video_frames_at_variable_rate_keep_times(name: str, tmp_path: Path) -> None:
    stamps = [0, 10, 50, 60, 300, 310, 900, 1000, 1100, 20000]
    frames = read_clip(write_clip(tmp_path / name, 10, stamps_ms=stamps))
    assert times(frames) == [stamp / 1000 for stamp in stamps]
    assert [number_of(frame.image) for frame in frames] == list(range(10))


def test_video_frames_in_a_window_are_selected(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 50)
    frames = read_clip(path, every_s=0.2, start_s=0.4, end_s=1.2)
    assert times(frames) == [0.4, 0.6, 0.8, 1.0]
    assert [frame.number for frame in frames] == [10, 15, 20, 25]


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.avi", "mpeg4"), ("a.ts", "libx264")]
)
def test_video_frames_from_a_start_are_the_same(name: str, codec: str, tmp_path: Path) -> None:
    path = write_clip(tmp_path / name, 150, codec=codec)
    whole = read_clip(path)
    late = read_clip(path, start_s=4.3)
    assert late[0].number == 108
    assert times(late) == times(whole)[108:]
    assert [frame.number for frame in late] == list(range(108, 150))
    assert all(np.array_equal(one.image, other.image) for one, other in zip(late, whole[108:], strict=True))


def test_video_frames_from_a_start_in_uneven_time(tmp_path: Path) -> None:
    stamps = [int(40 * n + 15 * (n % 3)) for n in range(150)]
    path = write_clip(tmp_path / "a.mp4", 150, stamps_ms=stamps)
    late = read_clip(path, start_s=4.0, end_s=4.5)
    first = next(n for n, stamp in enumerate(stamps) if stamp >= 4000)
    assert late[0].number == first
    assert number_of(late[0].image) == first % 20
    assert times(late) == [stamp / 1000 for stamp in stamps if 4000 <= stamp < 4500]


def test_video_frames_from_a_start_decodes_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "a.mp4", 150)
    decoded = []
    pictures = decoding.Decoder.pictures

    def counted(decoder: decoding.Decoder, packet: object) -> object:
        decoded.append(packet)
        return pictures(decoder, packet)  # type: ignore[arg-type]

    monkeypatch.setattr(decoding.Decoder, "pictures", counted)
    read_clip(path, start_s=5.5, end_s=5.6)
    assert len(decoded) < 60


@pytest.mark.parametrize("name", ["a.h264", "a.mjpeg"])
def test_video_frames_from_a_start_without_seeking(name: str, tmp_path: Path) -> None:
    path = write_clip(tmp_path / name, 100, codec="libx264" if name.endswith("h264") else "mjpeg")
    late = read_clip(path, start_s=3.0, end_s=3.1)
    assert [frame.number for frame in late] == [75, 76, 77]
    assert [number_of(frame.image) for frame in late] == [15, 16, 17]


def test_video_frames_after_a_wrong_seek_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "a.mp4", 100)
    seek = decoding.Decoder.seek
    monkeypatch.setattr(decoding.Decoder, "seek", lambda decoder, stamp: seek(decoder, stamp + 12800))
    late = read_clip(path, start_s=2.5, end_s=2.6)
    assert [(frame.number, number_of(frame.image)) for frame in late] == [(63, 3), (64, 4)]


def test_video_frames_from_after_the_end_says_so(tmp_path: Path) -> None:
    path, told = write_clip(tmp_path / "a.mp4", 10), list[EkspresiError]()
    assert read_clip(path, told, start_s=3.0) == []
    assert str(told[0]) == f"{path}: ends at 0.4 s, before the start at 3 s. Choose an earlier start."


@pytest.mark.input_row("videos", "size that changes", "Each frame has its own.")
def test_video_frames_may_change_size(tmp_path: Path) -> None:
    for name, codec in (("a.mjpeg", "mjpeg"), ("a.h264", "libx264")):
        small = write_clip(tmp_path / f"small-{name}", 3, codec=codec)
        large = write_clip(tmp_path / f"large-{name}", 3, codec=codec, size=(96, 80))
        joined = tmp_path / name
        joined.write_bytes(small.read_bytes() + large.read_bytes() + small.read_bytes())
        frames = read_clip(joined)
        assert [frame.image.shape[:2] for frame in frames] == 3 * [(48, 64)] + 3 * [(80, 96)] + 3 * [(48, 64)]
        assert times(frames) == [round(n / 25, 3) for n in range(9)]


@pytest.mark.input_row("videos", "joined recordings", "Times continue where the stamps begin again.")
def test_video_frames_of_joined_recordings_count_on(tmp_path: Path) -> None:
    part = write_clip(tmp_path / "part.ts", 50)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(part.read_bytes() * 2)
    frames = read_clip(joined)
    assert times(frames) == pytest.approx([n / 25 for n in range(100)], abs=0.002)


@pytest.mark.input_row(
    "videos",
    "cut off",
    "The frames that are left are read.",
    reported="was cut off after … of … s; earlier frames are kept. Copy it again from its origin.",
)
@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.avi", "mjpeg")])
def test_video_frames_of_a_cut_file_gives_the_rest(name: str, codec: str, tmp_path: Path, stated_words: str) -> None:
    options = {"movflags": "faststart"} if name.endswith("mp4") else {}
    path = cut(write_clip(tmp_path / name, 200, codec=codec, gop=5, options=options), 0.4)
    told = list[EkspresiError]()
    frames = read_clip(path, told)
    assert 30 < len(frames) < 150
    assert [number_of(frame.image) for frame in frames[:30]] == [n % 20 for n in range(30)]
    assert len(told) == 1 and isinstance(told[0], SourceError)
    assert str(told[0]).startswith(f"{path}: was cut off after ")
    assert " of 8.0 s; earlier frames are kept. Copy it again" in str(told[0])
    with pytest.raises(SourceError, match=stated_words):
        read_clip(path)


def test_video_frames_of_a_whole_file_reports_nothing(tmp_path: Path) -> None:
    for name, sound_s in (("a.mp4", 0), ("b.mp4", 6), ("c.mkv", 6), ("d.mp4", 1)):
        told = list[EkspresiError]()
        assert len(read_clip(write_clip(tmp_path / name, 75, sound_s=sound_s), told)) == 75
        assert told == []


def test_video_frames_of_a_damaged_file_skips_places(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.avi", 100, codec="mjpeg")
    content = bytearray(path.read_bytes())
    start = 0
    for number in range(53):
        start = content.index(b"\xff\xd8\xff", start + 1)
        if number >= 50:
            end = content.index(b"\xff\xd9", start)
            content[start:end] = bytes(end - start)
    path.write_bytes(content)
    told = list[EkspresiError]()
    frames = read_clip(path, told)
    assert [number_of(frame.image) for frame in frames] == [n % 20 for n in range(100) if n not in (50, 51, 52)]
    assert frames[50].time_s == pytest.approx(53 / 25)
    assert [str(error) for error in told] == [
        f"{path}: is damaged: 3 of its frames could not be decoded. Copy it again from its origin."
    ]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", r"is empty \(0 bytes\)\. Copy it again"),
        (b"hello, world\n" * 100, r"is not a readable video, or its end was cut off .*\. Copy it again"),
        (bytes(range(256)) * 20, "is not a readable video"),
    ],
)
def test_video_frames_of_another_file_is_an_error(content: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=what) as caught:
        read_clip(path)
    one_line(caught.value, path)


@pytest.mark.input_row(
    "videos",
    "MP4 without its end",
    refused="is not a readable video, or its end was cut off (…). Copy it again from its origin.",
)
def test_video_frames_without_an_index_is_an_error(tmp_path: Path, stated_words: str) -> None:
    path = cut(write_clip(tmp_path / "a.mp4"))
    with pytest.raises(SourceError, match=stated_words) as caught:
        read_clip(path)
    one_line(caught.value, path)
    assert caught.value.__cause__ is None and caught.value.__context__ is None


@pytest.mark.input_row("videos", "sound alone", refused="has no pictures, only audio. Name a video.")
def test_video_frames_of_sound_is_an_error(tmp_path: Path, stated_words: str) -> None:
    path = write_sound(tmp_path / "a.mp4")
    with pytest.raises(SourceError, match=stated_words) as caught:
        read_clip(path)
    one_line(caught.value, path)


@pytest.mark.parametrize("name", ["a.avi", "a.mp4"])
def test_video_frames_without_frames_is_an_error(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    with pytest.raises(SourceError, match="holds no frames") as caught:
        read_clip(path)
    one_line(caught.value, path)


def test_video_frames_of_a_growing_file_says_so(tmp_path: Path) -> None:
    path, told = write_clip(tmp_path / "a.ts", 100), list[EkspresiError]()
    reading = video_frames(path, window=Window(), refused=told.append)
    next(reading)
    with path.open("ab") as file:
        file.write(b"x" * 1000)
    assert len(list(reading)) == 99
    assert str(told[0]) == (
        f"{path}: changed while it was read, so its frames may be of both states. Read it again when it is complete."
    )


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be shortened there")
def test_video_frames_of_a_shrinking_file_says_so(tmp_path: Path) -> None:
    path, told = write_clip(tmp_path / "a.ts", 800), list[EkspresiError]()
    reading = video_frames(path, window=Window(), refused=told.append)
    next(reading)
    os.truncate(path, path.stat().st_size // 2)
    assert len(list(reading)) < 799
    assert len(told) == 1 and "changed while it was read" in str(told[0])


def test_video_frames_when_stopped_ends(tmp_path: Path) -> None:
    stop = Event()
    reading = video_frames(write_clip(tmp_path / "a.mp4", 50), window=Window(), stop=stop)
    next(reading)
    stop.set()
    assert list(reading) == []


def test_video_frames_of_odd_names_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["12:30 [door] %03d.mp4", "-i.mp4", "döner☕.mp4"]
    for name in names if os.name != "nt" else names[1:]:
        write_clip(tmp_path / "a.mp4", 2).rename(tmp_path / name)
        assert len(read_clip(Path(name))) == 2


def test_video_frames_of_a_playlist_fetches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:1/x.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(SourceError) as caught:
        read_clip(path)
    one_line(caught.value, path)


def test_container_frames_closes_the_container(tmp_path: Path) -> None:
    container = av.open(str(write_clip(tmp_path / "a.mp4", 5)))
    frames = list(container_frames(container, "http://cam/a.mp4", window=Window()))
    assert [(frame.number, frame.source) for frame in frames] == [(n, "http://cam/a.mp4") for n in range(5)]
    with pytest.raises(AssertionError, match="not open"):
        container.decode(video=0).__next__()


def test_video_length_is_the_stated_one(tmp_path: Path) -> None:
    assert video_length_s(write_clip(tmp_path / "a.mp4", 50)) == pytest.approx(2.0, abs=0.05)
    assert video_length_s(write_clip(tmp_path / "a.mjpeg", 5, codec="mjpeg")) is None


def test_video_frames_without_pyav_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "a.mp4", 2)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"reading videos and cameras needs the extra \[video\]"):
        read_clip(path)


def test_video_frames_memory_stays_flat(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 500, size=(320, 240), codec="mpeg4")
    code = f"""
from pathlib import Path
from ekspresi.media.video_reader import video_frames
from ekspresi.media.timestamps import Window
# Not ru_maxrss: a process inherits it from the one that starts it.
peak = lambda: next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
for frame in video_frames(Path({str(path)!r}), window=Window()):
    if frame.number == 100: early = peak()
print(frame.number, peak() - early)
"""
    if sys.platform != "linux":
        pytest.skip("reads /proc")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    last, grown_kib = map(int, run.stdout.split())
    assert last == 499
    assert grown_kib < 40_000  # 400 frames are 92 MB


def one_line(error: Exception, path: Path) -> None:
    assert str(error).startswith(f"{path}: ")
    assert len(str(error).splitlines()) == 1
