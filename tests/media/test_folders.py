import os
from pathlib import Path

import pytest

from ekspresi.errors import SourceError
from ekspresi.media.folders import folders_below
from tests.support.closed_folders import close


def listed(top: Path) -> list[tuple[str, list[str]]]:
    errors: dict[Path, SourceError] = {}
    found = [(folder.relative_to(top).as_posix(), sorted(names)) for folder, names in folders_below(top, errors.update)]
    assert errors == {}
    return sorted(found)


def test_folders_below_skips_hidden_names(tmp_path: Path) -> None:
    for name in ("a.png", ".b.png", "sub/c.txt", ".cache/d.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert listed(tmp_path) == [(".", ["a.png"]), ("sub", ["c.txt"])]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_folders_below_links_to_folders_are_followed(tmp_path: Path) -> None:
    for name in ("elsewhere/x.png", "top/a/y.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    top = tmp_path / "top"
    (top / "out").symlink_to(tmp_path / "elsewhere")
    (top / "again").symlink_to("a")
    (top / "broken").symlink_to("nowhere")
    (top / "itself").symlink_to("itself")
    assert listed(top) == [(".", ["broken", "itself"]), ("a", ["y.png"]), ("again", ["y.png"]), ("out", ["x.png"])]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_folders_below_links_in_a_circle_end(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.png").touch()
    for link, target in (("a/up", ".."), ("a/here", "."), ("a/b", "../b"), ("b/a", "../a")):
        (tmp_path / link).symlink_to(target)
    assert listed(tmp_path) == [
        *((".", []), ("a", ["a.png"]), ("a/b", ["b.png"]), ("b", ["b.png"]), ("b/a", ["a.png"]))
    ]
    deep = tmp_path / "a" / "here" / "here"  # the top may be a link itself
    assert ("b", ["b.png"]) in listed(deep)


def test_folders_below_closed_folder_is_reported_and_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a/x.png", "closed/y.png", "d/z.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    closed = tmp_path / "closed"
    close(closed, monkeypatch)
    errors: dict[Path, SourceError] = {}
    found = {folder.name: names for folder, names in folders_below(tmp_path, errors.__setitem__)}
    assert (found["a"], found["closed"], found["d"]) == (["x.png"], [], ["z.png"])
    assert list(errors) == [closed]
    assert str(errors[closed]) == f"{closed}: the folder cannot be read (Permission denied). Check its permissions."
