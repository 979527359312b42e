"""A run -> a line that moves: how far it is, how fast, how long it will take; and what a camera shows now.

In: what a run tells its ``ProgressListener``. Out: progress on standard error, where that is a screen; errors, a line
each, always. Knows nothing of what is written.
"""

import time
from collections import deque
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ekspresi.cli.terminal import error_line, printable
from ekspresi.errors import EkspresiError
from ekspresi.media.timestamps import Window
from ekspresi.media.video_reader import video_length_s
from ekspresi.types import FrameResult
from ekspresi.visualization.formatting import percent

_RATE_S = 5.0
"""The rate that is shown is that of so many seconds."""
_FACES = 3
"""Faces of a camera that are shown."""


class TerminalProgress:
    """A ``options.ProgressListener`` for a terminal; a context manager."""

    def __init__(self, console: Console, window: Window) -> None:
        """Prepare the line.

        Args:
            console: standard error.
            window: which part of a video is wanted, for its length.
        """
        self._console, self._window, self._camera = console, window, False
        columns = [TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[rate]}")]
        times = (TimeElapsedColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, *times, console=console, transient=True, disable=not console.is_terminal)
        self._lock = Lock()
        self._times: deque[float] = deque(maxlen=500)
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
        """The bar of all sources, where there are several; of a camera what is seen now is told instead."""
        self._camera = camera
        if sources > 1:
            self._sources = self._progress.add_task("all", total=sources, completed=done, rate="")

    def on_frame(self, result: FrameResult, number: int) -> None:
        """One frame further; the line is redrawn ten times a second."""
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
            words = _now(result) if self._camera else self._name(frame.source)
            self._progress.update(
                self._video, completed=frame.time_s - self._window.start_s, rate=f"{rate} frames", description=words
            )
        if self._sources is not None:
            self._progress.update(
                self._sources, completed=number + (frame.time_s is None), rate="" if self._video else f"{rate} pictures"
            )

    def on_error(self, error: EkspresiError) -> None:
        """A line for what could not be read or written."""
        with self._lock:
            self._console.print(error_line(error), markup=False, highlight=False, soft_wrap=True)

    def _begin(self, source: str, moving: bool) -> None:
        if self._video is not None:
            self._progress.remove_task(self._video)
            self._video = None
        if moving:
            total = None if self._camera else self._length_s(source)
            self._video = self._progress.add_task(self._name(source), total=total, rate="")

    def _length_s(self, source: str) -> float | None:
        try:
            length = video_length_s(Path(source))
        except EkspresiError:  # it is being read: what is wrong with it is told there
            return None
        ends = [end for end in (length, self._window.end_s) if end is not None]
        return max(min(ends) - self._window.start_s, 0.0) if ends else None

    @staticmethod
    def _name(source: str) -> str:
        return printable(Path(source).name or source)[:40]


def _now(result: FrameResult) -> str:
    """What the largest faces of a frame show."""
    faces = [
        f"#{row.track} {'unsure' if belief.abstained else f'{belief.expression} {percent(belief.confidence)}'}"
        for row in result.rows[:_FACES]
        if row.track is not None and (belief := row.face.prediction) is not None
    ]
    more = len(result.rows) - len(faces)
    return (", ".join(faces) + (f" and {more} more" if more > 0 else "")) or "no face"
