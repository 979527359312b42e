"""Turn the stamps of a file or camera into rising seconds, and select frames by time.

In: stamps in seconds, or None. Out: seconds since the first frame; yes or no. Does not know about pictures.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from ekspresi.errors import ConfigError

TICK_S = 0.001
"""Smallest step between frames, seconds: the last digit of a table's ``time_s``."""

SLIP_S = 1.0
"""Largest step back, seconds, that is bridged; after a larger one a new count has begun."""

LEAP_S = 60.0
"""Largest plausible leap ahead in a file, seconds, beyond the length that the file states."""

UNSTATED_LEAP_S = 3600.0
"""Largest plausible leap where the file states no length: recordings by motion have long gaps."""

LONGEST_LEAP_S = 86_400.0
"""Largest plausible leap in any file, one day in seconds.

A writer derives the stated length from the last stamp, even a wrong one. Recordings by motion may pause for hours."""

DRIFT_S = 2.0
"""Largest difference, seconds, between a camera's stamps and the clock; beyond it the clock counts."""


@dataclass(frozen=True, slots=True)
class Window:
    """Select frames by their time.

    Attributes:
        every_s: length of an interval in seconds; the first frame of each is selected. None for all.
        start_s: first second that is selected, since the first frame.
        end_s: second before which the selection ends; None for no end.

    Raises:
        ConfigError: an attribute is out of range.

    Example:
        >>> wanted = Window(every_s=1.0, end_s=2.0).chooser()
        >>> [wanted(time_s) for time_s in (0.0, 0.5, 1.0, 2.0)]
        [True, False, True, False]
    """

    every_s: float | None = None
    start_s: float = 0.0
    end_s: float | None = None

    def __post_init__(self) -> None:
        if self.every_s is not None and not 0 < self.every_s < math.inf:
            raise ConfigError(f"--every {self.every_s:g}s: must be above 0. Remove --every to read every frame.")
        if not 0 <= self.start_s < math.inf:
            raise ConfigError(f"--start {self.start_s:g}s: must be 0 or more. Give a later start.")
        if self.end_s is not None and not self.end_s > self.start_s:
            raise ConfigError(f"--end {self.end_s:g}s: must be after the start at {self.start_s:g}s. Give a later end.")

    def ended(self, time_s: float) -> bool:
        """Return whether a frame of this time and all later frames come after the end."""
        return self.end_s is not None and time_s >= self.end_s

    def chooser(self) -> Callable[[float], bool]:
        """Return a function that says of each frame in turn, by its time, whether it is selected."""
        last = -1

        def wanted(time_s: float) -> bool:
            nonlocal last
            if time_s < self.start_s or self.ended(time_s):
                return False
            if self.every_s is None:
                return True
            interval = math.floor((time_s - self.start_s) / self.every_s + 1e-6)  # 0.3 / 0.1 is 2.9999999999999996
            last, before = max(last, interval), last
            return interval > before

        return wanted


class FileClock:
    """Turn a file's stamps into seconds since its first frame, at least ``TICK_S`` apart.

    Plausible stamps, however uneven (variable frame rate), are kept. Others are corrected:

        no stamp                            one step after the previous frame
        equal, or back by under 1 s         a tick after the previous frame, until the stamps have caught up
        back by more                        a new count (joined recordings): it continues one step later
        implausibly ahead (``LEAP_S`` ...)  the same
        back to the previous count          that count continues, so that one wrong stamp shifts nothing

    Example:
        >>> clock = FileClock(step_s=0.04)
        >>> [round(clock(stamp_s), 3) for stamp_s in (7.0, 7.04, None, 7.12, 0.0, 0.04)]
        [0.0, 0.04, 0.08, 0.12, 0.16, 0.2]
    """

    def __init__(self, step_s: float, length_s: float | None = None, zero_s: float | None = None) -> None:
        """Start the clock.

        Args:
            step_s: seconds from frame to frame where a stamp is missing.
            length_s: length in seconds that the file states; None where it states none.
            zero_s: stamp of the first frame, where reading begins later; None for the first stamp that comes.
        """
        self._step_s = step_s
        self._length_s = length_s
        self._shift = None if zero_s is None else -zero_s
        self._shift_before: float | None = None
        self._last: float | None = None
        self._stamped_s = 0.0
        self._steps = 0  # frames without a stamp since then: a sum of steps would drift

    def __call__(self, stamp_s: float | None) -> float:
        """Return the time of a frame by its stamp; call it for each frame in turn."""
        if stamp_s is None and self._last is not None:
            self._steps += 1
            self._last = round(self._stamped_s + self._steps * self._step_s, 9)
        else:
            self._last = self._stamped_s = self._time(stamp_s)
            self._steps = 0
        return self._last

    def _time(self, stamp: float | None) -> float:
        last = self._last
        if last is None:
            if stamp is None:
                return 0.0
            if self._shift is None:
                self._shift = -stamp
            return max(0.0, stamp + self._shift)
        assert stamp is not None
        shifts = [shift for shift in (self._shift, self._shift_before) if shift is not None]
        plausible = [shift for shift in shifts if self._follows(stamp + shift, last)]
        if plausible:
            self._choose(min(plausible))
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
    """Turn a camera's stamps into seconds since its first frame, at least ``TICK_S`` apart.

    The first stamp of each connection is tied to the clock, because a camera restarts its count when it reconnects.
    Later frames are timed by their stamps, which are steadier than their arrival. The clock times a frame without a
    stamp, often the first. It times all frames until the next connection once a stamp is off by ``DRIFT_S``.

    Example:
        >>> clock = CameraClock(now=iter([50.0, 50.1, 50.2]).__next__)
        >>> clock.start_connection()
        >>> [round(clock(stamp_s), 2) for stamp_s in (9.0, 9.08, None)]
        [0.0, 0.08, 0.2]
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._zero: float | None = None
        self._last: float | None = None
        self._shift: float | None = None
        self._trusts_stamps = True

    def start_connection(self) -> None:
        """Take the following stamps as those of a new connection."""
        self._shift, self._trusts_stamps = None, True

    def __call__(self, stamp_s: float | None) -> float:
        """Return the time of a frame by its stamp; call it when the frame arrives."""
        now = self._now()
        if self._zero is None:
            self._zero = now
        time_s = self._time(stamp_s, now - self._zero)
        self._last = time_s if self._last is None else max(time_s, self._last + TICK_S)
        return self._last

    def _time(self, stamp: float | None, elapsed: float) -> float:
        if stamp is None or not self._trusts_stamps:
            return elapsed
        if self._shift is None:
            self._shift = elapsed - stamp
        self._trusts_stamps = abs(stamp + self._shift - elapsed) <= DRIFT_S
        return stamp + self._shift if self._trusts_stamps else elapsed
