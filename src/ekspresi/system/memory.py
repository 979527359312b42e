"""The C library's allocator, told to keep less.

In: nothing. Out: nothing; this process takes less memory. glibc gives every few threads a pool of their own, and each
keeps what its threads once needed: threads that find faces, side by side, keep a third more than they need together,
and a camera that is lost and found again leaves holes. Two pools for all cost no time that could be measured on two
cores. All this concerns the whole process, so commands do it and the library never does. Knows nothing of what is
allocated.
"""

import ctypes
import os
import sys
from typing import Any

POOLS = 2
"""One that the main thread grows, one for all others."""

KEPT_S = 30.0
"""How often ``trim_heap`` is worth its milliseconds in a run without end."""

_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h


def limit_malloc_arenas() -> bool:
    """Let all threads share ``POOLS`` pools -> whether the allocator agreed.

    Other systems' allocators are left alone, and so is one that the user's environment gives a number already. Call it
    before threads start: pools that are there stay.
    """
    if "MALLOC_ARENA_MAX" in os.environ:
        return False
    mallopt = _glibc("mallopt")
    return mallopt is not None and bool(mallopt(_ARENA_MAX, POOLS))


def trim_heap() -> bool:
    """What was freed, and is kept for later, goes back to the system -> whether there was any."""
    trim = _glibc("malloc_trim")
    return trim is not None and bool(trim(0))


def _glibc(name: str) -> Any:
    """A function of glibc's allocator; None where another one is."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None  # musl has none
