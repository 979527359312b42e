"""Choose the format of a table by its name, and write its files.

In: a path ending in .csv, .jsonl, .parquet or .xlsx. Out: the file that grows during a run, new or cut to a saved size;
the finished table. Does not know about checkpoints, nor about the position of a run.
"""

import csv
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ekspresi.errors import ConfigError, OutputError
from ekspresi.system.arrow import pyarrow
from ekspresi.system.file_names import original_name
from ekspresi.system.storage import atomic_write, os_errors_as_output_error
from ekspresi.tables.append_only import AppendOnlyFile, digest_of, new_digest
from ekspresi.tables.parquet import write_parquet
from ekspresi.tables.schema import csv_header, csv_lines, jsonl_lines
from ekspresi.tables.xlsx import write_xlsx, xlsxwriter
from ekspresi.types import Row

_CONVERTED = {".parquet": (pyarrow, write_parquet), ".xlsx": (xlsxwriter, write_xlsx)}
"""Ending -> how its package is imported, and how lines of JSON are converted at the end of a run."""

ENDINGS = (".csv", ".jsonl", *_CONVERTED)
"""Endings that a table's name may have, in upper or lower case."""


class TableFormat:
    """Write one table on the disk in the format of its ending.

    Attributes:
        shown: its path as the user gave it, for errors.
        real: its path without links.
        growing: the file that takes its rows during a run: the table itself, or JSON Lines beside it for Parquet
            and Excel.
        rows: number of rows of each source, as far as they were turned into lines or were there before.

    >>> TableFormat("rows.parquet", ("fear",)).growing.name
    'rows.parquet.jsonl'
    """

    def __init__(self, path: str | os.PathLike[str], labels: tuple[str, ...]) -> None:
        """Choose the format by the ending; open nothing yet.

        Args:
            path: the table.
            labels: the model's labels, which name the last columns.

        Raises:
            OutputError: another ending.
            MissingExtraError: Parquet without pyarrow, or Excel without XlsxWriter.
        """
        self.shown = Path(path)
        suffix = self.shown.suffix.lower()
        if suffix not in ENDINGS:
            raise OutputError(f"{path}: unknown table format. Use a name that ends in {', '.join(ENDINGS)}.")
        self.real = Path(os.path.realpath(self.shown))
        self.growing = self.real
        self._convert = None
        if suffix in _CONVERTED:
            import_package, self._convert = _CONVERTED[suffix]
            import_package()  # report a missing package before the work, not after
            self.growing = self.real.with_name(f"{self.real.name}.jsonl")
        self._csv = suffix == ".csv"
        self._labels = labels
        self.rows: Counter[str] = Counter()

    @property
    def files(self) -> list[Path]:
        """List the existing files of this table."""
        return [path for path in dict.fromkeys((self.real, self.growing)) if path.exists()]

    @property
    def is_converted(self) -> bool:
        """Return whether the table is converted from the growing file at the end, instead of being that file."""
        return self.growing != self.real

    def lines(self, rows: Sequence[Row]) -> bytes:
        """Turn rows into lines of the growing file, and count them."""
        self.rows.update(row.source for row in rows)
        return (csv_lines if self._csv else jsonl_lines)(rows, self._labels)

    def begin(self, lines: bytes) -> AppendOnlyFile:
        """Create the growing file with its first lines; replace an existing file once they are on the disk.

        Raises:
            OutputError: it cannot be written.
        """
        content, digest = (csv_header(self._labels) if self._csv else b"") + lines, new_digest()
        digest.update(content)
        with atomic_write(self.growing, alone=True) as part:
            part.write_bytes(content)
        return AppendOnlyFile(self.growing, self.shown, len(content), digest)

    def reopen(self, size: int, digest: str) -> Callable[[bytes], AppendOnlyFile]:
        """Check the first bytes of the growing file; return a function that cuts off the rest and appends lines.

        Args:
            size: number of bytes to keep.
            digest: of these bytes, hexadecimal.

        Raises:
            ConfigError: the file is gone, shorter, or was changed. This is checked at once, before any cut.
            OutputError: it cannot be read.
        """
        with os_errors_as_output_error(self.growing, self.growing.parent):
            found = digest_of(self.growing, size) if self.growing.is_file() else None
        if found is None or found.hexdigest() != digest:
            what = "this file changed since its run stopped" if found else "this file is missing or too short"
            what = f"{what}, so the run cannot continue"
            raise ConfigError(f"{self.growing}: {what}. Use --overwrite instead of --resume to start over.")
        with os_errors_as_output_error(self.growing, self.growing.parent):
            self.rows = self._count_rows(size)
        return partial(self._append_after, size, found)

    def _count_rows(self, size: int) -> Counter[str]:
        """Count the rows of each source in the first bytes of the growing file."""
        with self.growing.open("rb") as file:
            lines = _lines_until(file, size)
            if self._csv:
                rows: Iterable[dict[str, str]] = csv.DictReader(line.decode() for line in lines)
            else:
                rows = map(json.loads, lines)
            return Counter(original_name(row["source"]) for row in rows)

    def _append_after(self, size: int, digest: "hashlib.blake2b", lines: bytes) -> AppendOnlyFile:
        file = AppendOnlyFile(self.growing, self.shown, size, digest)
        if lines:
            file.append(lines)
        return file

    def finish(self) -> None:
        """Convert the growing file to the table, where they differ.

        Raises:
            OutputError: it cannot be written.
        """
        if self._convert is not None:
            self._convert(self.growing, self.shown, self._labels)

    def cleanup(self) -> None:
        """Remove the growing file, unless it is the table itself.

        Raises:
            OutputError: it cannot be removed.
        """
        if self.is_converted:
            with os_errors_as_output_error(self.growing, self.growing.parent):
                self.growing.unlink(missing_ok=True)


def _lines_until(file: BinaryIO, size: int) -> Iterator[bytes]:
    while file.tell() < size and (line := file.readline()):
        yield line
