"""Tables that grow with a run, and go on where it stopped.

In: ``Row`` values, frame after frame, and how far the run has come with them. Out: a table, .csv, .jsonl or .parquet,
and a hidden journal beside it. Knows nothing of how faces were found.

    rows.csv, rows.jsonl     grow in place: the rows of a frame are in the file when ``write`` returns
    rows.parquet             is written when the run ends, also when it is stopped or fails; until then its rows stand
                             in rows.parquet.jsonl, which is removed when the run is complete and no source failed
    .rows.csv.journal        how far the run has come: written at most once a second and when it stops. It stays when
                             the run is complete, as the memory of what the table holds and of which sources failed
    .rows.csv.lock           keeps a second run off the same table

A run that goes on cuts the table to where the journal says it was, so that no row stands twice and none is missing.
Sources that could not be read are tried again then. A complete table is its owner's: what becomes of it is not looked
at, but where rows of such sources are to be appended.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
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

_START = Entry()


class RunTable:
    """The table of a run; made by ``journaled_table`` and ``journaled_folder``.

    It replaces nothing on the disk before the first ``write`` or ``reached``: a run that fails before leaves an older
    table, and what another run left, as they were.

    Attributes:
        place: where an earlier run stopped; None from the start.
        left: places to go on at in the sources that are not done, in the order in which they must be read.
        complete: an earlier run has done everything: nothing may be written.
    """

    def __init__(self, journal: Journal, form: TableForm | None, entry: Entry, sources: Sequence[str]) -> None:
        """Begin at an entry of the journal.

        Args:
            journal: of the run.
            form: of its table; None where it has none.
            entry: where it begins.
            sources: of the run.

        Raises:
            ConfigError, OutputError: see ``TableForm.going_on``.
        """
        self.place = entry.place
        self.left = entry.left(sources)
        self.complete = entry.complete and not entry.failed
        self._journal, self._form, self._sources = journal, form, len(sources)
        self._entry = replace(entry, complete=False)
        self._failed_before = {place.number: place for place in entry.failed}
        self._failed: dict[int, Place] = {}
        self._file: GrowingFile | None = None
        self._open = None
        if form is not None and not self.complete:
            self._open = form.begin if entry == _START else form.going_on(entry.size, entry.digest)
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
        self._failed_before.pop(place.number, None)
        self._entry = self._at(place, max(self._entry.reached, place.number + 1))
        if time.monotonic() - self._remembered_s >= JOURNAL_S:
            self._remember()

    def failed(self, place: Place) -> None:
        """A source gave nothing from here on: it is to be tried again. May be called by the thread that reads ahead."""
        self._failed[place.number] = place

    def interrupted(self) -> None:
        """The run is stopped before its end: when the block is left, it is not complete."""
        self._stopped = True

    def _begin(self) -> None:
        assert not self.complete, "a complete table is not written to"
        if self._begun:
            return
        if self._entry == _START:
            self._journal.write(_START)  # before the table: whatever a kill leaves between them begins anew
        if self._open is not None:
            self._file = self._open()
        self._begun = True

    def _at(self, place: Place | None, reached: int) -> Entry:
        file = self._file
        return Entry(place, 0, "", reached) if file is None else Entry(place, file.size, file.digest, reached)

    def _remember(self) -> None:
        if self._file is not None:
            self._file.sync()  # before the journal speaks of it
        entry = self._entry
        failed = {**self._failed_before, **self._failed}
        here = None if entry.place is None else entry.place.number
        known = (place for number, place in failed.items() if number < entry.reached and number != here)
        self._journal.write(replace(entry, failed=tuple(known)))
        self._remembered_s = time.monotonic()

    def _leave(self, failed: bool = False) -> None:
        """Close what is open, and remember the run, complete or not."""
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
            end = self._at(self._entry.place, self._sources)
            self._journal.write(replace(end, failed=tuple(self._failed.values()), complete=True))
            if self._form is not None and not self._failed:
                self._form.tidy()


@contextmanager
def journaled_table(
    path: str | os.PathLike[str],
    labels: tuple[str, ...],
    sources: Sequence[str],
    settings: Mapping[str, Setting],
    *,
    resume: bool,
    overwrite: bool = False,
) -> Iterator[RunTable]:
    """A path ending in .csv, .jsonl or .parquet -> a table that grows with a run.

    Where the block ends, the run is complete. After ``interrupted``, or where the block is left by an exception, it is
    not, and a Parquet file is made of what is there.

    With ``resume`` the run goes on with ``RunTable.left``. Where there is no table it begins, unless its run was left
    unfinished.

    Args:
        path: the file; one that exists is replaced with the first frame, but for ``resume``.
        labels: the model's labels, which name the last columns.
        sources: what will be read.
        settings: all else that decides what is in the table, by the names the user knows.
        resume: go on where a run stopped.
        overwrite: replace a table also where the same run left it unfinished: such a run cannot go on.

    Raises:
        OutputError: another ending, another run writes to it, or the file cannot be written.
        ConfigError: the run cannot go on: other sources or settings, no journal or a damaged one, a table that was
            changed or is gone; or, without ``resume``, it could.
        MissingExtraError: Parquet without pyarrow.
    """
    form = TableForm(path, labels)
    beside, name = form.real.parent, form.real.name
    everything = {**settings, "columns": column_names(labels)}
    journal = Journal(beside / f".{name}.journal", form.shown, sources, everything)
    with locked(form.shown, beside / f".{name}.lock"):
        check_is_file(form.shown)
        if form.is_parquet and form.growing.exists() and not journal.path.exists():
            what = "holds rows of a run whose journal is gone"
            raise ConfigError(f"{form.growing}: {what}; remove it, or move it away, and begin anew")
        if resume and form.real.exists() and not journal.path.exists():
            what = f"has no journal {journal.path.name} beside it, so nothing tells how far it is"
            raise ConfigError(f"{form.shown}: {what}; begin it anew without --resume, or choose another name")
        if not resume and not overwrite and form.growing.exists():
            _check_finished(journal, form.shown, form.growing)
        entry = _going_on(journal, form.real.exists()) if resume else _START
        run = RunTable(journal, form, entry, sources)
        with _leaving(run):
            yield run


@contextmanager
def journaled_folder(
    folder: str | os.PathLike[str],
    sources: Sequence[str],
    settings: Mapping[str, Setting],
    *,
    resume: bool,
    overwrite: bool = False,
) -> Iterator[RunTable]:
    """A folder of results -> what ``journaled_table`` gives, without a table: a journal in the folder.

    What is in a folder without a journal cannot be told: with ``resume`` such a run begins.

    Args:
        folder: it must be there.
        sources: what will be read.
        settings: all else that decides what is in the folder, by the names the user knows.
        resume: go on where a run stopped.
        overwrite: as for ``journaled_table``.

    Raises:
        OutputError: another run writes to the folder, or the journal cannot be written.
        ConfigError: the run cannot go on: other sources or settings, or a damaged journal; or, without ``resume``, it
            could.
    """
    shown = Path(folder)
    journal = Journal(shown / ".ekspresi.journal", shown, sources, settings)
    with locked(shown, shown / ".ekspresi.lock"):
        if not resume and not overwrite:
            _check_finished(journal, shown, journal.path)
        holds_any = any(not path.name.startswith(".") for path in shown.iterdir())
        entry = _going_on(journal, holds_any) if resume else _START
        run = RunTable(journal, None, entry, sources)
        with _leaving(run):
            yield run


def _going_on(journal: Journal, there: bool) -> Entry:
    """Where a run goes on; ``there``: what its journal speaks of exists."""
    entry = journal.read()
    if entry is None or (not there if entry.complete else entry.place is None):
        return _START
    return entry


def _check_finished(journal: Journal, shown: Path, rows: Path) -> None:
    """Refuse to write over what the same run left unfinished.

    Raises:
        ConfigError: it did; ``rows`` is what must be removed to begin anew.
        OutputError: the journal cannot be read.
    """
    try:
        entry = journal.read()
    except ConfigError:  # of another run: as good as none
        return
    if entry is not None and entry.place is not None and not entry.complete:
        remedy = f"--resume goes on with it; remove {rows} to begin anew"
        raise ConfigError(f"{shown}: an unfinished run stands here; {remedy}")


@contextmanager
def _leaving(run: RunTable) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(EkspresiError):  # the first error is the one to tell
            run._leave(failed=True)
        raise
    run._leave()
