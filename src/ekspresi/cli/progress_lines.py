"""Print the progress of a prediction run as lines, where standard error is a log and not a terminal.

In: the events of a ``ProgressListener``. Out: a line on standard error every minute; errors, a line each, always.
Does not know what the run writes.
"""

import time
from threading import Lock
from types import TracebackType
from typing import Self

from ekspresi.cli.progress import find_length_s, shorten_name
from ekspresi.cli.terminal import error_line, print_to_stderr
from ekspresi.errors import EkspresiError
from ekspresi.media.timestamps import Window
from ekspresi.types import FrameResult
from ekspresi.visualization.formatting import format_clock

EVERY_S = 60.0
"""Seconds between two lines; shorter runs print none."""


class ProgressLines:
    """Print a run's progress into a log; a context manager and a ``ProgressListener``.

    Example:
        >>> from contextlib import redirect_stderr
        >>> import sys
        >>> with redirect_stderr(sys.stdout), ProgressLines(Window()) as progress:
        ...     progress.on_error(EkspresiError("x.jpg: is empty (0 bytes)."))
        error: x.jpg: is empty (0 bytes).
    """

    def __init__(self, window: Window, quiet: bool = False) -> None:
        """Wait for the start of the run.

        Args:
            window: the part of each video that is read, for its length.
            quiet: print errors only.
        """
        self._window, self._quiet = window, quiet
        self._lock = Lock()
        self._sources, self._camera = 0, False
        self._frames = 0
        self._line_s = time.monotonic()
        self._video: str | None = None
        self._length_s: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def on_start(self, sources: int, done: int, camera: bool) -> None:
        """Note the number of sources, and begin to count the time."""
        self._sources, self._camera = sources, camera
        self._line_s = time.monotonic()

    def on_sample(self, done: int, total: int) -> None:
        """Print how far the reading for the class prior is, if a line is due."""
        if not self._quiet and time.monotonic() - self._line_s >= EVERY_S:
            self._line_s = time.monotonic()
            self._print(f"class prior: source {done + 1:,} of {total:,}")

    def on_frame(self, result: FrameResult, number: int) -> None:
        """Count a frame, and print a line if the last one is ``EVERY_S`` old."""
        self._frames += 1
        passed_s = time.monotonic() - self._line_s
        if self._quiet or passed_s < EVERY_S:
            return
        self._print(f"progress: {self._describe(result, number)}, {self._frames / passed_s:.1f} frames/s")
        self._frames, self._line_s = 0, time.monotonic()

    def on_error(self, error: EkspresiError) -> None:
        """Print an error on a line of its own."""
        self._print(error_line(error))

    def _print(self, line: str) -> None:
        with self._lock:
            print_to_stderr(line)

    def _describe(self, result: FrameResult, number: int) -> str:
        """Describe how far the run is, in sources and in the present video."""
        frame = result.frame
        if frame.time_s is None:
            return f"{number + 1:,} of {self._sources:,} sources ({(number + 1) / self._sources:.0%})"
        if frame.source != self._video:
            self._video = frame.source
            self._length_s = None if self._camera else find_length_s(frame.source, self._window)
        place = f"{shorten_name(frame.source)} at {format_clock(frame.time_s)}"
        if self._length_s:
            place += f" ({min((frame.time_s - self._window.start_s) / self._length_s, 1):.0%})"
        return place if self._sources == 1 else f"source {number + 1:,} of {self._sources:,}, {place}"
