"""Read the pictures of Parquet files in blocks of bounded size.

In: files with a column of encoded pictures. Out: a ``picture_source.PictureSource``. Does not know about labels or
picture formats. Needs pyarrow, the extra [parquet], which the caller has imported.

A block is a row group. A row group of more than ``LARGEST_BLOCK`` bytes is cut into several, because many writers put a
million rows into one. Parquet cannot begin in the middle of a group. So an open group is kept for the next block, and
reading in order reads each group once. Reading such groups in random order is slow: convert the data set.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ekspresi.errors import DatasetError
from ekspresi.system.forks import PerProcess

LARGEST_BLOCK = 32 << 20
"""Bytes of encoded pictures that are loaded at a time, about."""

_BUFFER_BYTES = 1 << 20


class ParquetPictures:
    """Give the pictures of one column of N rows; a row without bytes is an empty picture.

    ``load`` and ``decode`` are those of ``picture_source.PictureSource``. It can be pickled, and a forked process opens
    its own files.

    >>> import tempfile
    >>> import pyarrow, pyarrow.parquet
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "faces.parquet")
    ...     pyarrow.parquet.write_table(pyarrow.table({"image": [b"a", b"b", b"c"]}), file, row_group_size=2)
    ...     pictures = ParquetPictures([file], lambda name, data: data)
    ...     pictures.starts.tolist(), list(pictures.load(0))
    ([0, 2, 3], [b'a', b'b'])
    """

    def __init__(
        self, files: Sequence[Path], read: Callable[[str, bytes], NDArray[np.uint8]], column: str = "image"
    ) -> None:
        """Read the metadata of the files.

        Args:
            files: Parquet files, in order.
            read: decodes a picture from its name and its bytes; raises ImageError where it cannot. A function that can
                be pickled.
            column: of the pictures: bytes, or a struct with the field bytes.

        Raises:
            DatasetError: a file cannot be read, or lacks the column.
        """
        self._files, self._read, self._column = list(files), read, column
        self._first_rows: list[int] = []  # of the files
        self._blocks: list[tuple[int, int, int]] = []  # file, row group, rows to skip in it
        starts = [0]
        for number, file in enumerate(self._files):
            self._first_rows.append(starts[-1])
            for group, (rows, size) in enumerate(_groups(file, column)):
                step = max(1, rows * LARGEST_BLOCK // size) if size > LARGEST_BLOCK else rows
                for skip in range(0, rows, step):
                    self._blocks.append((number, group, skip))
                    starts.append(starts[-1] + min(step, rows - skip))
        self._starts = np.array(starts, dtype=np.int64)
        self._open = PerProcess(_OpenGroup)

    @property
    def starts(self) -> NDArray[np.int64]:
        """Return the first row of each block, and the number of all rows, int64 (B + 1,)."""
        return self._starts

    def load(self, block: int) -> Sequence[bytes]:
        """Load the encoded pictures of a block.

        Raises:
            DatasetError: the file cannot be read, or was changed.
        """
        number, group, skip = self._blocks[block]
        rows = int(self._starts[block + 1] - self._starts[block])
        try:
            return self._open().read(self._files[number], self._column, group, skip, rows)
        except (OSError, ValueError, StopIteration) as error:  # pyarrow's exceptions are one of the first two
            problem = f"row group {group} cannot be read ({error})"
            raise DatasetError(f"{self._files[number]}: {problem}. Copy the file again from its origin.") from error

    def decode(self, row: int, item: bytes) -> NDArray[np.uint8]:
        """Decode a picture, which is named 'FILE row NUMBER', counted from 0 in each file.

        Raises:
            ImageError: it is not a readable picture.
        """
        number = int(np.searchsorted(self._first_rows, row, side="right")) - 1
        return self._read(f"{self._files[number]} row {row - self._first_rows[number]}", item)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_open"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open = PerProcess(_OpenGroup)


class _OpenGroup:
    """Hold the row group that was read last, open at the row after the last one read; threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next: tuple[Path, int, int] | None = None
        self._cells: Iterator[bytes] = iter(())
        self._file: tuple[Path, Any] | None = None  # and its metadata, which may take longer to read than a group

    def read(self, file: Path, column: str, group: int, skip: int, rows: int) -> list[bytes]:
        with self._lock:
            if self._next != (file, group, skip):
                if self._file is None or self._file[0] != file:
                    self._file = file, _metadata(file)
                self._cells = _cells(file, self._file[1], column, group)
                for _ in range(skip):
                    next(self._cells)
            self._next = None  # until all is well
            found = [next(self._cells) for _ in range(rows)]
            self._next = file, group, skip + rows
            return found


def _groups(file: Path, column: str) -> list[tuple[int, int]]:
    """List rows, and bytes of the column, of each row group."""
    try:
        metadata = _metadata(file)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file}: is not a readable Parquet file. Copy it again from its origin.") from error
    groups = []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        parts = [group.column(k) for k in range(group.num_columns)]
        sizes = [part.total_uncompressed_size for part in parts if part.path_in_schema.split(".")[0] == column]
        if not sizes:
            raise DatasetError(f"{file}: column {column} missing. Give it that column.")
        groups.append((group.num_rows, sum(sizes)))
    return groups


def _metadata(file: Path) -> Any:
    import pyarrow.parquet

    with file.open("rb") as stream:  # pyarrow takes names for addresses
        return pyarrow.parquet.read_metadata(stream)


def _cells(file: Path, metadata: Any, column: str, group: int) -> Iterator[bytes]:
    """Read the pictures of a row group, a few at a time."""
    import pyarrow.parquet

    with (
        file.open("rb") as stream,
        pyarrow.parquet.ParquetFile(stream, metadata=metadata, buffer_size=_BUFFER_BYTES) as opened,
    ):
        for batch in opened.iter_batches(64, row_groups=[group], columns=[column], use_threads=False):
            for cell in batch.column(0).to_pylist():
                data = cell.get("bytes") if isinstance(cell, dict) else cell
                yield data if isinstance(data, bytes) else b""
