"""Write tables that grow with a run and resume where it stopped.

In: ``Row`` values of each frame in order, and the position of the run after it. Out: a table, .csv, .jsonl, .parquet or
.xlsx, and a hidden checkpoint beside it. Does not know about detectors or models.

    rows.csv, rows.jsonl     grow in place: the rows of a frame are in the file when ``write`` returns
    rows.parquet, rows.xlsx  written when the run ends, stops or fails; until then rows.parquet.jsonl holds its rows.
                             That file is removed when the run is complete and no source failed
    .rows.csv.journal        the checkpoint: written at most once a second and when the run stops. It stays when the
                             run is complete, and records the table's size, digest and failed sources
    .rows.csv.lock           keeps a second run off the same table

A resumed run cuts the table to its size at the checkpoint, so that no row is repeated or missing. It retries sources
that could not be read. The user may change or remove a complete table. Only two runs look at it again: one that appends
rows of failed sources, and one that would replace it, see ``overwrite``.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

from ekspresi.errors import EkspresiError
from ekspresi.system.locks import exclusive_lock
from ekspresi.system.storage import check_writable, require_file_target
from ekspresi.tables.append_only import AppendOnlyFile
from ekspresi.tables.checkpoint import Checkpoint, CheckpointState, Position, Setting
from ekspresi.tables.formats import TableFormat
from ekspresi.tables.overwrite import check_checkpoint_exists, check_finished, check_table
from ekspresi.tables.schema import column_names
from ekspresi.tables.source_list import SourceStatus, list_statuses
from ekspresi.types import Row

CHECKPOINT_S = 1.0
"""Minimum seconds between two writes of the checkpoint: a power failure costs at most this much work."""

_START = CheckpointState()


class ResumableTable:
    """Write the rows of a run; ``resumable_table`` and ``resumable_folder`` create it.

    It replaces no file before the first ``write`` or ``commit``: a run that fails earlier changes nothing.

    Attributes:
        position: where an earlier run stopped; None from the start.
        remaining: positions from which to continue the unfinished sources, in the order of reading.
        complete: an earlier run finished everything, so this run may write nothing.
        written, notes: the table exists with the rows of this run; what the run found out, saved for a resumed run.

    >>> ResumableTable(Checkpoint(Path(".x.journal"), Path("x"), ["a.mp4"], {}), None, CheckpointState()).complete
    False
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        table: TableFormat | None,
        state: CheckpointState,
        folder: Checkpoint | None = None,
    ) -> None:
        """Begin at the state of a checkpoint.

        Args:
            checkpoint: of the run.
            table: of the run; None where it has no table.
            state: to begin at.
            folder: the checkpoint of a folder that the run fills too.

        Raises:
            ConfigError, OutputError: see ``TableFormat.reopen``.
        """
        sources = checkpoint.sources
        self.position = state.position
        self.remaining = state.remaining(sources)
        self.complete = state.complete and not state.failed
        self.written, self.notes = False, dict(state.notes)
        self._checkpoint, self._folder_checkpoint = checkpoint, folder
        self._table, self._source_count = table, len(sources)
        self._state = replace(state, complete=False)
        self._failed_before = {position.number: position for position in state.failed}
        self._failed: dict[int, Position] = {}
        self._file: AppendOnlyFile | None = None
        self._open = None
        if table is not None and not self.complete:
            for file in table.files:
                check_writable(file, "--out")
            self._open = table.begin if state == _START else table.reopen(state.size, state.digest)
        self._begun = self._stopped = False
        self._saved_s = time.monotonic()

    def write(self, rows: Sequence[Row]) -> None:
        """Write the rows of one frame to the file at once, all or none of them.

        Raises:
            OutputError: the file cannot be written, or another program removed or changed it meanwhile.
        """
        lines = self._table.lines(rows) if self._table is not None and rows else b""
        if not self._begun:
            self._begin(lines)
        elif self._file is not None and lines:
            self._file.append(lines)

    def commit(self, position: Position) -> None:
        """Record the position of the run after all rows up to it were written; cheap.

        Raises:
            OutputError: the checkpoint cannot be written; or see ``write``.
        """
        self._begin()
        self._failed_before.pop(position.number, None)
        self._state = self._state_at(position, max(self._state.reached, position.number + 1))
        if time.monotonic() - self._saved_s >= CHECKPOINT_S:
            self._save_position()

    def source_statuses(self, unread: Mapping[str, str], partial: Mapping[str, str]) -> list[SourceStatus]:
        """List the outcome of each source so far, see ``list_statuses``."""
        sources, rows = self._checkpoint.sources, {} if self._table is None else self._table.rows
        return list_statuses(sources, rows, unread, self._state.unfinished(sources), partial)

    def mark_failed(self, position: Position) -> None:
        """Record that a source cannot be read from here on, for a later retry; safe in the reading thread."""
        self._failed[position.number] = position

    def mark_incomplete(self) -> None:
        """Record that the run stops before its end, so that the end of the block does not complete it."""
        self._stopped = True

    def _begin(self, lines: bytes = b"") -> None:
        """Open the table with its first lines; on failure an older table and its checkpoint stay unchanged."""
        assert not self.complete, "a complete table is not written to"
        if self._begun:
            return
        folder_checkpoint = self._folder_checkpoint
        restored = nullcontext() if folder_checkpoint is None else folder_checkpoint.restored_on_error()
        with self._checkpoint.restored_on_error(), restored:
            if self._state == _START:
                self._save(_START)  # before the table: after a kill between the two writes a resumed run starts over
            if self._open is not None:
                self._file = self._open(lines)
        self._begun = True

    def _save(self, state: CheckpointState) -> None:
        self._checkpoint.write(replace(state, notes=self.notes))
        if self._folder_checkpoint is not None:
            self._folder_checkpoint.write(replace(state, size=0, digest="", notes=self.notes))

    def _state_at(self, position: Position | None, reached: int) -> CheckpointState:
        if self._file is None:
            return CheckpointState(position, 0, "", reached)
        return CheckpointState(position, self._file.size, self._file.digest, reached)

    def _save_position(self) -> None:
        if self._file is not None:
            self._file.sync()  # before the checkpoint names its size
        state = self._state
        failed = {**self._failed_before, **self._failed}
        current = None if state.position is None else state.position.number
        reached = (position for number, position in failed.items() if number < state.reached and number != current)
        self._save(replace(state, failed=tuple(reached)))
        self._saved_s = time.monotonic()

    def _close(self, failed: bool = False) -> None:
        incomplete = failed or self._stopped
        if self.complete or (incomplete and not self._begun):
            return
        self._begin()
        try:
            self._save_position()
        finally:
            if self._table is not None and self._file is not None:
                self.written = self._file.is_intact and not self._table.is_converted
                self._file.close()
        if self._table is not None:
            self._table.finish()
            self.written = True
        if not incomplete:
            position = self._state.position
            if position is not None:  # a flushed last second is not committed, yet nothing of its source remains
                position = replace(position, finished=True)
            end = self._state_at(position, self._source_count)
            self._state = replace(end, failed=tuple(self._failed.values()), complete=True)
            self._save(self._state)
            if self._table is not None and not self._failed:
                self._table.cleanup()


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
    r"""Open a table, .csv, .jsonl, .parquet or .xlsx, that grows with a run and can be resumed.

    The end of the block completes the run. After ``mark_incomplete`` or an exception the run is incomplete, and a
    Parquet or Excel file holds the rows so far. With ``resume`` the run continues with ``ResumableTable.remaining``.
    Without a table it starts from the beginning, unless its run was left unfinished.

    Args:
        path: the file; without ``resume`` the first frame replaces a finished table.
        labels: the model's labels, which name the last columns.
        sources: of the run, in the order of reading.
        settings: all other choices that decide the content of the table, by the names the user knows.
        resume: continue where a run stopped.
        overwrite: replace also an unfinished table, or a file that ekspresi did not make.
        folder: filled by the same run, with its own checkpoint; None for none.

    Raises:
        OutputError: another ending, another run writes to it, the file cannot be written, or may not be replaced.
        ConfigError: the run cannot resume: other sources or settings, a missing or damaged checkpoint, a changed or
            missing table; or, without ``resume`` and ``overwrite``, the table or folder is unfinished.
        MissingExtraError: Parquet without pyarrow, or Excel without XlsxWriter.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "rows.csv")
    ...     with resumable_table(path, ("fear",), ["a.mp4"], {}, resume=False) as table:
    ...         table.commit(Position("a.mp4", 0, 0, True))
    ...     path.read_bytes().endswith(b",p_fear\n")
    True
    """
    table = TableFormat(path, labels)
    table_settings = {**settings, "columns": column_names(labels)}
    checkpoint = Checkpoint(table.real.with_name(f".{table.real.name}.journal"), table.shown, sources, table_settings)
    folder_checkpoint = None if folder is None else Checkpoint.in_folder(Path(folder), sources, settings)
    with _folder_lock(folder), exclusive_lock(table.shown, table.real.with_name(f".{table.real.name}.lock")):
        require_file_target(table.shown)
        check_checkpoint_exists(table, checkpoint, resume=resume, overwrite=overwrite)
        if not resume and not overwrite:
            check_table(table, checkpoint)
        if folder_checkpoint is not None and not overwrite:
            check_finished(folder_checkpoint, Path(folder or ""), "folder", "--annotate", resume=resume)
        state = checkpoint.resume_state(table.real.exists()) if resume else _START
        run = ResumableTable(checkpoint, table, state, folder_checkpoint)
        with _closing(run):
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
    """Track a run that fills a folder without a table, by a checkpoint in the folder.

    A folder without a checkpoint shows nothing of its run: with ``resume`` such a run starts from the beginning.

    Args:
        folder: must exist.
        sources: of the run, in the order of reading.
        settings: all other choices that decide the content of the folder, by the names the user knows.
        resume: continue where a run stopped.
        overwrite: as for ``resumable_table``.

    Raises:
        ConfigError, OutputError: see ``resumable_table``.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with resumable_folder(folder, ["a.mp4"], {}, resume=False) as run:
    ...         run.commit(Position("a.mp4", 0, 0, True))
    ...     [path.name for path in Path(folder).iterdir()]
    ['.ekspresi.journal']
    """
    shown = Path(folder)
    checkpoint = Checkpoint.in_folder(shown, sources, settings)
    with _folder_lock(shown):
        if not resume and not overwrite:
            check_finished(checkpoint, shown, "folder", "--annotate")
        has_results = any(not path.name.startswith(".") for path in shown.iterdir())
        run = ResumableTable(checkpoint, None, checkpoint.resume_state(has_results) if resume else _START)
        with _closing(run):
            yield run


def _folder_lock(folder: str | os.PathLike[str] | None) -> AbstractContextManager[None]:
    return nullcontext() if folder is None else exclusive_lock(Path(folder), Path(folder) / ".ekspresi.lock")


@contextmanager
def _closing(run: ResumableTable) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(EkspresiError):  # the user needs the first error
            run._close(failed=True)
        raise
    run._close()
