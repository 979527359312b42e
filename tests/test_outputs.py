import csv
import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import OutputError
from ekspresi.outputs import COLUMNS, annotated_paths, make_folder, replacing, row_values, save_picture, table
from ekspresi.types import Face, Prediction, Row

LABELS = ("neutral", "fear")
PREDICTION = Prediction("fear", 0.75, {"neutral": 0.25, "fear": 0.75}, 31.0)
ROW = Row("a, b/ü.jpg", 0, None, None, Face((1.0, 2.345, 30.0, 40.5), 0.9, None, PREDICTION))


def test_columns_stand_in_their_stable_order() -> None:
    assert list(row_values(ROW, LABELS)) == [
        *("source", "frame", "time_s", "track", "x1", "y1", "x2", "y2", "face_px", "effective_px"),
        *("expression", "confidence", "abstained", "p_neutral", "p_fear"),
    ]
    assert COLUMNS[0] == "source"


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with table(path, LABELS) as write:
        write(ROW)
        write(Row("video.mp4", 7, 0.28, 3, Face((0, 0, 9, 9), 1.0)))
    with path.open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert first == {
        "source": "a, b/ü.jpg",
        "frame": "0",
        "time_s": "",
        "track": "",
        "x1": "1.0",
        "y1": "2.35",
        "x2": "30.0",
        "y2": "40.5",
        "face_px": "31.0",
        "effective_px": "",
        "expression": "fear",
        "confidence": "0.75",
        "abstained": "false",
        "p_neutral": "0.25",
        "p_fear": "0.75",
    }
    assert (second["frame"], second["time_s"], second["track"]) == ("7", "0.28", "3")
    assert second["expression"] == second["p_fear"] == second["abstained"] == ""


def test_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "x.JSONL"
    with table(path, LABELS) as write:
        write(ROW)
        write(ROW)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines == [row_values(ROW, LABELS)] * 2
    assert lines[0]["time_s"] is None
    assert lines[0]["abstained"] is False


def test_names_that_are_no_utf8_are_written(tmp_path: Path) -> None:
    row = Row(os.fsdecode(b"\xff\xfe.jpg"), 0, None, None, ROW.face)
    for name in ("x.csv", "x.jsonl"):
        with table(tmp_path / name, LABELS) as write:
            write(row)
    assert b"\xff\xfe.jpg" in (tmp_path / "x.csv").read_bytes()


def test_other_endings_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"ends in \.csv or \.jsonl"), table(tmp_path / "x.xlsx", LABELS):
        pytest.fail("must not start")


def test_replacing_writes_all_or_nothing(tmp_path: Path) -> None:
    target = tmp_path / "x.txt"
    target.write_text("old")
    target.chmod(0o640)
    with replacing(target) as part:
        assert part.parent == target.parent
        assert part.suffix == ".txt"
        part.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_replacing_leaves_nothing_of_what_failed(error: type[BaseException], tmp_path: Path) -> None:
    target = tmp_path / "x.txt"
    target.write_text("old")
    with pytest.raises(error), replacing(target) as part:
        part.write_text("half")
        raise error
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "the disk is full; free some space"),
        (errno.EACCES, "is not writable; choose another"),
        (errno.EIO, "choose another place"),
    ],
)
def test_a_disk_that_fails(number: int, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    path = tmp_path / "x.csv"
    with pytest.raises(OutputError, match=remedy) as caught, table(path, LABELS) as write:
        write(ROW)
    assert str(caught.value).startswith(f"{path}: cannot be written: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_in_mid_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes go to a device that is always full, so the error is the system's own."""
    touch = Path.touch
    monkeypatch.setattr(Path, "touch", lambda path, **_: path.symlink_to("/dev/full"))
    with pytest.raises(OutputError, match="the disk is full"), table(tmp_path / "x.csv", LABELS) as write:
        for _ in range(10_000):
            write(ROW)
    monkeypatch.setattr(Path, "touch", touch)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc")
def test_a_folder_that_takes_no_files() -> None:
    with (
        pytest.raises(OutputError, match=r"no file can be made in /proc; choose another"),
        table("/proc/x.csv", LABELS),
    ):
        pytest.fail("must not start")


def test_targets_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for target, what in (
        (tmp_path, "exists and is no file"),
        (tmp_path / "nowhere" / "x.csv", "there is no folder"),
        (tmp_path / "file" / "x.csv", "there is no folder"),
        (tmp_path / ("x" * 300), "cannot be written"),
    ):
        with pytest.raises(OutputError, match=what), replacing(target) as part:
            part.write_text("x")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    link.symlink_to(real)
    with replacing(link) as part:
        part.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_annotated_pictures_never_meet(tmp_path: Path) -> None:
    sources = [
        tmp_path / name for name in ("a/x.jpg", "b/x.jpg", "b/x.JPG", "b/x.png", "b/x.gif", "b/x.png.png", "c/d/x.jpg")
    ]
    out = tmp_path / "out"
    targets = annotated_paths(sources, out)
    assert [target.relative_to(out).as_posix() for target in targets.values()] == [
        *("a/x.jpg", "b/x.jpg", "b/x-2.JPG", "b/x.png", "b/x-2.png", "b/x.png.png", "c/d/x.jpg")
    ]
    assert list(targets) == sources


def test_annotated_pictures_never_replace_a_source(tmp_path: Path) -> None:
    sources = [tmp_path / "x.jpg", tmp_path / "x-2.jpg"]
    targets = annotated_paths(sources, tmp_path)
    assert list(targets.values()) == [tmp_path / "x-3.jpg", tmp_path / "x-2-2.jpg"]


@pytest.mark.parametrize("name", ["x.jpg", "x.png"])
def test_save_picture(name: str, tmp_path: Path) -> None:
    pixels = np.full((8, 8, 3), 77, dtype=np.uint8)
    path = tmp_path / "deep" / "down" / name
    save_picture(Image.fromarray(pixels), path)
    with Image.open(path) as read:
        np.testing.assert_array_equal(np.asarray(read), pixels)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_to_itself_does_no_harm(tmp_path: Path) -> None:
    loop = tmp_path / "a.jpg"
    loop.symlink_to("a.jpg")
    assert annotated_paths([loop], tmp_path / "out") == {loop: tmp_path / "out" / "a.jpg"}
    with replacing(loop) as part:
        part.write_text("new")
    assert loop.read_text() == "new"


def test_make_folder(tmp_path: Path) -> None:
    make_folder(tmp_path / "new" / "folder")
    make_folder(tmp_path / "new" / "folder")
    assert (tmp_path / "new" / "folder").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="the folder cannot be made"):
        make_folder(tmp_path / "file" / "report")


def test_save_picture_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="the folder cannot be made"):
        save_picture(Image.new("RGB", (4, 4)), tmp_path / "file" / "x.png")
