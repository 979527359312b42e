"""Tables that grow with a run: what stands on the disk at each moment, and how a run goes on."""

import csv
import json
import os
import resource
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekspresi.errors import ConfigError, EkspresiError, OutputError
from ekspresi.tables import resumable
from ekspresi.tables.checkpoint import Position
from ekspresi.tables.per_second import PerSecondAggregator
from ekspresi.tables.resumable import resumable_folder, resumable_table
from tests.support.recorded_runs import LABELS, SETTINGS, SOURCES, steps, unbroken, write

RUN = steps()
ENDINGS = (".csv", ".jsonl", ".parquet")
NAMES = [*SOURCES, r"\xff\xfe" + SOURCES[3][2:]]
"""What sources are called in tables; Parquet has no names that are no UTF-8."""


def begin(
    path: Path, resume: bool = False, overwrite: bool = False, sources: Sequence[str] = SOURCES, **changed: object
):
    return resumable_table(path, LABELS, sources, SETTINGS | changed, resume=resume, overwrite=overwrite)


def names(folder: Path) -> list[str]:
    """What is in a folder, the journals left out."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".journal")


def rows_in(path: Path) -> list[dict[str, object]]:
    """The rows of a table, as JSON Lines have them."""
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_table(path).to_pylist()
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return list(csv.DictReader(file))
    return [json.loads(line) for line in path.read_text().splitlines()]


def in_order(path: Path) -> list[dict[str, object]]:
    """The rows of a table in the order of their sources; within one as they stand."""
    return sorted(rows_in(path), key=lambda row: NAMES.index(row["source"]))


@contextmanager
def stopped_after(path: Path, count: int, resume: bool = False) -> Iterator[None]:
    """A run that is stopped by the keyboard when so many frames are written."""
    with suppress(KeyboardInterrupt), begin(path, resume) as run:
        for number, _ in enumerate(write(run, RUN), start=1):
            if number == count:
                raise KeyboardInterrupt
    yield


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_the_rows_of_a_frame_are_in_the_file_at_once(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    written = 0
    with begin(path) as run:
        for step in write(run, RUN):
            written += len(step.rows)
            assert len(rows_in(path)) == written
    assert written > 20
    assert names(tmp_path) == [path.name]


def test_a_parquet_file_is_there_in_the_end_and_its_rows_before(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    written = 0
    with begin(path) as run:
        for step in write(run, RUN):
            written += len(step.rows)
            assert len(rows_in(tmp_path / "x.parquet.jsonl")) == written
            assert not path.exists()
    assert len(rows_in(path)) == written
    assert names(tmp_path) == ["x.parquet"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_run_without_faces_leaves_a_table_without_rows(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    with begin(path):
        pass
    assert rows_in(path) == []
    assert names(tmp_path) == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_older_table_is_replaced_with_the_first_frame_and_not_before(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    old = unbroken(path, RUN[:3]).read_bytes()
    with pytest.raises(RuntimeError), begin(path):
        raise RuntimeError("the model cannot be read")
    with begin(path) as run:
        run.mark_incomplete()
    assert path.read_bytes() == old
    assert names(tmp_path) == [path.name]
    unbroken(path, RUN)
    assert len(rows_in(path)) > 20


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_run_that_is_stopped_leaves_what_was_written_and_goes_on(ending: str, tmp_path: Path) -> None:
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
        # Row 20 was written, but the table was not told that it is complete: it is made again.
        assert run.position == RUN[19].place
        for _ in write(run, RUN):
            pass
    assert path.read_bytes() == whole.read_bytes()
    assert names(tmp_path) == sorted([path.name, whole.name])


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
def test_however_often_it_is_broken_off_no_row_stands_twice_and_none_is_missing(
    tmp_path_factory: pytest.TempPathFactory,
    ending: str,
    cuts: list[tuple[int, str, set[int]]],
    tick_s: float,
    seconds: bool,
) -> None:
    folder = tmp_path_factory.mktemp("run")
    by_second = PerSecondAggregator if seconds else lambda: None
    whole = unbroken(tmp_path_factory.mktemp("whole") / f"x{ending}", RUN, by_second)
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
                some = by_second()
                for number, _ in enumerate(write(run, RUN, some, failing)):
                    if number < cut:
                        continue
                    if how in ("kill", "torn"):  # what stands on the disk at this moment is all that is left
                        shutil.copytree(folder, after, dirs_exist_ok=True)
                    elif how == "stop":
                        if some is not None:
                            run.write(some.flush())
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
    assert in_order(result) == rows_in(whole)
    if ending != ".parquet" and not any(failing for _, _, failing in cuts):
        assert result.read_bytes() == whole.read_bytes()
    assert [name for name in names(folder) if not name.startswith(".")] == [result.name]


def test_going_on_with_nothing_there_begins(tmp_path: Path) -> None:
    with begin(tmp_path / "x.csv", resume=True) as run:
        assert (run.position, run.complete) == (None, False)
        assert list(write(run, RUN)) == RUN
    assert names(tmp_path) == ["x.csv"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_going_on_with_a_complete_table_says_so_and_changes_nothing(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    for run_steps in (RUN, []):
        path.unlink(missing_ok=True)
        unbroken(path, run_steps)
        for content in (path.read_bytes(), b"what its owner made of it"):
            path.write_bytes(content)
            before = path.stat().st_mtime_ns
            with begin(path, resume=True) as run:
                assert (run.remaining, run.complete) == ([], True)
            assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, before)
            assert names(tmp_path) == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_complete_table_remembers_its_sources_and_settings(ending: str, tmp_path: Path) -> None:
    path = unbroken(tmp_path / f"x{ending}", RUN)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r'other settings: detector \("mtcnn", now "yunet"\)'):
        begin(path, resume=True, detector="yunet").__enter__()
    with pytest.raises(ConfigError, match=r"other settings: sources\. Give the same"):
        begin(path, resume=True, sources=SOURCES[:3]).__enter__()
    assert path.read_bytes() == before
    path.unlink()
    with begin(path, resume=True) as run:  # it was removed: begin anew
        assert (run.position, run.complete) == (None, False)
        assert list(write(run, RUN)) == RUN
    assert path.read_bytes() == before


@pytest.mark.parametrize("ending", ENDINGS)
def test_going_on_with_a_table_of_which_nothing_is_remembered_is_refused(ending: str, tmp_path: Path) -> None:
    path = unbroken(tmp_path / f"x{ending}", RUN)
    (tmp_path / f".x{ending}.journal").unlink()
    before = path.read_bytes()
    with pytest.raises(
        ConfigError, match=r"no journal \.x.* beside it, so nothing shows how far it is\. Begin"
    ) as caught:
        begin(path, resume=True).__enter__()
    assert "\n" not in str(caught.value) and path.read_bytes() == before
    unbroken(path, RUN)


@pytest.mark.parametrize("ending", ENDINGS)
def test_sources_that_failed_are_tried_again_and_they_alone(ending: str, tmp_path: Path) -> None:
    path, whole = tmp_path / f"x{ending}", unbroken(tmp_path / f"whole{ending}", RUN)
    with begin(path) as run:
        list(write(run, RUN, failing={1, 2}))
    with begin(path, resume=True) as run:
        assert [place.number for place in run.remaining] == [1, 2] and not run.complete
        list(write(run, RUN, failing={2}))
    with begin(path, resume=True) as run:
        assert run.remaining == [Position(SOURCES[2], 2, -1, False)]
        list(write(run, RUN))
    assert in_order(path) == rows_in(whole)
    assert rows_in(path) != rows_in(whole), "they are appended"
    assert names(tmp_path) == sorted([path.name, whole.name])
    with begin(path, resume=True) as run:
        assert run.complete


def test_rows_are_not_appended_to_a_table_that_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with begin(path) as run:
        list(write(run, RUN, failing={1}))
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ConfigError, match=r"the run cannot continue\. Use --overwrite instead of --resume"):
        begin(path, resume=True).__enter__()


def test_a_source_that_fails_where_it_is_taken_up_is_taken_up_there_later(tmp_path: Path) -> None:
    path, whole = tmp_path / "x.csv", unbroken(tmp_path / "whole.csv", RUN)
    with stopped_after(path, 6):
        pass
    with begin(path, resume=True) as run:
        list(write(run, RUN, failing={0}))
    with begin(path, resume=True) as run:
        assert run.remaining == [RUN[4].place]
        list(write(run, RUN))
    assert in_order(path) == rows_in(whole)


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_unfinished_run_is_discarded_where_that_is_asked_for(ending: str, tmp_path: Path) -> None:
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


def test_going_on_with_other_settings_or_labels_is_refused(tmp_path: Path) -> None:
    with stopped_after(tmp_path / "x.csv", 5):
        pass
    with pytest.raises(ConfigError, match=r'other settings: detector \("mtcnn", now "yunet"\)'):
        begin(tmp_path / "x.csv", resume=True, detector="yunet").__enter__()
    with pytest.raises(ConfigError, match=r"other settings: columns\. Give the same"):
        resumable_table(tmp_path / "x.csv", (*LABELS, "anger"), SOURCES, SETTINGS, resume=True).__enter__()
    assert names(tmp_path) == ["x.csv"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_going_on_with_a_table_that_was_changed_is_refused(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    with stopped_after(path, 30):
        pass
    growing = tmp_path / "x.parquet.jsonl" if ending == ".parquet" else path
    whole = growing.read_bytes()
    gone = "is gone, or shorter than its run left it"
    for content, what in (
        (
            whole.replace(b"0.9", b"0.8", 1) if b"0.9" in whole else b"x" + whole[1:],
            "was changed since its run stopped",
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


def test_rows_of_a_parquet_run_are_not_written_over_where_its_journal_is_gone(tmp_path: Path) -> None:
    with stopped_after(tmp_path / "x.parquet", 30):
        pass
    (tmp_path / ".x.parquet.journal").unlink()
    for resume in (False, True):
        with pytest.raises(ConfigError, match=r"x\.parquet\.jsonl: holds rows of a run whose journal is gone"):
            begin(tmp_path / "x.parquet", resume=resume).__enter__()
    assert (tmp_path / "x.parquet.jsonl").stat().st_size > 1000


def test_the_journal_is_written_at_most_once_a_second(tmp_path: Path) -> None:
    now = 0.0
    journal = tmp_path / ".x.csv.journal"
    seen: list[tuple[float, int]] = []
    with patch.object(resumable.time, "monotonic", lambda: now), begin(tmp_path / "x.csv") as run:
        for step in write(run, RUN):
            now += 0.125
            place = json.loads(journal.read_text())["place"]
            if place is not None and (not seen or seen[-1][1] != (place["number"], place["frame"])):
                seen.append((now, (place["number"], place["frame"])))
            assert step.place.number == 0 or place is not None
    times = [second for second, _ in seen]
    assert len(times) == 6 and min(b - a for a, b in pairwise(times)) >= 1


def test_a_second_run_on_the_same_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    (tmp_path / "link.csv").symlink_to(path)
    with begin(path) as run:
        list(zip(range(9), write(run, RUN), strict=False))
        before = path.read_bytes()
        for name, resume in (("x.csv", False), ("x.csv", True), ("link.csv", False)):
            with pytest.raises(OutputError, match=rf"another run \(process {os.getpid()}\) is writing to it\. Wait"):
                begin(tmp_path / name, resume=resume).__enter__()
        assert path.read_bytes() == before
        with begin(tmp_path / "y.csv"):
            pass
    assert names(tmp_path) == ["link.csv", "x.csv", "y.csv"]


def test_the_lock_of_a_killed_run_does_not_stand_in_the_way(tmp_path: Path) -> None:
    (tmp_path / ".x.csv.lock").write_text("1")
    unbroken(tmp_path / "x.csv", RUN)
    assert names(tmp_path) == ["x.csv"]


def test_file_systems_without_locks_are_written_to_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import fcntl

    def fail(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    unbroken(tmp_path / "x.csv", RUN)
    assert names(tmp_path) == ["x.csv"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("what", ["was removed", "was replaced", "was changed by another program"])
def test_a_file_that_is_taken_away_while_it_is_written_to(what: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    growing = tmp_path / "x.parquet.jsonl" if ending == ".parquet" else path
    with pytest.raises(OutputError, match=f"{what} while it was written to") as caught, begin(path) as run:
        for number, _ in enumerate(write(run, RUN)):
            if number == 20:
                if what == "was changed by another program":
                    with growing.open("ab") as file:
                        file.write(b"more\n")
                    continue
                growing.rename(tmp_path / "moved")
                if what == "was replaced":
                    growing.write_text("something else")
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_a_file_that_is_removed_after_the_last_row_is_missed_too(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="was removed"), begin(tmp_path / "x.csv") as run:
        list(write(run, RUN))
        (tmp_path / "x.csv").unlink()


def test_a_folder_that_is_removed_meanwhile_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OutputError, match="was removed") as caught, begin(folder / "x.csv") as run:
        for number, _ in enumerate(write(run, RUN)):
            if number == 5:
                shutil.rmtree(folder)
    assert "\n" not in str(caught.value)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The system takes no more bytes into any file, and of a write what fits, as a disk that fills does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_a_disk_that_takes_half_a_line_is_left_with_whole_ones(ending: str, tmp_path: Path) -> None:
    path, whole = tmp_path / f"x{ending}", unbroken(tmp_path / f"whole{ending}", RUN).read_bytes()
    limit = len(whole) // 2 + 7
    with (
        pytest.raises(OutputError, match="cannot be written: File too large"),
        files_of_at_most(limit),
        begin(path) as run,
    ):
        list(write(run, RUN))
    so_far = path.read_bytes()
    assert whole.startswith(so_far) and 0 < len(whole[:limit]) - len(so_far) < 1500
    assert rows_in(path) and so_far.endswith(b"\n")
    with begin(path, resume=True) as run:  # when there is room again
        list(write(run, RUN))
    assert path.read_bytes() == whole


def test_a_parquet_file_that_cannot_be_made_is_made_later(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path, whole = folder / "x.parquet", unbroken(tmp_path / "whole.parquet", RUN)
    old = unbroken(path, RUN[:3]).read_bytes()
    in_the_way = folder / ".x.parquet.part.parquet"
    in_the_way.mkdir()
    with pytest.raises(OutputError, match=r"x\.parquet: cannot be written: Is a directory"):
        unbroken(path, RUN)
    assert path.read_bytes() == old
    in_the_way.rmdir()
    with begin(path, resume=True) as run:
        assert run.position == RUN[-1].place
        assert list(write(run, RUN)) == []
    assert rows_in(path) == rows_in(whole)
    assert names(folder) == ["x.parquet"]


def test_a_full_disk_is_told_with_its_remedy(tmp_path: Path) -> None:
    class Full:
        def __init__(self, file) -> None:
            self._file = file

        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

    with pytest.raises(OutputError) as caught, begin(tmp_path / "x.csv") as run:
        for number, _ in enumerate(write(run, RUN)):
            if number == 4:
                run._file._file = Full(run._file._file)
    said = "cannot be written: the disk is full. Free some space, or choose another disk."
    assert str(caught.value) == f"{tmp_path / 'x.csv'}: {said}"


@pytest.mark.parametrize("break_off", [KeyboardInterrupt, RuntimeError])
def test_an_exception_in_mid_write_leaves_whole_lines(break_off: type[BaseException], tmp_path: Path) -> None:
    class Halved:
        def __init__(self, file) -> None:
            self._file = file

        def write(self, lines: memoryview) -> int:
            self._file.write(lines[: len(lines) // 2])
            raise break_off

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

    whole = unbroken(tmp_path / "whole.csv", RUN).read_bytes()
    path = tmp_path / "x.csv"
    with pytest.raises(break_off), begin(path) as run:
        for number, _ in enumerate(write(run, RUN)):
            if number == 20:
                run._file._file = Halved(run._file._file)
    assert path.read_bytes().endswith(b"\n") and whole.startswith(path.read_bytes())
    with begin(path, resume=True) as run:
        list(write(run, RUN))
    assert path.read_bytes() == whole


def test_tables_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for target, what in (
        (tmp_path / "x.xlsx", r"ends in \.csv or \.jsonl or \.parquet; choose one"),
        (Path("/dev/stdout"), r"ends in \.csv or \.jsonl or \.parquet; choose one"),
        (tmp_path / "folder.csv", "exists and is not a file"),
        (tmp_path / "pipe.csv", "exists and is not a file, but a folder, pipe or device"),
        (tmp_path / "nowhere" / "x.csv", "there is no folder"),
        (tmp_path / "file" / "x.csv", "there is no folder"),
        (tmp_path / ("x" * 300 + ".csv"), "cannot be written"),
        (Path("/proc/x.csv"), r"no file can be made in /proc\. Choose another folder\."),
    ):
        for resume in (False, True):
            with pytest.raises(OutputError, match=what) as caught:
                begin(target, resume=resume).__enter__()
            assert str(caught.value).startswith(f"{target}: ") and "\n" not in str(caught.value)
    assert names(tmp_path) == ["file", "folder.csv", "pipe.csv"]


def test_tables_may_have_any_name(tmp_path: Path) -> None:
    for name in ('"a", b.csv', "two\nlines.jsonl", os.fsdecode(b"\xff\xfe.csv"), "\udcff.parquet", "X.CSV", ".csv.csv"):
        with stopped_after(tmp_path / name, 20):
            pass
        with begin(tmp_path / name, resume=True) as run:
            assert run.position == RUN[18].place
            list(write(run, RUN))
        assert names(tmp_path) == [name]
        (tmp_path / name).unlink()


def test_a_link_stays_a_link_and_rights_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    unbroken(real, RUN[:3])
    real.chmod(0o640)
    link.symlink_to(real)
    unbroken(link, RUN)
    assert link.is_symlink() and real.stat().st_mode & 0o777 == 0o640
    assert len(rows_in(real)) > 20


def test_a_run_without_a_table_is_remembered_in_its_folder(tmp_path: Path) -> None:
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
        assert run.position == RUN[19].place
        assert list(write(run, RUN)) == RUN[20:]
        (tmp_path / "a.png").touch()
    with folder() as run:
        assert run.complete
    with pytest.raises(ConfigError, match="detector"):
        folder(detector="none").__enter__()
    (tmp_path / "a.png").unlink()
    with folder() as run:  # what it made is gone
        assert (run.position, run.complete) == (None, False)
    with pytest.raises(OutputError, match="there is no folder"):
        resumable_folder(tmp_path / "nowhere", SOURCES, SETTINGS, resume=False).__enter__()


def test_a_place_that_is_none_is_a_mistake() -> None:
    for wrong in ({"number": -1}, {"frame": -2}, {"next_track": 0}, {"frame": 0.0}):
        with pytest.raises(ValueError, match="no place in a run"):
            Position(**{"source": SOURCES[0], "number": 0, "frame": 0, "finished": False} | wrong)


def test_the_error_of_the_run_is_told_not_that_of_leaving_it(tmp_path: Path) -> None:
    with pytest.raises(EkspresiError, match="the first"), begin(tmp_path / "x.csv") as run:
        list(zip(range(9), write(run, RUN), strict=False))
        (tmp_path / "x.csv").unlink()
        raise EkspresiError("the first")
