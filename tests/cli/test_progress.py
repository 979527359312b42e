import io

import numpy as np
import pytest
from rich.console import Console

from ekspresi.cli.progress import TerminalProgress
from ekspresi.errors import ImageError
from ekspresi.media.timestamps import Window
from ekspresi.types import Face, Frame, FrameResult, Prediction, Row


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)


def output(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def frame(source: str, time_s: float | None, abstained: bool = False) -> FrameResult:
    prediction = Prediction("fear", 0.8, {"fear": 0.8, "anger": 0.2}, 20.0, abstained=abstained)
    row = Row(source, 0, time_s, 4, Face((0.0, 0.0, 20.0, 20.0), 0.9, prediction=prediction))
    return FrameResult(Frame(source, 0, time_s, np.zeros((20, 20, 3), np.uint8)), (row,), ())


def test_on_frame_camera_shows_its_present_faces() -> None:
    console = terminal()
    with TerminalProgress(console, Window()) as progress:
        progress.on_start(1, 0, camera=True)
        progress.on_frame(frame("camera:0", 0.0), 0)
    assert "#4 fear 80%" in output(console)


@pytest.mark.parametrize("quiet", [False, True])
def test_on_error_prints_one_line_even_if_quiet(quiet: bool) -> None:
    console = terminal()
    with TerminalProgress(console, Window(), quiet) as progress:
        progress.on_error(ImageError("[bold]a\x07.png: is empty"))
    assert "error: [bold]a<07>.png: is empty" in output(console)


def test_quiet_hides_progress() -> None:
    console = terminal()
    with TerminalProgress(console, Window(), quiet=True) as progress:
        progress.on_start(3, 0, camera=False)
        progress.on_frame(frame("a.png", None), 0)
    assert output(console) == ""


def test_on_start_several_sources_count_what_is_done() -> None:
    console = terminal()
    with TerminalProgress(console, Window()) as progress:
        progress.on_start(4, 1, camera=False)
        progress.on_frame(frame("a.png", None), 1)
    assert "all" in output(console)


def test_on_sample_shows_the_reading_for_the_prior() -> None:
    console = terminal()
    with TerminalProgress(console, Window()) as progress:
        progress.on_sample(3, 10)
        progress.on_start(1, 0, camera=False)
        shown = output(console)
        progress.on_frame(frame("a.mp4", 0.0), 0)
    assert "class prior" in shown


def test_without_a_terminal_nothing_moves() -> None:
    console = Console(file=io.StringIO(), width=100)
    with TerminalProgress(console, Window()) as progress:
        progress.on_start(2, 0, camera=False)
        progress.on_frame(frame("a.png", None), 0)
    assert output(console) == ""
