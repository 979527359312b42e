"""Read and check the columns of a csv file of a data set.

In: a path and the required columns. Out: lists of strings, one list per column. Does not know about any data set.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from ekspresi.errors import DatasetError


def read_columns(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, list[str]]:
    r"""Read a csv file with a header: column name -> its cells, blanks stripped; rows in file order.

    Other columns are ignored; a missing optional column is absent from the result.

    Raises:
        DatasetError: no such file, not text, a required column missing, or a row with too few cells.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "x.csv").write_text("file,subject,age\na.png, S1 ,7\n")
    ...     read_columns(Path(folder, "x.csv"), ("file", "subject"))
    {'file': ['a.png'], 'subject': ['S1']}
    """
    if not path.is_file():
        raise DatasetError(f"{path}: no such file. Copy it from the original release into this folder.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: cannot be read as csv ({error}). Copy the file again from its origin.") from error
    header = [cell.strip() for cell in rows[0]] if rows else []
    missing = [column for column in required if column not in header]
    if missing:
        raise DatasetError(
            f"{path}: column {', '.join(missing)} missing, found {', '.join(header)[:200] or 'nothing'}. "
            f"Give it the columns {', '.join(required)}."
        )
    for number, row in enumerate(rows[1:], start=2):
        if len(row) < len(header):
            what = f"line {number} has {len(row)} cells, the header {len(header)}"
            raise DatasetError(f"{path}: {what}. Repair the line.")
    present = [column for column in (*required, *optional) if column in header]
    return {column: [row[header.index(column)].strip() for row in rows[1:]] for column in present}
