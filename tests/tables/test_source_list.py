"""The list of sources beside a table: its statuses after runs that end, stop, fail and are continued."""

import csv
from contextlib import suppress
from pathlib import Path

import pytest

from ekspresi.errors import OutputError
from ekspresi.system.file_names import original_name
from ekspresi.tables.overwrite import check_replaceable
from ekspresi.tables.source_list import SourceStatus, list_statuses, source_list_path, write_source_list
from tests.support.recorded_runs import SOURCES, write
from tests.support.recorded_tables import ENDINGS, RUN, begin

ROWS = {
    source: sum(len(step.rows) for step in RUN if step.rows and step.rows[0].source == source) for source in SOURCES
}
WHOLE = [SourceStatus(source, "ok" if count else "no face", count) for source, count in ROWS.items()]


def test_recorded_run_has_sources_with_and_without_faces() -> None:
    assert {status.status for status in WHOLE} == {"ok", "no face"}


@pytest.mark.parametrize("ending", ENDINGS)
def test_statuses_of_a_whole_run_count_its_rows(ending: str, tmp_path: Path) -> None:
    with begin(tmp_path / f"x{ending}") as run:
        list(write(run, RUN))
    assert run.source_statuses({}, {}) == WHOLE


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("killed", [False, True])
def test_statuses_of_a_resumed_run_are_those_of_a_whole_one(
    killed: bool, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed run leaves rows after its last checkpoint; they are cut off and must not be counted."""
    monkeypatch.setattr("ekspresi.tables.resumable.CHECKPOINT_S", 0.0)
    path = tmp_path / f"x{ending}"
    with suppress(KeyboardInterrupt), begin(path) as run:
        for number, _ in enumerate(write(run, RUN)):
            if number == 20:
                raise KeyboardInterrupt
    if killed:
        growing = tmp_path / "x.parquet.jsonl" if ending == ".parquet" else path
        growing.write_bytes(growing.read_bytes() + growing.read_bytes()[-400:])
    statuses = [status.status for status in run.source_statuses({}, {})]
    assert statuses == ["ok", *["unfinished"] * (len(SOURCES) - 1)]
    with begin(path, resume=True) as run:
        list(write(run, RUN))
    assert run.source_statuses({}, {}) == WHOLE


def test_statuses_of_a_source_that_failed_once_are_repaired(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with begin(path) as run:
        list(write(run, RUN, failing=[1]))
    first = run.source_statuses({SOURCES[1]: "cannot be read"}, {})
    assert first == [*WHOLE[:1], SourceStatus(SOURCES[1], "not read", 0, "cannot be read"), *WHOLE[2:]]
    with begin(path, resume=True) as run:
        list(write(run, RUN))
    assert run.source_statuses({}, {}) == WHOLE


def test_list_statuses_adds_what_is_not_a_source() -> None:
    unread = {"b.jpg": "broken", "in/closed": "no permission"}
    assert list_statuses(["a.jpg", "b.jpg", "c.mp4"], {"a.jpg": 1, "c.mp4": 7}, unread, ["c.mp4"]) == [
        SourceStatus("a.jpg", "ok", 1),
        SourceStatus("b.jpg", "not read", 0, "broken"),
        SourceStatus("c.mp4", "unfinished", 7),
        SourceStatus("in/closed", "not read", 0, "no permission"),
    ]


def test_list_statuses_names_what_was_read_in_part() -> None:
    partial = {"a.mp4": "is damaged", "b.mp4": "is cut off", "c.mp4": "is damaged"}
    assert list_statuses(["a.mp4", "b.mp4", "c.mp4"], {"a.mp4": 7}, {}, ["c.mp4"], partial) == [
        SourceStatus("a.mp4", "in part", 7, "is damaged"),
        SourceStatus("b.mp4", "in part", 0, "is cut off"),
        SourceStatus("c.mp4", "unfinished", 0, "is damaged"),
    ]


def test_write_source_list_keeps_any_name(tmp_path: Path) -> None:
    path = source_list_path(tmp_path / "x.csv")
    write_source_list(path, [*WHOLE, SourceStatus("=tab\t.jpg", "not read", 0, 'says "no",\nthen ends')])
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file, delimiter="\t"))
    assert [original_name(line["source"]) for line in lines] == [*SOURCES, "=tab\t.jpg"]
    assert (lines[-1]["source"], lines[-1]["reason"]) == ("<3d>tab<09>.jpg", 'says "no",<0a>then ends')
    assert lines[0] == {"source": SOURCES[0], "status": "ok", "rows": str(ROWS[SOURCES[0]]), "reason": ""}


def test_source_list_of_its_own_is_replaced_and_of_others_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.sources.tsv"
    write_source_list(path, WHOLE)
    check_replaceable(path, overwrite=False, choice="--out")
    path.write_text("source\tprice\n")
    with pytest.raises(OutputError, match="nothing in it shows that ekspresi made it"):
        check_replaceable(path, overwrite=False, choice="--out")
