"""Two programs on one table: locks, and files that another program removes or changes."""

import os
import shutil
from pathlib import Path

import pytest

from ekspresi.errors import OutputError
from tests.support.recorded_runs import unbroken, write
from tests.support.recorded_tables import ENDINGS, RUN, begin, names


def test_second_run_on_the_same_table_is_refused(tmp_path: Path) -> None:
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


def test_lock_file_of_a_killed_run_does_not_block(tmp_path: Path) -> None:
    (tmp_path / ".x.csv.lock").write_text("1")
    unbroken(tmp_path / "x.csv", RUN)
    assert names(tmp_path) == ["x.csv"]


def test_file_system_without_locks_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import fcntl

    def fail(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    unbroken(tmp_path / "x.csv", RUN)
    assert names(tmp_path) == ["x.csv"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("what", ["removed", "replaced", "changed"])
def test_file_changed_by_another_program_stops_the_run(what: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    growing = tmp_path / "x.parquet.jsonl" if ending == ".parquet" else path
    with (
        pytest.raises(OutputError, match=f"another program {what} this file, so the run was stopped") as caught,
        begin(path) as run,
    ):
        for number, _ in enumerate(write(run, RUN)):
            if number == 20:
                if what == "changed":
                    with growing.open("ab") as file:
                        file.write(b"more\n")
                    continue
                growing.rename(tmp_path / "moved")
                if what == "replaced":
                    growing.write_text("something else")
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_file_removed_after_the_last_row_is_reported(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="another program removed this file"), begin(tmp_path / "x.csv") as run:
        list(write(run, RUN))
        (tmp_path / "x.csv").unlink()


def test_folder_removed_during_the_run_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with (
        pytest.raises(OutputError, match="another program removed this file") as caught,
        begin(folder / "x.csv") as run,
    ):
        for number, _ in enumerate(write(run, RUN)):
            if number == 5:
                shutil.rmtree(folder)
    assert "\n" not in str(caught.value)
