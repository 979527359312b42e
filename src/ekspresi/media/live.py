"""Reconnect to a camera that stalls or disconnects, and give its newest frames.

In: a function that connects and gives pictures one after another. Out: frames. Frames that arrive while the last one
is processed are dropped, not queued, so the result stays live and memory flat. Does not know about PyAV: the function
that connects is a parameter, and tests pass a camera written in Python.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import Condition, Event, Thread

import numpy as np
from numpy.typing import NDArray

from ekspresi.errors import AccessError, EkspresiError, ImageError, SourceError
from ekspresi.imaging.pixel_shape import ShapedImage
from ekspresi.media.timestamps import DRIFT_S, CameraClock, Window
from ekspresi.types import Frame

LazyImage = NDArray[np.uint8] | Callable[[], ShapedImage]
"""uint8 (H, W, 3) RGB with square pixels, or a function that makes it, called only for frames that are not dropped."""

TimedFrames = Iterable[tuple[float | None, LazyImage]]
"""The frames of one connection: stamps in seconds from any origin, or None, each with its picture."""

QUEUE = 2
"""Largest number of waiting frames; the oldest is dropped first."""

_POLL_S = 0.1
"""Seconds between checks of ``stop`` while no frame comes."""

_JOIN_S = 2.0
"""Longest wait for the reader's thread at the end, seconds. A thread that hangs in the network ends at its time-out."""


@dataclass(frozen=True, slots=True)
class Retries:
    """Describe how a lost camera is reconnected.

    Attributes:
        first_s: pause before the first attempt, seconds; each further pause is twice as long.
        longest_s: longest pause, seconds.
        attempts: number of attempts in a row without a frame; None for no limit.

    Example:
        >>> [Retries().pause_s(failures) for failures in (1, 2, 3, 100)]
        [0.5, 1.0, 2.0, 30.0]
    """

    first_s: float = 0.5
    longest_s: float = 30.0
    attempts: int | None = None

    def pause_s(self, failures: int) -> float:
        """Return the pause in seconds after a number of failures in a row."""
        return min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 60))


def live_frames(
    open_: Callable[[], TimedFrames],
    source: str,
    *,
    window: Window,
    stop: Event | None = None,
    refused: Callable[[EkspresiError], None] | None = None,
    retries: Retries | None = None,
) -> Iterator[Frame]:
    """Give the newest frames of a camera.

    A thread reads the camera from the first requested frame until the iterator ends, is closed, or ``stop`` is set. It
    ends before the iterator does or, where it hangs in the network, at its time-out. Numbers count all frames of all
    connections, dropped ones too, so they are unique. ``CameraClock`` gives the times. The first frame of each
    further connection is a cut.

    Args:
        open_: connects, and gives pictures. It, or its iterator, raises SourceError or OSError where the camera is
            lost, and is then called again. An iterator that just ends is the end of the camera. The thread that used
            an iterator closes it where it has a ``close``.
        source: the camera's name in frames and errors, without a password.
        window: selects frames by time.
        stop: ends reading when it is set.
        refused: called with an error for each loss of the camera, by the thread that requests frames; None ignores.
        retries: how the camera is reconnected; None for the defaults.

    Raises:
        SourceError: the camera never gave a frame, or all attempts failed.
        AccessError: the camera refuses the password.

    Example:
        >>> pictures = [(0.0, np.zeros((4, 4, 3), np.uint8)), (0.1, np.zeros((4, 4, 3), np.uint8))]
        >>> [frame.number for frame in live_frames(lambda: pictures, "camera:0", window=Window())]
        [0, 1]
    """
    mailbox, halt = _Mailbox(), Event()
    reader = Thread(
        target=_read,
        args=(open_, source, window, retries or Retries(), mailbox, halt),
        name=f"camera {source}",
        daemon=True,  # a reader that hangs must not keep the program from ending
    )
    reader.start()
    began_s = math.inf  # when the camera's time was 0, by the clock
    connection: int | None = None  # of the last frame; the first frame of a connection may be dropped
    try:
        while not (stop is not None and stop.is_set()):
            item = mailbox.take(_POLL_S)
            if isinstance(item, _TimedFrame):
                try:
                    image, pixel_aspect = item.picture() if callable(item.picture) else (item.picture, 1.0)
                except ImageError as error:
                    _report(error, refused)
                    continue
                cut = connection not in (None, item.connection)
                connection = item.connection
                began_s = min(began_s, time.monotonic() - item.time_s)
                yield Frame(source, item.number, item.time_s, image, cut, pixel_aspect)
            elif isinstance(item, EkspresiError):
                _report(item, refused)
            elif isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            elif window.ended(time.monotonic() - began_s - DRIFT_S):  # the camera is lost, and the window has ended
                return
    finally:
        halt.set()
        reader.join(_JOIN_S)


@dataclass(frozen=True, slots=True)
class _TimedFrame:
    number: int
    time_s: float
    picture: LazyImage
    connection: int


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


class _Mailbox:
    """Pass errors first, then the newest frames, then the end from the reader to the consumer."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._errors: deque[EkspresiError] = deque(maxlen=100)
        self._frames: deque[_TimedFrame] = deque(maxlen=QUEUE)
        self._end: _End | None = None

    def put(self, item: "_TimedFrame | EkspresiError | _End") -> None:
        with self._changed:
            if isinstance(item, _TimedFrame):
                self._frames.append(item)
            elif isinstance(item, _End):
                self._end = item
            else:
                self._errors.append(item)
            self._changed.notify()

    def take(self, timeout_s: float) -> "_TimedFrame | EkspresiError | _End | None":
        """Return the next item; None where none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._errors or self._frames or self._end, timeout_s)
            if self._errors:
                return self._errors.popleft()
            if self._frames:
                return self._frames.popleft()
            return self._end


def _read(
    open_: Callable[[], TimedFrames], source: str, window: Window, retries: Retries, mailbox: _Mailbox, halt: Event
) -> None:
    """Run the reader's thread: connect again and again until it is halted or the camera ends."""
    counter = _FrameCounter(window)
    failures = 0
    error: BaseException | None = None
    try:
        while not halt.is_set():
            before = counter.number
            lost = _one_connection(open_, source, counter, mailbox, halt)
            if lost is None:
                return
            failures = 1 if counter.number > before else failures + 1
            if counter.number == 0 or isinstance(lost, AccessError):
                error = lost
                return
            if retries.attempts is not None and failures > retries.attempts:
                tries = f"{retries.attempts} attempt{'' if retries.attempts == 1 else 's'}"
                error = SourceError(f"{source}: given up after {tries}. Check that the camera is on and reachable.")
                return
            pause_s = retries.pause_s(failures)
            mailbox.put(SourceError(f"{lost} Retrying in {pause_s:g} s."))
            halt.wait(pause_s)
    except BaseException as bug:  # raised where frames are requested, else nobody would see it
        error = bug
    finally:
        mailbox.put(_End(error))


class _FrameCounter:
    """Count and time the frames of one camera over all its connections."""

    def __init__(self, window: Window) -> None:
        self.number = self.connection = 0
        self.clock = CameraClock(time.monotonic)
        self.wanted = window.chooser()
        self.ended = window.ended


def _one_connection(
    open_: Callable[[], TimedFrames], source: str, counter: _FrameCounter, mailbox: _Mailbox, halt: Event
) -> SourceError | None:
    """Read until the camera is lost, and return the reason; None at the end of the camera."""
    frames: TimedFrames | None = None
    try:
        frames = open_()
        counter.clock.start_connection()
        counter.connection += 1
        for stamp_s, picture in frames:
            if halt.is_set():
                return None
            time_s = counter.clock(stamp_s)
            if counter.ended(time_s):
                return None
            if counter.wanted(time_s):
                mailbox.put(_TimedFrame(counter.number, time_s, picture, counter.connection))
            counter.number += 1
        return None
    except SourceError as error:
        return error
    except OSError as error:
        return SourceError(f"{source}: lost ({error.strerror or type(error).__name__}). Check the camera.")
    finally:
        close = getattr(frames, "close", None)
        if close is not None:
            close()


def _report(error: EkspresiError, refused: Callable[[EkspresiError], None] | None) -> None:
    if refused is not None:
        refused(error)
