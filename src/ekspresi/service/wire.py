"""Write faces and predictions as JSON values, and read them back.

In: rows and predictions, or what a service answered. Out: values that JSON holds, or ``Face`` and ``Prediction``. The
names are the columns of a table (``tables.schema``), so that an answer and a table read alike. Does not know about
HTTP. Service and client share this module; it loads no model and no NumPy.
"""

from collections.abc import Mapping
from typing import Any, cast

from ekspresi.system.file_names import original_name
from ekspresi.tables.schema import Value, row_values
from ekspresi.types import Box, Face, Prediction, Row

JsonFace = dict[str, Value | list[list[float]]]
"""The columns of a row, then ``score`` and ``landmarks``, which tables do not have."""

_LABEL = "p_"


def face_values(row: Row, labels: tuple[str, ...]) -> JsonFace:
    """Map the columns of a face to its values; boxes and landmarks in hundredths of a pixel, probabilities to 1e-6.

    Args:
        row: the face, with a prediction.
        labels: those of the model, in its order.

    Example:
        >>> prediction = Prediction("fear", 0.75, {"anger": 0.25, "fear": 0.75}, face_px=24.0)
        >>> row = Row("a.jpg", 0, None, None, Face((1.0, 2.0, 25.0, 26.0), 0.987654321, None, prediction))
        >>> values = face_values(row, ("anger", "fear"))
        >>> values["expression"], values["p_anger"], values["score"], values["landmarks"]
        ('fear', 0.25, 0.987654, None)
    """
    values: JsonFace = {**row_values(row, labels)}
    points = row.face.landmarks
    values["score"] = round(row.face.score, 6)
    values["landmarks"] = None if points is None else [[round(x, 2), round(y, 2)] for x, y in points]
    return values


def face_from(values: Mapping[str, Any]) -> Face:
    """Read a face back from ``face_values``.

    Raises:
        KeyError, TypeError, ValueError: these are not the values of a face.

    Example:
        >>> prediction = Prediction("fear", 0.75, {"anger": 0.25, "fear": 0.75}, face_px=24.0, effective_px=12.0)
        >>> face = Face((1.0, 2.0, 25.0, 26.0), 0.9, ((3.0, 4.0),) * 5, prediction)
        >>> face_from(face_values(Row("a.jpg", 0, None, None, face), ("anger", "fear"))) == face
        True
    """
    box = cast(Box, tuple(float(values[edge]) for edge in ("x1", "y1", "x2", "y2")))
    points = values["landmarks"]
    landmarks = None if points is None else tuple((float(x), float(y)) for x, y in points)
    return Face(box, float(values["score"]), landmarks, prediction_from(values))


def prediction_from(values: Mapping[str, Any]) -> Prediction:
    """Read the prediction back from ``face_values``; probabilities are rounded to 1e-6.

    Raises:
        KeyError, TypeError, ValueError: these are not the values of a face.

    Example:
        >>> prediction_from({
        ...     **dict(face_px=24, effective_px=11.5, most_likely="fear", expression="unsure", confidence=0.5),
        ...     **dict(abstained=True, p_fear=0.5, p_anger=0.5),
        ... }).probabilities
        {'fear': 0.5, 'anger': 0.5}
    """
    probabilities = {
        original_name(name.removeprefix(_LABEL)): float(value)
        for name, value in values.items()
        if name.startswith(_LABEL)
    }
    effective_px, abstained = values["effective_px"], values["abstained"]
    if not isinstance(abstained, bool) or not probabilities:
        raise ValueError("these are not the values of a face")
    return Prediction(
        expression=original_name(str(values["most_likely"])),
        confidence=float(values["confidence"]),
        probabilities=probabilities,
        face_px=float(values["face_px"]),
        effective_px=None if effective_px is None else float(effective_px),
        abstained=abstained,
    )
