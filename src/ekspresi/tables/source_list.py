"""Write the list of the sources of a table: what was read, and what shows no face.

In: the sources of a run, the number of rows of each, and the reasons of those that were not read. Out: a file of
tab-separated values beside the table. Does not know about frames, nor about how a source is read.

A table has a row for each face, so it cannot show pictures without one. The list is a file of its own: rows without a
face would be counted as faces. Its name does not end in .csv, so ``*.csv`` names tables only.
"""

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Literal

from ekspresi.system.file_names import printable
from ekspresi.system.storage import atomic_write
from ekspresi.tables.schema import csv_text

Status = Literal["ok", "no face", "in part", "not read", "unfinished"]
"""The outcome of a source: 'in part' where it is damaged, 'unfinished' where the run stopped before its end."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """Hold one line of the list.

    Attributes:
        source: path or address, as in ``Row.source``.
        status: the outcome. 'no face' means that the table has no row of it.
        rows: number of its rows in the table.
        reason: of a source that was not read, or not as a whole; empty for others.

    >>> SourceStatus("a.jpg", "ok", 3).rows
    3
    """

    source: str
    status: Status
    rows: int
    reason: str = ""


LIST_COLUMNS = tuple(field.name for field in fields(SourceStatus))
"""Columns of the list; they show that ekspresi made it."""


def source_list_path(table: Path) -> Path:
    """Return the path of the list that belongs to a table.

    >>> source_list_path(Path("out/faces.csv")).as_posix()
    'out/faces.csv.sources.tsv'
    """
    return table.with_name(f"{table.name}.sources.tsv")


def list_statuses(
    sources: Sequence[str],
    rows: Mapping[str, int],
    unread: Mapping[str, str],
    unfinished: Collection[str] = (),
    partial: Mapping[str, str] | None = None,
) -> list[SourceStatus]:
    """List the outcome of each source in the order of reading, then what else was not read.

    Args:
        sources: of the run.
        rows: number of rows in the table, for sources with rows.
        unread: source -> reason, for sources that were not read; also files and folders that are not among ``sources``.
        unfinished: sources of which frames remain, because the run stopped.
        partial: source -> reason, for sources that were read in part.

    >>> [each.status for each in list_statuses(["a.jpg", "b.jpg"], {"a.jpg": 2}, {"c.raw": "cannot be read"})]
    ['ok', 'no face', 'not read']
    """
    listed, partial = [], partial or {}
    for source in dict.fromkeys((*sources, *unread)):
        count = rows.get(source, 0)
        status: Status = "ok" if count else "no face"
        if source in unread:
            status = "not read"
        elif source in unfinished:
            status = "unfinished"
        elif source in partial:
            status = "in part"
        listed.append(SourceStatus(source, status, count, unread.get(source) or partial.get(source, "")))
    return listed


def write_source_list(path: Path, statuses: Sequence[SourceStatus]) -> None:
    r"""Write the list, UTF-8; the complete file replaces an older one.

    Texts are written as in tables of CSV: valid Unicode, and no formula for a spreadsheet.

    Raises:
        OutputError: the file cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "faces.csv.sources.tsv")
    ...     write_source_list(path, [SourceStatus("a.jpg", "no face", 0)])
    ...     path.read_text().splitlines()
    ['source\tstatus\trows\treason', 'a.jpg\tno face\t0\t']
    """
    with atomic_write(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(LIST_COLUMNS)
        for each in statuses:
            shown = replace(each, source=printable(each.source), reason=printable(each.reason))
            writer.writerow(map(csv_text, astuple(shown)))
