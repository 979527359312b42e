"""Rows -> files: tables as CSV or JSON Lines, and the rule that nothing half-written is left behind.

In: ``Row`` values, one face in one frame each. Out: a file with the columns of ``COLUMNS``, then
``p_<label>`` for each label of the model. Knows nothing of how faces were found.
"""

import csv
import errno
import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from PIL import Image

from ekspresi.errors import OutputError
from ekspresi.sources import below_common_folder
from ekspresi.types import Row

COLUMNS = (
    "source",
    "frame",
    "time_s",
    "track",
    "x1",
    "y1",
    "x2",
    "y2",
    "face_px",
    "effective_px",
    "expression",
    "confidence",
    "abstained",
)
"""The columns before ``p_<label>``; the fields of ``Row``, ``Face`` and ``Prediction`` in their units."""

Value = str | int | float | bool | None


def row_values(row: Row, labels: tuple[str, ...]) -> dict[str, Value]:
    """A row -> column name -> value, in the order of the columns; None where nothing is known.

    Boxes are rounded to hundredths of a pixel, times to milliseconds, probabilities to six digits.
    """
    x1, y1, x2, y2 = (round(edge, 2) for edge in row.face.box_xyxy)
    belief = row.face.prediction
    known: dict[str, Value] = {
        "source": row.source,
        "frame": row.frame,
        "time_s": None if row.time_s is None else round(row.time_s, 3),
        "track": row.track,
        "x1": x1,
        "y1": y1,
        "x2": x2,
        "y2": y2,
    }
    if belief is not None:
        known |= {
            "face_px": round(belief.face_px, 2),
            "effective_px": None if belief.effective_px is None else round(belief.effective_px, 2),
            "expression": belief.expression,
            "confidence": round(belief.confidence, 6),
            "abstained": belief.abstained,
        }
        known |= {f"p_{label}": round(belief.probabilities[label], 6) for label in labels}
    return {column: known.get(column) for column in (*COLUMNS, *(f"p_{label}" for label in labels))}


@contextmanager
def table(path: str | os.PathLike[str], labels: tuple[str, ...]) -> Iterator[Callable[[Row], None]]:
    """A path ending in .csv or .jsonl -> a function that writes one row.

    The file appears when the block ends, see ``replacing``.
    Booleans are ``true`` and ``false`` in both; what is not known is empty in CSV and ``null`` in JSON Lines.

    Args:
        path: the file; one that exists is replaced.
        labels: the model's labels, which name the last columns.

    Raises:
        OutputError: another ending, or the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise OutputError(f"{path}: a table's name ends in {' or '.join(_WRITERS)}; choose one of them")
    # File names that are not valid text in the system's encoding keep their bytes.
    with (
        replacing(path) as part,
        part.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        write = _WRITERS[suffix](file, labels)

        def write_row(row: Row) -> None:
            write(row_values(row, labels))

        yield write_row


def _csv_writer(file: IO[str], labels: tuple[str, ...]) -> Callable[[dict[str, Value]], None]:
    writer = csv.DictWriter(file, [*COLUMNS, *(f"p_{label}" for label in labels)], lineterminator="\n")
    writer.writeheader()

    def write(values: dict[str, Value]) -> None:
        writer.writerow({k: str(v).lower() if isinstance(v, bool) else v for k, v in values.items()})

    return write


def _jsonl_writer(file: IO[str], labels: tuple[str, ...]) -> Callable[[dict[str, Value]], None]:
    return lambda values: print(json.dumps(values), file=file)


_WRITERS = {".csv": _csv_writer, ".jsonl": _jsonl_writer}


def annotated_paths(sources: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """Sources and an output folder -> where the annotated picture of each goes.

    They keep the folders below the one they have in common. No two share a name (``x.png`` and ``x.gif`` get
    numbers) and none is a source itself. JPEG stays JPEG, so that a folder of photos does not grow tenfold;
    all else becomes PNG.
    """
    taken = {os.path.realpath(source).casefold() for source in sources}
    targets = {}
    for source, below in zip(sources, below_common_folder(sources), strict=True):
        suffix = source.suffix if source.suffix.lower() in (".jpg", ".jpeg") else ".png"
        target, number = folder / below.with_name(f"{source.stem}{suffix}"), 1
        while (key := os.path.realpath(target).casefold()) in taken:
            number += 1
            target = target.with_name(f"{source.stem}-{number}{suffix}")
        taken.add(key)
        targets[source] = target
    return targets


def save_picture(picture: Image.Image, path: Path) -> None:
    """A picture -> a file of the kind its ending names, in a folder that is made where it is missing.

    Raises:
        OutputError: the folder or the file cannot be written.
    """
    make_folder(path.parent)
    with picture_file(path) as write:
        write(picture)


@contextmanager
def picture_file(path: Path) -> Iterator[Callable[[Image.Image], None]]:
    """A path -> a function that writes a picture of the kind its ending names.

    The file appears when the block ends, see ``replacing``.

    Raises:
        OutputError: the file cannot be written.
    """
    with replacing(path) as part:
        # For JPEG: colours at full resolution, else thin coloured lines fray. PNG ignores both.
        yield lambda picture: picture.save(part, quality=92, subsampling=0)


def make_folder(folder: Path) -> None:
    """Make a folder of results, before minutes of work are spent on what could not be written.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: the folder cannot be made ({error.strerror}); choose another") from error


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A target -> a temporary path beside it, which becomes the target when the block ends without an error.

    The temporary file has the target's ending, is flushed to the disk before it is renamed, and is removed
    where the
    block fails: a reader of the target sees the old content or the new, never a part.

    Raises:
        OutputError: the file cannot be written; the message names it and the remedy.
    """
    target = Path(path)
    real = Path(os.path.realpath(target))  # a link keeps pointing to what it points to
    part = real.with_name(f".{real.stem[:100]}-{secrets.token_hex(4)}.part{real.suffix}")
    try:
        if real.exists() and not real.is_file():
            raise OutputError(f"{target}: exists and is no file; choose another name")
        part.touch(exist_ok=False)  # an unwritable folder is told before the work, not after
        yield part
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        if real.exists():
            part.chmod(real.stat().st_mode & 0o777)
        part.replace(real)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {_remedy(error, real.parent)}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def told(target: Path, folder: Path) -> Iterator[None]:
    """A block that writes a target in a folder: errors of the system become one line that names the remedy.

    Raises:
        OutputError: instead of any ``OSError``.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {_remedy(error, folder)}") from error


def _remedy(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; free some space or choose another"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        if folder.is_dir():  # such as /proc
            return f"no file can be made in {folder}; choose another folder"
        return f"there is no folder {folder}; make it first"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"the folder {folder} is not writable; choose another"
    return f"{error.strerror or error}; choose another place"
