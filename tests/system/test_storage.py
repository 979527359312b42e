import errno
import os
from pathlib import Path

import pytest

from ekspresi.errors import OutputError
from ekspresi.system.storage import atomic_write, ensure_folder


def test_atomic_write_writes_all_or_nothing(tmp_path: Path) -> None:
    target = tmp_path / "x.txt"
    target.write_text("old")
    target.chmod(0o640)
    with atomic_write(target) as part:
        assert part.parent == target.parent
        assert part.suffix == ".txt"
        part.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_atomic_write_that_fails_leaves_nothing(error: type[BaseException], tmp_path: Path) -> None:
    target = tmp_path / "x.txt"
    target.write_text("old")
    with pytest.raises(error), atomic_write(target) as part:
        part.write_text("half")
        raise error
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, r"the disk is full\. Free some space"),
        (errno.EACCES, r"permission is denied\. Fix its permissions, or write to a different file"),
        (errno.EIO, "Write to a different file or folder"),
    ],
)
def test_atomic_write_on_a_failing_disk_is_one_line(
    number: int, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    path = tmp_path / "x.csv"
    with pytest.raises(OutputError, match=remedy) as caught, atomic_write(path) as part:
        part.write_text("x")
    assert str(caught.value).startswith(f"{path}: cannot be written: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_atomic_write_on_a_full_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes go to a device that is always full, so the error is the system's own."""
    touch = Path.touch
    monkeypatch.setattr(Path, "touch", lambda path, **_: path.symlink_to("/dev/full"))
    with pytest.raises(OutputError, match="the disk is full"), atomic_write(tmp_path / "x.csv") as part:
        part.write_bytes(bytes(10_000))
    monkeypatch.setattr(Path, "touch", touch)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc")
def test_atomic_write_in_proc_names_the_folder() -> None:
    with (
        pytest.raises(OutputError, match=r"no file can be made in /proc\. Write to a different folder"),
        atomic_write("/proc/x.csv"),
    ):
        pytest.fail("must not start")


def test_atomic_write_to_a_bad_target_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for target, what in (
        (tmp_path, "exists and is not a file"),
        (tmp_path / "nowhere" / "x.csv", "there is no folder"),
        (tmp_path / "file" / "x.csv", "is a file, not a folder"),
        (tmp_path / ("x" * 300), "cannot be written"),
    ):
        with pytest.raises(OutputError, match=what), atomic_write(target) as part:
            part.write_text("x")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_atomic_write_to_a_link_keeps_the_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    link.symlink_to(real)
    with atomic_write(link) as part:
        part.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_atomic_write_to_a_circular_link_is_harmless(tmp_path: Path) -> None:
    loop = tmp_path / "a.jpg"
    loop.symlink_to("a.jpg")
    with atomic_write(loop) as part:
        part.write_text("new")
    assert loop.read_text() == "new"


def test_ensure_folder_makes_parents(tmp_path: Path) -> None:
    ensure_folder(tmp_path / "new" / "folder")
    ensure_folder(tmp_path / "new" / "folder")
    assert (tmp_path / "new" / "folder").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="the folder cannot be made"):
        ensure_folder(tmp_path / "file" / "report")


def test_atomic_write_alone_overwrites_leftovers(tmp_path: Path) -> None:
    target = tmp_path / "x.txt"
    with atomic_write(target, alone=True) as part:
        part.write_text("half of something long")
        left = tmp_path / part.name
        copy = part.read_bytes()
        part.write_text("one")
    left.write_bytes(copy)
    with atomic_write(target, alone=True) as part:
        assert part == left
        part.write_text("two")
    assert target.read_text() == "two"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_require_file_target_refuses_pipes_and_devices(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.csv")
    for target in (tmp_path / "x.csv", Path("/dev/null")):
        with (
            pytest.raises(OutputError, match="exists and is not a file, but a folder, pipe or device"),
            atomic_write(target),
        ):
            pytest.fail("must not start")
