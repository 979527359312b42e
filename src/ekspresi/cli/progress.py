"""Show the progress of a prediction run: position, speed, time left, and the faces that a camera sees now.

In: the events of a ``ProgressListener``. Out: progress bars on standard error if it is a terminal; errors, a line each,
always. Does not know what the run writes.
"""

import time
from collections import deque
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ekspresi.cli.terminal import error_line
from ekspresi.errors import EkspresiError
from ekspresi.media.timestamps import Window
from ekspresi.media.video_reader import video_length_s
from ekspresi.system.file_names import printable
from ekspresi.types import FrameResult
from ekspresi.visualization.formatting import format_percent

_RATE_S = 5.0
"""The rate shown is the average over so many seconds."""
_FACES = 3
"""Faces of a camera's frame that are shown."""


class TerminalProgress:
    """Show a run's progress on a terminal; a context manager and a ``ProgressListener``.

    Example:
        >>> with TerminalProgress(Console(), Window()) as progress:
        ...     progress.on_error(EkspresiError("x.jpg: is empty (0 bytes)."))
        error: x.jpg: is empty (0 bytes).
    """

    def __init__(self, console: Console, window: Window, quiet: bool = False) -> None:
        """Prepare the progress bars.

        Args:
            console: standard error.
            window: the part of each video that is read, for its length.
            quiet: hide progress; errors are shown.
        """
        self._console, self._window, self._camera = console, window, False
        columns = [TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[rate]}")]
        times = (TimeElapsedColumn(), TimeRemainingColumn())
        hidden = quiet or not console.is_terminal
        self._progress = Progress(*columns, *times, console=console, transient=True, disable=hidden)
        self._lock = Lock()
        self._times: deque[float] = deque(maxlen=500)
        self._sample: TaskID | None = None
        self._sources: TaskID | None = None
        self._video: TaskID | None = None
        self._source: str | None = None
        self._shown_s = 0.0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def on_start(self, sources: int, done: int, camera: bool) -> None:
        """Add a bar for all sources if there are several; a camera shows its present faces instead."""
        if self._sample is not None:
            self._progress.remove_task(self._sample)
        self._camera = camera
        if sources > 1:
            self._sources = self._progress.add_task("all", total=sources, completed=done, rate="")

    def on_sample(self, done: int, total: int) -> None:
        """Show how far the reading for the class prior is."""
        if self._sample is None:
            self._sample = self._progress.add_task("class prior", total=total, rate="")
        self._progress.update(self._sample, completed=done)

    def on_frame(self, result: FrameResult, number: int) -> None:
        """Move the bars; they are redrawn at most ten times a second."""
        now = time.monotonic()
        self._times.append(now)
        frame = result.frame
        if frame.source != self._source:
            self._source = frame.source
            self._begin(frame.source, moving=frame.time_s is not None)
        if now - self._shown_s < 0.1:
            return
        self._shown_s = now
        recent = [each for each in self._times if now - each <= _RATE_S]
        rate = f"{len(recent) / max(now - recent[0], 0.1):.0f}/s" if len(recent) > 1 else ""
        if self._video is not None and frame.time_s is not None:
            words = _describe_faces(result) if self._camera else shorten_name(frame.source)
            self._progress.update(
                self._video, completed=frame.time_s - self._window.start_s, rate=f"{rate} frames", description=words
            )
        if self._sources is not None:
            self._progress.update(
                self._sources,
                completed=number + (frame.time_s is None and not frame.pages_follow),
                rate="" if self._video else f"{rate} pictures",
            )

    def on_error(self, error: EkspresiError) -> None:
        """Print an error on a line of its own."""
        with self._lock:
            self._console.print(error_line(error), markup=False, highlight=False, soft_wrap=True)

    def _begin(self, source: str, moving: bool) -> None:
        if self._video is not None:
            self._progress.remove_task(self._video)
            self._video = None
        if moving:
            total = None if self._camera else find_length_s(source, self._window)
            self._video = self._progress.add_task(shorten_name(source), total=total, rate="")


def find_length_s(source: str, window: Window) -> float | None:
    """Return the seconds of a video that a window selects; None where its length is unknown.

    Example:
        >>> find_length_s("nowhere.mp4", Window()) is None
        True
    """
    try:
        length = video_length_s(Path(source))
    except EkspresiError:  # the run reads it too, and reports its error
        return None
    ends = [end for end in (length, window.end_s) if end is not None]
    return max(min(ends) - window.start_s, 0.0) if ends else None


def shorten_name(source: str) -> str:
    """Return the last part of a path in at most 40 letters, for a line of progress.

    Example:
        >>> shorten_name("in/a.mp4")
        'a.mp4'
    """
    return printable(Path(source).name or source)[:40]


def _describe_faces(result: FrameResult) -> str:
    """Describe the largest faces of a frame."""
    faces = []
    for row in result.rows[:_FACES]:
        if row.track is not None and (prediction := row.face.prediction) is not None:
            answer = f"{prediction.expression} {format_percent(prediction.confidence)}"
            faces.append(f"#{row.track} {prediction.answer if prediction.abstained else answer}")
    more = len(result.rows) - len(faces)
    return (", ".join(faces) + (f" and {more} more" if more > 0 else "")) or "no face"
