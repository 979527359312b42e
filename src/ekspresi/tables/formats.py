"""The name of a table -> the files it is made of, and rows as their lines.

In: a path ending in .csv, .jsonl or .parquet. Out: the file that grows while a run goes on, anew or cut to where a run
was; the table that is there in the end. Knows nothing of journals, nor of how far a run has come.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ekspresi.errors import ConfigError, OutputError
from ekspresi.system.storage import atomic_write, os_errors_as_output_error
from ekspresi.tables.append_only import AppendOnlyFile, digest_of, new_digest
from ekspresi.tables.parquet import pyarrow, write_parquet
from ekspresi.tables.schema import csv_header, csv_lines, jsonl_lines
from ekspresi.types import Row

ENDINGS = (".csv", ".jsonl", ".parquet")
"""What a table's name may end in; upper case too."""


class TableFormat:
    """One table on the disk.

    Attributes:
        shown: its path as the user gave it, for errors.
        real: its path without links.
        growing: the file that takes its rows while a run goes on: itself, or JSON Lines beside it for Parquet.
    """

    def __init__(self, path: str | os.PathLike[str], labels: tuple[str, ...]) -> None:
        """Choose by the ending; nothing is opened yet.

        Raises:
            OutputError: another ending.
            MissingExtraError: Parquet without pyarrow.
        """
        self.shown = Path(path)
        suffix = self.shown.suffix.lower()
        if suffix not in ENDINGS:
            raise OutputError(f"{path}: a table's name ends in {' or '.join(ENDINGS)}; choose one of them")
        self.real = Path(os.path.realpath(self.shown))
        self.growing = self.real
        if suffix == ".parquet":
            pyarrow()  # what is missing is told before the work, not after
            self.growing = self.real.with_name(f"{self.real.name}.jsonl")
        self._csv = suffix == ".csv"
        self._labels = labels

    @property
    def files(self) -> list[Path]:
        """The files that are there now, of those it is made of."""
        return [path for path in dict.fromkeys((self.real, self.growing)) if path.exists()]

    @property
    def is_parquet(self) -> bool:
        """Whether the table is made of the growing file in the end, instead of being it."""
        return self.growing != self.real

    def lines(self, rows: Sequence[Row]) -> bytes:
        """Rows -> lines of the growing file."""
        return (csv_lines if self._csv else jsonl_lines)(rows, self._labels)

    def begin(self, lines: bytes) -> AppendOnlyFile:
        """The first lines of a table -> the growing file; one that exists is replaced when they are on the disk.

        Raises:
            OutputError: it cannot be written.
        """
        content, digest = (csv_header(self._labels) if self._csv else b"") + lines, new_digest()
        digest.update(content)
        with atomic_write(self.growing, alone=True) as part:
            part.write_bytes(content)
        return AppendOnlyFile(self.growing, self.shown, len(content), digest)

    def reopen(self, size: int, digest: str) -> Callable[[bytes], AppendOnlyFile]:
        """What the growing file should begin with -> a function that opens it, cuts off what follows, and adds lines.

        Raises:
            ConfigError: it is gone, shorter, or was changed; at once, nothing is cut yet.
            OutputError: it cannot be read.
        """
        with os_errors_as_output_error(self.growing, self.growing.parent):
            found = digest_of(self.growing, size) if self.growing.is_file() else None
        if found is None or found.hexdigest() != digest:
            what = "was changed since its run stopped" if found else "is gone, or shorter than its run left it"
            what = f"{what}, so the run cannot continue"
            raise ConfigError(f"{self.growing}: {what}. Use --overwrite instead of --resume to begin again.")
        return partial(self._go_on, size, found)

    def _go_on(self, size: int, digest: "hashlib.blake2b", lines: bytes) -> AppendOnlyFile:
        file = AppendOnlyFile(self.growing, self.shown, size, digest)
        if lines:
            file.append(lines)
        return file

    def finish(self) -> None:
        """The growing file -> the table, where they are two.

        Raises:
            OutputError: it cannot be written.
        """
        if self.is_parquet:
            write_parquet(self.growing, self.shown, self._labels)

    def cleanup(self) -> None:
        """Remove the growing file, where it is not the table itself.

        Raises:
            OutputError: it cannot be removed.
        """
        if self.is_parquet:
            with os_errors_as_output_error(self.growing, self.growing.parent):
                self.growing.unlink(missing_ok=True)
