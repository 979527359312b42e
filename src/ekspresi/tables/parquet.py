"""Rows as JSON Lines -> a Parquet file with proper types.

In: a file of JSON Lines with the columns of ``COLUMNS`` and ``p_<label>``. Out: a Parquet file, written whole. Knows
nothing of runs. It needs pyarrow, the extra [parquet].

Parquet is no format to grow in: nothing of a file can be read before its last bytes are written.
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
"""Rows in a row group: about 5 MB of columns, which are in memory at once."""
_BATCH_ROWS = 2_000
"""Rows that are in memory as Python values at once."""


def pyarrow() -> Any:
    """The module ``pyarrow``, loaded when the first Parquet file is asked for.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("writing Parquet", "parquet") from error
    return pyarrow


def write_parquet(lines: Path, target: Path, labels: tuple[str, ...]) -> None:
    r"""JSON Lines, as ``jsonl_lines`` makes them -> a Parquet file; memory does not grow with the rows.

    Columns: ``source`` a dictionary of strings, ``frame`` and ``track`` int64, ``time_s`` float64, ``expression``
    string, ``abstained`` bool, all others float32; null where nothing is known. Bytes of file names that are not UTF-8
    stand as ``\xff``. They are the same with no rows at all.

    Args:
        lines: the file of JSON Lines.
        target: the Parquet file; one that exists is replaced. Nobody else may write it now.
        labels: the model's labels, which name the last columns.

    Raises:
        OutputError: the target cannot be written, or the lines are no longer what they were.
        MissingExtraError: pyarrow is not installed.
    """
    pa = pyarrow()
    schema = _schema(labels)
    # pyarrow is given open files: it takes names for addresses, and refuses those that are no UTF-8.
    with (
        atomic_write(target, alone=True) as part,
        part.open("wb") as file,
        pa.parquet.ParquetWriter(file, schema) as writer,
    ):
        for group in _chunks(_batches(lines, schema), _GROUP_ROWS // _BATCH_ROWS):
            writer.write_table(pa.Table.from_batches(group, schema))


def _schema(labels: tuple[str, ...]) -> Any:
    pa = pyarrow()
    kinds = {
        "source": pa.dictionary(pa.int32(), pa.string()),
        "frame": pa.int64(),
        "time_s": pa.float64(),
        "track": pa.int64(),
        "expression": pa.string(),
        "abstained": pa.bool_(),
    }
    return pa.schema([(name, kinds.get(name, pa.float32())) for name in column_names(labels)])


def _batches(lines: Path, schema: Any) -> Iterator[Any]:
    pa = pyarrow()
    with lines.open("rb") as file:
        for some in _chunks(file, _BATCH_ROWS):
            try:
                rows = json.loads(b"[" + b",".join(some) + b"]")
                for row in rows:
                    row["source"] = row["source"].encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
                batch = pa.RecordBatch.from_pylist(rows, schema=schema)
            except (ValueError, TypeError, KeyError, AttributeError, pa.ArrowException) as error:
                what = "was changed by another program, so no Parquet file can be made of it"
                raise OutputError(f"{lines}: {what}. Begin again with --overwrite.") from error
            yield batch


def _chunks(items: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while chunk := list(islice(items, size)):
        yield chunk
