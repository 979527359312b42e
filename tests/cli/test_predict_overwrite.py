"""What an earlier run made, or someone else, is not lost to another: the commands, as they are called."""

import errno
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from ekspresi.cli import main
from ekspresi.summaries.html_report import PageProvenance, make_page_provenance
from tests.support.clips import write_clip
from tests.support.network_cameras import wait_until
from tests.support.other_user import as_other_user, folder_of_all, give_away

UNFINISHED = "belongs to an unfinished run"


@pytest.fixture
def ekspresi(tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command on whole frames with the tiny model -> exit code, standard output, standard error."""

    def run(command: str, *arguments: object) -> tuple[int, str, str]:
        words = [command, *map(str, arguments), "--model", str(tiny_model), "--detector", "none"]
        monkeypatch.setattr(sys, "argv", ["ekspresi", *words])
        monkeypatch.setattr("ekspresi.cli.progress_lines.EVERY_S", math.inf)  # a busy machine takes minutes
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    return make_sources(tmp_path / "in")


def make_sources(folder: Path, frames: int = 12) -> Path:
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    for name in ("a.png", "b.jpg"):
        Image.fromarray(noise).save(folder / name)
    write_clip(folder / "c.mp4", frames, gop=25)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Everything below a folder, but for the locks of killed runs, which mean nothing."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


OUTPUTS = {
    "rows.csv": ("predict", "--out", "in"),
    "rows.jsonl": ("predict", "--out", "in"),
    "rows.parquet": ("predict", "--out", "in"),
    "page.html": ("predict", "--page", "in"),
    "drawn/a.png": ("predict", "--annotate", "in"),
    "drawn/b.jpg": ("predict", "--annotate", "in"),
    "drawn/c.mp4": ("predict", "--annotate", "in"),
    "explained.png": ("explain", "--out", "in/a.png"),
    "explained.jpg": ("explain", "--out", "in/a.png"),
}
"""Each kind of file -> the command that makes it, its option, its source."""


def command_for(output: str, folder: Path, made_in: Path | None = None) -> tuple[list[object], Path]:
    """The words that make an output, and its path."""
    command, option, source = OUTPUTS[output]
    target = (made_in or folder) / output
    return [command, folder / source, option, target.parent if option == "--annotate" else target], target


@pytest.mark.parametrize("output", OUTPUTS)
def test_foreign_file_is_replaced_with_overwrite_only(output: str, ekspresi, sources: Path, tmp_path: Path) -> None:
    words, target = command_for(output, tmp_path)
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"of someone else")
    before = content(tmp_path)
    code, said, err = ekspresi(*words)
    remedy = f"Use --overwrite to replace it, or use a different {words[2]}."
    assert (code, err) == (2, f"error: {target}: nothing in it shows that ekspresi made it. {remedy}\n")
    assert "written" not in said and content(tmp_path) == before
    code, said, err = ekspresi(*words, "--overwrite")
    assert (code, err) == (0, "") and "written: " in said
    made = target.read_bytes()
    assert made != b"of someone else"
    code, said, err = ekspresi(*words)  # what ekspresi finished may be replaced
    assert (code, err) == (0, "") and "written: " in said


@pytest.mark.parametrize("output", OUTPUTS)
def test_what_is_read_only_is_never_replaced(output: str, ekspresi, sources: Path, tmp_path: Path) -> None:
    words, target = command_for(output, tmp_path)
    assert ekspresi(*words)[0] == 0
    target.chmod(0o444)
    before = content(tmp_path)
    for more in ((), ("--overwrite",), *([("--every", "1s")] if words[0] == "predict" else [])):
        code, said, err = ekspresi(*words, *more)
        remedy = f"Make it writable, or use a different {words[2]}."
        assert (code, err) == (2, f"error: {target}: is read-only. {remedy}\n")
        assert "written" not in said and content(tmp_path) == before


@pytest.mark.parametrize("output", OUTPUTS)
def test_another_user_loses_nothing_that_is_read_only(output: str, ekspresi, tiny_model: Path) -> None:
    """The file is theirs, and its folder lets them replace it."""
    with folder_of_all() as folder:
        make_sources(folder / "in")
        (folder / "before").mkdir()
        model = shutil.copy(tiny_model, folder)
        words, target = command_for(output, folder)
        assert ekspresi(*words)[0] == 0
        target.parent.chmod(0o777)
        for path in target.parent.iterdir():
            path.chmod(0o777)
        give_away(target)
        target.chmod(0o444)
        before = content(folder)
        with_all_rights, _ = command_for(output, folder, folder / "before")
        fixed = ("--model", model, "--detector", "none")
        done = as_other_user([*with_all_rights, *fixed], [*words, *fixed])
        assert done.returncode == 2
        assert done.stderr.endswith(
            f"error: {target}: is read-only. Make it writable, or use a different {words[2]}.\n"
        )
        assert "written" not in done.stdout
        after = content(folder)
        assert {name: after[name] for name in before} == before


def test_a_folder_that_another_user_may_not_write_to_is_named(tiny_model: Path) -> None:
    with folder_of_all() as folder:
        make_sources(folder / "in")
        model, closed = shutil.copy(tiny_model, folder), folder / "closed"
        closed.mkdir()
        fixed = (folder / "in", "--model", model, "--detector", "none")
        words = ["predict", *fixed, "--out", closed / "rows.csv"]
        if os.geteuid():
            closed.chmod(0o555)
        done = as_other_user(["predict", *fixed, "--out", folder / "x.csv"], words)
        remedy = "Fix its permissions, or write to a different folder."
        what = f"cannot be written: the folder {closed} is not writable. {remedy}"
        assert done.returncode == 2 and done.stderr.endswith(f"error: {closed / 'rows.csv'}: {what}\n")
        assert "written" not in done.stdout and content(closed) == {}


def killed(words: list[object], model: Path, ready, number: int = signal.SIGKILL) -> None:
    """A run that is ended by a signal when something is there."""
    command = [sys.executable, "-m", "ekspresi", *map(str, words), "--model", str(model), "--detector", "none"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert wait_until(ready, 60)
    process.send_signal(number)
    said, _ = process.communicate()
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert "written" not in said or "--out" in words


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system")
@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_the_table_of_a_killed_run_is_lost_to_no_other_command(
    name: str, ekspresi, tiny_model: Path, tmp_path: Path
) -> None:
    clip, out = write_clip(tmp_path / "a.mp4", 1500, gop=25), tmp_path / name
    other = write_clip(tmp_path / "b.mp4", 5)
    growing = tmp_path / "rows.parquet.jsonl" if name == "rows.parquet" else out
    words = ["predict", clip, "--out", out]
    journal = tmp_path / f".{name}.journal"

    def far_enough() -> bool:
        """The run wrote rows, and its journal names a place: a run of other settings learns the source from it."""
        wrote = growing.exists() and growing.read_bytes().count(b"\n") > 100
        return wrote and json.loads(journal.read_text(encoding="utf-8"))["place"] is not None

    killed(words, tiny_model, far_enough)
    before = content(tmp_path)
    for command in (
        words,
        [*words, "--every", "1s"],
        [*words, "--summary"],
        ["predict", other, "--out", out],
        ["predict", other, clip, "--out", out, "--annotate", tmp_path / "drawn"],
        ["predict", other, "--out", out, "--page", tmp_path / "page.html"],
    ):
        code, said, err = ekspresi(*command)
        assert code == 2 and err.startswith(f"error: {out}: this table {UNFINISHED}") and err.count("\n") == 1
        assert "--resume to continue it, or" in err and "--overwrite to discard it." in err
        assert "written" not in said and content(tmp_path) == before
    code, _, err = ekspresi(*words, "--resume", "--overwrite")
    assert code == 2 and "Give one of them." in err and content(tmp_path) == before
    code, said, err = ekspresi("predict", other, "--out", out, "--overwrite")
    assert (code, err) == (0, "") and f"written: {out}" in said
    code, said, err = ekspresi("predict", other, "--out", out, "--resume")
    assert code == 0 and "--resume found no remaining source." in said


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system")
@pytest.mark.parametrize("with_table", [False, True])
def test_films_of_a_killed_run_are_lost_to_no_other_command(
    with_table: bool, ekspresi, tiny_model: Path, tmp_path: Path
) -> None:
    clip, films = write_clip(tmp_path / "a.mp4", 1500, gop=25), tmp_path / "films"
    film = films / "a.mp4"
    table = ["--out", tmp_path / "rows.csv"] if with_table else []
    words = ["predict", clip, "--annotate", films, *table]
    killed(words, tiny_model, lambda: film.exists() and film.stat().st_size > 20_000)
    before = content(tmp_path)
    for command in (
        ["predict", clip, "--annotate", films],
        ["predict", clip, "--annotate", films, "--end", "1s"],
        ["predict", clip, "--annotate", films, "--out", tmp_path / "other.csv"],
    ):
        code, said, err = ekspresi(*command)
        assert code == 2 and err.startswith(f"error: {films}: this folder {UNFINISHED}"), err
        assert "written" not in said and content(tmp_path) == before
    code, said, err = ekspresi("predict", clip, "--annotate", films, "--end", "1s", "--overwrite")
    assert (code, err) == (0, "") and f"written: {films}" in said
    with av.open(film) as container:
        assert len(list(container.decode(video=0))) == 25
    assert sorted(content(films)) == [".ekspresi.journal", "a.mp4"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_finished_film_is_there_until_the_new_one_is_whole(
    number: int, ekspresi, tiny_model: Path, tmp_path: Path
) -> None:
    clip, films = write_clip(tmp_path / "a.mp4", 1500, gop=25), tmp_path / "films"
    assert ekspresi("predict", clip, "--annotate", films, "--end", "1s")[0] == 0
    old = (films / "a.mp4").read_bytes()
    growing = films / ".a.mp4.part.mp4"
    words = ["predict", clip, "--annotate", films]
    killed(words, tiny_model, lambda: growing.exists() and growing.stat().st_size > 200_000, number)
    assert (films / "a.mp4").read_bytes() == old
    code, said, err = ekspresi(*words, "--resume")
    assert (code, err) == (0, "") and f"written: {films}" in said
    counts = []
    for name in ("a.mp4", "a-2.mp4"):
        with av.open(films / name) as container:
            counts.append(len(list(container.decode(video=0))))
    assert counts[0] > 25 and sum(counts) >= 1500 - 25  # of the last second before the kill some are missing, or twice
    assert sorted(content(films)) == [".ekspresi.journal", "a-2.mp4", "a.mp4"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("output", [name for name in OUTPUTS if not name.startswith("rows")])
def test_a_full_disk_costs_no_earlier_page_picture_or_film(
    output: str, ekspresi, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written goes to a device that is always full, so the error is the system's own."""
    words, target = command_for(output, tmp_path)
    assert ekspresi(*words)[0] == 0
    before = target.read_bytes()
    part = f".{target.name}.part" if target.suffix == ".mp4" else f".{target.stem}-"
    touch, opened = Path.touch, Path.open

    def full_touch(path: Path, **given: bool) -> None:
        path.symlink_to("/dev/full") if path.name.startswith(part) else touch(path, **given)

    def full_open(path: Path, *given: object, **named: object):
        return opened(Path("/dev/full") if path.name.startswith(part) else path, *given, **named)

    monkeypatch.setattr(Path, "touch", full_touch)
    if target.suffix == ".mp4":
        monkeypatch.setattr(Path, "open", full_open)
    code, said, err = ekspresi(*words)
    monkeypatch.undo()
    assert code == 2 and f"error: {target}: cannot be written: the disk is full" in err
    assert ("written: " in said) == (words[2] == "--annotate")  # the others were
    assert f"written: {target}" not in said
    assert target.read_bytes() == before


def test_failed_page_does_not_affect_the_table(
    ekspresi, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, page = tmp_path / "rows.csv", tmp_path / "page.html"
    assert ekspresi("predict", sources, "--page", page)[0] == 0
    before = page.read_bytes()

    def read_only_meanwhile(*given: object) -> PageProvenance:
        page.chmod(0o444)
        return make_page_provenance(*given)

    monkeypatch.setattr("ekspresi.summaries.html_report.make_page_provenance", read_only_meanwhile)
    code, said, err = ekspresi("predict", sources, "--out", table, "--page", page)
    assert code == 2 and err == f"error: {page}: is read-only. Make it writable, or use a different name.\n"
    assert re.findall("written: .*", said) == [f"written: {table}", f"written: {table}.sources.tsv"]
    assert "2 faces in 2 pictures" in said
    assert page.read_bytes() == before


def test_finished_video_survives_a_next_run_on_a_full_disk(
    ekspresi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, films, table = write_clip(tmp_path / "a.mp4", 30), tmp_path / "films", tmp_path / "rows.csv"
    words = ["predict", clip, "--annotate", films, "--out", table]
    assert ekspresi(*words)[0] == 0
    before = content(tmp_path)
    sync, synced = os.fsync, 0

    def full(file: int) -> None:
        nonlocal synced
        synced += 1
        if synced == 3:  # after the journals of table and folder: the first rows
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(file)

    monkeypatch.setattr(os, "fsync", full)
    code, said, err = ekspresi(*words)
    monkeypatch.undo()
    assert (
        code == 2
        and err == f"error: {table}: cannot be written: the disk is full. Free some space, or write to another disk.\n"
    )
    assert "written" not in said
    after = content(tmp_path)
    assert {name: after[name] for name in before} == before
    assert ekspresi(*words)[0] == 0  # it is still known as finished
