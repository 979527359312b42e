"""Decide which existing files a command may replace: one rule for all commands.

In: a target or a checkpoint, and whether the user gave --overwrite. Out: an error, where data would be lost. Does not
know about the new content.

    read-only                                never replaced
    not made by ekspresi                     replaced with --overwrite only
    left by an unfinished run                replaced with --overwrite only; --resume continues it
    finished by ekspresi, and not changed    replaced when the new file is whole; a growing table with its first frame
    empty                                    replaced

The content shows whether ekspresi made a file: a table has its columns, other files have a sign of their maker. A table
also needs its checkpoint, which shows that nobody changed it.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ekspresi.errors import ConfigError, OutputError
from ekspresi.media.frames import stream_name
from ekspresi.recognition.metadata import METADATA_KEY
from ekspresi.system.arrow import pyarrow
from ekspresi.system.storage import MAKER, check_writable, os_errors_as_output_error, require_file_target
from ekspresi.tables.append_only import digest_of
from ekspresi.tables.checkpoint import Checkpoint, CheckpointState, is_of_other_version
from ekspresi.tables.formats import TableFormat
from ekspresi.tables.schema import COLUMNS, FORMER_COLUMNS
from ekspresi.tables.source_list import LIST_COLUMNS
from ekspresi.tables.xlsx import is_own_workbook

_SIGNS = {
    ".png": f"Software\0{MAKER}".encode(),
    ".jpg": b"\xff\xfe\x00\x0a" + MAKER.encode(),  # a comment, and its length with the two bytes that say it
    ".mp4": b"data\0\0\0\1\0\0\0\0" + MAKER.encode(),  # a text in the list of metadata
    ".html": f'<meta name="generator" content="{MAKER}">'.encode(),
    ".tsv": "\t".join(LIST_COLUMNS).encode() + b"\n",
    ".json": f'"made_by": "{MAKER}"'.encode(),
    ".onnx": b"\x0a\x08" + METADATA_KEY.encode() + b"\x12",  # a key of eight letters; its value follows
    ".safetensors": f'"{METADATA_KEY}":'.encode(),
}
_SIGNS |= {".jpeg": _SIGNS[".jpg"], ".htm": _SIGNS[".html"]}
MADE_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".mp4"})
"""Suffixes of annotated pictures and videos, in lower case."""

_HEAD = 1 << 20
"""First bytes to search for a sign; ONNX files, which have it behind the weights, are searched whole."""
_PICTURE_HEAD = 1 << 14
"""The same for ``MADE_PICTURES``, which have it near their beginning; folders hold thousands of them."""


def check_replaceable(target: Path, *, overwrite: bool, choice: str) -> None:
    """Refuse to replace a file that ekspresi did not make; before the work, and again before the writing.

    Args:
        target: the file to write.
        overwrite: the user gave --overwrite.
        choice: the option that names another target, such as ``--out``.

    Raises:
        OutputError: it is read-only, not a file, or, without ``overwrite``, was not made by ekspresi.

    >>> check_replaceable(Path("a-new-file.csv"), overwrite=False, choice="--out")
    >>> check_replaceable(Path(__file__), overwrite=False, choice="--out")
    Traceback (most recent call last):
    ekspresi.errors.OutputError: ...nothing in it shows that ekspresi made it...
    """
    with os_errors_as_output_error(target, target.parent):
        require_file_target(target)
        check_writable(target, choice)
        if overwrite or not target.exists() or not target.stat().st_size or is_made_by_ekspresi(target):
            return
    what = "nothing in it shows that ekspresi made it"
    raise OutputError(f"{target}: {what}. Use --overwrite to replace it, or use a different {choice}.")


def check_table(table: TableFormat, checkpoint: Checkpoint) -> None:
    """Refuse to replace a table that ekspresi did not make, or that a run left unfinished.

    Args:
        table: to replace.
        checkpoint: of the new run, at the path of the table's checkpoint.

    Raises:
        OutputError: ekspresi did not make it, or it cannot be read.
        ConfigError: it is unfinished.

    >>> table = TableFormat("a-new-table.csv", ("fear",))
    >>> check_table(table, Checkpoint(Path(".a-new-table.csv.journal"), table.shown, ["a.mp4"], {}))
    """
    files = table.files
    if not files:
        return
    state = check_finished(checkpoint, table.shown, "table", "--out")
    if table.real in files:
        check_replaceable(table.shown, overwrite=False, choice="--out")
        _check_unchanged(table, checkpoint, state)


def check_checkpoint_exists(table: TableFormat, checkpoint: Checkpoint, *, resume: bool, overwrite: bool) -> None:
    """Refuse a table whose checkpoint is missing, where a run would continue it or discard rows of an unknown run.

    Args:
        table: of the new run.
        checkpoint: at the path of the table's checkpoint.
        resume: the run continues the table.
        overwrite: the run discards the table.

    Raises:
        ConfigError: the run cannot continue the table, or rows for a Parquet or Excel table would be lost.

    >>> table = TableFormat("a-new-table.csv", ("fear",))
    >>> checkpoint = Checkpoint(Path(".a-new-table.csv.journal"), table.shown, ["a.mp4"], {})
    >>> check_checkpoint_exists(table, checkpoint, resume=True, overwrite=False)
    """
    if checkpoint.path.exists():
        return
    if table.is_converted and table.growing.exists() and not overwrite:
        what = "this file holds rows of a run whose checkpoint is missing"
        raise ConfigError(f"{table.growing}: {what}. Move the file away, or use --overwrite to discard it.")
    if resume and table.real.exists():
        what = f"this table has no checkpoint {checkpoint.path.name} beside it, so its run cannot resume"
        raise ConfigError(f"{table.shown}: {what}. Use --overwrite instead of --resume, or use a different --out.")


def _check_unchanged(table: TableFormat, checkpoint: Checkpoint, state: CheckpointState | None) -> None:
    """Refuse a table that differs from the one that its finished run left, or that may: a copy has no checkpoint.

    Args:
        table: an existing one.
        checkpoint: beside the table.
        state: of the finished run; None where the table has no checkpoint.

    Raises:
        OutputError: the table has content, and no checkpoint shows that it is as ekspresi left it.
    """
    with os_errors_as_output_error(table.shown, table.real.parent):
        if not table.real.exists() or not table.real.stat().st_size:
            return
        if state is None:
            what = f"this table has no checkpoint {checkpoint.path.name} beside it, so it may hold your own changes"
        elif _is_as_left(table, checkpoint, state):
            return
        else:
            what = "this table changed since its run ended"
    raise OutputError(f"{table.shown}: {what}. Use --overwrite to replace it, or use a different --out.")


def _is_as_left(table: TableFormat, checkpoint: Checkpoint, state: CheckpointState) -> bool:
    if table.is_converted:  # written once, before the last checkpoint, which knows the size of its rows alone
        return table.real.stat().st_mtime_ns <= checkpoint.path.stat().st_mtime_ns
    found = digest_of(table.real, state.size)
    return found is not None and found.hexdigest() == state.digest and table.real.stat().st_size == state.size


def check_finished(
    checkpoint: Checkpoint, shown: Path, noun: str, choice: str, *, resume: bool = False
) -> CheckpointState | None:
    """Read the checkpoint of a finished run, and refuse that of an unfinished one; None without a checkpoint.

    Args:
        checkpoint: of this run; the file may be that of another run.
        shown: the name of its result in errors.
        noun: the kind of its result, such as "table".
        choice: the option that names another result, such as ``--out``.
        resume: accept an unfinished run of the same settings, because it continues.

    Raises:
        ConfigError: the run is unfinished, or its checkpoint is damaged.
        OutputError: the checkpoint cannot be read.

    >>> checkpoint = Checkpoint(Path(".a-new-table.csv.journal"), Path("a-new-table.csv"), ["a.mp4"], {})
    >>> check_finished(checkpoint, Path("a-new-table.csv"), "table", "--out") is None
    True
    """
    try:
        state, differing = checkpoint.read_any()
    except ConfigError as error:
        what = f"its checkpoint {checkpoint.path.name} cannot be read, so its run may be unfinished"
        raise ConfigError(f"{shown}: {what}. Use --overwrite to discard it, or use a different {choice}.") from error
    if state is None or state.complete or (resume and not differing):
        return state
    what = f"this {noun} belongs to an unfinished run"
    of_other_version = is_of_other_version(differing)
    if of_other_version:
        what = f"{what} of another version of ekspresi, which wrote other columns"
    elif differing:
        what = f"{what} with other settings: {', '.join(differing)}"
    if of_other_version or not _is_resumable(checkpoint, state, bool(differing)):
        remedy = f"Use --overwrite to discard it, or use a different {choice}."
    elif differing:
        remedy = "Repeat its command with --resume to continue it, or use --overwrite to discard it."
    else:
        remedy = "Use --resume to continue it, or --overwrite to discard it."
    raise ConfigError(f"{shown}: {what}. {remedy}")


def _is_resumable(checkpoint: Checkpoint, state: CheckpointState, differing: bool) -> bool:
    """Whether --resume can continue a run: it cannot continue that of a camera."""
    sources = [state.position.source] if state.position is not None else [] if differing else checkpoint.sources
    return bool(sources) and all(stream_name(source) is None for source in sources)


def is_made_by_ekspresi(path: Path) -> bool:
    """Return whether a file has the columns of a table of ekspresi, or the sign of its maker.

    Raises:
        OSError: it cannot be read.
        MissingExtraError: it is Parquet, and pyarrow is not installed.

    >>> is_made_by_ekspresi(Path(__file__))
    False
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        pa: Any = pyarrow()
        try:
            with path.open("rb") as file:
                schema = pa.parquet.read_schema(file)
        except (pa.ArrowException, ValueError):
            return False
        return _begins_with_columns(schema.names) or MAKER.encode() in (schema.metadata or {})
    if suffix == ".xlsx":
        return is_own_workbook(path)
    with path.open("rb") as file:
        limit = _PICTURE_HEAD if suffix in MADE_PICTURES else _HEAD
        head = file.read() if suffix == ".onnx" else file.read(limit)
    if suffix == ".csv":
        return _begins_with_columns(head.partition(b"\n")[0].decode(errors="replace").split(","))
    if suffix == ".jsonl":
        try:
            return _begins_with_columns(list(json.loads(head.partition(b"\n")[0])))
        except (ValueError, TypeError):
            return False
    return suffix in _SIGNS and _SIGNS[suffix] in head


def _begins_with_columns(names: Sequence[str]) -> bool:
    """Whether the names are columns of this or an earlier version, and at least one label's."""
    return any(tuple(names[: len(known)]) == known and len(names) > len(known) for known in (COLUMNS, *FORMER_COLUMNS))
