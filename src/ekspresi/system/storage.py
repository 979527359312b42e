"""Files that are written whole or not at all, folders, and what to do where the system refuses.

In: paths. Out: files and folders; ``OutputError`` in one line. Knows nothing of what the files hold.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ekspresi.errors import OutputError


def ensure_folder(folder: Path) -> None:
    """Make a folder of results, before minutes of work are spent on what could not be written.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: the folder cannot be made ({error.strerror}). Choose another folder.") from error


@contextmanager
def atomic_write(path: str | os.PathLike[str], *, alone: bool = False) -> Iterator[Path]:
    """A target -> a temporary path beside it, which becomes the target when the block ends without an error.

    The temporary file has the target's ending, is flushed to the disk before it is renamed, and is removed where the
    block fails: a reader of the target sees the old content or the new, never a part.

    Args:
        path: the target; a link keeps pointing to what it points to.
        alone: nobody else writes this target now. The temporary file then always has the same name, so that the one
            that a killed process left is written over by the next.

    Raises:
        OutputError: the file cannot be written, or is read-only; the message names it and the remedy.
    """
    target = Path(path)
    real = Path(os.path.realpath(target))
    mark = real.name if alone else f"{real.stem[:100]}-{secrets.token_hex(4)}"
    part = real.with_name(f".{mark}.part{real.suffix}")
    with os_errors_as_output_error(target, real.parent):
        try:
            require_file_target(target)
            check_writable(target)
            part.touch(exist_ok=alone)  # an unwritable folder is told before the work, not after
            yield part
            with part.open("r+b") as file:
                os.fsync(file.fileno())
            if real.exists():
                check_writable(target)
                part.chmod(real.stat().st_mode & 0o777)
            part.replace(real)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def require_file_target(target: Path) -> None:
    """Refuse to write where something stands that is no file: it could neither be replaced nor cut.

    Raises:
        OutputError: it is a folder, pipe or device.
    """
    if target.exists() and not target.is_file():
        raise OutputError(f"{target}: exists and is not a file, but a folder, pipe or device. Choose another name.")


def check_writable(target: Path, choice: str = "name") -> None:
    """Refuse a file that is read-only, though its folder would let it be replaced.

    A file without any right to write is read-only for the superuser too: someone wanted it kept.

    Args:
        target: a file, or where none is.
        choice: what else to choose: an option such as ``--out``.

    Raises:
        OutputError: it is read-only.
    """
    if target.is_file() and not (os.access(target, os.W_OK) and target.stat().st_mode & 0o222):
        raise OutputError(f"{target}: is read-only. Make it writable, or choose another {choice}.")


@contextmanager
def os_errors_as_output_error(target: Path, folder: Path) -> Iterator[None]:
    """A block that writes a target in a folder: errors of the system become one line that names the remedy.

    Raises:
        OutputError: instead of any ``OSError``.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {_remedy(error, folder)}") from error


def _remedy(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full. Free some space, or choose another disk."
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        if folder.is_dir():  # such as /proc
            return f"no file can be made in {folder}. Choose another folder."
        return f"there is no folder {folder}. Make it first."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        if os.access(folder, os.W_OK):
            return "permission is denied. Choose another name."
        return f"the folder {folder} is not writable. Choose another folder."
    return f"{error.strerror or error}. Choose another name or folder."


MAKER = "ekspresi"
"""What files name as their maker: PNG as Software, JPEG and MP4 as comment, HTML as generator, JSON as made_by."""
