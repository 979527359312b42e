"""Ctrl-C and SIGTERM -> an event: work that can be ended in good order is.

In: the signals of the process. Out: an ``Event`` that is set by the first of them; the second one interrupts at once.
Knows nothing of what is stopped.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from types import FrameType


@dataclass
class Stop:
    """Whether, and by what, the process was asked to end.

    Attributes:
        event: set by the first signal.
        number: of that signal; 0 for none.
    """

    event: Event = field(default_factory=Event)
    number: int = 0

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal ended: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.number


@contextmanager
def stopping() -> Iterator[Stop]:
    """A block within which the first Ctrl-C or SIGTERM sets an event, and the second raises KeyboardInterrupt."""
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
