"""Turn a row into its columns, by name and as a line of a table.

In: ``Row`` values, one face in one frame each. Out: the columns of ``COLUMNS``, then ``p_<label>`` for each label of
the model; bytes of whole lines. Lines of JSON are read too, to convert them. Does not know about runs.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from ekspresi.errors import OutputError
from ekspresi.system.file_names import escape_formulas, printable
from ekspresi.types import Row

COLUMNS = (
    "source",
    "frame",
    "time_s",
    "track",
    "face",
    "x1",
    "y1",
    "x2",
    "y2",
    "face_px",
    "effective_px",
    "expression",
    "most_likely",
    "confidence",
    "abstained",
    "annotated",
)
"""The columns before ``p_<label>``.

    source        path or address, ``Row.source`` as ``printable`` writes it
    frame         number of the frame from 0; 0 for still pictures
    time_s        seconds since the start of the video; unknown for still pictures
    track         number of its track in the source; unknown for still pictures and faces that are not followed
    face          number of the face in its picture or frame, from 1, the largest first
    x1 .. y2      the detector's box in pixels of the original picture; it may reach past the edges
    face_px       side of the face crop, pixels
    effective_px  pixels of side that hold detail; unknown where the model does not estimate it
    expression    the answer, ``Prediction.answer``: the most probable expression, or 'unsure' where the model abstains
    most_likely   the most probable expression, ``Prediction.expression``: only a guess where the model abstains
    confidence    probability of ``most_likely``, 0..1
    abstained     whether ``expression`` is 'unsure' because the model abstains
    annotated     path of the annotated picture or film; unknown where none is written
    p_<label>     probability of each label of the model, 0..1
"""

FORMER_COLUMNS = (
    (
        *("source", "frame", "time_s", "track", "x1", "y1", "x2", "y2", "face_px", "effective_px"),
        *("expression", "confidence", "abstained"),
    ),
)
"""The columns before ``p_<label>`` of earlier versions, whose tables a command may replace but not continue."""

Value = str | int | float | bool | None


def column_names(labels: tuple[str, ...]) -> tuple[str, ...]:
    """List the names of all columns for a model's labels, in their order.

    >>> column_names(("neutral", "fear"))[-3:]
    ('annotated', 'p_neutral', 'p_fear')
    """
    return (*COLUMNS, *map(_label_column, labels))


def row_values(row: Row, labels: tuple[str, ...]) -> dict[str, Value]:
    """Map the name of each column to the row's value, in the order of the columns; None where unknown.

    Boxes are rounded to hundredths of a pixel, times to milliseconds, probabilities to six digits. Texts are valid
    Unicode in every format: ``printable`` writes paths and labels, and ``original_name`` reads them back.

    >>> from ekspresi.types import Face
    >>> row = Row("a.jpg", 0, None, None, Face((1.234, 2, 25, 26), 0.9))
    >>> row_values(row, ("fear",))["x1"]
    1.23
    """
    x1, y1, x2, y2 = (round(edge, 2) for edge in row.face.box_xyxy)
    prediction = row.face.prediction
    known: dict[str, Value] = {
        "source": printable(row.source),
        "frame": row.frame,
        "time_s": None if row.time_s is None else round(row.time_s, 3),
        "track": row.track,
        "face": row.face_number,
        "x1": x1,
        "y1": y1,
        "x2": x2,
        "y2": y2,
        "annotated": None if row.annotated is None else printable(row.annotated),
    }
    if prediction is not None:
        known |= {
            "face_px": round(prediction.face_px, 2),
            "effective_px": None if prediction.effective_px is None else round(prediction.effective_px, 2),
            "expression": printable(prediction.answer),
            "most_likely": printable(prediction.expression),
            "confidence": round(prediction.confidence, 6),
            "abstained": prediction.abstained,
        }
        known |= {_label_column(label): round(prediction.probabilities[label], 6) for label in labels}
    return {column: known.get(column) for column in column_names(labels)}


def csv_header(labels: tuple[str, ...]) -> bytes:
    r"""Make the first line of CSV tables for a model's labels.

    >>> csv_header(("fear",)).endswith(b"annotated,p_fear\n")
    True
    """
    return _csv_bytes([column_names(labels)])


def csv_lines(rows: Iterable[Row], labels: tuple[str, ...]) -> bytes:
    r"""Turn rows into lines of CSV, UTF-8; booleans are ``true`` and ``false``, unknown values are empty.

    The first character of a text that a spreadsheet would run as a formula is escaped, see ``escape_formulas``.

    >>> from ekspresi.types import Face
    >>> csv_lines([Row("a.jpg", 0, None, None, Face((1, 2, 25, 26), 0.9))], ("fear",))
    b'a.jpg,0,,,1,1,2,25,26,,,,,,,,\n'
    """
    return _csv_bytes(row_values(row, labels).values() for row in rows)


def jsonl_lines(rows: Iterable[Row], labels: tuple[str, ...]) -> bytes:
    """Turn rows into lines of JSON, pure ASCII; unknown values are ``null``.

    >>> from ekspresi.types import Face
    >>> jsonl_lines([Row("a.jpg", 0, None, None, Face((1, 2, 25, 26), 0.9))], ("fear",))[:45]
    b'{"source": "a.jpg", "frame": 0, "time_s": nul'
    """
    return "".join(json.dumps(row_values(row, labels)) + "\n" for row in rows).encode()


def read_jsonl(path: Path, most: int, target: str) -> Iterator[list[dict[str, Value]]]:
    """Read the rows of ``jsonl_lines`` from a file, at most ``most`` at once.

    Args:
        path: the file.
        most: number of rows in memory at once.
        target: what they are converted to, in words, for the error.

    Raises:
        OutputError: another program changed the file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "rows.jsonl")
    ...     _ = path.write_text('{"source": "a.jpg", "annotated": null}')
    ...     list(read_jsonl(path, 100, "Parquet"))
    [[{'source': 'a.jpg', 'annotated': None}]]
    """
    with path.open("rb") as file:
        while lines := list(islice(file, most)):
            try:
                rows = json.loads(b"[" + b",".join(lines) + b"]")
                if not all(isinstance(row["source"], str) and "annotated" in row for row in rows):
                    raise TypeError("source, annotated")
            except (ValueError, TypeError, KeyError) as error:
                raise changed_lines_error(path, target) from error
            yield rows


def changed_lines_error(path: Path, target: str) -> OutputError:
    """Make the error of a file of rows that another program changed.

    >>> str(changed_lines_error(Path("x.parquet.jsonl"), "Parquet")).partition(". ")[2]
    'Start over with --overwrite.'
    """
    what = f"another program changed this file, so it cannot be converted to {target}"
    return OutputError(f"{path}: {what}. Start over with --overwrite.")


def csv_text(value: Value) -> Value:
    """Return a value as a cell of CSV: texts never begin a formula, and booleans are ``true`` and ``false``.

    >>> csv_text("=a.jpg"), csv_text(True), csv_text(-1.5)
    ('<3d>a.jpg', 'true', -1.5)
    """
    if isinstance(value, bool):
        return str(value).lower()
    return escape_formulas(value) if isinstance(value, str) else value


def _label_column(label: str) -> str:
    return f"p_{printable(label)}"


def _csv_bytes(lines: Iterable[Iterable[Value]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(map(csv_text, line) for line in lines)
    return text.getvalue().encode()
