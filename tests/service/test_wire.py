import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekspresi.service.wire import face_from, face_values, prediction_from
from ekspresi.tables.schema import COLUMNS
from ekspresi.types import Face, Prediction, Row

LABELS = ("neutral", "fear<0a>", "müde\n")
hundredths = st.integers(-100_000, 100_000).map(lambda n: n / 100)
millionths = st.integers(0, 1_000_000).map(lambda n: n / 1_000_000)


@st.composite
def faces(draw: st.DrawFn) -> Face:
    shares = {label: draw(millionths) for label in LABELS}
    most = max(shares, key=shares.__getitem__)
    size = draw(st.none() | st.integers(0, 4800).map(lambda n: n / 100))
    prediction = Prediction(most, shares[most], shares, draw(hundredths), size, draw(st.booleans()))
    points = draw(st.none() | st.lists(st.tuples(hundredths, hundredths), min_size=5, max_size=5).map(tuple))
    return Face(draw(st.tuples(hundredths, hundredths, hundredths, hundredths)), draw(millionths), points, prediction)


@given(face=faces())
def test_faces_come_back_from_json_as_they_were(face: Face) -> None:
    text = json.dumps(face_values(Row("a.jpg", 0, None, None, face), LABELS))
    assert face_from(json.loads(text)) == face


def test_face_values_are_the_columns_of_a_table() -> None:
    face = Face((0.0, 0.0, 9.0, 9.0), 0.5, None, Prediction("fear", 1.0, {"fear": 1.0}, 9.0))
    names = list(face_values(Row("a", 3, 0.25, 7, face, 2), ("fear",)))
    assert names == [*COLUMNS, "p_fear", "score", "landmarks"]


def test_face_values_hide_control_characters_of_names() -> None:
    face = Face((0.0, 0.0, 9.0, 9.0), 0.5, None, Prediction("fear", 1.0, {"fear": 1.0}, 9.0))
    assert face_values(Row("a\r\nb.jpg", 0, None, None, face), ("fear",))["source"] == "a<0d><0a>b.jpg"


@pytest.mark.parametrize("missing", ["x1", "score", "landmarks", "most_likely", "confidence", "abstained", "p_fear"])
def test_face_from_incomplete_values_raises(missing: str) -> None:
    face = Face((0.0, 0.0, 9.0, 9.0), 0.5, None, Prediction("fear", 1.0, {"fear": 1.0}, 9.0))
    values = face_values(Row("a", 0, None, None, face), ("fear",))
    del values[missing]
    with pytest.raises((KeyError, ValueError)):
        face_from(values)


def test_prediction_from_text_for_a_boolean_raises() -> None:
    face = Face((0.0, 0.0, 9.0, 9.0), 0.5, None, Prediction("fear", 1.0, {"fear": 1.0}, 9.0, abstained=True))
    values = face_values(Row("a", 0, None, None, face), ("fear",))
    assert prediction_from(values) == face.prediction
    with pytest.raises(ValueError, match="not the values"):
        prediction_from({**values, "abstained": "true"})
