"""Films: played back with PyAV, killed, cut short, on a disk that is full."""

import errno
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ekspresi.errors import OutputError
from ekspresi.media.video_writer import KEY_S, LONGEST_S, TICKS, VideoWriter

MAKER = """
import sys
from pathlib import Path
from PIL import Image
from ekspresi.media.video_writer import VideoWriter

step = float(sys.argv[2])
with VideoWriter(Path(sys.argv[1])) as recording:
    for number in range(100_000):
        recording.add(Image.new("RGB", (64, 48), (number % 200, 90, 90)), number * step)
        print(number, flush=True)
"""


def plain(gray: int = 100, size: tuple[int, int] = (64, 48)) -> Image.Image:
    return Image.new("RGB", size, (gray, gray, gray))


def record(path: Path, times: Sequence[float]) -> Path:
    with VideoWriter(path) as recording:
        for number, time_s in enumerate(times):
            recording.add(plain(20 + number % 200), time_s)
    return path


def played(path: Path) -> list[tuple[float, bool, np.ndarray]]:
    """Time, whether it needs no other, and pixels of each picture."""
    with av.open(str(path)) as container:
        return [(frame.time, frame.key_frame, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def test_video_writer_writes_h264_with_the_pictures(tmp_path: Path) -> None:
    color = (200, 30, 60)
    with VideoWriter(tmp_path / "x.mp4") as recording:
        for number in range(5):
            recording.add(Image.new("RGB", (64, 48), color), number / 25)
    with av.open(str(tmp_path / "x.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.codec_context.colorspace == 1, "colors are tagged, or players guess"
        assert float(stream.duration * stream.time_base) == pytest.approx(5 / 25)
    pictures = played(tmp_path / "x.mp4")
    assert len(pictures) == 5
    assert np.abs(pictures[4][2].astype(int) - color).max() <= 6


@given(st.lists(st.integers(-5, 4_000), min_size=1, max_size=30), st.floats(0, 1e6))
def test_video_writer_keeps_the_speed(tmp_path_factory, steps_ms: list[int], begin_s: float) -> None:
    times = [begin_s + total / 1000 for total in itertools.accumulate(steps_ms)]
    pictures = played(record(tmp_path_factory.getbasetemp() / "speed.mp4", times))
    stamps = [round(time_s * TICKS) for time_s, _, _ in pictures]
    assert len(stamps) == len(times)
    assert stamps[0] == 0
    assert all(later > earlier for earlier, later in itertools.pairwise(stamps))
    newest = -np.inf
    for stamp, time_s in zip(stamps, times, strict=True):
        if time_s > newest + 0.001:  # those that run backwards come just behind the newest, each a tick later
            assert stamp == pytest.approx((time_s - times[0]) * TICKS, abs=1)
            newest = time_s
    keys = [time_s for time_s, key, _ in pictures if key]
    assert keys[0] == 0
    for time_s, _, _ in pictures:
        assert time_s - max(key for key in keys if key <= time_s) < KEY_S


@pytest.mark.parametrize("step_s", [0.04, 2.0])
def test_video_writer_when_killed_loses_one_second(step_s: float, tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    command = [sys.executable, "-c", MAKER, str(path), str(step_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        number = -1
        for line in process.stdout:
            number = int(line)
            if number == 90:
                break
        process.send_signal(signal.SIGKILL)
        number = max([number, *map(int, process.stdout.read().split())])
    pictures = played(path)
    assert pictures[-1][0] >= (number - 1) * step_s - KEY_S
    times = [round(time_s, 3) for time_s, _, _ in pictures]
    assert times == [pytest.approx(k * step_s) for k in range(len(times))]


def test_video_writer_after_a_failure_keeps_pictures(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), VideoWriter(tmp_path / "x.mp4") as recording:
        for number in range(7):
            recording.add(plain(), number / 25)
        raise KeyboardInterrupt
    assert len(played(tmp_path / "x.mp4")) == 7


def test_video_writer_without_a_picture_writes_nothing(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "x.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [(65, 49), (64, 49), (65, 48), (1, 1), (17, 300)])
def test_video_writer_with_odd_size_repeats_the_edge(size: tuple[int, int], tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "x.mp4") as recording:
        recording.add(plain(180, size), 0.0)
    ((_, _, pixels),) = played(tmp_path / "x.mp4")
    width, height = size
    assert pixels.shape[:2] == (height + height % 2, width + width % 2)
    assert pixels[-1, -1].min() > 170


def test_video_writer_with_another_size_adds_bars(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "x.mp4") as recording:
        recording.add(plain(200, (64, 48)), 0.0)
        recording.add(plain(200, (24, 48)), 0.04)  # narrow: bars at both sides
        recording.add(plain(200, (320, 120)), 0.08)  # wide: bars above and below
    first, narrow, wide = (pixels for _, _, pixels in played(tmp_path / "x.mp4"))
    assert first.shape == narrow.shape == wide.shape == (48, 64, 3)
    assert (first.min(), narrow[24, 32].min() > 190, wide[24, 32].min() > 190) == (
        pytest.approx(200, abs=5),
        True,
        True,
    )
    assert max(narrow[:, :18].max(), narrow[:, -18:].max()) < 30
    assert narrow[:2, 26:38].min() > 170
    assert max(wide[:10].max(), wide[-10:].max()) < 30


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_video_writer_on_a_full_disk_ends_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.symlink_to("/dev/full")
    recording = VideoWriter(path)
    with pytest.raises(OutputError) as caught:
        for number in range(100):
            recording.add(plain(), number / 25)
    assert (
        str(caught.value) == f"{path}: cannot be written: the disk is full. Free some space, or write to another disk."
    )
    with pytest.raises(OutputError, match="the disk is full"):
        recording.add(plain(), 100.0)
    recording.close()


def test_video_writer_on_a_filling_disk_keeps_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_open = Path.open

    def filling(path: Path, *args: object, **options: object):
        file = real_open(path, *args, **options)

        class Filling:
            """Takes 3,000 bytes."""

            def write(self, data: bytes) -> int:
                if file.tell() + len(data) > 3000:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return file.write(data)

            def close(self) -> None:
                file.close()

        return Filling()

    monkeypatch.setattr(Path, "open", filling)
    path = tmp_path / "x.mp4"
    with pytest.raises(OutputError, match="the disk is full"), VideoWriter(path) as recording:
        for number in range(1000):
            recording.add(plain(number % 200), number / 25)
    monkeypatch.undo()
    assert len(played(path)) >= 25, "what was written before plays"


def test_video_writer_to_a_bad_target_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    for path, what in (
        (tmp_path / "folder.mp4", r"cannot be written: Is a directory\. Write to a different"),
        (tmp_path / "nowhere" / "x.mp4", "there is no folder"),
    ):
        with pytest.raises(OutputError, match=what), VideoWriter(path) as recording:
            recording.add(plain(), 0.0)
    with pytest.raises(OutputError, match=r"does not end in \.mp4\. Give a name that does"):
        VideoWriter(tmp_path / "x.avi")


def test_video_writer_without_encoder_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "codecs_available", {"h264"})
    with pytest.raises(OutputError, match=r"cannot encode H\.264\. Install its wheel: pip install"):
        VideoWriter(tmp_path / "x.mp4")
    assert list(tmp_path.iterdir()) == []


def test_video_writer_after_a_night_shortens_the_gap(tmp_path: Path) -> None:
    night = 12 * 3600.0
    path = record(tmp_path / "x.mp4", [0, 0.04, LONGEST_S, night, night + 0.04, 2 * night, 2 * night + 0.5])
    after = 2 * LONGEST_S
    times = [time for time, _, _ in played(path)]
    assert times == pytest.approx(
        [0, 0.04, LONGEST_S, after, after + 0.04, after + LONGEST_S + 0.04, 3 * LONGEST_S + 0.54]
    )
