"""Keep two processes from writing the same result, by the lock files of ``filelock``.

In: the path of a lock file. Out: the right to write, as long as the block lasts. Does not know about what is written.

The lock belongs to the operating system, so it ends with its process, however that ends. A forked child does not
inherit it. A file system without locks, as some network folders are, is written to without one.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING

from ekspresi.errors import OutputError
from ekspresi.system.storage import os_errors_as_output_error

if TYPE_CHECKING:
    from filelock import BaseFileLock

_RETRY_S = 0.2
"""Seconds of retries before a refusal: the lock file may be removed between opening and locking."""

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


@contextmanager
def exclusive_lock(target: Path, lock: Path) -> Iterator[None]:
    """Lock a target for the block; refuse at once where another run has the lock.

    The lock file holds the number of the process. It is removed at the end.

    Args:
        target: what errors call the result.
        lock: path of the lock file, in a folder that exists.

    Raises:
        OutputError: another run has the lock, or the lock file cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, exclusive_lock(Path("rows.csv"), Path(folder) / ".rows.csv.lock"):
        ...     sorted(os.listdir(folder))
        ['.rows.csv.lock']
    """
    from filelock import Timeout

    with os_errors_as_output_error(target, lock.parent):
        if not S_ISDIR(lock.parent.stat().st_mode):  # filelock would make the folder
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        try:
            held = _acquire(lock, _RETRY_S)
        except Timeout as error:
            raise OutputError(
                f"{target}: {_owner(lock)} is writing to it. Wait for its end, or use another name."
            ) from error
    try:
        yield
    finally:
        if held is None or held.is_locked:  # in a forked child it is not: the file belongs to the parent
            with suppress(OSError):  # removed while it is locked, or the file of the next run would be removed
                lock.unlink()
            if held is not None:
                held.release()


@contextmanager
def wait_for_lock(lock: Path) -> Iterator[None]:
    """Wait until no other thread or process is in a block with this lock file. The file stays.

    Args:
        lock: path of the lock file.

    Raises:
        OSError: the lock file cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, wait_for_lock(Path(folder) / "lock"):
        ...     "only one at a time"
        'only one at a time'
    """
    held = _acquire(lock, -1)
    try:
        yield
    finally:
        if held is not None and held.is_locked:
            held.release()


def _acquire(lock: Path, timeout_s: float) -> "BaseFileLock | None":
    """Lock a file and write the number of the process into it; None where the file system has no locks."""
    from filelock import FileLock  # here, because it takes a tenth of a second

    held = FileLock(lock, timeout_s, thread_local=False, fallback_to_soft=False, on_acquired=_write_process)
    try:
        held.acquire()
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return None
    return held


def _write_process(file: int) -> None:
    os.ftruncate(file, 0)
    os.write(file, str(os.getpid()).encode())


def _owner(lock: Path) -> str:
    try:
        number = lock.read_text(encoding="utf-8", errors="replace")
    except PermissionError:  # Windows lets nobody read what is locked
        number = ""
    return f"another run (process {number})" if number.isdecimal() else "another run"
