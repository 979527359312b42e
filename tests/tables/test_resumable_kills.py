"""Runs that SIGKILL ends, and that resume."""

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ekspresi.system.file_names import original_name
from tests.support import recorded_runs
from tests.support.recorded_runs import steps, unbroken

RUN = steps(60)

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system")


def start(
    path: Path, *, frame_s: float = 0.005, checkpoint_s: float = 0.05, resume: bool = True
) -> "subprocess.Popen[str]":
    words = [sys.executable, recorded_runs.__file__, path, str(frame_s), str(checkpoint_s), *(["--resume"] * resume)]
    return subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, text=True)


def kill_after(process: "subprocess.Popen[str]", frames: int) -> list[tuple[int, int]]:
    """Let a process write so many frames, kill it, and return the frames that it printed."""
    assert process.stdout is not None
    printed = [process.stdout.readline() for _ in range(frames)]
    process.kill()
    printed += process.stdout.readlines()
    assert process.wait() == -signal.SIGKILL
    return [(int(number), int(frame)) for number, frame in (line.split() for line in printed if line.endswith("\n"))]


def rows_in(path: Path) -> list[tuple[str, int]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return [(original_name(row["source"]), int(row["frame"])) for row in csv.DictReader(file)]
    return [(original_name(row["source"]), row["frame"]) for row in map(json.loads, path.read_text().splitlines())]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_killed_run_resumes_to_the_table_of_an_unbroken_one(ending: str, tmp_path: Path) -> None:
    whole = unbroken(tmp_path / f"whole{ending}", RUN)
    folder = tmp_path / "killed"
    folder.mkdir()
    path = folder / f"x{ending}"
    growing = folder / "x.parquet.jsonl" if ending == ".parquet" else path
    first = 0
    for frames in (40, 60, 50):
        written = kill_after(start(path), frames)
        began = next(
            number for number, step in enumerate(RUN) if (step.position.number, step.position.frame) == written[0]
        )
        assert began >= first and (first == 0 or began > 0)
        first = began
        # The file holds the rows of the printed frames, to the last row of the last frame, and nothing else.
        expected = [(row.source, row.frame) for step in RUN[: began + len(written)] for row in step.rows]
        after = [(row.source, row.frame) for row in RUN[began + len(written)].rows]
        assert rows_in(growing) in (expected, expected + after)
        assert growing.read_bytes().endswith(b"\n")
        assert (folder / f".x{ending}.journal").exists()
    last = start(path, frame_s=0)
    printed = last.communicate()[0].splitlines()
    assert last.returncode == 0 and len(printed) < len(RUN) - first
    assert path.read_bytes() == whole.read_bytes()
    assert sorted(folder.iterdir()) == [folder / f".x{ending}.journal", path]


def test_second_process_on_one_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    first = start(path, resume=False)
    assert first.stdout is not None
    first.stdout.readline()
    second = subprocess.run([sys.executable, recorded_runs.__file__, path, "0", "1"], capture_output=True, text=True)
    assert second.returncode == 1 and second.stdout == ""
    assert f"another run (process {first.pid}) is writing to it" in second.stderr
    kill_after(first, 1)
    third = start(path, frame_s=0)  # the lock of a killed process does not block
    third.communicate()
    assert third.returncode == 0
    assert path.read_bytes() == unbroken(tmp_path / "whole.csv", RUN).read_bytes()
