"""Refuse to replace tables, folders and files of every kind, byte for byte, with a true message."""

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from ekspresi.errors import ConfigError, EkspresiError, OutputError
from ekspresi.media.image_writer import picture_file
from ekspresi.system.assets import ASSETS
from ekspresi.tables.checkpoint import Position
from ekspresi.tables.overwrite import check_replaceable
from ekspresi.tables.resumable import resumable_folder, resumable_table
from tests.support.recorded_runs import LABELS, SETTINGS, SOURCES, steps, unbroken, write

RUN = steps()
ENDINGS = (".csv", ".jsonl", ".parquet")
CAMERA = ("camera:0",)


def begin(path: Path, *, resume: bool = False, overwrite: bool = False, sources=SOURCES, folder=None, **changed):
    settings = SETTINGS | changed
    return resumable_table(path, LABELS, sources, settings, resume=resume, overwrite=overwrite, folder=folder)


def content(folder: Path) -> dict[str, bytes]:
    """Read every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def finished(path: Path) -> None:
    unbroken(path, RUN[:7])


def finished_without_journal(path: Path) -> None:
    finished(path)
    path.with_name(f".{path.name}.journal").unlink()


def empty(path: Path) -> None:
    path.touch()


def stopped(path: Path) -> None:
    with suppress(KeyboardInterrupt), begin(path) as run:
        for number, _ in enumerate(write(run, RUN)):
            if number == 20:
                raise KeyboardInterrupt


def killed_at_once(path: Path) -> None:
    """Stop before the second write of the checkpoint: it names no position."""
    aside = path.parent / "aside"
    with suppress(KeyboardInterrupt), begin(path) as run:
        run.write(RUN[0].rows or RUN[1].rows)
        shutil.copytree(path.parent, aside)
        raise KeyboardInterrupt
    for left in path.parent.iterdir():
        if left.is_file():
            left.unlink()
    for left in aside.iterdir():
        if not left.name.endswith(".lock"):
            shutil.move(left, path.parent)
    shutil.rmtree(aside)


def of_a_camera(path: Path) -> None:
    with suppress(KeyboardInterrupt), begin(path, sources=CAMERA) as run:
        run.write(RUN[2].rows)
        run.commit(Position("camera:0", 0, 3, False, 9, 0.5))
        raise KeyboardInterrupt


def notes(path: Path) -> None:
    if path.suffix == ".parquet":
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table({"price": [1.5]}), path)
    else:
        path.write_text('{"price": 1.5}\n' if path.suffix == ".jsonl" else "price\n1.5\n")


def changed(path: Path) -> None:
    """Replace a finished table by a file of its owner."""
    finished(path)
    notes(path)


def damaged(path: Path) -> None:
    stopped(path)
    path.with_name(f".{path.name}.journal").write_text("{")


def read_only(path: Path) -> None:
    finished(path)
    path.chmod(0o444)


UNFINISHED = "this table belongs to an unfinished run"
CONTINUE = "Use --resume to continue it, or --overwrite to discard it."
REPEAT = "Repeat its command with --resume to continue it, or use --overwrite to discard it."
DISCARD = "Use --overwrite to discard it, or use a different --out."
REPLACE = "Use --overwrite to replace it, or use a different --out."
OTHER = f'{UNFINISHED} with other settings: detector ("mtcnn", now "yunet"). {REPEAT}'
FOREIGN = f"nothing in it shows that ekspresi made it. {REPLACE}"

KEPT: list[tuple[Callable[[Path], None], dict[str, object], str]] = [
    (stopped, {}, f"{UNFINISHED}. {CONTINUE}"),
    (killed_at_once, {}, f"{UNFINISHED}. {CONTINUE}"),
    (stopped, {"detector": "yunet"}, OTHER),
    (stopped, {"sources": SOURCES[:2]}, f"{UNFINISHED} with other settings: sources. {REPEAT}"),
    (of_a_camera, {"sources": CAMERA}, f"{UNFINISHED}. {DISCARD}"),
    (of_a_camera, {}, f"{UNFINISHED} with other settings: sources"),
    (notes, {}, FOREIGN),
    (changed, {}, FOREIGN),
    (finished_without_journal, {}, f"beside it, so it may hold your own changes. {REPLACE}"),
    (damaged, {}, f"cannot be read, so its run may be unfinished. {DISCARD}"),
]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(("left", "settings", "message"), KEPT)
def test_table_to_keep_is_replaced_with_overwrite_only(
    left: Callable[[Path], None], settings: dict[str, object], message: str, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"x{ending}"
    left(path)
    before = content(tmp_path)
    with pytest.raises((ConfigError, OutputError)) as caught:
        begin(path, **settings).__enter__()
    assert str(caught.value).startswith(f"{path}: ") and message in str(caught.value)
    assert ("--resume" in str(caught.value)) == (left in (stopped, killed_at_once))
    assert content(tmp_path) == before
    with begin(path, overwrite=True) as run:
        assert run.position is None
        list(write(run, RUN))
    assert run.written
    whole = unbroken(tmp_path / f"whole{ending}", RUN)
    assert path.read_bytes() == whole.read_bytes()
    with begin(path, resume=True) as run:
        assert run.complete


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("left", [finished, empty])
def test_table_without_loss_is_replaced(left: Callable[[Path], None], ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    left(path)
    unbroken(path, RUN)
    assert path.read_bytes() == unbroken(tmp_path / f"whole{ending}", RUN).read_bytes()


def test_finished_table_that_changed_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for change in (
        lambda rows: rows + b"a remark\n",
        lambda rows: rows[:-5],
        lambda rows: rows[:-9] + b"?" + rows[-8:],
    ):
        path.unlink(missing_ok=True)
        finished(path)
        path.write_bytes(change(path.read_bytes()))
        before = content(tmp_path)
        with pytest.raises(OutputError) as caught:
            begin(path).__enter__()
        assert str(caught.value) == f"{path}: this table changed since its run ended. {REPLACE}"
        assert content(tmp_path) == before


@pytest.mark.parametrize("ending", ENDINGS)
def test_finished_table_that_was_written_later_is_kept(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    finished(path)
    later = path.stat().st_mtime + 60
    path.write_bytes(path.read_bytes() if ending == ".parquet" else path.read_bytes() + b"a remark\n")
    os.utime(path, (later, later))
    before = content(tmp_path)
    with pytest.raises(OutputError, match=r"this table changed since its run ended\. Use --overwrite"):
        begin(path).__enter__()
    assert content(tmp_path) == before


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("given", [{}, {"overwrite": True}, {"detector": "yunet"}])
def test_read_only_table_is_never_replaced(given: dict[str, object], ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    read_only(path)
    before = content(tmp_path)
    with pytest.raises(OutputError) as caught:
        begin(path, **given).__enter__()
    assert str(caught.value) == f"{path}: is read-only. Make it writable, or use a different --out."
    assert content(tmp_path) == before
    path.chmod(0o644)
    unbroken(path, RUN)


@pytest.mark.parametrize("ending", ENDINGS)
def test_read_only_table_is_refused_unless_complete(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    stopped(path)
    growing = tmp_path / "x.parquet.jsonl" if ending == ".parquet" else path
    growing.chmod(0o444)
    before = content(tmp_path)
    with pytest.raises(OutputError, match=r"is read-only\. Make it writable"):
        begin(path, resume=True).__enter__()
    assert content(tmp_path) == before
    growing.chmod(0o644)
    with begin(path, resume=True) as run:
        list(write(run, RUN))
    path.chmod(0o444)
    with begin(path, resume=True) as run:
        assert run.complete


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("at", ["checkpoint", "table"])
def test_full_disk_at_the_start_keeps_the_older_table(
    at: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of the first frame do not fit: the older table and its checkpoint stay unchanged."""
    path = tmp_path / f"x{ending}"
    growing = tmp_path / "x.parquet.jsonl" if ending == ".parquet" else path
    finished(path)
    before = content(tmp_path)
    sync = os.fsync

    def full(file: int) -> None:
        name = Path(f"/proc/self/fd/{file}").readlink().name
        if (".journal." in name) == (at == "checkpoint") and (at == "checkpoint" or f".{growing.name}.part" in name):
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(file)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="the disk is full"), begin(path) as run:
        list(write(run, RUN))
    assert not run.written
    assert content(tmp_path) == before
    monkeypatch.undo()
    unbroken(path, RUN)  # it still counts as finished


def test_run_of_table_and_folder_saves_both_checkpoints(tmp_path: Path) -> None:
    films, path = tmp_path / "films", tmp_path / "x.csv"
    films.mkdir()
    with suppress(KeyboardInterrupt), begin(path, folder=films) as run:
        for number, _ in enumerate(write(run, RUN)):
            if number == 20:
                raise KeyboardInterrupt
    (films / "a.png").touch()
    before = content(tmp_path)
    for other, settings, remedy in (("y.csv", {}, CONTINUE), ("z.csv", {"detector": "yunet"}, REPEAT)):
        for resume in (False, True) if settings else (False,):
            with pytest.raises(ConfigError) as caught:
                begin(tmp_path / other, folder=films, resume=resume, **settings).__enter__()
            assert str(caught.value).startswith(f"{films}: this folder belongs to an unfinished run")
            assert str(caught.value).endswith(remedy)
    with pytest.raises(ConfigError, match=r"this folder belongs to an unfinished run\. Use --resume"):
        resumable_folder(films, SOURCES, SETTINGS, resume=False).__enter__()
    assert content(tmp_path) == before
    with begin(path, folder=films, resume=True) as run:
        assert run.position == RUN[19].position
        list(write(run, RUN))
    with begin(path, folder=films, resume=True) as run, resumable_folder(tmp_path, SOURCES, SETTINGS, resume=False):
        assert run.complete
    with begin(tmp_path / "y.csv", folder=films, detector="yunet") as run:  # both are finished
        list(write(run, RUN))


PICTURES = (".png", ".jpg", ".JPEG")


@pytest.mark.parametrize("ending", PICTURES)
def test_check_replaceable_knows_pictures_by_their_maker(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    Image.new("RGB", (9, 9)).save(path)
    before = path.read_bytes()
    with pytest.raises(OutputError) as caught:
        check_replaceable(path, overwrite=False, choice="--annotate")
    remedy = "Use --overwrite to replace it, or use a different --annotate."
    assert str(caught.value) == f"{path}: nothing in it shows that ekspresi made it. {remedy}"
    assert path.read_bytes() == before
    check_replaceable(path, overwrite=True, choice="--annotate")
    with picture_file(path) as write_picture:
        write_picture(Image.new("RGB", (9, 9)))
    check_replaceable(path, overwrite=False, choice="--annotate")
    path.chmod(0o444)
    for overwrite in (False, True):
        with pytest.raises(OutputError, match=r"is read-only\. Make it writable, or use a different --annotate\."):
            check_replaceable(path, overwrite=overwrite, choice="--annotate")


@pytest.mark.parametrize(
    ("name", "noise"),
    [
        ("x.csv", b"source,frame\n"),
        ("x.jsonl", b"[1, 2]\n"),
        ("x.jsonl", b"3\n"),
        ("x.jsonl", b"[[], []]\n"),
        ("x.parquet", b"PAR1"),
        ("x.png", b"made by ekspresi"),
        ("x.html", b"<p>ekspresi</p>"),
        ("x.json", b'{"ekspresi": 1}'),
        ("x.onnx", b"ekspresi"),
        ("x.txt", b"x"),
    ],
)
def test_check_replaceable_refuses_files_of_others(name: str, noise: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(noise)
    with pytest.raises(OutputError, match="nothing in it shows that ekspresi made it"):
        check_replaceable(tmp_path / name, overwrite=False, choice="--out")


def test_check_replaceable_knows_models_by_their_metadata(tiny_model: Path, tmp_path: Path, write_model) -> None:
    check_replaceable(tiny_model, overwrite=False, choice="--out")
    with pytest.raises(EkspresiError, match="nothing in it shows"):
        check_replaceable(write_model(tmp_path / "x.onnx", metadata=None), overwrite=False, choice="--out")
    assets = ASSETS
    for shipped in ("ekspresi-b0.onnx", "ekspresi-b0.safetensors"):
        check_replaceable(assets / shipped, overwrite=False, choice="--out")
