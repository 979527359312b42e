"""Write files whole or not at all, make folders, and name the remedy where the system refuses.

In: paths. Out: files and folders; ``OutputError`` in one line. Does not know about what the files hold.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ekspresi.errors import OutputError


def ensure_folder(folder: Path) -> None:
    """Make a folder for results, before minutes of work are spent.

    Raises:
        OutputError: the folder cannot be made.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     ensure_folder(Path(folder) / "new" / "folder")
        ...     (Path(folder) / "new" / "folder").is_dir()
        True
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: the folder cannot be made ({error.strerror}). Write to a different folder."
        ) from error


@contextmanager
def atomic_write(path: str | os.PathLike[str], *, alone: bool = False) -> Iterator[Path]:
    """Give the block a temporary path, which becomes the target when the block ends without an error.

    The temporary file has the target's suffix, is flushed to the disk before it is renamed, and is removed where the
    block fails. A reader of the target sees the old content or the new, never a part.

    Args:
        path: the target; a link stays a link.
        alone: no other process writes this target now. The temporary file then has a fixed name, so a run overwrites
            the file that a killed run left.

    Raises:
        OutputError: the file cannot be written, or is read-only.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     with atomic_write(Path(folder) / "notes.txt") as part:
        ...         _ = part.write_text("whole")
        ...     (Path(folder) / "notes.txt").read_text()
        'whole'
    """
    target = Path(path)
    real = Path(os.path.realpath(target))
    mark = real.name if alone else f"{real.stem[:100]}-{secrets.token_hex(4)}"
    part = real.with_name(f".{mark}.part{real.suffix}")
    with os_errors_as_output_error(target, real.parent):
        try:
            require_file_target(target)
            check_writable(target)
            part.touch(exist_ok=alone)  # an unwritable folder fails before the work, not after
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
    """Refuse a target that exists and is not a file, because it can be neither replaced nor truncated.

    Raises:
        OutputError: the target is a folder, pipe or device.

    Example:
        >>> require_file_target(Path(os.curdir))
        Traceback (most recent call last):
        ekspresi.errors.OutputError: .: exists and is not a file, but a folder, pipe or device. Give a file name.
    """
    if target.exists() and not target.is_file():
        raise OutputError(f"{target}: exists and is not a file, but a folder, pipe or device. Give a file name.")


def check_writable(target: Path, choice: str = "name") -> None:
    """Refuse a file that is read-only, though its folder would let it be replaced.

    A file without any write permission is read-only for the superuser too, because someone wants to keep it.

    Args:
        target: a file; it need not exist.
        choice: what the message says to choose: an option such as ``--out``.

    Raises:
        OutputError: the file is read-only.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     check_writable(Path(folder) / "new.csv")
    """
    if target.is_file() and not (os.access(target, os.W_OK) and target.stat().st_mode & 0o222):
        raise OutputError(f"{target}: is read-only. Make it writable, or use a different {choice}.")


@contextmanager
def os_errors_as_output_error(target: Path, folder: Path) -> Iterator[None]:
    """Convert OSError inside the block into an OutputError with a remedy.

    Args:
        target: what errors call the result.
        folder: where the block writes.

    Raises:
        OutputError: instead of any ``OSError``.

    Example:
        >>> with os_errors_as_output_error(Path("rows.csv"), Path(os.curdir)):
        ...     raise OSError(errno.ENOSPC, "No space left on device")
        Traceback (most recent call last):
        ekspresi.errors.OutputError: rows.csv: cannot be written: the disk is full. Free some space, ...
    """
    try:
        yield
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {_remedy(error, folder)}") from error


def _remedy(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full. Free some space, or write to another disk."
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        if folder.is_dir():  # such as /proc
            return f"no file can be made in {folder}. Write to a different folder."
        if folder.exists():
            return f"{folder} is a file, not a folder. Write to a different folder."
        return f"there is no folder {folder}. Make it first."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        if os.access(folder, os.W_OK):
            return "permission is denied. Fix its permissions, or write to a different file."
        return f"the folder {folder} is not writable. Fix its permissions, or write to a different folder."
    return f"{error.strerror or error}. Write to a different file or folder."


MAKER = "ekspresi"
"""Maker named in files: PNG as Software, JPEG and MP4 as comment, HTML as generator, JSON as made_by."""
