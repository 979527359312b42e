"""Keep threads, sessions and locks in the process that made them; a forked child makes its own.

In: functions that make such objects, and functions whose iterators hold such objects. Out: the same, safe to use
after a fork. Does not know about the objects.

Only the thread that forks lives in the child. A child that waits for another thread of the parent waits forever: for
its work, for its lock, or for its end. Destroying a session or a video waits for such an end too. So the child neither
uses nor destroys an object with such threads. It shares that memory with its parent anyway.
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

_making = RLock()  # a fork waits for it: a child could not finish an unfinished object
_made: "WeakSet[PerProcess[Any]]" = WeakSet()
_iterators: WeakSet[Iterator[Any]] = WeakSet()
_forks = 0  # number of forks up to this process: unlike process ids, it is unique


class PerProcess(Generic[T]):
    """Make an object once in each process, at its first use; safe to share between threads.

    Example:
        >>> numbers = PerProcess(lambda: [1, 2])
        >>> numbers() is numbers()
        True
    """

    def __init__(self, make: Callable[[], T]) -> None:
        """Make nothing yet.

        Args:
            make: makes the object. No process forks meanwhile, so ``make`` must not download or wait.
        """
        self._make = make
        self._own: tuple[T] | None = None
        _made.add(self)

    def __call__(self) -> T:
        """Return the object of this process; make it where there is none.

        Raises:
            Exception: what ``make`` raises; the next call tries again.
        """
        own = self._own
        if own is None:
            with _making:
                own = self._own = self._own or (self._make(),)
        return own[0]

    def _leave(self) -> None:
        """Keep the parent's object forever, unused."""
        if self._own is not None:
            _keep(self._own)
            self._own = None


def in_one_process(begin: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
    """Decorate a function whose iterator holds threads, so that a forked child cannot continue it.

    In the child, an iterator of the parent raises SourceError. An iterator without a first item works in either
    process.

    Example:
        >>> @in_one_process
        ... def count():
        ...     yield from (1, 2)
        >>> list(count())
        [1, 2]
    """

    @wraps(begin)
    def call(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return _guarded(begin(*args, **kwargs), begin.__name__)

    return call


def _guarded(items: Iterator[T], name: str) -> Iterator[T]:
    home = _forks
    _iterators.add(items)
    try:
        while True:
            yield next(items)  # nothing here holds the item while the next one is read
            if _forks != home:
                problem = "this iterator belongs to the parent process, whose threads a fork does not copy"
                raise SourceError(f"{name}: {problem}. Call {name} again in this process.")
    except StopIteration:
        return
    finally:
        close = getattr(items, "close", None)
        if _forks == home and close is not None:
            close()


def _keep(thing: object) -> None:
    """Keep an object from being destroyed, even at the end of the interpreter."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def _before() -> None:
    _making.acquire()


def _after_in_parent() -> None:
    _making.release()


def _after_in_child() -> None:
    global _making, _forks
    _making = RLock()  # a fork outside Python does not call ``_before``
    _forks += 1
    for each in list(_made):
        each._leave()
    for items in list(_iterators):
        _keep(items)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
