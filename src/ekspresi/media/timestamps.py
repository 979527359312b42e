"""Stamps that a file or a camera gives its frames -> seconds that only rise, and which frames are wanted.

In: stamps in seconds, or None. Out: seconds since the first frame; yes or no. Knows nothing of pictures.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from ekspresi.errors import ConfigError

TICK_S = 0.001
"""The least that a frame comes after the one before it: one digit of a table's ``time_s``."""

SLIP_S = 1.0
"""Stamps that fall back by less than this are waited out; by more, a new count has begun."""

LEAP_S = 60.0
"""A leap ahead of more than this is absurd in a file, unless it stays within the length that the file states."""

UNSTATED_LEAP_S = 3600.0
"""The same, where the file states no length: time-lapses and recordings by motion have long gaps."""

LONGEST_LEAP_S = 86_400.0
"""A leap of more than a day is absurd, whatever length a file states: who writes a file makes its length from its last
stamp, mad or not. Recordings by motion may well sleep for hours."""

DRIFT_S = 2.0
"""How far a camera's stamps may part from the clock before the clock is believed instead."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which frames are wanted, by their time.

    Attributes:
        every_s: one frame in each stretch of this many seconds, the first; None for all.
        start_s: from here on, seconds since the first frame.
        end_s: up to here, the end left out; None for no end.
    """

    every_s: float | None = None
    start_s: float = 0.0
    end_s: float | None = None

    def __post_init__(self) -> None:
        if self.every_s is not None and not 0 < self.every_s < math.inf:
            raise ConfigError(f"one frame in every {self.every_s:g} s: must be above 0; leave it out for every frame")
        if not 0 <= self.start_s < math.inf:
            raise ConfigError(f"a start at {self.start_s:g} s: must be 0 or more")
        if self.end_s is not None and not self.end_s > self.start_s:
            raise ConfigError(f"an end at {self.end_s:g} s: must be after the start, at {self.start_s:g} s")

    def ended(self, time_s: float) -> bool:
        """Whether a frame of this time, and all after it, come too late."""
        return self.end_s is not None and time_s >= self.end_s

    def chooser(self) -> Callable[[float], bool]:
        """A function that is asked for each frame in turn, by its time, whether it is wanted."""
        taken = -1

        def wanted(time_s: float) -> bool:
            nonlocal taken
            if time_s < self.start_s or self.ended(time_s):
                return False
            if self.every_s is None:
                return True
            stretch = math.floor((time_s - self.start_s) / self.every_s + 1e-6)  # 0.3 / 0.1 is 2.9999999999999996
            taken, before = max(taken, stretch), taken
            return stretch > before

        return wanted


class FileClock:
    """A file's stamps -> seconds since its first frame, each at least ``TICK_S`` after the one before.

    Sane stamps, however uneven (variable frame rate), are kept as they are. What is not sane is mended:

        no stamp                            one step after the frame before
        equal, or back by under 1 s         a tick after the frame before, until the stamps have caught up
        back by more                        a new count has begun (joined recordings): it goes on one step later
        ahead absurdly (``LEAP_S`` ...)     the same
        back to the count before            taken up again where it left, so that one mad stamp shifts nothing
    """

    def __init__(self, step_s: float, length_s: float | None = None, zero_s: float | None = None) -> None:
        """Start it.

        Args:
            step_s: time from frame to frame, where no stamp tells it.
            length_s: what the file states as its length; None where it does not.
            zero_s: stamp of the first frame, where reading begins further on; None to take the first that comes.
        """
        self._step_s = step_s
        self._length_s = length_s
        self._shift = None if zero_s is None else -zero_s
        self._shift_before: float | None = None
        self._last: float | None = None

    def __call__(self, stamp_s: float | None) -> float:
        """A frame's stamp -> its time; asked for each frame in turn."""
        self._last = self._time(stamp_s)
        return self._last

    def _time(self, stamp: float | None) -> float:
        last = self._last
        if last is None:
            if stamp is None:
                return 0.0
            if self._shift is None:
                self._shift = -stamp
            return max(0.0, stamp + self._shift)
        if stamp is None:
            return last + self._step_s
        shifts = [shift for shift in (self._shift, self._shift_before) if shift is not None]
        sane = [shift for shift in shifts if self._follows(stamp + shift, last)]
        if sane:
            self._choose(min(sane))
        elif self._shift is None or not last - SLIP_S < stamp + self._shift <= last + TICK_S:
            self._choose(last + self._step_s - stamp)
        assert self._shift is not None
        return max(stamp + self._shift, last + TICK_S)

    def _follows(self, time_s: float, last: float) -> bool:
        if self._length_s is None:
            return last < time_s <= last + UNSTATED_LEAP_S
        return last < time_s <= min(max(last, self._length_s) + LEAP_S, last + LONGEST_LEAP_S)

    def _choose(self, shift: float) -> None:
        if shift != self._shift:
            self._shift, self._shift_before = shift, self._shift


class CameraClock:
    """A camera's stamps -> seconds since its first frame, each at least ``TICK_S`` after the one before.

    The first stamp of each connection is tied to the clock, for a camera counts anew when it is reached again; the
    following frames are timed by their stamps, which are steadier than their arrival. A frame without a stamp (often
    the first) is timed by the clock; so are all until the next connection, once a stamp parts from the clock by more
    than ``DRIFT_S``.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._zero: float | None = None
        self._last: float | None = None
        self._shift: float | None = None
        self._believed = True

    def connected(self) -> None:
        """The stamps that follow are of a new connection."""
        self._shift, self._believed = None, True

    def __call__(self, stamp_s: float | None) -> float:
        """A frame's stamp -> its time; asked for each frame as it arrives."""
        now = self._now()
        if self._zero is None:
            self._zero = now
        time_s = self._time(stamp_s, now - self._zero)
        self._last = time_s if self._last is None else max(time_s, self._last + TICK_S)
        return self._last

    def _time(self, stamp: float | None, elapsed: float) -> float:
        if stamp is None or not self._believed:
            return elapsed
        if self._shift is None:
            self._shift = elapsed - stamp
        self._believed = abs(stamp + self._shift - elapsed) <= DRIFT_S
        return stamp + self._shift if self._believed else elapsed
