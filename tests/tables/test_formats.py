"""Formats of tables: the files of each, their start, their reopening and their end."""

from pathlib import Path

import pytest

from ekspresi.errors import ConfigError, OutputError
from ekspresi.tables.formats import TableFormat
from ekspresi.tables.schema import csv_header
from tests.support.recorded_runs import LABELS
from tests.support.recorded_tables import RUN, rows_in

ROWS = next(step.rows for step in RUN if len(step.rows) > 1)


@pytest.mark.parametrize(
    ("name", "growing"), [("x.CSV", "x.CSV"), ("x.jsonl", "x.jsonl"), ("x.parquet", "x.parquet.jsonl")]
)
def test_format_follows_the_ending(name: str, growing: str, tmp_path: Path) -> None:
    table = TableFormat(tmp_path / name, LABELS)
    assert table.growing == tmp_path / growing
    assert table.is_converted == (name != growing)
    assert table.files == []


def test_format_of_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        TableFormat(tmp_path / "x.ods", LABELS)
    remedy = "Use a name that ends in .csv, .jsonl, .parquet, .xlsx."
    assert str(caught.value) == f"{tmp_path / 'x.ods'}: unknown table format. {remedy}"


def test_begin_writes_the_header_of_csv_only(tmp_path: Path) -> None:
    for name, head in (("x.csv", csv_header(LABELS)), ("x.jsonl", b"")):
        table = TableFormat(tmp_path / name, LABELS)
        lines = table.lines(ROWS)
        file = table.begin(lines)
        file.close()
        assert (tmp_path / name).read_bytes() == head + lines
        assert table.files == [tmp_path / name]


def test_reopen_checks_at_once_and_cuts_later(tmp_path: Path) -> None:
    table = TableFormat(tmp_path / "x.jsonl", LABELS)
    lines = table.lines(ROWS)
    file = table.begin(lines)
    size, digest = file.size, file.digest
    file.append(b"half a li")
    file.close()
    with pytest.raises(ConfigError, match=r"this file changed since its run stopped, so the run cannot continue\."):
        table.reopen(size - 1, digest)
    with pytest.raises(ConfigError, match=r"this file is missing or too short, so the run cannot continue\."):
        table.reopen(size + 100, digest)
    open_file = table.reopen(size, digest)
    assert table.growing.stat().st_size > size
    open_file(lines).close()
    assert table.growing.read_bytes() == lines * 2


def test_finish_of_parquet_converts_the_growing_file(tmp_path: Path) -> None:
    table = TableFormat(tmp_path / "x.parquet", LABELS)
    table.begin(table.lines(ROWS)).close()
    assert table.files == [tmp_path / "x.parquet.jsonl"]
    table.finish()
    assert len(rows_in(tmp_path / "x.parquet")) == len(ROWS)
    table.cleanup()
    assert table.files == [tmp_path / "x.parquet"]
