"""Grow a file by whole lines during a run, so that a crash loses none of them.

In: lines, as bytes. Out: a file that holds them, whole, from the moment ``append`` returns. Does not know about rows,
nor about the start of a run.

The process buffers nothing: it hands lines to the system in one write, so a killed process loses none of them. Only a
kill in the middle of that write can leave a part of a line; a resumed run cuts it off. Synced lines survive a power
failure too.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from ekspresi.errors import OutputError
from ekspresi.system.storage import os_errors_as_output_error

_CHUNK = 1 << 20


class AppendOnlyFile:
    r"""Append to a file that only this process writes to; detect the changes of other programs.

    Attributes:
        size: bytes of whole lines in it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "rows.csv")
    ...     path.touch()
    ...     file = AppendOnlyFile(path, path, 0, new_digest())
    ...     file.append(b"1,2\n")
    ...     file.close()
    ...     path.read_bytes()
    b'1,2\n'
    """

    def __init__(self, path: Path, shown: Path, size: int, digest: "hashlib.blake2b") -> None:
        """Open an existing file and cut it to its first bytes.

        Args:
            path: the file, not a link.
            shown: the name of the file in errors.
            size: number of bytes to keep.
            digest: of these bytes, see ``digest_of``.

        Raises:
            OutputError: it cannot be opened or cut.
        """
        self.size = size
        self._path, self._shown, self._digest = path, shown, digest
        self._unsynced = False
        with os_errors_as_output_error(shown, path.parent):
            self._file = path.open("r+b", buffering=0)
            self._file.truncate(size)
            self._file.seek(size)

    @property
    def digest(self) -> str:
        """Return the digest of all bytes, as hexadecimal digits."""
        return self._digest.hexdigest()

    def append(self, lines: bytes) -> None:
        """Append whole lines: all of them or, where it fails, none.

        Raises:
            OutputError: the disk is full; or another program removed, replaced or changed the file meanwhile.
        """
        with os_errors_as_output_error(self._shown, self._path.parent):
            self._require_unchanged()
            try:
                left = memoryview(lines)
                while left:  # an almost full disk accepts only a part
                    left = left[self._file.write(left) :]
            except BaseException:
                with suppress(OSError):
                    self._file.truncate(self.size)
                raise
            self._digest.update(lines)
            self.size += len(lines)
            self._unsynced = True

    def sync(self) -> None:
        """Flush every byte to the disk itself.

        Raises:
            OutputError: it cannot be written; or see ``append``.
        """
        with os_errors_as_output_error(self._shown, self._path.parent):
            self._require_unchanged()
            if self._unsynced:
                os.fsync(self._file.fileno())
                self._unsynced = False

    @property
    def is_intact(self) -> bool:
        """Return whether the file exists as this process left it."""
        try:
            self._require_unchanged()
        except (OutputError, OSError):
            return False
        return True

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _require_unchanged(self) -> None:
        """Refuse to continue where another program removed, replaced or changed the file."""
        ours = os.fstat(self._file.fileno())
        try:
            present = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            present = None
        if present is None or not os.path.samestat(ours, present):
            what = "removed" if present is None else "replaced"
            what = f"another program {what} this file, so the run was stopped"
            raise OutputError(f"{self._shown}: {what}. Start over with --overwrite.")
        if ours.st_size != self.size:
            what = "another program changed this file, so the run was stopped"
            raise OutputError(f"{self._shown}: {what}. Start over with --overwrite, and edit a copy.")


def new_digest() -> "hashlib.blake2b":
    """Create the digest of zero bytes; ``update`` it with the bytes of a file.

    >>> new_digest().hexdigest()
    'cae66941d9efbd404e4d88758ea67670'
    """
    return hashlib.blake2b(digest_size=16)


def digest_of(path: Path, size: int) -> "hashlib.blake2b | None":
    """Compute the digest of the first ``size`` bytes of a file; None where it is shorter.

    Raises:
        OSError: it cannot be read.

    >>> digest_of(Path(__file__), 0).hexdigest() == new_digest().hexdigest()
    True
    """
    digest, left = new_digest(), size
    with path.open("rb") as file:
        while left:
            chunk = file.read(min(left, _CHUNK))
            if not chunk:
                return None
            digest.update(chunk)
            left -= len(chunk)
    return digest
