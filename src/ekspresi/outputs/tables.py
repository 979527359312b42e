"""Tables that grow with a run, and go on where it stopped.

In: ``Row`` values, frame after frame, and how far the run has come with them. Out: a table, .csv, .jsonl or .parquet,
and, while it is not complete, a journal beside it. Knows nothing of how faces were found.

    rows.csv, rows.jsonl     grow in place: the rows of a frame are in the file when ``write`` returns
    rows.parquet             is written when the run ends, also when it is stopped or fails; until then its rows stand
                             in rows.parquet.jsonl, which is removed when the run is complete
    rows.csv.journal         how far the run has come: written at most once a second and when it stops; removed when
                             the run is complete
    .rows.csv.lock           keeps a second run off the same table

A run that goes on cuts the table to where the journal says it was, so that no row stands twice and none is missing.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ekspresi.errors import ConfigError, EkspresiError
from ekspresi.outputs.columns import column_names
from ekspresi.outputs.files import check_is_file
from ekspresi.outputs.forms import TableForm
from ekspresi.outputs.growing import GrowingFile
from ekspresi.outputs.journal import Entry, Journal, Place, Setting
from ekspresi.outputs.locking import locked
from ekspresi.types import Row

JOURNAL_S = 1.0
"""Seconds from one writing of the journal to the next, at least: what a power failure may cost."""

_START = Entry(None, 0, "")


class RunTable:
    """The table of a run; made by ``journaled_table`` and ``journaled_folder``.

    It replaces nothing on the disk before the first ``write`` or ``reached``: a run that fails before leaves an older
    table, and what another run left, as they were.

    Attributes:
        place: where to go on; None from the start.
        complete: the table is there already, and no run left it unfinished: nothing may be written.
    """

    def __init__(
        self, journal: Journal, form: TableForm | None, entry: Entry, go_on: Callable[[], GrowingFile] | None = None
    ) -> None:
        """Begin at an entry of the journal.

        Args:
            journal: of the run.
            form: of its table; None where it has none.
            entry: where it begins.
            go_on: opens the table there, see ``TableForm.going_on``; None where it is begun anew.
        """
        self.place = entry.place
        self.complete = False
        self._journal, self._form, self._entry, self._go_on = journal, form, entry, go_on
        self._file: GrowingFile | None = None
        self._begun = self._stopped = False
        self._remembered_s = time.monotonic()

    def write(self, rows: Sequence[Row]) -> None:
        """The rows of one frame -> the file, at once, all or none of them.

        Raises:
            OutputError: the file cannot be written, or someone removed or changed it meanwhile.
        """
        self._begin()
        if self._form is not None and self._file is not None and rows:
            self._file.append(self._form.lines(rows))

    def reached(self, place: Place) -> None:
        """The run has come to a place: the rows of all frames up to it were written. Cheap.

        Raises:
            OutputError: the journal cannot be written; or see ``write``.
        """
        self._begin()
        file = self._file
        self._entry = Entry(place, 0, "") if file is None else Entry(place, file.size, file.digest)
        if time.monotonic() - self._remembered_s >= JOURNAL_S:
            self._remember()

    def interrupted(self) -> None:
        """The run is stopped before its end: when the block is left, the journal stays."""
        self._stopped = True

    def _begin(self) -> None:
        assert not self.complete, "a complete table is not written to"
        if self._begun:
            return
        if self.place is None:
            self._journal.write(self._entry)  # before the table: whatever a kill leaves between them begins anew
        if self._form is not None:
            self._file = (self._go_on or self._form.begin)()
        self._begun = True

    def _remember(self) -> None:
        if self._file is not None:
            self._file.sync()  # before the journal speaks of it
        self._journal.write(self._entry)
        self._remembered_s = time.monotonic()

    def _leave(self, failed: bool = False) -> None:
        """Close what is open, and forget the run or, where it is not complete, remember it."""
        keep = failed or self._stopped
        if self.complete or (keep and not self._begun):
            return
        self._begin()
        try:
            self._remember()
        finally:
            if self._file is not None:
                self._file.close()
        if self._form is not None:
            self._form.finish()
        if not keep:
            self._journal.remove()
            if self._form is not None:
                self._form.tidy()


@contextmanager
def journaled_table(
    path: str | os.PathLike[str], labels: tuple[str, ...], settings: Mapping[str, Setting], *, resume: bool
) -> Iterator[RunTable]:
    """A path ending in .csv, .jsonl or .parquet -> a table that grows with a run.

    Where the block ends, the run is complete: its journal is removed. After ``interrupted``, or where the block is left
    by an exception, the table and the journal stay, and a Parquet file is made of what is there.

    With ``resume`` the run goes on at ``RunTable.place``. Where there is neither table nor journal it begins; where
    there is a table without a journal, it is ``complete``.

    Args:
        path: the file; one that exists is replaced with the first frame, but for ``resume``.
        labels: the model's labels, which name the last columns.
        settings: all that decides what is in the table, by the names the user knows.
        resume: go on where a run stopped.

    Raises:
        OutputError: another ending, another run writes to it, or the file cannot be written.
        ConfigError: the run cannot go on: other settings, a damaged journal, a table that was changed or is gone.
        MissingExtraError: Parquet without pyarrow.
    """
    form = TableForm(path, labels)
    beside, name = form.real.parent, form.real.name
    journal = Journal(beside / f"{name}.journal", form.shown, {**settings, "columns": column_names(labels)})
    with locked(form.shown, beside / f".{name}.lock"):
        check_is_file(form.shown)
        if form.is_parquet and form.growing.exists() and not journal.path.exists():
            what = "holds rows of a run whose journal is gone"
            raise ConfigError(f"{form.growing}: {what}; remove it, or move it away, and begin anew")
        entry = journal.read() if resume else _START
        if entry is None and form.real.exists():
            form.check_columns()
            run = RunTable(journal, form, _START)
            run.complete = True
        elif entry is None or entry.place is None:
            run = RunTable(journal, form, _START)
        else:
            run = RunTable(journal, form, entry, form.going_on(entry.size, entry.digest))
        with _leaving(run):
            yield run


@contextmanager
def journaled_folder(
    folder: str | os.PathLike[str], settings: Mapping[str, Setting], *, resume: bool
) -> Iterator[RunTable]:
    """A folder of results -> what ``journaled_table`` gives, without a table: a journal in the folder.

    Whether a folder without a journal is complete cannot be told: with ``resume`` such a run begins anew.

    Args:
        folder: it must be there.
        settings: all that decides what is in the folder, by the names the user knows.
        resume: go on where a run stopped.

    Raises:
        OutputError: another run writes to the folder, or the journal cannot be written.
        ConfigError: the run cannot go on: other settings, or a damaged journal.
    """
    shown = Path(folder)
    journal = Journal(shown / "ekspresi.journal", shown, settings)
    with locked(shown, shown / ".ekspresi.lock"):
        run = RunTable(journal, None, (journal.read() if resume else None) or _START)
        with _leaving(run):
            yield run


@contextmanager
def _leaving(run: RunTable) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(EkspresiError):  # the first error is the one to tell
            run._leave(failed=True)
        raise
    run._leave()
