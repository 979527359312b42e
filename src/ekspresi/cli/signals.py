"""Turn Ctrl-C and SIGTERM into an event, so that work can stop cleanly.

In: the signals of the process. Out: an ``Event`` that the first signal sets; the second signal interrupts at once.
Does not know what is stopped.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from types import FrameType


@dataclass
class Stop:
    """Hold the request to stop, and the signal that made it.

    Attributes:
        event: set by the first signal.
        number: number of that signal; 0 for none.

    Example:
        >>> Stop(number=signal.SIGTERM).exit_code
        143
    """

    event: Event = field(default_factory=Event)
    number: int = 0

    @property
    def exit_code(self) -> int:
        """Return the exit code of a process that this signal ended: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.number


@contextmanager
def stopping() -> Iterator[Stop]:
    """Set an event at the first Ctrl-C or SIGTERM inside the block, and raise KeyboardInterrupt at the second.

    Example:
        >>> with stopping() as stop:
        ...     signal.raise_signal(signal.SIGINT)
        ...     stop.event.is_set(), stop.exit_code
        (True, 130)
    """
    stop = Stop()

    def ask(number: int, _: FrameType | None) -> None:
        if stop.event.is_set():
            raise KeyboardInterrupt
        stop.number = number
        stop.event.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
