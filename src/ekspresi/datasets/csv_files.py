"""A csv file of a data set -> its columns, checked.

In: a path and the columns it must have. Out: lists of strings, a list a column. Knows no data set.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from ekspresi.errors import DatasetError


def read_columns(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, list[str]]:
    """A csv file with a header -> column name -> its cells, blanks stripped; rows in file order.

    Columns that are neither required nor optional are ignored; a missing optional column is absent from the
    answer.

    Raises:
        DatasetError: no such file, not text, a required column missing, or a row with too few cells.
    """
    if not path.is_file():
        raise DatasetError(f"{path}: no such file; the data set's docstring says where it belongs")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: cannot be read as csv ({error})") from error
    header = [cell.strip() for cell in rows[0]] if rows else []
    missing = [column for column in required if column not in header]
    if missing:
        raise DatasetError(
            f"{path}: column {', '.join(missing)} missing; expected the columns {', '.join(required)}, "
            f"found {', '.join(header)[:200] or 'nothing'}"
        )
    for number, row in enumerate(rows[1:], start=2):
        if len(row) < len(header):
            raise DatasetError(f"{path}: line {number} has {len(row)} cells, the header {len(header)}; repair the line")
    wanted = [column for column in (*required, *optional) if column in header]
    return {column: [row[header.index(column)].strip() for row in rows[1:]] for column in wanted}
