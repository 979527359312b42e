"""Keep threads, sessions and locks within the process that made them: a forked child makes its own.

In: functions that make such things; functions whose iterators hold some. Out: the same, safe to use after a fork. Knows
nothing of what is made.

Only the thread that forks lives in the child. Whoever waits there for another thread of the parent waits for ever:
for its work, for a lock that it held, for its end. Destroying a session or a video waits for such an end too. So the
child uses nothing that such threads belong to, and never destroys it: it shares that memory with its parent anyway.
"""

import ctypes
import os
from collections.abc import Callable, Iterator
from functools import wraps
from threading import RLock
from typing import Any, Generic, ParamSpec, TypeVar
from weakref import WeakSet

from ekspresi.errors import SourceError

T = TypeVar("T")
P = ParamSpec("P")

_making = RLock()  # a fork waits for it: a child could not finish what is half made
_made: "WeakSet[PerProcess[Any]]" = WeakSet()
_begun: WeakSet[Iterator[Any]] = WeakSet()
_forks = 0  # from the first process to this one: unlike process ids, none comes twice


class PerProcess(Generic[T]):
    """Something that each process makes for itself, where it first needs it; safe to share between threads."""

    def __init__(self, make: Callable[[], T]) -> None:
        """Make nothing yet.

        Args:
            make: makes it. No process forks in the meantime, so it downloads nothing and waits for nobody.
        """
        self._make = make
        self._own: tuple[T] | None = None
        _made.add(self)

    def __call__(self) -> T:
        """Give what this process made; make it where there is none.

        Raises:
            What ``make`` raises; the next call tries again.
        """
        own = self._own
        if own is None:
            with _making:
                own = self._own = self._own or (self._make(),)
        return own[0]

    def _leave(self) -> None:
        """Keep the parent's for ever, unused."""
        if self._own is not None:
            _keep(self._own)
            self._own = None


def in_one_process(begin: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
    """Decorate a function whose iterator holds threads: a child cannot continue what its parent began.

    There the iterator raises SourceError; one that gave nothing yet works in either process.
    """

    @wraps(begin)
    def call(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return _guarded(begin(*args, **kwargs), begin.__name__)

    return call


def _guarded(items: Iterator[T], name: str) -> Iterator[T]:
    home = _forks
    _begun.add(items)
    try:
        while True:
            yield next(items)  # held by nobody here while the next one is waited for
            if _forks != home:
                problem = "another process began this iterator, and its threads stayed there"
                raise SourceError(f"{name}: {problem}. Call {name} again in this process.")
    except StopIteration:
        return
    finally:
        close = getattr(items, "close", None)
        if _forks == home and close is not None:
            close()


def _keep(thing: object) -> None:
    """Let nothing destroy an object, not even the end of the interpreter."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def _before() -> None:
    _making.acquire()


def _after_in_parent() -> None:
    _making.release()


def _after_in_child() -> None:
    global _making, _forks
    _making = RLock()  # whoever forks without Python's help does not call ``_before``
    _forks += 1
    for each in list(_made):
        each._leave()
    for items in list(_begun):
        _keep(items)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
