"""Lock files: refuse a second run on one table; let downloads of one file wait for each other.

In: the path of a lock file. Out: the right to write, as long as the block lasts. Knows nothing of what is written.

The lock is the system's (``flock``): it ends with the process, however that ends, so that a killed run never stands
in the way. Where a file system knows no locks, as some network folders, there is none.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ekspresi.errors import OutputError
from ekspresi.system.storage import os_errors_as_output_error


@contextmanager
def exclusive_lock(target: Path, lock: Path) -> Iterator[None]:
    """A target and its lock file -> a block within which no other process has the same lock.

    The lock file holds the number of the process; it is removed at the end.

    Args:
        target: what errors call the result.
        lock: the lock file.

    Raises:
        OutputError: another run has it, or the lock file cannot be written.
    """
    with os_errors_as_output_error(target, lock.parent):
        held = _taken(target, lock)
    try:
        with os_errors_as_output_error(target, lock.parent):
            os.ftruncate(held, 0)
            os.write(held, str(os.getpid()).encode())
        yield
    finally:
        with suppress(OSError):  # while it is still locked, or the next one's would be removed
            lock.unlink()
        os.close(held)


def _taken(target: Path, lock: Path) -> int:
    while True:
        file = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not _seized(file):
                number = os.read(file, 20).decode(errors="replace")
                who = f"another run (process {number})" if number.isdecimal() else "another run"
                raise OutputError(f"{target}: {who} is writing to it; wait for its end, or choose another name")
            if _is_at(file, lock):
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)  # its owner removed it between the opening and the locking: this is the lock of nothing


def _is_at(file: int, lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), lock.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _seized(file: int) -> bool:
        os.lseek(file, 1 << 30, os.SEEK_SET)  # what is locked cannot be read: not the number of the process
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            os.lseek(file, 0, os.SEEK_SET)
            return False
        os.lseek(file, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _seized(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # the file system knows no locks
            pass
        return True


@contextmanager
def wait_for_lock(lock: Path) -> Iterator[None]:
    """Wait until no other process is in here. Windows has no such lock: there the hash alone protects."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with lock.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # let go when the file is closed, however the process ends
        yield
