"""A camera that may stall and die -> its newest frames, for as long as it is wanted.

In: a function that connects and gives pictures one after another. Out: frames; those that come while the last one is
still being worked on are dropped, never queued, so that what is seen stays live and memory flat. Knows nothing of
PyAV: what connects is a parameter, and tests put a camera of Python in its place.
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
from ekspresi.media.timestamps import DRIFT_S, CameraClock, Window
from ekspresi.types import Frame

LazyImage = NDArray[np.uint8] | Callable[[], NDArray[np.uint8]]
"""uint8 (H, W, 3) RGB, or a function that makes it, which is called only for frames that are not dropped."""

TimedFrames = Iterable[tuple[float | None, LazyImage]]
"""One connection: stamps in seconds from anywhere, or None, each with its picture."""

QUEUE = 2
"""Frames that wait at most; the oldest makes room."""

_LOOK_S = 0.1
"""How often ``stop`` is looked at while no frame comes."""

_PARTING_S = 2.0
"""How long the reader is waited for at the end. One that hangs in the network ends by itself, at its time-out; who is
asked to stop has seconds, not more, to close files."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How a lost camera is sought again.

    Attributes:
        first_s: pause before the first attempt; each further one is twice as long.
        longest_s: but never longer than this.
        attempts: after so many in a row without a frame the camera is given up; None for never.
    """

    first_s: float = 0.5
    longest_s: float = 30.0
    attempts: int | None = None

    def pause_s(self, failures: int) -> float:
        """The pause after so many failures in a row."""
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
    """A camera -> its newest frames.

    A thread of its own reads the camera from the first frame that is asked for until the iterator ends, is closed, or
    ``stop`` is set. It ends before the iterator does, or, where it hangs in the network, at its time-out. Numbers
    count all frames that the camera gave, over all connections, dropped ones too, so none comes twice. Time is that
    of ``CameraClock``. The first frame that comes of each further connection is a cut.

    Args:
        open_: connects, and gives pictures. It, or its iterator, raises SourceError or OSError where the camera is
            lost, and then is called again. An iterator that just ends is the end: nothing more will come. One with a
            ``close`` is closed by the thread that used it.
        source: what frames and errors call it; without a password.
        window: which frames are wanted.
        stop: the end, from outside.
        refused: is told each loss of the camera, in one line, by the thread that asks for frames; None for nobody.
        retries: how it is sought again; None for the defaults.

    Raises:
        SourceError: the camera never gave a frame, was given up, or (AccessError) refuses the password.
    """
    mailbox, halt = _Mailbox(), Event()
    reader = Thread(
        target=_read,
        args=(open_, source, window, retries or Retries(), mailbox, halt),
        name=f"camera {source}",
        daemon=True,  # a reader that hangs for ever must not keep the program from ending
    )
    reader.start()
    began_s = math.inf  # when the camera's time was 0
    connection: int | None = None  # of the last frame that came; frames are dropped, so those that begin one may be
    try:
        while not (stop is not None and stop.is_set()):
            item = mailbox.take(_LOOK_S)
            if isinstance(item, _Shot):
                try:
                    image = item.picture() if callable(item.picture) else item.picture
                except ImageError as error:
                    _tell(error, refused)
                    continue
                cut = connection not in (None, item.connection)
                connection = item.connection
                began_s = min(began_s, time.monotonic() - item.time_s)
                yield Frame(source, item.number, item.time_s, image, cut)
            elif isinstance(item, EkspresiError):
                _tell(item, refused)
            elif isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            elif window.ended(time.monotonic() - began_s - DRIFT_S):  # it is away, and its end has come meanwhile
                return
    finally:
        halt.set()
        reader.join(_PARTING_S)


@dataclass(frozen=True, slots=True)
class _Shot:
    number: int
    time_s: float
    picture: LazyImage
    connection: int


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


class _Mailbox:
    """What the reader has for the one who asks: news first, then the newest frames, then the end."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._news: deque[EkspresiError] = deque(maxlen=100)
        self._shots: deque[_Shot] = deque(maxlen=QUEUE)
        self._end: _End | None = None

    def put(self, item: "_Shot | EkspresiError | _End") -> None:
        with self._changed:
            if isinstance(item, _Shot):
                self._shots.append(item)
            elif isinstance(item, _End):
                self._end = item
            else:
                self._news.append(item)
            self._changed.notify()

    def take(self, patience_s: float) -> "_Shot | EkspresiError | _End | None":
        """The next item, or None where none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._news or self._shots or self._end, patience_s)
            if self._news:
                return self._news.popleft()
            if self._shots:
                return self._shots.popleft()
            return self._end


def _read(
    open_: Callable[[], TimedFrames], source: str, window: Window, retries: Retries, mailbox: _Mailbox, halt: Event
) -> None:
    """The reader's thread: connects again and again until it is halted or nothing more will come."""
    tally = _Tally(window)
    failures = 0
    error: BaseException | None = None
    try:
        while not halt.is_set():
            before = tally.number
            lost = _one_connection(open_, source, tally, mailbox, halt)
            if lost is None:
                return
            failures = 1 if tally.number > before else failures + 1
            if tally.number == 0 or isinstance(lost, AccessError):
                error = lost
                return
            if retries.attempts is not None and failures > retries.attempts:
                tries = f"{retries.attempts} attempt{'' if retries.attempts == 1 else 's'}"
                error = SourceError(f"{source}: given up after {tries}; check that the camera is on and reachable")
                return
            pause_s = retries.pause_s(failures)
            mailbox.put(SourceError(f"{lost}; trying again in {pause_s:g} s"))
            halt.wait(pause_s)
    except BaseException as bug:  # raised where frames are asked for, else nobody would see it
        error = bug
    finally:
        mailbox.put(_End(error))


class _Tally:
    """Number and time of the frames of one camera, over all its connections, which are counted too."""

    def __init__(self, window: Window) -> None:
        self.number = self.connection = 0
        self.clock = CameraClock(time.monotonic)
        self.wanted = window.chooser()
        self.ended = window.ended


def _one_connection(
    open_: Callable[[], TimedFrames], source: str, tally: _Tally, mailbox: _Mailbox, halt: Event
) -> SourceError | None:
    """Read until the camera is lost -> why; None where there is nothing more to read."""
    shots: TimedFrames | None = None
    try:
        shots = open_()
        tally.clock.connected()
        tally.connection += 1
        for stamp_s, picture in shots:
            if halt.is_set():
                return None
            time_s = tally.clock(stamp_s)
            if tally.ended(time_s):
                return None
            if tally.wanted(time_s):
                mailbox.put(_Shot(tally.number, time_s, picture, tally.connection))
            tally.number += 1
        return None
    except SourceError as error:
        return error
    except OSError as error:
        return SourceError(f"{source}: lost ({error.strerror or type(error).__name__}); check the camera")
    finally:
        close = getattr(shots, "close", None)
        if close is not None:
            close()


def _tell(error: EkspresiError, refused: Callable[[EkspresiError], None] | None) -> None:
    if refused is not None:
        refused(error)
