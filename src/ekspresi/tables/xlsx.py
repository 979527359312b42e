"""Convert rows from JSON Lines to an Excel workbook.

In: a file of JSON Lines with the columns of ``COLUMNS`` and ``p_<label>``. Out: an .xlsx file, written whole. Does not
know about runs. Needs XlsxWriter, the extra [xlsx].

A workbook stores numbers as numbers and text as Unicode, so it reads the same under every language and regional
setting. Excel reads CSV by the settings of the computer: it may take UTF-8 for another encoding, split lines at
semicolons and take points for thousands.
"""

import zipfile
from itertools import chain, count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ekspresi.errors import MissingExtraError
from ekspresi.system.storage import MAKER, atomic_write
from ekspresi.tables.schema import column_names, read_jsonl

SHEET_ROWS = 1_048_576
"""Maximum rows of a sheet, with the header; further rows fill further sheets."""

_SHEET = "faces"
_BATCH_ROWS = 2_000
"""Rows in memory at once."""


def xlsxwriter() -> Any:
    """Import and return the module ``xlsxwriter``, which costs time only where workbooks are written.

    Raises:
        MissingExtraError: it is not installed.

    >>> xlsxwriter().__name__
    'xlsxwriter'
    """
    try:
        import xlsxwriter
        import xlsxwriter.exceptions
    except ImportError as error:
        raise MissingExtraError("writing Excel workbooks", "xlsx") from error
    return xlsxwriter


def write_xlsx(lines: Path, target: Path, labels: tuple[str, ...]) -> None:
    r"""Convert the JSON Lines of ``jsonl_lines`` to a workbook; memory does not grow with the rows.

    Numbers and booleans are such, texts are never read as formulas or links, unknown values are empty. The first row
    of each sheet holds the names of the columns, and stays in view.

    Args:
        lines: the file of JSON Lines.
        target: the workbook; an existing file is replaced. No other process may write it now.
        labels: the model's labels, which name the last columns.

    Raises:
        OutputError: the target cannot be written, or another program changed the lines.
        MissingExtraError: XlsxWriter is not installed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     lines, target = Path(folder, "rows.jsonl"), Path(folder, "rows.xlsx")
    ...     lines.touch()
    ...     write_xlsx(lines, target, ("fear",))
    ...     is_own_workbook(target)
    True
    """
    names = column_names(labels)
    with (
        atomic_write(target, alone=True) as part,
        TemporaryDirectory(dir=part.parent, prefix=f".{target.name}.") as rows_folder,
        part.open("wb") as file,
    ):
        book = xlsxwriter().Workbook(file, {"constant_memory": True, "tmpdir": rows_folder})
        book.set_properties({"author": MAKER})
        bold = book.add_format({"bold": True})
        rows = (row for batch in read_jsonl(lines, _BATCH_ROWS, "an Excel workbook") for row in batch)
        for number in count(1):
            first = list(islice(rows, 1))
            if number > 1 and not first:
                break
            sheet = book.add_worksheet(_SHEET if number == 1 else f"{_SHEET} {number}")
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, names, bold)
            for line, row in enumerate(chain(first, islice(rows, SHEET_ROWS - 2)), start=1):
                _write_row(sheet, line, row, names)
        try:
            book.close()
        except xlsxwriter().exceptions.FileCreateError as error:  # it wraps the error of the system
            raise error.args[0] from None


def is_own_workbook(path: Path) -> bool:
    """Return whether ekspresi is the author of a workbook; False for any other file.

    Raises:
        OSError: it cannot be read.

    >>> is_own_workbook(Path(__file__))
    False
    """
    try:
        with zipfile.ZipFile(path) as book:
            return f"<dc:creator>{MAKER}</dc:creator>".encode() in book.read("docProps/core.xml")
    except (zipfile.BadZipFile, KeyError):
        return False


def _write_row(sheet: Any, line: int, row: dict[str, Any], names: tuple[str, ...]) -> None:
    for column, value in enumerate(row[name] for name in names):
        if isinstance(value, bool):
            sheet.write_boolean(line, column, value)
        elif isinstance(value, str):
            sheet.write_string(line, column, value)
        elif value is not None:
            sheet.write_number(line, column, value)
