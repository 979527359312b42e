"""What may be replaced: the one rule for all that a command writes.

In: a target or a journal, and whether the user gave --overwrite. Out: an error, where something would be lost. Knows
nothing of what is written in its place.

    read-only                                never replaced
    not made by ekspresi                     replaced with --overwrite alone
    left by an unfinished run                replaced with --overwrite alone; --resume continues it
    finished by ekspresi, and not changed    replaced when the new file is whole; a growing table with its first frame
    empty                                    replaced

A file that ekspresi made is known by its content: a table by its columns, all else by a sign that is written into it.
"""

import json
from pathlib import Path
from typing import Any

from ekspresi.errors import ConfigError, OutputError
from ekspresi.media.frames import stream_name
from ekspresi.recognition.metadata import METADATA_KEY
from ekspresi.system.storage import MAKER, check_writable, os_errors_as_output_error, require_file_target
from ekspresi.tables.append_only import digest_of
from ekspresi.tables.checkpoint import Checkpoint, CheckpointState
from ekspresi.tables.formats import TableFormat
from ekspresi.tables.parquet import pyarrow
from ekspresi.tables.schema import COLUMNS

_SIGNS = {
    ".png": f"Software\0{MAKER}".encode(),
    ".jpg": b"\xff\xfe\x00\x0a" + MAKER.encode(),  # a comment, and its length with the two bytes that say it
    ".mp4": b"data\0\0\0\1\0\0\0\0" + MAKER.encode(),  # a text in the list of metadata
    ".html": f'<meta name="generator" content="{MAKER}">'.encode(),
    ".json": f'"made_by": "{MAKER}"'.encode(),
    ".onnx": b"\x0a\x08" + METADATA_KEY.encode() + b"\x12",  # a key of eight letters, and what follows is its value
    ".safetensors": f'"{METADATA_KEY}":'.encode(),
}
_SIGNS |= {".jpeg": _SIGNS[".jpg"], ".htm": _SIGNS[".html"]}
_HEAD = 1 << 20
"""Bytes in which a sign is looked for; of ONNX, which has it behind the weights, all."""


def check_replaceable(target: Path, *, overwrite: bool, choice: str) -> None:
    """Refuse to replace a file that is not ekspresi's; before the work, and again before the writing.

    Args:
        target: where a file will be written.
        overwrite: the user gave --overwrite.
        choice: what else to choose: an option such as ``--out``.

    Raises:
        OutputError: it is read-only, no file, or, without ``overwrite``, was not made by ekspresi.
    """
    with os_errors_as_output_error(target, target.parent):
        require_file_target(target)
        check_writable(target, choice)
        if overwrite or not target.exists() or not target.stat().st_size or _is_ours(target):
            return
    what = "nothing in it shows that ekspresi made it"
    raise OutputError(f"{target}: {what}. Use --overwrite to replace it, or choose another {choice}.")


def check_table(form: TableFormat, journal: Checkpoint) -> None:
    """Refuse to replace a table that is not one of ekspresi, or that a run left unfinished.

    Raises:
        OutputError: it is not ekspresi's, or cannot be read.
        ConfigError: it is unfinished.
    """
    files = form.files
    if not files:
        return
    entry = check_finished(journal, form.shown, "table", "--out")
    if form.real in files:
        check_replaceable(form.shown, overwrite=False, choice="--out")
    if entry is None or form.is_parquet or not form.real.stat().st_size:
        return
    with os_errors_as_output_error(form.shown, form.real.parent):
        found = digest_of(form.real, entry.size)
        same = found is not None and found.hexdigest() == entry.digest and form.real.stat().st_size == entry.size
    if not same:
        what = "was changed since its run ended"
        raise OutputError(f"{form.shown}: {what}. Use --overwrite to replace it, or choose another --out.")


def check_finished(
    journal: Checkpoint, shown: Path, noun: str, choice: str, *, resume: bool = False
) -> CheckpointState | None:
    """A journal -> what it says, where its run is finished; None where there is none.

    Args:
        journal: of this run; what is there may be another's.
        shown: what errors call its result.
        noun: what that is.
        choice: what else to choose: an option such as ``--out``.
        resume: the same run may be unfinished, for it is continued.

    Raises:
        ConfigError: the run is unfinished, or the journal does not say.
        OutputError: the journal cannot be read.
    """
    try:
        entry, differing = journal.found()
    except ConfigError as error:
        what = f"nobody can read its journal {journal.path.name}, so its run may be unfinished"
        raise ConfigError(f"{shown}: {what}. Use --overwrite to discard it, or choose another {choice}.") from error
    if entry is None or entry.complete or (resume and not differing):
        return entry
    what = f"this {noun} belongs to an unfinished run"
    if differing:
        what = f"{what} with other settings: {', '.join(differing)}"
    if not _goes_on(journal, entry, bool(differing)):
        remedy = f"Use --overwrite to discard it, or choose another {choice}."
    elif differing:
        remedy = "Repeat its command with --resume to continue it, or use --overwrite to discard it."
    else:
        remedy = "Use --resume to continue it, or --overwrite to discard it."
    raise ConfigError(f"{shown}: {what}. {remedy}")


def _goes_on(journal: Checkpoint, entry: CheckpointState, differing: bool) -> bool:
    """Whether --resume can continue a run: that of a camera it cannot."""
    sources = [entry.position.source] if entry.position is not None else [] if differing else journal.sources
    return bool(sources) and all(stream_name(source) is None for source in sources)


def _is_ours(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        pa: Any = pyarrow()
        try:
            with path.open("rb") as file:
                names = pa.parquet.read_schema(file).names
        except (pa.ArrowException, ValueError):
            return False
        return tuple(names[: len(COLUMNS)]) == COLUMNS
    with path.open("rb") as file:
        head = file.read() if suffix == ".onnx" else file.read(_HEAD)
    if suffix == ".csv":
        return head.startswith(f"{','.join(COLUMNS)},".encode())
    if suffix == ".jsonl":
        try:
            return tuple(json.loads(head.partition(b"\n")[0]))[: len(COLUMNS)] == COLUMNS
        except (ValueError, TypeError):
            return False
    return suffix in _SIGNS and _SIGNS[suffix] in head
