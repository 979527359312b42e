"""Save the table and the annotated picture."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ekspresi.detection.detector import make_detector
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.tables.schema import column_names, csv_header, csv_lines, row_values
from ekspresi.types import Face, Prediction, Row
from tests.support.studio_pages import StudioPage

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = [
    'a, "b".jpg',
    "=cmd()|x.jpg",
    "a;+1.png",
    "line\nbreak.jpg",
    "rtl\u202egpj.exe",
    "caf<e9>.jpg",
    "日本 <b>.jpg",
    "-",
]


def save(studio: StudioPage, button: str, folder: Path) -> Path:
    with studio.page.expect_download() as saving:
        studio.page.click(button)
    path = folder / saving.value.suggested_filename
    saving.value.save_as(path)
    return path


def test_csv_of_the_page_is_that_of_the_package(studio_page: StudioPage) -> None:
    labels = ("neutral", "happiness")
    shares = {"neutral": 0.25, "happiness": 0.75}
    prediction = Prediction("happiness", 0.75, shares, face_px=24.126, effective_px=20.5, abstained=True)
    face = Face((1.239, -2.0, 25.5, 26.0), 0.9, None, prediction)
    rows = [Row(name, 3, 1.23456, 7, face, 2) for name in NAMES]
    written: Any = studio_page.run(
        """
        const { writeCsv } = await import("/js/page/csv.js");
        const prediction = { probabilities: [0.25, 0.75], facePx: 24.126, effectivePx: 20.5, abstained: true };
        const row = { frame: 3, timeS: 1.23456, track: 7, number: 2, box: [1.239, -2, 25.5, 26], prediction };
        return writeCsv(given.names.map((source) => ({ ...row, source })), given.labels);
        """,
        {"names": NAMES, "labels": labels},
    )
    wanted = (csv_header(labels) + csv_lines(rows, labels)).decode()
    read = [list(csv.reader(io.StringIO(text, newline=""))) for text in (written, wanted)]
    assert read[0][0] == read[1][0]
    for mine, theirs in zip(read[0][1:], read[1][1:], strict=True):
        assert [as_value(cell) for cell in mine] == [as_value(cell) for cell in theirs]


def as_value(cell: str) -> str | float:
    try:
        return float(cell)
    except ValueError:
        return cell


def test_saved_table_has_the_faces_that_python_finds(studio_page: StudioPage, tmp_path: Path) -> None:
    path = save(studio_page, "#save-table", tmp_path)
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    recognizer = Recognizer()
    assert path.name == "corridor.csv"
    assert tuple(rows[0]) == column_names(recognizer.labels)
    faces = Analyzer(detector=make_detector("mtcnn", min_face_px=24)).analyze(EXAMPLES / "corridor.jpg")
    assert len(rows) == len(faces) == 9
    for number, (row, face) in enumerate(zip(rows, faces, strict=True), start=1):
        wanted = row_values(Row("corridor.jpg", 0, None, None, face, number), recognizer.labels)
        assert row["expression"] == wanted["expression"]
        assert (row["frame"], row["time_s"], row["track"], row["face"]) == ("0", "", "", str(number))
        assert float(row["confidence"]) == pytest.approx(wanted["confidence"], abs=0.01)
        assert [float(row[edge]) for edge in ("x1", "y2")] == pytest.approx([wanted["x1"], wanted["y2"]], abs=0.5)


def test_saved_picture_has_outlines_and_its_own_size(studio_page: StudioPage, tmp_path: Path) -> None:
    path = save(studio_page, "#save-picture", tmp_path)
    assert path.name == "corridor-annotated.png"
    drawn, plain = Image.open(path).convert("RGB"), Image.open(EXAMPLES / "corridor.jpg").convert("RGB")
    assert drawn.size == plain.size
    difference = np.abs(np.asarray(drawn, np.int16) - np.asarray(plain, np.int16)).max(axis=2) > 40
    assert 0.002 < difference.mean() < 0.2
    orange = np.abs(np.asarray(drawn, np.int16) - (0xE6, 0x9F, 0x00)).max(axis=2) < 12
    assert orange.sum() > 500
