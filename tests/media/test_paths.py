import os
from pathlib import Path

import pytest

from ekspresi.errors import ImageError, SourceError
from ekspresi.imaging.images import IMAGE_SUFFIXES, load_image
from ekspresi.media.paths import (
    UNSUPPORTED_SUFFIXES,
    VIDEO_SUFFIXES,
    below_common_folder,
    image_paths,
    list_files,
    media_paths,
    natural_key,
)
from tests.support.closed_folders import close


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("f10.jpg", "f2.JPG", "f1.png", "notes.txt", ".hidden.jpg", "sub/f3.webp", ".cache/f4.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def names(paths: list[Path], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def test_image_paths_of_a_folder_is_in_natural_order(tree: Path) -> None:
    assert names(image_paths([tree]), tree) == ["f1.png", "f2.JPG", "f10.jpg", "sub/f3.webp"]


def test_image_paths_of_a_file_ignores_the_suffix(tree: Path) -> None:
    assert names(image_paths([tree / "notes.txt", str(tree / "f10.jpg")]), tree) == ["notes.txt", "f10.jpg"]


def test_image_paths_of_globs_lists_matches(tree: Path) -> None:
    assert names(image_paths([tree / "f1*"]), tree) == ["f1.png", "f10.jpg"]
    assert names(image_paths([tree / "**" / "*.webp"]), tree) == ["sub/f3.webp"]
    assert names(image_paths([tree / "s*b"]), tree) == ["sub/f3.webp"]


def test_image_paths_of_repeats_lists_each_once(tree: Path) -> None:
    again = tree / "sub" / ".." / "f2.JPG"
    assert names(image_paths([tree / "f10.jpg", tree, again]), tree) == [
        "f10.jpg",
        "f1.png",
        "f2.JPG",
        "sub/f3.webp",
    ]


def test_image_paths_with_brackets_prefers_the_name(tmp_path: Path) -> None:
    folder = tmp_path / "trip [2024]"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"x")
    assert image_paths([folder]) == [folder / "a.jpg"]


def test_image_paths_of_relative_paths_stay_relative(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert image_paths(["sub"]) == [Path("sub/f3.webp")]


@pytest.mark.parametrize("name", ["0", "webcam", "Camera:front"])
def test_image_paths_of_a_webcam_name_explains_it(name: str) -> None:
    with pytest.raises(SourceError, match=rf"{name}: no such file or folder\. Name a webcam camera:0"):
        image_paths([name])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("nowhere.jpg", r"no such file or folder\. Check the path\."),
        ("*.bmp", r"matches no file\. Check the pattern\."),
        ("empty", r"holds no pictures\. Give a folder with files that end in one of"),
    ],
)
def test_image_paths_without_pictures_names_the_source(name: str, what: str, tree: Path) -> None:
    (tree / "empty").mkdir()
    with pytest.raises(SourceError, match=what) as caught:
        image_paths([tree / "f1.png", tree / name])
    assert str(caught.value).startswith(str(tree / name))
    refused: list[SourceError] = []
    assert image_paths([tree / "f1.png", tree / name, tree / "f10.jpg"], refused.append) == [
        *(tree / "f1.png", tree / "f10.jpg")
    ]
    assert [str(error) for error in refused] == [str(caught.value)]


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("x" * 300, r"cannot be accessed \(File name too long\)"),
        ("a\0b.jpg", "no such file or folder"),
        ("file/below.jpg", "no such file or folder"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="other systems have other limits and words")
def test_image_paths_of_impossible_names_is_an_error(source: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(SourceError, match=what) as caught:
        image_paths([tmp_path / source])
    assert len(str(caught.value).splitlines()) == 1


def test_image_paths_without_access_is_an_error(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(SourceError, match=r"f1\.png: cannot be accessed \(Permission denied\)\. Check"):
        image_paths([tree / "f1.png"])


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_image_paths_of_a_circular_link_is_an_error(tmp_path: Path) -> None:
    loop = tmp_path / "a.jpg"
    loop.symlink_to("a.jpg")
    (tmp_path / "b.jpg").write_bytes(b"x")
    paths = image_paths([tmp_path])
    assert names(paths, tmp_path) == ["a.jpg", "b.jpg"]
    assert below_common_folder(paths) == [Path("a.jpg"), Path("b.jpg")]
    with pytest.raises(ImageError, match=r"a\.jpg: cannot be opened"):
        load_image(loop)
    with pytest.raises(SourceError, match=r"a\.jpg: cannot be accessed"):
        image_paths([loop])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_image_paths_of_a_pipe_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        image_paths([tmp_path / "pipe"])
    assert image_paths([tmp_path / "p*"]) == [tmp_path / "pipe"]  # to be told by who reads it


def test_natural_key_sorts_folder_by_folder() -> None:
    paths = [Path("a/2.jpg"), Path("a10/1.jpg"), Path("a/10.jpg"), Path("a2/1.jpg"), Path("A/3.jpg")]
    ordered = [path.as_posix() for path in sorted(paths, key=natural_key)]
    assert ordered == ["A/3.jpg", "a/2.jpg", "a/10.jpg", "a2/1.jpg", "a10/1.jpg"]


def test_below_common_folder_strips_the_folder(tree: Path) -> None:
    paths = [tree / "f1.png", tree / "sub" / "f3.webp"]
    assert below_common_folder(paths) == [Path("f1.png"), Path("sub/f3.webp")]
    assert below_common_folder(paths[1:]) == [Path("f3.webp")]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_below_common_folder_keeps_links_where_they_are(tmp_path: Path) -> None:
    for name in ("store", "in"):
        (tmp_path / name).mkdir()
    (tmp_path / "store" / "x.jpg").touch()
    link = tmp_path / "in" / "a.jpg"
    link.symlink_to(tmp_path / "store" / "x.jpg")
    assert below_common_folder([link, tmp_path / "in" / "b.jpg"]) == [Path("a.jpg"), Path("b.jpg")]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_image_paths_of_links_lists_each_name(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "b.jpg").symlink_to("a.jpg")
    (tmp_path / "hard.jpg").hardlink_to(tmp_path / "a.jpg")
    assert names(image_paths([tmp_path]), tmp_path) == ["a.jpg", "b.jpg", "hard.jpg"]
    assert names(image_paths([tmp_path / "b.jpg", tmp_path / "a.jpg"]), tmp_path) == ["b.jpg", "a.jpg"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_image_paths_above_a_link_is_another_file(tmp_path: Path) -> None:
    for name in ("x.jpg", "store/x.jpg", "store/sub/y.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("store/sub")
    above = tmp_path / "link" / ".." / "x.jpg"  # store/x.jpg
    assert image_paths([tmp_path / "x.jpg", above]) == [tmp_path / "x.jpg", above]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
@pytest.mark.parametrize("pattern", ["", "**/*.jpg", "*/**/x.jpg", "**"])
def test_image_paths_of_folders_in_a_circle_ends(pattern: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.jpg").touch()
        (tmp_path / name / "up").symlink_to("..")
        (tmp_path / name / "other").symlink_to("../b" if name == "a" else "../a")
    expected = ["a/other/x.jpg", "a/x.jpg", "b/other/x.jpg", "b/x.jpg"]
    assert sorted(names(image_paths([tmp_path / pattern]), tmp_path)) == expected


def test_image_paths_of_a_recursive_glob_without_match(tree: Path) -> None:
    for pattern in ("**/*.bmp", "nowhere/**/*.jpg", "f1.png/**"):
        with pytest.raises(SourceError, match=r"matches no file\. Check the pattern\."):
            image_paths([tree / pattern])


def test_image_paths_of_a_closed_subfolder_lists_the_rest(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    close(tree / "sub", monkeypatch)
    refused: list[SourceError] = []
    assert names(image_paths([tree], refused.append), tree) == ["f1.png", "f2.JPG", "f10.jpg"]
    assert [str(error).startswith(f"{tree / 'sub'}: the folder cannot be read") for error in refused] == [True]
    with pytest.raises(SourceError, match="the folder cannot be read"):
        image_paths([tree])


def test_image_paths_of_empty_text_is_an_error(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    with pytest.raises(SourceError, match=r"^'': is empty text, not a source\. Give the path"):
        image_paths([""])


def test_image_paths_of_raw_pictures_only_counts_them(tmp_path: Path) -> None:
    for name in ("a.CR2", "b.cr2", "c.jxl"):
        (tmp_path / name).touch()
    with pytest.raises(SourceError, match=r"holds no pictures that can be read, but 2 \.cr2, 1 \.jxl\. Convert them"):
        image_paths([tmp_path])


def test_suffixes_are_of_one_kind_each() -> None:
    assert UNSUPPORTED_SUFFIXES.isdisjoint(IMAGE_SUFFIXES | VIDEO_SUFFIXES)
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in UNSUPPORTED_SUFFIXES)


def test_list_files_knows_which_files_were_named(tree: Path) -> None:
    listing = list_files([tree, tree / "sub" / ".." / "f2.JPG", tree / "f1*"])
    assert listing.named == {tree / "f2.JPG"} and not listing.refused


def test_media_paths_lists_pictures_and_videos(tree: Path) -> None:
    (tree / "clip3.MP4").write_bytes(b"x")
    assert names(media_paths([tree]), tree) == ["clip3.MP4", "f1.png", "f2.JPG", "f10.jpg", "sub/f3.webp"]
    assert "clip3.MP4" not in names(image_paths([tree]), tree)
    (tree / "empty").mkdir()
    with pytest.raises(SourceError, match=r"empty: holds no pictures or videos\. .*\.mp4"):
        media_paths([tree / "empty"])
