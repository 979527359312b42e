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
Sources that could not be read are tried again then. A complete table is its owner's: what becomes of it is looked at
only where rows of such sources are to be appended, or where it would be replaced, see ``keeping``.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

from ekspresi.errors import ConfigError, EkspresiError
from ekspresi.system.locks import exclusive_lock
from ekspresi.system.storage import check_writable, require_file_target
from ekspresi.tables.append_only import AppendOnlyFile
from ekspresi.tables.checkpoint import Checkpoint, CheckpointState, Position, Setting
from ekspresi.tables.formats import TableFormat
from ekspresi.tables.overwrite import check_finished, check_table
from ekspresi.tables.schema import column_names
from ekspresi.types import Row

CHECKPOINT_S = 1.0
"""Seconds from one writing of the journal to the next, at least: what a power failure may cost."""

_START = CheckpointState()


class ResumableTable:
    """The table of a run; made by ``resumable_table`` and ``resumable_folder``.

    It replaces nothing on the disk before the first ``write`` or ``commit``: a run that fails before leaves an older
    table, and what another run left, as they were.

    Attributes:
        position: where an earlier run stopped; None from the start.
        remaining: places to go on at in the sources that are not done, in the order in which they must be read.
        complete: an earlier run has done everything: nothing may be written.
        written: the table is there, with what this run wrote.
    """

    def __init__(
        self, checkpoint: Checkpoint, form: TableFormat | None, state: CheckpointState, beside: Checkpoint | None = None
    ) -> None:
        """Begin at an entry of the journal.

        Args:
            checkpoint: of the run.
            form: of its table; None where it has none.
            state: where it begins.
            beside: the journal of a folder that the run fills too.

        Raises:
            ConfigError, OutputError: see ``TableFormat.reopen``.
        """
        sources = checkpoint.sources
        self.position = state.position
        self.remaining = state.remaining(sources)
        self.complete = state.complete and not state.failed
        self.written = False
        self._journal, self._form, self._sources, self._beside = checkpoint, form, len(sources), beside
        self._entry = replace(state, complete=False)
        self._failed_before = {place.number: place for place in state.failed}
        self._failed: dict[int, Position] = {}
        self._file: AppendOnlyFile | None = None
        self._open = None
        if form is not None and not self.complete:
            for file in form.files:
                check_writable(file, "--out")
            self._open = form.begin if state == _START else form.reopen(state.size, state.digest)
        self._begun = self._stopped = False
        self._remembered_s = time.monotonic()

    def write(self, rows: Sequence[Row]) -> None:
        """The rows of one frame -> the file, at once, all or none of them.

        Raises:
            OutputError: the file cannot be written, or someone removed or changed it meanwhile.
        """
        lines = self._form.lines(rows) if self._form is not None and rows else b""
        if not self._begun:
            self._begin(lines)
        elif self._file is not None and lines:
            self._file.append(lines)

    def commit(self, position: Position) -> None:
        """The run has come to a place: the rows of all frames up to it were written. Cheap.

        Raises:
            OutputError: the journal cannot be written; or see ``write``.
        """
        self._begin()
        self._failed_before.pop(position.number, None)
        self._entry = self._at(position, max(self._entry.reached, position.number + 1))
        if time.monotonic() - self._remembered_s >= CHECKPOINT_S:
            self._remember()

    def mark_failed(self, position: Position) -> None:
        """A source gave nothing from here on: it is to be tried again. May be called by the thread that reads ahead."""
        self._failed[position.number] = position

    def mark_incomplete(self) -> None:
        """The run is stopped before its end: when the block is left, it is not complete."""
        self._stopped = True

    def _begin(self, lines: bytes = b"") -> None:
        """Open the table with its first lines; where that fails, an older one and its journal are as they were."""
        assert not self.complete, "a complete table is not written to"
        if self._begun:
            return
        with self._journal.kept(), nullcontext() if self._beside is None else self._beside.kept():
            if self._entry == _START:
                self._note(_START)  # before the table: whatever a kill leaves between them begins anew
            if self._open is not None:
                self._file = self._open(lines)
        self._begun = True

    def _note(self, entry: CheckpointState) -> None:
        self._journal.write(entry)
        if self._beside is not None:
            self._beside.write(replace(entry, size=0, digest=""))

    def _at(self, position: Position | None, reached: int) -> CheckpointState:
        file = self._file
        return (
            CheckpointState(position, 0, "", reached)
            if file is None
            else CheckpointState(position, file.size, file.digest, reached)
        )

    def _remember(self) -> None:
        if self._file is not None:
            self._file.sync()  # before the journal speaks of it
        entry = self._entry
        failed = {**self._failed_before, **self._failed}
        here = None if entry.position is None else entry.position.number
        known = (place for number, place in failed.items() if number < entry.reached and number != here)
        self._note(replace(entry, failed=tuple(known)))
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
            if self._form is not None and self._file is not None:
                self.written = self._file.intact and not self._form.is_parquet
                self._file.close()
        if self._form is not None:
            self._form.finish()
            self.written = True
        if not keep:
            end = self._at(self._entry.position, self._sources)
            self._note(replace(end, failed=tuple(self._failed.values()), complete=True))
            if self._form is not None and not self._failed:
                self._form.cleanup()


@contextmanager
def resumable_table(
    path: str | os.PathLike[str],
    labels: tuple[str, ...],
    sources: Sequence[str],
    settings: Mapping[str, Setting],
    *,
    resume: bool,
    overwrite: bool = False,
    folder: str | os.PathLike[str] | None = None,
) -> Iterator[ResumableTable]:
    """A path ending in .csv, .jsonl or .parquet -> a table that grows with a run.

    Where the block ends, the run is complete. After ``mark_incomplete``, or where the block is left by an exception, it
    is not, and a Parquet file is made of what is there.

    With ``resume`` the run goes on with ``ResumableTable.remaining``. Where there is no table it begins, unless its run
    was left unfinished.

    Args:
        path: the file; a finished table is replaced with the first frame, but for ``resume``.
        labels: the model's labels, which name the last columns.
        sources: what will be read.
        settings: all else that decides what is in the table, by the names the user knows.
        resume: go on where a run stopped.
        overwrite: replace also what is unfinished, or not a table of ekspresi.
        folder: is filled by the same run, and has a journal of its own; None for none.

    Raises:
        OutputError: another ending, another run writes to it, the file cannot be written, or may not be replaced.
        ConfigError: the run cannot go on: other sources or settings, no journal or a damaged one, a table that was
            changed or is gone; or, without ``resume`` and ``overwrite``, the table or folder is unfinished.
        MissingExtraError: Parquet without pyarrow.
    """
    form = TableFormat(path, labels)
    beside, name = form.real.parent, form.real.name
    everything = {**settings, "columns": column_names(labels)}
    journal = Checkpoint(beside / f".{name}.journal", form.shown, sources, everything)
    filled = None if folder is None else _folder_journal(Path(folder), sources, settings)
    with _folder_locked(folder), exclusive_lock(form.shown, beside / f".{name}.lock"):
        require_file_target(form.shown)
        if form.is_parquet and form.growing.exists() and not journal.path.exists() and not overwrite:
            what = "holds rows of a run whose journal is gone"
            raise ConfigError(f"{form.growing}: {what}. Move it away, or use --overwrite to discard it.")
        if resume and form.real.exists() and not journal.path.exists():
            what = f"has no journal {journal.path.name} beside it, so nothing shows how far it is"
            raise ConfigError(f"{form.shown}: {what}. Begin without --resume, or choose another --out.")
        if not resume and not overwrite:
            check_table(form, journal)
        if filled is not None and not overwrite:
            check_finished(filled, Path(folder or ""), "folder", "--annotate", resume=resume)
        entry = _going_on(journal, form.real.exists()) if resume else _START
        run = ResumableTable(journal, form, entry, filled)
        with _leaving(run):
            yield run


@contextmanager
def resumable_folder(
    folder: str | os.PathLike[str],
    sources: Sequence[str],
    settings: Mapping[str, Setting],
    *,
    resume: bool,
    overwrite: bool = False,
) -> Iterator[ResumableTable]:
    """A folder of results -> what ``resumable_table`` gives, without a table: a journal in the folder.

    What is in a folder without a journal cannot be told: with ``resume`` such a run begins.

    Args:
        folder: it must be there.
        sources: what will be read.
        settings: all else that decides what is in the folder, by the names the user knows.
        resume: go on where a run stopped.
        overwrite: as for ``resumable_table``.

    Raises:
        OutputError: another run writes to the folder, or the journal cannot be written.
        ConfigError: the run cannot go on: other sources or settings, or a damaged journal; or, without ``resume`` and
            ``overwrite``, it is unfinished.
    """
    shown = Path(folder)
    journal = _folder_journal(shown, sources, settings)
    with _folder_locked(shown):
        if not resume and not overwrite:
            check_finished(journal, shown, "folder", "--annotate")
        holds_any = any(not path.name.startswith(".") for path in shown.iterdir())
        entry = _going_on(journal, holds_any) if resume else _START
        run = ResumableTable(journal, None, entry)
        with _leaving(run):
            yield run


def _going_on(journal: Checkpoint, there: bool) -> CheckpointState:
    """Where a run goes on; ``there``: what its journal speaks of exists."""
    entry = journal.read()
    if entry is None or (not there if entry.complete else entry.position is None):
        return _START
    return entry


def _folder_journal(folder: Path, sources: Sequence[str], settings: Mapping[str, Setting]) -> Checkpoint:
    return Checkpoint(folder / ".ekspresi.journal", folder, sources, settings)


def _folder_locked(folder: str | os.PathLike[str] | None) -> AbstractContextManager[None]:
    """Two runs would draw over each other there."""
    return nullcontext() if folder is None else exclusive_lock(Path(folder), Path(folder) / ".ekspresi.lock")


@contextmanager
def _leaving(run: ResumableTable) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(EkspresiError):  # the first error is the one to tell
            run._leave(failed=True)
        raise
    run._leave()
