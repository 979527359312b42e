"""Damage that decoders conceal: counted for its own source, and for no whole one."""

import random
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="extra [video]")

import av

from ekspresi.errors import EkspresiError
from ekspresi.media.damage import ErrorLog, SmearedFrames
from tests.support.clips import read_clip, write_moving_clip

CHECKSUMS = {"x265-params": "log-level=none:hash=1"}


def hurt(path: Path, bytes_: int = 12) -> Path:
    """Flip bytes in the second third of a file, all of them in coded pictures."""
    content, draw = bytearray(path.read_bytes()), random.Random(1)
    for _ in range(bytes_):
        content[draw.randrange(len(content) // 3, 2 * len(content) // 3)] ^= 0xFF
    path.write_bytes(content)
    return path


def lose_packets(path: Path) -> Path:
    """Remove every fortieth packet of an MPEG transport stream after its first third."""
    content = path.read_bytes()
    packets = [content[start : start + 188] for start in range(0, len(content), 188)]
    path.write_bytes(b"".join(each for n, each in enumerate(packets) if n < len(packets) // 3 or n % 40))
    return path


@pytest.mark.input_row(
    "videos",
    "damage",
    "Frames that can be decoded are read, also smeared ones. Damage that leaves valid codes, as in most H.265, is not "
    "noticed without checksums.",
    reported="is damaged: up to … from … to … s may be smeared.",
)
@pytest.mark.parametrize(
    ("name", "codec", "encoder", "harm"),
    [
        ("a.mp4", "libx264", {}, hurt),
        ("a.mkv", "libx264", {"x264-params": "slices=4"}, hurt),
        ("a.ts", "libx264", {}, lose_packets),
        ("a.mp4", "libx265", CHECKSUMS, hurt),
        ("a.avi", "mpeg4", {}, hurt),
        ("a.avi", "mjpeg", {}, hurt),
    ],
)
def test_error_log_of_damaged_file_finds_smeared_frames(
    name: str, codec: str, encoder: dict[str, str], harm: Callable[[Path], Path], tmp_path: Path, stated_words: str
) -> None:
    path, told = write_moving_clip(tmp_path / name, codec=codec, encoder=encoder), list[EkspresiError]()
    whole = read_clip(path, told)
    assert told == []
    harmed = read_clip(harm(path), told)
    assert len(told) == 1
    assert re.search(stated_words, str(told[0]))
    truth = {frame.time_s: frame.image.astype(int) for frame in whole}
    off = [f.time_s for f in harmed if f.time_s in truth and np.abs(truth[f.time_s] - f.image).mean() > 4]
    assert off  # the damage shows, and lies where the message says
    said = re.search(r"from ([\d.]+) to ([\d.]+) s", str(told[0]))
    assert said
    first, last = map(float, said.groups())
    assert first - 0.7 <= min(off) and max(off) <= last + 0.7


def test_error_log_of_many_sources_names_the_damaged(tmp_path: Path) -> None:
    whole = [write_moving_clip(tmp_path / f"whole-{n}.ts", codec="libx264") for n in range(2)]
    harmed = [lose_packets(write_moving_clip(tmp_path / f"harmed-{n}.ts", codec="libx264")) for n in range(2)]
    told: dict[Path, list[EkspresiError]] = {path: [] for path in (*whole, *harmed)}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda path: read_clip(path, told[path]), told))
    assert [len(told[path]) for path in (*whole, *harmed)] == [0, 0, 1, 1]


def test_error_log_of_abandoned_damaged_file_never_hangs(tmp_path: Path) -> None:
    """Threads that log need the interpreter's lock, and the end of their decoder waits for them."""
    path = hurt(write_moving_clip(tmp_path / "a.mp4", 90, codec="libx264"), 60)
    program = (
        "import sys; from itertools import islice; from pathlib import Path\n"
        "from ekspresi.media.timestamps import Window; from ekspresi.media.video_reader import video_frames\n"
        "for count in range(60):\n"
        "    reading = video_frames(Path(sys.argv[1]), window=Window(), refused=lambda error: None)\n"
        "    list(islice(reading, 20 + count % 40)); reading.close()\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=120)


def test_error_log_after_its_end_restores_pyav() -> None:
    log = av.logging
    before = log.get_level(), log.get_skip_repeated()
    with ErrorLog("h264"), ErrorLog("h264"):
        assert log.get_level() == log.ERROR and not log.get_skip_repeated()
    assert (log.get_level(), log.get_skip_repeated()) == before


def test_error_log_keeps_a_finer_level() -> None:
    av.logging.set_level(av.logging.INFO)
    try:
        with ErrorLog("h264") as log:
            assert av.logging.get_level() == av.logging.INFO
            with log.call():
                av.logging.log(av.logging.INFO, "h264", "no error")
    finally:
        av.logging.set_level(None)
    assert log.errors == 0


@pytest.mark.parametrize(
    ("codec", "text", "errors"),
    [("h264", "error while decoding MB 1 2", 2), ("hevc", "slice", 0), ("h264", "mmco: unref short failure", 0)],
)
def test_error_log_counts_errors_of_its_codec(codec: str, text: str, errors: int) -> None:
    with ErrorLog("h264") as log:
        with log.call():
            av.logging.log(av.logging.ERROR, codec, text)
            av.logging.log(av.logging.ERROR, codec, text)  # repeated errors count too
        with log.call():
            pass
    assert log.errors == errors


def test_error_log_takes_messages_of_its_threads() -> None:
    with ErrorLog("h264") as first, ErrorLog("h264") as second, ThreadPoolExecutor(1) as pool:
        pool.submit(av.logging.log, av.logging.ERROR, "h264", "error while decoding MB 1 2").result()
        for log in (second, first):
            with log.call():
                pass
    assert (first.errors, second.errors) == (1, 0)


def smeared(errors: list[int], keys: set[int], lag_frames: int, start_s: float = 0.0) -> SmearedFrames:
    counter = SmearedFrames(start_s, lag_frames)
    for number, each in enumerate(errors):
        frame = type("Frame", (), {"is_corrupt": False, "key_frame": number in keys})()
        counter.update(frame, number / 10, each)
    return counter


def test_smeared_frames_end_with_the_next_key_frame() -> None:
    counter = smeared([0, 0, 1, 1, 1, 1, 1, 2, 2], keys={0, 5}, lag_frames=1)
    assert (counter.count, counter.first_s, counter.last_s) == (5, 0.2, 0.8)
    assert smeared([0, 0, 1, 1, 1, 1], keys=set(range(6)), lag_frames=0).count == 1
    assert smeared([0, 1, 1, 1], keys={2}, lag_frames=4).count == 3  # that key frame may be older than the error


def test_smeared_frames_before_sound_ones_do_not_count() -> None:
    assert smeared([7, 7, 7], keys={0}, lag_frames=0).count == 0


def test_smeared_frames_from_a_start_count_later_ones() -> None:
    counter = smeared([0, 1, 1, 1, 1], keys=set(), lag_frames=0, start_s=0.3)
    assert (counter.count, counter.first_s) == (2, 0.3)
