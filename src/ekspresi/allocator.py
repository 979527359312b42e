"""The C library's allocator, told to share its pools among threads.

In: nothing. Out: nothing; this process keeps less memory. glibc gives every few threads a pool of their own, and each
keeps what its threads once needed: threads that find faces, side by side, keep a third more than they need together.
Two pools for all cost no time that could be measured on two cores. It concerns the whole process, so commands call it
and the library never does. Knows nothing of what is allocated.
"""

import ctypes
import os
import sys

POOLS = 2
"""One that the main thread grows, one for all others."""

_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h


def share_pools() -> bool:
    """Let all threads share ``POOLS`` pools -> whether the allocator agreed.

    Other systems' allocators are left alone, and so is one that the user's environment gives a number already. Call it
    before threads start: pools that are there stay.
    """
    if sys.platform != "linux" or "MALLOC_ARENA_MAX" in os.environ:
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return mallopt is not None and bool(mallopt(_ARENA_MAX, POOLS))
