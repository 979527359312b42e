"""`ekspresi predict` in a pipe: a picture in standard input, the table on standard output."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.clips import write_clip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(rng.integers(0, 256, (48, 48, 3), dtype=np.uint8)).save(tmp_path / "in" / name)
    return tmp_path / "in"


@pytest.fixture
def predict(tiny_model: Path, tmp_path: Path):
    """Run ``ekspresi predict`` in a process of its own, in an empty folder."""

    def run(*words: object, content: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        fixed = ("--model", str(tiny_model), "--detector", "none")
        command = [sys.executable, "-m", "ekspresi", "predict", *map(str, words), *fixed]
        (tmp_path / "here").mkdir(exist_ok=True)
        return subprocess.run(command, input=content, capture_output=True, cwd=tmp_path / "here")

    return run


def rows_in(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode("utf-8"), newline="")))


@pytest.mark.parametrize("flag", ["--out", "-o"])
def test_out_dash_writes_the_table_alone_to_stdout(flag: str, predict, folder: Path, tmp_path: Path) -> None:
    assert predict(folder, "--out", tmp_path / "x.csv").returncode == 0
    (folder / "bad.png").touch()
    done = predict(folder, flag, "-")
    assert done.returncode == 0 and done.stdout == (tmp_path / "x.csv").read_bytes()
    assert [row["source"] for row in rows_in(done.stdout)] == [str(folder / "a.png"), str(folder / "b.png")]
    assert b"bad.png: is empty" in done.stderr and b"2 faces in 2 pictures" in done.stderr
    assert list((tmp_path / "here").iterdir()) == []
    quiet = predict(folder / "a.png", flag, "-", "--quiet")
    assert (quiet.returncode, quiet.stderr) == (0, b"") and len(rows_in(quiet.stdout)) == 1


def test_out_dash_with_summary_writes_a_row_each_second(predict, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 60)
    done = predict(clip, "--out", "-", "--summary", "--annotate", tmp_path / "films")
    assert [row["time_s"] for row in rows_in(done.stdout)] == ["0.96", "1.96", "2.36"]
    assert (tmp_path / "films" / "a.mp4").is_file() and b"written: " in done.stderr


def test_out_dash_without_any_picture_writes_nothing(predict, tmp_path: Path) -> None:
    done = predict(tmp_path / "nowhere.png", "--out", "-")
    assert (done.returncode, done.stdout) == (2, b"")


def test_out_dash_reader_may_go(tiny_model: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "ekspresi", "predict", folder, "--out", "-"]
    reading, writing = os.pipe()
    os.close(reading)
    words = [*map(str, command), "--model", str(tiny_model), "--detector", "none"]
    done = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_dash_reads_a_picture_from_stdin(predict, folder: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "drawn"
    words = ("-", folder / "b.png", "--out", tmp_path / "x.csv", "--annotate", drawn)
    done = predict(*words, content=(folder / "a.png").read_bytes())
    assert (done.returncode, done.stderr) == (0, b"")
    piped, read = rows_in((tmp_path / "x.csv").read_bytes())
    assert (piped["source"], read["source"]) == ("-", str(folder / "b.png"))
    assert predict(folder / "a.png", "--out", tmp_path / "y.csv").returncode == 0
    (same,) = rows_in((tmp_path / "y.csv").read_bytes())
    assert piped["expression"] == same["expression"] and piped["confidence"] == same["confidence"]
    assert sorted(path.name for path in drawn.glob("[!.]*")) == ["b.png", "stdin.png"]
    assert b"\n-    " in done.stdout and b"\nb.png" in done.stdout


def test_dash_without_a_picture_exits_with_2(predict, folder: Path) -> None:
    done = predict("-", folder / "a.png", content=b"some text")
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: -: is a text file, not a picture") and b"1 face in 1 picture" in done.stdout


def test_resume_of_a_stream_is_refused(predict, folder: Path, tmp_path: Path) -> None:
    for words in ((folder, "--out", "-", "--annotate", tmp_path / "o"), ("-", "--out", tmp_path / "x.csv")):
        done = predict(*words, "--resume", content=(folder / "a.png").read_bytes())
        assert done.returncode == 2 and done.stdout == b""
        assert done.stderr.startswith(b"error: --resume: works for files only: standard input and output have no")


@pytest.mark.parametrize("words", [("",), ("a.png", "--annotate", "")])
def test_empty_text_never_means_the_current_folder(words: tuple[str, ...], predict, folder: Path) -> None:
    (folder.parent / "here").symlink_to(folder)
    done = predict(*words)
    assert done.returncode == 2 and b"is empty text" in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["a.png", "b.png"]


def test_annotate_among_the_sources_draws_no_drawing(predict, folder: Path) -> None:
    """The third run reads what a shell makes of ``*.png``."""
    (folder.parent / "here").symlink_to(folder)
    names = ["a-annotated.png", "a.png", "b-annotated.png", "b.png"]
    for sources in (["."], ["."], names):
        done = predict(*sources, "--annotate", ".")
        assert done.returncode == 0 and b"2 faces in 2 pictures" in done.stdout, done.stderr
        assert sorted(path.name for path in folder.glob("[!.]*")) == names
    assert b"Not read: 2 files that ekspresi drew: a-annotated.png, b-annotated.png." in done.stdout


def test_what_cannot_be_read_is_counted_and_named(predict, folder: Path, tmp_path: Path) -> None:
    for name in ("c.CR2", "d.jxl", "bad.png"):
        (folder / name).touch()
    done = predict(folder, "--page", tmp_path / "p.html")
    raw = f"Not read: 2 files of kinds that ekspresi cannot read (1 .cr2, 1 .jxl): {folder}/c.CR2, {folder}/d.jxl."
    assert done.returncode == 0
    assert (
        raw in done.stdout.decode() and f"Not read: 1 source with an error: {folder}/bad.png." in done.stdout.decode()
    )
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert raw in page and f"{folder}/bad.png: is empty (0 bytes)." in page
