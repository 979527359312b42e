import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ekspresi.datasets import image_files
from ekspresi.datasets.image_files import (
    BoxedPicture,
    EncodedPicture,
    encode_png,
    folders_in,
    pictures_in,
    read_boxed,
    read_encoded,
    read_gray,
    read_pictures,
    require_some,
    stacked,
)
from ekspresi.errors import DatasetError, ImageError
from ekspresi.imaging.cropping import gray
from ekspresi.imaging.images import load_image
from tests.support.fake_faces import save, texture


@pytest.fixture
def slow_reads(monkeypatch):
    """Names of the files that the general reader read."""
    names = []
    monkeypatch.setattr(image_files, "load_image", lambda path: names.append(path.name) or load_image(path))
    return names


def test_read_gray_small_gray_png_is_read_directly(tmp_path, slow_reads):
    save(texture(1, 40, 30), tmp_path / "a.png")
    pixels = read_gray(tmp_path / "a.png")
    assert np.array_equal(pixels, texture(1, 40, 30))
    assert np.array_equal(gray(load_image(tmp_path / "a.png")), pixels)
    pixels[0] = 0  # callers own the pixels
    assert slow_reads == []


def test_read_gray_other_files_go_through_load_image(tmp_path, slow_reads):
    pixels = texture(1, 12, 30)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=turned)
    Image.fromarray(pixels).save(tmp_path / "clear.png", transparency=3)
    Image.fromarray(pixels).save(tmp_path / "other.bmp")
    Image.fromarray(pixels > 128).save(tmp_path / "bits.png")
    save(np.zeros((1, (1 << 20) + 1), np.uint8), tmp_path / "wide.png")
    for path in sorted(tmp_path.iterdir()):
        assert np.array_equal(read_gray(path), gray(load_image(path)))
    assert slow_reads == ["bits.png", "clear.png", "other.bmp", "turned.png", "wide.png"]
    assert np.array_equal(read_gray(tmp_path / "turned.png"), np.rot90(pixels, -1))


def test_read_gray_damaged_png_is_explained(tmp_path):
    save(texture(1), tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:200])
    with pytest.raises(ImageError, match=r"a\.png: "):
        read_gray(tmp_path / "a.png")


def test_read_pictures_reports_positions_and_reasons(tmp_path):
    paths = [tmp_path / name for name in ("no.png", "a.png", "text.png", "b.png")]
    save(texture(1), paths[1])
    paths[2].write_text("text")
    save(texture(2, 8, 9), paths[3])
    images, kept, skipped = read_pictures(paths, read_gray)
    assert [image.shape for image in images] == [(48, 48), (8, 9)]
    assert (kept.tolist(), kept.dtype) == ([1, 3], np.int64)
    assert [line.split(":")[0] for line in skipped] == [str(paths[0]), str(paths[2])]


def test_read_pictures_without_any_has_integer_positions():
    images, kept, skipped = read_pictures([], read_gray)
    assert (images, kept.shape, kept.dtype, skipped) == ([], (0,), np.int64, [])


def test_stacked_keeps_pictures_of_several_sizes():
    small, large = np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8)
    images = [small, large]
    assert stacked(images) is images
    assert stacked([small, small]).shape == (2, 4, 4)


def test_pictures_in_skips_hidden_and_other_files(tmp_path):
    for name in ("b.jpg", "a/z.PNG", "a/notes.txt", ".hidden/x.png", "a/.x.png", "a.jpeg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in pictures_in(tmp_path)]
    assert found == ["a/z.PNG", "a.jpeg", "b.jpg"]


def test_pictures_in_a_hidden_folder_itself_are_listed(tmp_path):
    (tmp_path / ".faces").mkdir()
    (tmp_path / ".faces" / "a.png").touch()
    assert [path.name for path in pictures_in(tmp_path / ".faces")] == ["a.png"]


def test_folders_in_skips_hidden_folders_and_files(tmp_path):
    for name in ("b", "a", ".git"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()
    assert [path.name for path in folders_in(tmp_path)] == ["a", "b"]


def test_folders_in_missing_folder_is_named(tmp_path):
    for path in (tmp_path / "nowhere", Path(__file__)):
        with pytest.raises(DatasetError, match=rf"{path.name}: no such folder\. Check the path of the data set\.$"):
            folders_in(path)


def test_folders_in_folder_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DatasetError, match=r"cannot be read \(Permission denied\)\. Check its permissions\.$"):
        folders_in(tmp_path)


def test_require_some_names_the_first_skipped_file():
    require_some([1], Path("faces"), ["a.png: is empty."])
    with pytest.raises(DatasetError) as error:
        require_some([], Path("faces"), ["a.png: is empty. Copy it again.", "b.png: is text."])
    assert str(error.value) == "faces: none of its 2 pictures can be read; first: a.png: is empty. Copy it again."


def test_read_gray_applies_the_gamma_that_a_png_states(tmp_path: Path) -> None:
    chunks = PngInfo()
    chunks.add(b"gAMA", struct.pack(">I", 100_000))  # linear light
    Image.new("L", (8, 6), 55).save(tmp_path / "x.png", pnginfo=chunks)
    shown = read_gray(tmp_path / "x.png")
    np.testing.assert_array_equal(shown, load_image(tmp_path / "x.png")[:, :, 0])
    assert abs(int(shown[0, 0]) - 127) <= 1


def test_read_boxed_cuts_a_square_and_repeats_edges(tmp_path):
    pixels = texture(3, 40, 60)
    save(pixels, tmp_path / "a.png")
    assert np.array_equal(read_boxed(BoxedPicture(tmp_path / "a.png", (10, 5, 30, 25))), pixels[5:25, 10:30])
    beyond = read_boxed(BoxedPicture(tmp_path / "a.png", (-5, 0, 15, 20)))
    assert np.array_equal(beyond[:, 5:], pixels[:20, :15])
    assert np.array_equal(beyond[:, 0], pixels[:20, 0])
    assert read_boxed(BoxedPicture(tmp_path / "a.png", (10, 5, 30, 15))).shape == (20, 20)


@pytest.mark.parametrize(
    "box", [(60, 0, 80, 20), (0, -20, 20, 0), (20, 0, 20, 20), (20, 20, 10, 10), (0, 0, 1, float("nan"))]
)
def test_read_boxed_without_pixels_is_refused(tmp_path, box):
    save(texture(3, 40, 60), tmp_path / "a.png")
    with pytest.raises(ImageError, match=r"a\.png: the face box .* holds none of its 60 x 40 pixels\. Copy"):
        read_boxed(BoxedPicture(tmp_path / "a.png", box))


def test_read_encoded_reads_what_encode_png_wrote():
    assert np.array_equal(read_encoded(EncodedPicture("row 3", encode_png(texture(3, 40, 60)))), texture(3, 40, 60))


def test_read_encoded_reads_other_kinds_of_pictures(tmp_path):
    color = np.stack([texture(seed) for seed in range(3)], axis=2)
    save(color, tmp_path / "a.bmp")
    assert np.array_equal(read_encoded(EncodedPicture("row 3", (tmp_path / "a.bmp").read_bytes())), gray(color))


@pytest.mark.parametrize("data", [b"", b"no picture", encode_png(texture(3))[:200]])
def test_read_encoded_of_no_picture_names_the_row(data):
    with pytest.raises(ImageError, match=r"^x\.parquet row 3: "):
        read_encoded(EncodedPicture("x.parquet row 3", data))
