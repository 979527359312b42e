"""A row -> its columns, by name and as a line of a table.

In: ``Row`` values, one face in one frame each. Out: the columns of ``COLUMNS``, then ``p_<label>`` for each label of
the model; bytes of whole lines. Knows nothing of files.
"""

import csv
import io
import json
from collections.abc import Iterable

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


def column_names(labels: tuple[str, ...]) -> tuple[str, ...]:
    """A model's labels -> the names of all columns, in their order."""
    return (*COLUMNS, *(f"p_{label}" for label in labels))


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
    return {column: known.get(column) for column in column_names(labels)}


def csv_header(labels: tuple[str, ...]) -> bytes:
    """A model's labels -> the first line of its CSV tables."""
    return _csv([column_names(labels)])


def csv_lines(rows: Iterable[Row], labels: tuple[str, ...]) -> bytes:
    """Rows -> lines of CSV, UTF-8; booleans are ``true`` and ``false``, what is not known is empty.

    File names that are not valid text in the system's encoding keep their bytes.
    """
    return _csv(
        [str(value).lower() if isinstance(value, bool) else value for value in row_values(row, labels).values()]
        for row in rows
    )


def jsonl_lines(rows: Iterable[Row], labels: tuple[str, ...]) -> bytes:
    """Rows -> lines of JSON, pure ASCII; what is not known is ``null``."""
    return "".join(json.dumps(row_values(row, labels)) + "\n" for row in rows).encode()


def _csv(lines: Iterable[Iterable[Value]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode("utf-8", "surrogateescape")
