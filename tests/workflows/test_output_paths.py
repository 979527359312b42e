import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import OutputError
from ekspresi.media.image_writer import save_picture
from ekspresi.workflows.output_paths import UniquePaths, annotated_paths


def test_annotated_pictures_never_meet(tmp_path: Path) -> None:
    sources = [
        tmp_path / name for name in ("a/x.jpg", "b/x.jpg", "b/x.JPG", "b/x.png", "b/x.gif", "b/x.png.png", "c/d/x.jpg")
    ]
    out = tmp_path / "out"
    targets = annotated_paths(sources, out, UniquePaths(sources))
    assert [target.relative_to(out).as_posix() for target in targets.values()] == [
        *("a/x.jpg", "b/x.jpg", "b/x-2.JPG", "b/x.png", "b/x-2.png", "b/x.png.png", "c/d/x.jpg")
    ]
    assert list(targets) == sources


def test_annotated_pictures_never_replace_a_source(tmp_path: Path) -> None:
    sources = [tmp_path / "x.jpg", tmp_path / "x-2.jpg"]
    targets = annotated_paths(sources, tmp_path, UniquePaths(sources))
    assert list(targets.values()) == [tmp_path / "x-3.jpg", tmp_path / "x-2-2.jpg"]


def test_nothing_is_written_over_beside_a_source(tmp_path: Path) -> None:
    source, other = tmp_path / "x.gif", tmp_path / "out" / "x.png"
    other.parent.mkdir()
    for there in (tmp_path / "x.png", other):
        there.touch()
    assert annotated_paths([source], tmp_path, UniquePaths([source])) == {source: tmp_path / "x-2.png"}
    assert annotated_paths([source], other.parent, UniquePaths([source])) == {source: other}  # of an earlier run


def test_names_are_given_once(tmp_path: Path) -> None:
    names = UniquePaths([tmp_path / "a.mp4"])
    wanted = tmp_path / "o" / "b.mp4"
    assert [names.free(wanted), names.free(wanted)] == [wanted, wanted.with_name("b-2.mp4")]
    wanted.parent.mkdir()
    wanted.with_name("b-3.mp4").touch()
    assert names.free(wanted, fresh=True) == wanted.with_name("b-4.mp4")


@pytest.mark.parametrize("name", ["x.jpg", "x.png"])
def test_save_picture(name: str, tmp_path: Path) -> None:
    pixels = np.full((8, 8, 3), 77, dtype=np.uint8)
    path = tmp_path / "deep" / "down" / name
    save_picture(Image.fromarray(pixels), path)
    with Image.open(path) as read:
        np.testing.assert_array_equal(np.asarray(read), pixels)


def test_save_picture_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="the folder cannot be made"):
        save_picture(Image.new("RGB", (4, 4)), tmp_path / "file" / "x.png")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_to_itself_gets_a_name_like_any_other(tmp_path: Path) -> None:
    loop = tmp_path / "a.jpg"
    loop.symlink_to("a.jpg")
    assert annotated_paths([loop], tmp_path / "out", UniquePaths([loop])) == {loop: tmp_path / "out" / "a.jpg"}
