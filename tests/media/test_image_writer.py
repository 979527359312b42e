"""Image files: written whole, in the format of their suffix, with their maker."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import OutputError
from ekspresi.media.image_writer import picture_file, save_picture


@pytest.fixture
def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8))


def test_save_picture_as_png_keeps_pixels_and_maker(noise: Image.Image, tmp_path: Path) -> None:
    save_picture(noise, tmp_path / "new" / "folder" / "a.png")
    with Image.open(tmp_path / "new" / "folder" / "a.png") as found:
        assert found.format == "PNG" and found.info["Software"] == "ekspresi"
        assert np.array_equal(np.asarray(found), np.asarray(noise))


def test_save_picture_as_jpeg_keeps_full_color(tmp_path: Path) -> None:
    save_picture(Image.new("RGB", (16, 16), "red"), tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as found:
        assert found.format == "JPEG" and found.info["comment"] == b"ekspresi"
        assert [layer[1:3] for layer in found.layer] == [(1, 1)] * 3  # no color is subsampled


def test_picture_file_that_fails_keeps_the_old(noise: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    save_picture(noise, path)
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match="later"), picture_file(path) as write:
        write(Image.new("RGB", (8, 8)))
        raise RuntimeError("later")
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_save_picture_below_a_file_is_an_error(noise: Image.Image, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file: the folder cannot be made \(.*\)\. Write to a different folder\."):
        save_picture(noise, tmp_path / "file" / "a.png")
