"""Excel workbooks: read by another library, at the limits of a sheet, and over stopped and continued runs."""

import errno
import sys
from pathlib import Path
from typing import Any

import pytest

from ekspresi.errors import MissingExtraError, OutputError
from ekspresi.tables import xlsx
from ekspresi.tables.overwrite import check_replaceable
from ekspresi.tables.resumable import resumable_table
from ekspresi.tables.schema import column_names, jsonl_lines, row_values
from ekspresi.tables.xlsx import write_xlsx
from ekspresi.types import Face, Prediction, Row
from tests.support.recorded_runs import LABELS, SETTINGS, SOURCES, unbroken, write
from tests.support.recorded_tables import RUN, begin, names, stopped_after

openpyxl = pytest.importorskip("openpyxl", reason="reads workbooks")
pytest.importorskip("xlsxwriter", reason="the extra [xlsx]")

PREDICTION = Prediction("fear", 0.75, {"neutral": 0.25, "fear": 0.75}, 31.5, abstained=True)


def row(source: str, annotated: str | None = None) -> Row:
    return Row(source, 3, 0.125, 2, Face((1.5, 2.0, 30.0, 40.0), 0.9, None, PREDICTION), 4, annotated)


def sheets_in(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(path)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def test_write_xlsx_keeps_types_and_texts(tmp_path: Path) -> None:
    sources = ["=1+1.jpg", "http://a/b.jpg", "表 é.png", "007", "\udcff.jpg"]
    (tmp_path / "x.jsonl").write_bytes(jsonl_lines([row(source, source) for source in sources], LABELS))
    write_xlsx(tmp_path / "x.jsonl", tmp_path / "x.xlsx", LABELS)
    ((title, (header, *lines)),) = sheets_in(tmp_path / "x.xlsx").items()
    assert title == "faces" and header == column_names(LABELS)
    assert [line[0] for line in lines] == [*sources[:-1], "<ff>.jpg"]
    assert lines[2] == tuple(row_values(row("表 é.png", "表 é.png"), LABELS).values())
    assert {type(value) for value in lines[0]} == {str, int, float, bool, type(None)}
    assert names(tmp_path) == ["x.jsonl", "x.xlsx"]


def test_write_xlsx_fills_further_sheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "SHEET_ROWS", 4)
    for count, sizes in ((0, [1]), (3, [4]), (4, [4, 2]), (6, [4, 4]), (7, [4, 4, 2])):
        (tmp_path / "x.jsonl").write_bytes(jsonl_lines([row(f"{number}") for number in range(count)], LABELS))
        write_xlsx(tmp_path / "x.jsonl", tmp_path / "x.xlsx", LABELS)
        sheets = sheets_in(tmp_path / "x.xlsx")
        assert [len(lines) for lines in sheets.values()] == sizes
        assert list(sheets)[:2] == ["faces", "faces 2"][: len(sizes)]
        assert {lines[0] for lines in sheets.values()} == {column_names(LABELS)}
        assert [line[0] for lines in sheets.values() for line in lines[1:]] == [str(n) for n in range(count)]


def test_xlsx_of_a_resumed_run_is_that_of_an_unbroken_one(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with stopped_after(path, 20):
        pass
    assert names(tmp_path) == ["x.xlsx", "x.xlsx.jsonl"]
    assert 1 < len(sheets_in(path)["faces"]) < len(sheets_in(unbroken(tmp_path / "whole.xlsx", RUN))["faces"])
    with begin(path, resume=True) as run:
        list(write(run, RUN))
    assert sheets_in(path) == sheets_in(tmp_path / "whole.xlsx")
    assert names(tmp_path) == ["whole.xlsx", "x.xlsx"]
    with begin(path, resume=True) as run:
        assert run.complete


def test_xlsx_of_its_own_is_replaced_and_others_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    unbroken(path, RUN[:7])
    unbroken(path, RUN)
    book = openpyxl.Workbook()
    book.save(path)
    with pytest.raises(OutputError, match="nothing in it shows that ekspresi made it"):
        begin(path).__enter__()
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(OutputError, match="nothing in it shows that ekspresi made it"):
        check_replaceable(path, overwrite=False, choice="--out")


def test_write_xlsx_of_changed_rows_keeps_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'{"source": 3}\n')
    (tmp_path / "x.xlsx").write_text("old")
    with pytest.raises(OutputError, match="changed this file, so it cannot be converted to an Excel workbook"):
        write_xlsx(tmp_path / "x.jsonl", tmp_path / "x.xlsx", LABELS)
    assert (tmp_path / "x.xlsx").read_text() == "old"
    assert names(tmp_path) == ["x.jsonl", "x.xlsx"]


def test_write_xlsx_on_a_full_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "x.jsonl").write_bytes(jsonl_lines([row("a.jpg")], LABELS))
    monkeypatch.setattr("xlsxwriter.workbook.Workbook._store_workbook", full)
    with pytest.raises(OutputError, match="the disk is full"):
        write_xlsx(tmp_path / "x.jsonl", tmp_path / "x.xlsx", LABELS)
    assert names(tmp_path) == ["x.jsonl"]


def test_xlsx_without_xlsxwriter_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(MissingExtraError, match=r"writing Excel workbooks needs the extra \[xlsx\]"):
        resumable_table(tmp_path / "x.xlsx", LABELS, SOURCES, SETTINGS, resume=False).__enter__()
    assert list(tmp_path.iterdir()) == []
