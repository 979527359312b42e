import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import OutputError
from ekspresi.media.image_writer import save_picture
from ekspresi.workflows.output_paths import UniquePaths, annotated_paths


def test_annotated_pictures_keep_names_and_never_meet(tmp_path: Path) -> None:
    names = (
        *("a/x.jpg", "b/x.jpg", "b/x.png", "b/x.gif", "b/x.webp", "b/x.bmp", "b/x.mp4", "b/x.avi", "b/x"),
        *("b/y.PNG", "b/y.gif.png", "b/y.gif", "b/z.JPG", "b/z.jpg", "c/d/x.jpg"),
    )
    sources = [tmp_path / name for name in names]
    out = tmp_path / "out"
    targets = annotated_paths(sources, out, UniquePaths(sources))
    assert [target.relative_to(out).as_posix() for target in targets.values()] == [
        *("a/x.jpg", "b/x.jpg", "b/x.png", "b/x.gif.png", "b/x.webp.png", "b/x.bmp.png", "b/x.mp4", "b/x.avi.mp4"),
        *("b/x-2.png", "b/y.PNG", "b/y.gif.png", "b/y.gif-2.png", "b/z.JPG", "b/z-2.jpg", "c/d/x.jpg"),
    ]
    assert list(targets) == sources


def test_annotated_pictures_do_not_depend_on_the_order(tmp_path: Path) -> None:
    sources = [tmp_path / name for name in ("y.gif", "y.gif.png", "z.jpg", "z.JPG", "z.jpeg")]
    targets = annotated_paths(sources, tmp_path / "out", UniquePaths(sources))
    assert annotated_paths(sources[::-1], tmp_path / "out", UniquePaths(sources)) == targets
    alone = annotated_paths(sources[:1], tmp_path / "out", UniquePaths(sources[:1]))
    assert [target.name for target in alone.values()] == ["y.gif.png"]


def test_annotated_pictures_beside_sources_are_marked(tmp_path: Path) -> None:
    sources = [tmp_path / "x.jpg", tmp_path / "x-annotated.jpg", tmp_path / "x.gif"]
    targets = annotated_paths(sources, tmp_path, UniquePaths(sources))
    names = ["x-annotated-2.jpg", "x-annotated-3.jpg", "x.gif-annotated.png"]
    assert sorted(target.name for target in targets.values()) == names


def test_beside_a_source_only_own_files_are_replaced(tmp_path: Path) -> None:
    source, target = tmp_path / "x.gif", tmp_path / "x.gif-annotated.png"
    Image.new("RGB", (4, 4)).save(target)
    assert annotated_paths([source], tmp_path, UniquePaths([source])) == {source: tmp_path / "x.gif-annotated-2.png"}
    save_picture(Image.new("RGB", (4, 4)), target)
    assert annotated_paths([source], tmp_path, UniquePaths([source])) == {source: target}


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_to_one_file_get_a_target_each(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    photo = tmp_path / "store" / "x.jpg"
    photo.touch()
    links = [tmp_path / "in" / name for name in ("a.jpg", "b.jpg")]
    links[0].parent.mkdir()
    for link in links:
        link.symlink_to(photo)
    out = tmp_path / "out"
    assert list(annotated_paths(links, out, UniquePaths(links)).values()) == [out / "a.jpg", out / "b.jpg"]
    beside = annotated_paths(links, tmp_path / "in", UniquePaths(links))
    assert [target.name for target in beside.values()] == ["a-annotated.jpg", "b-annotated.jpg"]


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
