"""Convert rows from JSON Lines to a Parquet file with proper types.

In: a file of JSON Lines with the columns of ``COLUMNS`` and ``p_<label>``. Out: a Parquet file, written whole. Does
not know about runs. Needs pyarrow, the extra [parquet].

A Parquet file cannot grow during a run: readers need its last bytes.
"""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ekspresi.errors import MissingExtraError, OutputError
from ekspresi.system.storage import atomic_write
from ekspresi.tables.schema import column_names

_GROUP_ROWS = 64_000
"""Rows in a row group: about 5 MB of columns, all in memory at once."""
_BATCH_ROWS = 2_000
"""Rows in memory as Python values at once."""


def pyarrow() -> Any:
    """Import and return the module ``pyarrow``, which costs time only where Parquet is used.

    Raises:
        MissingExtraError: it is not installed.

    >>> pyarrow().__name__
    'pyarrow'
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("writing Parquet", "parquet") from error
    return pyarrow


def write_parquet(lines: Path, target: Path, labels: tuple[str, ...]) -> None:
    r"""Convert the JSON Lines of ``jsonl_lines`` to a Parquet file; memory does not grow with the rows.

    Columns: ``source`` and ``annotated`` dictionaries of strings, ``frame``, ``face`` and ``track`` int64, ``time_s``
    float64, ``expression`` and ``most_likely`` strings, ``abstained`` bool, all others float32; null where unknown.
    Bytes of file names that are not UTF-8 are written as ``\xff``. The columns and types do not depend on the number
    of rows, which may be 0.

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
    with lines.open("rb") as file:
        for chunk in _chunks(file, _BATCH_ROWS):
            try:
                rows = json.loads(b"[" + b",".join(chunk) + b"]")
                for row in rows:
                    row["source"] = _as_text(row["source"])
                    row["annotated"] = None if row["annotated"] is None else _as_text(row["annotated"])
                batch = pa.RecordBatch.from_pylist(rows, schema=schema)
            except (ValueError, TypeError, KeyError, AttributeError, pa.ArrowException) as error:
                what = "another program changed this file, so it cannot be converted to Parquet"
                raise OutputError(f"{lines}: {what}. Start over with --overwrite.") from error
            yield batch


def _as_text(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _chunks(items: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while chunk := list(islice(items, size)):
        yield chunk
