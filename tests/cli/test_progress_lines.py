import numpy as np
import pytest

from ekspresi.cli import progress_lines
from ekspresi.cli.progress_lines import EVERY_S, ProgressLines
from ekspresi.errors import ImageError
from ekspresi.media.timestamps import Window
from ekspresi.types import Frame, FrameResult


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The present time, seconds, as its only element."""
    now = [100.0]
    monkeypatch.setattr("ekspresi.cli.progress_lines.time.monotonic", lambda: now[0])
    return now


def frame(source: str, time_s: float | None) -> FrameResult:
    return FrameResult(Frame(source, 0, time_s, np.zeros((4, 4, 3), np.uint8)), (), ())


def test_on_frame_prints_a_line_every_minute(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressLines(Window()) as progress:
        progress.on_start(400, 100, camera=False)
        for number in range(100, 220):
            clock[0] += 1.0
            progress.on_frame(frame(f"{number}.png", None), number)
    assert capsys.readouterr() == (
        "",
        "progress: 160 of 400 sources (40%), 1.0 frames/s\nprogress: 220 of 400 sources (55%), 1.0 frames/s\n",
    )


def test_on_sample_prints_a_line_every_minute(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    for quiet in (False, True):
        progress = ProgressLines(Window(), quiet)
        for number in range(70):
            clock[0] += 1.0
            progress.on_sample(number, 70)
    assert capsys.readouterr().err == "class prior: source 60 of 70\n"


def test_on_frame_video_shows_its_time(
    clock: list[float], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_lines, "find_length_s", lambda source, window: 200.0)
    for sources, camera in ((3, False), (1, True)):
        progress = ProgressLines(Window(start_s=10.0))
        progress.on_start(sources, 0, camera)
        clock[0] += EVERY_S
        progress.on_frame(frame("in/caf\udce9.mp4", 60.0), 1)
    shown = capsys.readouterr().err.splitlines()
    assert shown == [
        "progress: source 2 of 3, caf<e9>.mp4 at 1:00 (25%), 0.0 frames/s",
        "progress: caf<e9>.mp4 at 1:00, 0.0 frames/s",
    ]


def test_on_error_prints_a_line_even_if_quiet(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    progress = ProgressLines(Window(), quiet=True)
    progress.on_start(9, 0, camera=False)
    clock[0] += 2 * EVERY_S
    progress.on_frame(frame("a.png", None), 0)
    progress.on_error(ImageError("b.png: is empty."))
    assert capsys.readouterr() == ("", "error: b.png: is empty.\n")
