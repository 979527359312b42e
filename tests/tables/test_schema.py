import csv
import io
import json
from dataclasses import replace

from ekspresi.system.file_names import original_name, printable
from ekspresi.tables.schema import COLUMNS, csv_header, csv_lines, jsonl_lines, row_values
from ekspresi.types import Face, Prediction, Row

LABELS = ("neutral", "fear")
PREDICTION = Prediction("fear", 0.75, {"neutral": 0.25, "fear": 0.75}, 31.0)
ROW = Row("a, b/ü.jpg", 0, None, None, Face((1.0, 2.345, 30.0, 40.5), 0.9, None, PREDICTION), 2, "out/ü.jpg")


def test_row_values_have_the_stable_order_of_columns() -> None:
    assert list(row_values(ROW, LABELS)) == [
        *("source", "frame", "time_s", "track", "face", "x1", "y1", "x2", "y2", "face_px", "effective_px"),
        *("expression", "most_likely", "confidence", "abstained", "annotated", "p_neutral", "p_fear"),
    ]
    assert COLUMNS[0] == "source"


def read_csv(content: bytes) -> list[dict[str, str]]:
    text = content.decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_lines_hold_every_value() -> None:
    rows = [ROW, Row("video.mp4", 7, 0.28, 3, Face((0, 0, 9, 9), 1.0))]
    first, second = read_csv(csv_header(LABELS) + csv_lines(rows, LABELS))
    assert first == {
        "source": "a, b/ü.jpg",
        "frame": "0",
        "time_s": "",
        "track": "",
        "face": "2",
        "x1": "1.0",
        "y1": "2.35",
        "x2": "30.0",
        "y2": "40.5",
        "face_px": "31.0",
        "effective_px": "",
        "expression": "fear",
        "most_likely": "fear",
        "confidence": "0.75",
        "abstained": "false",
        "annotated": "out/ü.jpg",
        "p_neutral": "0.25",
        "p_fear": "0.75",
    }
    assert (second["frame"], second["time_s"], second["track"]) == ("7", "0.28", "3")
    assert second["expression"] == second["p_fear"] == second["abstained"] == second["annotated"] == ""


def test_row_values_of_an_abstained_face_say_unsure() -> None:
    unsure = replace(ROW, face=replace(ROW.face, prediction=replace(PREDICTION, abstained=True)))
    values = row_values(unsure, LABELS)
    assert (values["expression"], values["most_likely"], values["confidence"]) == ("unsure", "fear", 0.75)
    assert values["abstained"] is True
    (line,) = read_csv(csv_header(LABELS) + csv_lines([unsure], LABELS))
    assert (line["expression"], line["most_likely"], line["abstained"]) == ("unsure", "fear", "true")
    assert json.loads(jsonl_lines([unsure], LABELS))["expression"] == "unsure"


def test_jsonl_lines_hold_the_row_values() -> None:
    lines = [json.loads(line) for line in jsonl_lines([ROW, ROW], LABELS).splitlines()]
    assert lines == [row_values(ROW, LABELS)] * 2
    assert lines[0]["time_s"] is None
    assert lines[0]["abstained"] is False


def test_lines_keep_any_source_name() -> None:
    for name in ("\udcff\udcfe.jpg", 'a "b", c.jpg', "two\nlines\r.jpg", "=1+1.jpg", "表.png", "<ff>.jpg"):
        rows = [Row(name, 0, None, None, ROW.face, annotated=name)] * 2
        lines = read_csv(csv_header(LABELS) + csv_lines(rows, LABELS))
        assert [original_name(line[column]) for line in lines for column in ("source", "annotated")] == [name] * 4
        shown = [json.loads(line) for line in jsonl_lines(rows, LABELS).splitlines()]
        assert [line[column] for line in shown for column in ("source", "annotated")] == [printable(name)] * 4
        assert not lines[0]["source"].startswith("=") and shown[0]["source"].encode()


def test_csv_lines_hold_no_formula_in_any_text() -> None:
    """Names of files reach the source and the annotated file, names of folders the labels."""
    label = "=1+\udcff"
    face = replace(ROW.face, prediction=Prediction(label, 1.0, {label: 1.0}, 31.0))
    row = Row("=cmd()|calc.jpg", 0, None, None, face, annotated="@SUM(1).jpg")
    (line,) = read_csv(csv_header((label,)) + csv_lines([row], (label,)))
    shown = {name: line[name] for name in ("source", "annotated", "expression", "most_likely", "p_=1+<ff>")}
    assert shown == {
        "source": "<3d>cmd()|calc.jpg",
        "annotated": "<40>SUM(1).jpg",
        "expression": "<3d>1+<ff>",
        "most_likely": "<3d>1+<ff>",
        "p_=1+<ff>": "1.0",
    }
    assert json.loads(jsonl_lines([row], (label,)))["source"] == "=cmd()|calc.jpg"
