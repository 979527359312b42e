"""A file that grows by whole lines while a run goes on, so that what was found before a crash is there.

In: lines, as bytes. Out: a file that holds them, whole, from the moment ``append`` returns. Knows nothing of rows, and
nothing of when a run began.

Nothing is held back in the process: lines are handed to the system in one write, so a killed process loses none of
them. Only a kill in the middle of that write can leave a part of a line; going on from a journal cuts it off. What was
synced survives a power failure too.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from ekspresi.errors import OutputError
from ekspresi.system.storage import os_errors_as_output_error

_CHUNK = 1 << 20


class AppendOnlyFile:
    """A file that only this process writes to; someone else's change is told, not written over.

    Attributes:
        size: bytes of whole lines in it.
    """

    def __init__(self, path: Path, shown: Path, size: int, digest: "hashlib.blake2b") -> None:
        """Open a file that exists, cut to its first bytes.

        Args:
            path: the file, no link.
            shown: what errors call it.
            size: how many bytes are kept.
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
        """Of all bytes, as hexadecimal digits."""
        return self._digest.hexdigest()

    def append(self, lines: bytes) -> None:
        """Whole lines -> the end of the file, all of them or, where it fails, none.

        Raises:
            OutputError: the disk is full; or someone removed, replaced or changed the file meanwhile.
        """
        with os_errors_as_output_error(self._shown, self._path.parent):
            self._look()
            try:
                left = memoryview(lines)
                while left:  # a disk that is almost full takes a part
                    left = left[self._file.write(left) :]
            except BaseException:
                with suppress(OSError):
                    self._file.truncate(self.size)
                raise
            self._digest.update(lines)
            self.size += len(lines)
            self._unsynced = True

    def sync(self) -> None:
        """Have everything on the disk itself.

        Raises:
            OutputError: it cannot be written; or see ``append``.
        """
        with os_errors_as_output_error(self._shown, self._path.parent):
            self._look()
            if self._unsynced:
                os.fsync(self._file.fileno())
                self._unsynced = False

    @property
    def intact(self) -> bool:
        """Whether it is there, as this process made it."""
        try:
            self._look()
        except (OutputError, OSError):
            return False
        return True

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _look(self) -> None:
        """Refuse to go on where the file is no longer what this process made of it."""
        ours = os.fstat(self._file.fileno())
        try:
            there = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            there = None
        if there is None or not os.path.samestat(ours, there):
            what = "was removed" if there is None else "was replaced"
            what = f"{what} while it was written to, so the run was stopped"
            raise OutputError(f"{self._shown}: {what}. Begin again with --overwrite.")
        if ours.st_size != self.size:
            what = "was changed by another program while it was written to, so the run was stopped"
            raise OutputError(f"{self._shown}: {what}. Begin again with --overwrite, and change a copy.")


def new_digest() -> "hashlib.blake2b":
    """The digest of no bytes; ``update`` it with those of a file."""
    return hashlib.blake2b(digest_size=16)


def digest_of(path: Path, size: int) -> "hashlib.blake2b | None":
    """A file and a number of bytes -> the digest of so many of its first bytes; None where it is shorter.

    Raises:
        OSError: it cannot be read.
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
