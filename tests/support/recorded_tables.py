"""Tables of a recorded run: how tests begin, stop and read them."""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from ekspresi.system.file_names import printable
from ekspresi.tables.resumable import ResumableTable, resumable_table
from tests.support.recorded_runs import LABELS, SETTINGS, SOURCES, steps, write

RUN = steps()
ENDINGS = (".csv", ".jsonl", ".parquet")
NAMES = [printable(source) for source in SOURCES]
"""Names of the sources in tables."""


def begin(
    path: Path,
    resume: bool = False,
    overwrite: bool = False,
    sources: Sequence[str] = SOURCES,
    folder: Path | None = None,
    **changed: object,
) -> AbstractContextManager[ResumableTable]:
    """Open the table of the recorded run, with some settings changed."""
    settings = SETTINGS | changed
    return resumable_table(path, LABELS, sources, settings, resume=resume, overwrite=overwrite, folder=folder)


def names(folder: Path) -> list[str]:
    """List the names in a folder without the checkpoints."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".journal")


def rows_in(path: Path) -> list[dict[str, object]]:
    """Read the rows of a table, with the columns as keys."""
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_table(path).to_pylist()
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    return [json.loads(line) for line in path.read_text().splitlines()]


def rows_by_source(path: Path) -> list[dict[str, object]]:
    """Read the rows of a table in the order of their sources; within one in the order of the table."""
    return sorted(rows_in(path), key=lambda row: NAMES.index(row["source"]))


@contextmanager
def stopped_after(path: Path, count: int, resume: bool = False) -> Iterator[None]:
    """Stop a run by the keyboard after so many frames."""
    with suppress(KeyboardInterrupt), begin(path, resume) as run:
        for number, _ in enumerate(write(run, RUN), start=1):
            if number == count:
                raise KeyboardInterrupt
    yield
