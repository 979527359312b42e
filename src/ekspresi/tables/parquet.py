"""Convert rows from JSON Lines to a Parquet file with proper types.

In: a file of JSON Lines with the columns of ``COLUMNS`` and ``p_<label>``. Out: a Parquet file, written whole. Does
not know about runs. Needs pyarrow, the extra [parquet].

A Parquet file cannot grow during a run: readers need its last bytes.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ekspresi.system.arrow import pyarrow
from ekspresi.system.storage import atomic_write
from ekspresi.tables.schema import changed_lines_error, column_names, read_jsonl

_GROUP_ROWS = 64_000
"""Rows in a row group: about 5 MB of columns, all in memory at once."""
_BATCH_ROWS = 2_000
"""Rows in memory as Python values at once."""


def write_parquet(lines: Path, target: Path, labels: tuple[str, ...]) -> None:
    r"""Convert the JSON Lines of ``jsonl_lines`` to a Parquet file; memory does not grow with the rows.

    Columns: ``source`` and ``annotated`` dictionaries of strings, ``frame``, ``face`` and ``track`` int64, ``time_s``
    float64, ``expression`` and ``most_likely`` strings, ``abstained`` bool, all others float32; null where unknown.
    The columns and types do not depend on the number of rows, which may be 0.

    Args:
        lines: the file of JSON Lines.
        target: the Parquet file; an existing file is replaced. No other process may write it now.
        labels: the model's labels, which name the last columns.

    Raises:
        OutputError: the target cannot be written, or another program changed the lines.
        MissingExtraError: pyarrow is not installed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     lines, target = Path(folder, "rows.jsonl"), Path(folder, "rows.parquet")
    ...     lines.touch()
    ...     write_parquet(lines, target, ("fear",))
    ...     pyarrow().parquet.read_table(target).column_names[-1]
    'p_fear'
    """
    pa = pyarrow()
    schema = _schema(labels)
    # pyarrow gets open files: it takes names for addresses, and refuses names that are not UTF-8.
    with (
        atomic_write(target, alone=True) as part,
        part.open("wb") as file,
        pa.parquet.ParquetWriter(file, schema) as writer,
    ):
        for group in _chunks(_batches(lines, schema), _GROUP_ROWS // _BATCH_ROWS):
            writer.write_table(pa.Table.from_batches(group, schema))


def _schema(labels: tuple[str, ...]) -> Any:
    pa = pyarrow()
    types = {
        "source": pa.dictionary(pa.int32(), pa.string()),
        "frame": pa.int64(),
        "time_s": pa.float64(),
        "face": pa.int64(),
        "track": pa.int64(),
        "expression": pa.string(),
        "most_likely": pa.string(),
        "abstained": pa.bool_(),
        "annotated": pa.dictionary(pa.int32(), pa.string()),
    }
    return pa.schema([(name, types.get(name, pa.float32())) for name in column_names(labels)])


def _batches(lines: Path, schema: Any) -> Iterator[Any]:
    pa = pyarrow()
    for rows in read_jsonl(lines, _BATCH_ROWS, "Parquet"):
        try:
            batch = pa.RecordBatch.from_pylist(rows, schema=schema)
        except (ValueError, TypeError, AttributeError, pa.ArrowException) as error:
            raise changed_lines_error(lines, "Parquet") from error
        yield batch


def _chunks(items: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while chunk := list(islice(items, size)):
        yield chunk
