"""The allocator's pools, counted by itself."""

import os
import platform
import subprocess
import sys

import pytest

_PROGRAM = """
import ctypes, sys, threading
from ekspresi.system.memory import limit_malloc_arenas

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
agreed = sys.argv[1] == "shared" and limit_malloc_arenas()
barrier = threading.Barrier(8)

def work():
    libc.malloc(1000)
    barrier.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(agreed, flush=True)
libc.malloc_stats()
"""


def pools(how: str, **environment: str) -> tuple[str, int]:
    """What ``share_pools`` said, and how many pools eight threads at once have made."""
    clean = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    words = [sys.executable, "-c", _PROGRAM, how]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=clean | environment)
    return done.stdout.strip(), done.stderr.count("Arena ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has such pools")
def test_limit_malloc_arenas_unless_the_user_decides() -> None:
    assert pools("alone")[1] > 2
    assert pools("shared") == ("True", 2)
    assert pools("shared", MALLOC_ARENA_MAX="3") == ("False", 3)


_HOLES = """
import numpy as np
from pathlib import Path
from ekspresi.system.memory import trim_heap

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

kept = [np.ones(12_500) for _ in range(2000)]  # 100 kB each: below what is given back at once
full = resident_mb()
del kept[::2], kept[-1]
kept = kept[::50]
given = trim_heap()
print(given, full - resident_mb())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_trim_heap_returns_freed_memory() -> None:
    done = subprocess.run([sys.executable, "-c", _HOLES], capture_output=True, text=True, check=True)
    given, mb = done.stdout.split()
    assert given == "True"
    assert float(mb) > 150
