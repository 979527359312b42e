"""Make glibc's allocator keep less memory.

In: nothing. Out: nothing; this process takes less memory. glibc gives threads pools (arenas), and each pool keeps the
largest amount that its threads once needed. Threads that detect faces keep a third more than they need together, and a
camera that reconnects leaves holes. Two pools cost no measurable time on two cores. All this concerns the whole
process, so commands call it, and the library never does. Does not know about what is allocated.
"""

import ctypes
import os
import sys
from typing import Any

POOLS = 2
"""Number of pools: one for the main thread, one for all others."""

KEPT_S = 30.0
"""Seconds between calls of ``trim_heap`` in a run without end."""

_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h


def limit_malloc_arenas() -> bool:
    """Let all threads share ``POOLS`` pools, and return whether the allocator agreed.

    Other allocators are left alone, and also one whose number of pools the user's environment sets. Call this before
    threads start, because existing pools stay.

    Example:
        >>> os.environ["MALLOC_ARENA_MAX"] = "4"
        >>> limit_malloc_arenas()
        False
        >>> del os.environ["MALLOC_ARENA_MAX"]
    """
    if "MALLOC_ARENA_MAX" in os.environ:
        return False
    mallopt = _glibc("mallopt")
    return mallopt is not None and bool(mallopt(_ARENA_MAX, POOLS))


def trim_heap() -> bool:
    """Return freed memory to the system, and return whether there was any.

    Example:
        >>> trim_heap() in (True, False)
        True
    """
    trim = _glibc("malloc_trim")
    return trim is not None and bool(trim(0))


def _glibc(name: str) -> Any:
    """Return a function of glibc's allocator; None for another allocator."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None  # musl has none
