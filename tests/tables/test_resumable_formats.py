"""Tables of each format: their content at each moment, on full disks, under any name."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ekspresi.errors import OutputError
from tests.support.recorded_runs import unbroken, write
from tests.support.recorded_tables import ENDINGS, RUN, begin, names, rows_in, stopped_after


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Limit the size of every file, and write only the part that fits, as a filling disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_write_returns_with_the_rows_in_the_file(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    written = 0
    with begin(path) as run:
        for step in write(run, RUN):
            written += len(step.rows)
            assert len(rows_in(path)) == written
    assert written > 20
    assert names(tmp_path) == [path.name]


def test_parquet_is_written_at_the_end_of_the_run(tmp_path: Path) -> None:
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
def test_table_of_a_run_without_faces_has_no_rows(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    with begin(path):
        pass
    assert rows_in(path) == []
    assert names(tmp_path) == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_older_table_is_replaced_with_the_first_frame(ending: str, tmp_path: Path) -> None:
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


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_write_on_a_filling_disk_leaves_whole_lines(ending: str, tmp_path: Path) -> None:
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


def test_parquet_that_fails_is_written_on_resume(tmp_path: Path) -> None:
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
        assert run.position == RUN[-1].position
        assert list(write(run, RUN)) == []
    assert rows_in(path) == rows_in(whole)
    assert names(folder) == ["x.parquet"]


def test_write_on_a_full_disk_names_the_remedy(tmp_path: Path) -> None:
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
    problem = "cannot be written: the disk is full. Free some space, or write to another disk."
    assert str(caught.value) == f"{tmp_path / 'x.csv'}: {problem}"


@pytest.mark.parametrize("break_off", [KeyboardInterrupt, RuntimeError])
def test_write_interrupted_leaves_whole_lines(break_off: type[BaseException], tmp_path: Path) -> None:
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


def test_table_at_an_impossible_path_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for target, what in (
        (tmp_path / "x.ods", r"unknown table format\. Use a name that ends in \.csv, \.jsonl, \.parquet, \.xlsx\."),
        (Path("/dev/stdout"), r"unknown table format\. Use a name that ends in \.csv, \.jsonl, \.parquet, \.xlsx\."),
        (tmp_path / "folder.csv", "exists and is not a file"),
        (tmp_path / "pipe.csv", "exists and is not a file, but a folder, pipe or device"),
        (tmp_path / "nowhere" / "x.csv", "there is no folder"),
        (tmp_path / "file" / "x.csv", "is a file, not a folder"),
        (tmp_path / ("x" * 300 + ".csv"), "cannot be written"),
        (Path("/proc/x.csv"), r"no file can be made in /proc\. Write to a different folder\."),
    ):
        for resume in (False, True):
            with pytest.raises(OutputError, match=what) as caught:
                begin(target, resume=resume).__enter__()
            assert str(caught.value).startswith(f"{target}: ") and "\n" not in str(caught.value)
    assert names(tmp_path) == ["file", "folder.csv", "pipe.csv"]


def test_table_may_have_any_name(tmp_path: Path) -> None:
    for name in ('"a", b.csv', "two\nlines.jsonl", os.fsdecode(b"\xff\xfe.csv"), "\udcff.parquet", "X.CSV", ".csv.csv"):
        with stopped_after(tmp_path / name, 20):
            pass
        with begin(tmp_path / name, resume=True) as run:
            assert run.position == RUN[18].position
            list(write(run, RUN))
        assert names(tmp_path) == [name]
        (tmp_path / name).unlink()


def test_table_keeps_links_and_permissions(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    unbroken(real, RUN[:3])
    real.chmod(0o640)
    link.symlink_to(real)
    unbroken(link, RUN)
    assert link.is_symlink() and real.stat().st_mode & 0o777 == 0o640
    assert len(rows_in(real)) > 20
