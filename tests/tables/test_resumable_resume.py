"""Runs that stop and resume: no row is repeated or missing."""

import json
import os
import shutil
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ekspresi.errors import ConfigError, EkspresiError, OutputError
from ekspresi.tables import resumable
from ekspresi.tables.checkpoint import Position
from ekspresi.tables.per_second import PerSecondAggregator
from ekspresi.tables.resumable import resumable_folder, resumable_table
from tests.support.recorded_runs import LABELS, SETTINGS, SOURCES, unbroken, write
from tests.support.recorded_tables import ENDINGS, RUN, begin, names, rows_by_source, rows_in, stopped_after


@pytest.mark.parametrize("ending", ENDINGS)
def test_stopped_run_keeps_rows_and_resumes(ending: str, tmp_path: Path) -> None:
    path, whole = tmp_path / f"x{ending}", unbroken(tmp_path / f"whole{ending}", RUN)
    with begin(path) as run:
        for number, _ in enumerate(write(run, RUN)):
            if number == 20:
                run.mark_incomplete()
                break
    so_far = rows_in(path)
    assert so_far == rows_in(whole)[: len(so_far)] and len(so_far) > 10
    assert [path.name for path in tmp_path.glob(".x*")] == [f".x{ending}.journal"]
    with begin(path, resume=True) as run:
        # Row 20 was written but not committed, so the resumed run makes it again.
        assert run.position == RUN[19].position
        for _ in write(run, RUN):
            pass
    assert path.read_bytes() == whole.read_bytes()
    assert names(tmp_path) == sorted([path.name, whole.name])


# The first run ends with two sources left to retry; the second stops before it commits anything.
@example(ending=".csv", cuts=[(25, "kill", {0, 4}), (0, "keyboard", set())], tick_s=0.0, seconds=True)
@settings(max_examples=60)
@given(
    ending=st.sampled_from(ENDINGS),
    cuts=st.lists(
        st.tuples(
            st.integers(0, len(RUN) + 1),
            st.sampled_from(["kill", "keyboard", "stop", "torn"]),
            st.sets(st.integers(0, len(SOURCES) - 1), max_size=3),
        ),
        max_size=5,
    ),
    tick_s=st.sampled_from([0.0, 0.3, 2.0]),
    seconds=st.booleans(),
)
def test_interrupted_runs_neither_repeat_nor_lose_rows(
    tmp_path_factory: pytest.TempPathFactory,
    ending: str,
    cuts: list[tuple[int, str, set[int]]],
    tick_s: float,
    seconds: bool,
) -> None:
    folder = tmp_path_factory.mktemp("run")
    per_second = PerSecondAggregator if seconds else lambda: None
    whole = unbroken(tmp_path_factory.mktemp("whole") / f"x{ending}", RUN, per_second)
    clock = iter(range(10**9))
    with (
        patch.object(resumable.time, "monotonic", lambda: next(clock) * tick_s),
        patch.object(os, "fsync", lambda _: None),
    ):
        for cut, how, failing in [*cuts, (len(RUN) + 1, "end", set())]:
            after = tmp_path_factory.mktemp("after")
            with suppress(KeyboardInterrupt), begin(folder / f"x{ending}", resume=True) as run:
                if run.complete:
                    break
                aggregator = per_second()
                for number, _ in enumerate(write(run, RUN, aggregator, failing)):
                    if number < cut:
                        continue
                    if how in ("kill", "torn"):  # only the files on the disk at this moment are left
                        shutil.copytree(folder, after, dirs_exist_ok=True)
                    elif how == "stop":
                        if aggregator is not None:
                            run.write(aggregator.flush())
                        run.mark_incomplete()
                        break
                    raise KeyboardInterrupt
            if any(after.iterdir()):
                folder = after
                growing = folder / ("x.parquet.jsonl" if ending == ".parquet" else f"x{ending}")
                if how == "torn":
                    with growing.open("ab") as file:
                        file.write(b'{"source": "a, b')
    result = folder / f"x{ending}"
    assert rows_by_source(result) == rows_in(whole)
    if ending != ".parquet" and not any(failing for _, _, failing in cuts):
        assert result.read_bytes() == whole.read_bytes()
    assert [name for name in names(folder) if not name.startswith(".")] == [result.name]


def test_resume_without_a_table_starts_from_the_beginning(tmp_path: Path) -> None:
    with begin(tmp_path / "x.csv", resume=True) as run:
        assert (run.position, run.complete) == (None, False)
        assert list(write(run, RUN)) == RUN
    assert names(tmp_path) == ["x.csv"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_resume_of_a_complete_table_changes_nothing(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    for run_steps in (RUN, []):
        path.unlink(missing_ok=True)
        unbroken(path, run_steps)
        for content in (path.read_bytes(), b"edited by its owner"):
            path.write_bytes(content)
            before = path.stat().st_mtime_ns
            with begin(path, resume=True) as run:
                assert (run.remaining, run.complete) == ([], True)
            assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, before)
            assert names(tmp_path) == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_complete_table_refuses_other_sources_and_settings(ending: str, tmp_path: Path) -> None:
    path = unbroken(tmp_path / f"x{ending}", RUN)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r'other settings: detector \("mtcnn", now "yunet"\)'):
        begin(path, resume=True, detector="yunet").__enter__()
    with pytest.raises(ConfigError, match=r"other settings: sources\. Use the same"):
        begin(path, resume=True, sources=SOURCES[:3]).__enter__()
    assert path.read_bytes() == before
    path.unlink()
    with begin(path, resume=True) as run:  # it was removed: start over
        assert (run.position, run.complete) == (None, False)
        assert list(write(run, RUN)) == RUN
    assert path.read_bytes() == before


@pytest.mark.parametrize("ending", ENDINGS)
def test_resume_without_a_checkpoint_is_refused(ending: str, tmp_path: Path) -> None:
    path = unbroken(tmp_path / f"x{ending}", RUN)
    (tmp_path / f".x{ending}.journal").unlink()
    before = path.read_bytes()
    with pytest.raises(
        ConfigError, match=r"no checkpoint \.x.* beside it, so its run cannot resume\. Use --overwrite"
    ) as caught:
        begin(path, resume=True).__enter__()
    assert "\n" not in str(caught.value) and path.read_bytes() == before
    with begin(path, overwrite=True) as run:
        list(write(run, RUN))
    assert path.read_bytes() == before or ending == ".parquet"


@pytest.mark.parametrize("ending", ENDINGS)
def test_resume_retries_only_failed_sources(ending: str, tmp_path: Path) -> None:
    path, whole = tmp_path / f"x{ending}", unbroken(tmp_path / f"whole{ending}", RUN)
    with begin(path) as run:
        list(write(run, RUN, failing={1, 2}))
    with begin(path, resume=True) as run:
        assert [position.number for position in run.remaining] == [1, 2] and not run.complete
        list(write(run, RUN, failing={2}))
    with begin(path, resume=True) as run:
        assert run.remaining == [Position(SOURCES[2], 2, -1, False)]
        list(write(run, RUN))
    assert rows_by_source(path) == rows_in(whole)
    assert rows_in(path) != rows_in(whole), "they are appended"
    assert names(tmp_path) == sorted([path.name, whole.name])
    with begin(path, resume=True) as run:
        assert run.complete


def test_retry_with_a_changed_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with begin(path) as run:
        list(write(run, RUN, failing={1}))
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ConfigError, match=r"the run cannot continue\. Use --overwrite instead of --resume"):
        begin(path, resume=True).__enter__()


def test_source_that_fails_on_resume_keeps_its_position(tmp_path: Path) -> None:
    path, whole = tmp_path / "x.csv", unbroken(tmp_path / "whole.csv", RUN)
    with stopped_after(path, 6):
        pass
    with begin(path, resume=True) as run:
        list(write(run, RUN, failing={0}))
    with begin(path, resume=True) as run:
        assert run.remaining == [RUN[4].position]
        list(write(run, RUN))
    assert rows_by_source(path) == rows_in(whole)


@pytest.mark.parametrize("ending", ENDINGS)
def test_overwrite_discards_an_unfinished_run(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    growing = tmp_path / "x.parquet.jsonl" if ending == ".parquet" else path
    with stopped_after(path, 20):
        pass
    before = growing.read_bytes()
    with begin(path, overwrite=True) as run:  # nothing is written yet
        run.mark_incomplete()
    assert growing.read_bytes() == before
    with begin(path, overwrite=True, detector="yunet") as run:
        list(write(run, RUN[:3]))
    assert len(rows_in(path)) < 10
    with begin(path, resume=True, detector="yunet") as run:
        assert run.complete
    unbroken(path, RUN)  # a complete one may be replaced
    assert names(tmp_path) == [path.name]


def test_resume_with_other_settings_or_labels_is_refused(tmp_path: Path) -> None:
    with stopped_after(tmp_path / "x.csv", 5):
        pass
    with pytest.raises(ConfigError, match=r'other settings: detector \("mtcnn", now "yunet"\)'):
        begin(tmp_path / "x.csv", resume=True, detector="yunet").__enter__()
    with pytest.raises(ConfigError, match=r"other settings: model, columns\. Use the same"):
        settings = SETTINGS | {"model": "e" * 64}
        resumable_table(tmp_path / "x.csv", (*LABELS, "anger"), SOURCES, settings, resume=True).__enter__()
    assert names(tmp_path) == ["x.csv"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_resume_with_a_changed_table_is_refused(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    with stopped_after(path, 30):
        pass
    growing = tmp_path / "x.parquet.jsonl" if ending == ".parquet" else path
    whole = growing.read_bytes()
    gone = "this file is missing or too short"
    for content, what in (
        (
            whole.replace(b"0.9", b"0.8", 1) if b"0.9" in whole else b"x" + whole[1:],
            "this file changed since its run stopped",
        ),
        (whole[: len(whole) // 2], gone),
        (b"", gone),
        (None, gone),
    ):
        growing.unlink()
        if content is not None:
            growing.write_bytes(content)
        with pytest.raises(ConfigError, match=rf"{what}, so the run cannot continue\. Use --overwrite") as caught:
            begin(path, resume=True).__enter__()
        assert str(caught.value).startswith(f"{growing}: ") and "\n" not in str(caught.value)
        if content is not None:
            assert growing.read_bytes() == content
        else:
            growing.touch()
    with begin(path, overwrite=True) as run:
        list(write(run, RUN))
    assert names(tmp_path) == [path.name]


def test_parquet_rows_without_a_checkpoint_are_kept(tmp_path: Path) -> None:
    with stopped_after(tmp_path / "x.parquet", 30):
        pass
    (tmp_path / ".x.parquet.journal").unlink()
    for resume in (False, True):
        with pytest.raises(
            ConfigError, match=r"x\.parquet\.jsonl: this file holds rows of a run whose checkpoint is missing"
        ):
            begin(tmp_path / "x.parquet", resume=resume).__enter__()
    assert (tmp_path / "x.parquet.jsonl").stat().st_size > 1000


def test_checkpoint_is_written_at_most_once_a_second(tmp_path: Path) -> None:
    now = 0.0
    journal = tmp_path / ".x.csv.journal"
    seen: list[tuple[float, int]] = []
    with patch.object(resumable.time, "monotonic", lambda: now), begin(tmp_path / "x.csv") as run:
        for step in write(run, RUN):
            now += 0.125
            position = json.loads(journal.read_text())["place"]
            if position is not None and (not seen or seen[-1][1] != (position["number"], position["frame"])):
                seen.append((now, (position["number"], position["frame"])))
            assert step.position.number == 0 or position is not None
    times = [second for second, _ in seen]
    assert len(times) == 6 and min(b - a for a, b in pairwise(times)) >= 1


def test_folder_run_saves_its_checkpoint_there(tmp_path: Path) -> None:
    def folder(resume: bool = True, overwrite: bool = False, **changed: object):
        return resumable_folder(tmp_path, SOURCES, SETTINGS | changed, resume=resume, overwrite=overwrite)

    with folder() as run:
        assert run.position is None
        for number, _ in enumerate(write(run, RUN)):
            if number == 20:
                run.mark_incomplete()
                break
        with pytest.raises(OutputError, match="another run"):
            folder().__enter__()
    assert [path.name for path in tmp_path.iterdir()] == [".ekspresi.journal"]
    with pytest.raises(ConfigError, match="detector"):
        folder(detector="none").__enter__()
    with pytest.raises(ConfigError, match=r"this folder belongs to an unfinished run\. Use --resume to"):
        folder(resume=False).__enter__()
    with folder(resume=False, overwrite=True) as run:
        run.mark_incomplete()
    with folder() as run:
        assert run.position == RUN[19].position
        assert list(write(run, RUN)) == RUN[20:]
        (tmp_path / "a.png").touch()
    with folder() as run:
        assert run.complete
    with pytest.raises(ConfigError, match="detector"):
        folder(detector="none").__enter__()
    (tmp_path / "a.png").unlink()
    with folder() as run:  # its result is gone
        assert (run.position, run.complete) == (None, False)
    with pytest.raises(OutputError, match="there is no folder"):
        resumable_folder(tmp_path / "nowhere", SOURCES, SETTINGS, resume=False).__enter__()


def test_error_of_the_run_hides_that_of_closing(tmp_path: Path) -> None:
    with pytest.raises(EkspresiError, match="the first"), begin(tmp_path / "x.csv") as run:
        list(zip(range(9), write(run, RUN), strict=False))
        (tmp_path / "x.csv").unlink()
        raise EkspresiError("the first")
