import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import PIL
import pytest
from PIL import Image, ImageFile

from ekspresi.errors import ImageError
from ekspresi.imaging.images import IMAGE_SUFFIXES, as_rgb, load_image
from tests.support.tiff_files import Page, write_tiff

RED, BLUE = (200, 30, 20), (10, 40, 180)


@pytest.fixture
def two_colors() -> Image.Image:
    """8 wide, 4 high; left half red, right half blue."""
    picture = Image.new("RGB", (8, 4), RED)
    picture.paste(BLUE, (4, 0, 8, 4))
    return picture


def saved(picture: Image.Image, path: Path, **options: object) -> Path:
    picture.save(path, **options)
    return path


def test_load_image_of_rgb_is_unchanged(two_colors: Image.Image, tmp_path: Path) -> None:
    rgb = load_image(saved(two_colors, tmp_path / "x.png"))
    assert rgb.dtype == np.uint8
    assert rgb.shape == (4, 8, 3)
    assert rgb.flags.writeable
    np.testing.assert_array_equal(rgb, np.asarray(two_colors))


@pytest.mark.input_row("pictures", "orientation", "Turned and mirrored as the EXIF tag says.")
@pytest.mark.parametrize("orientation", range(1, 9))
def test_load_image_turns_each_exif_orientation(orientation: int, tmp_path: Path) -> None:
    upright = np.zeros((4, 6, 3), dtype=np.uint8)
    upright[0, 0] = (255, 255, 255)
    upright[0, 5] = (128, 128, 128)
    undo = {  # how a camera that was held so stores the upright picture
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(Image.fromarray(np.ascontiguousarray(undo[orientation])), tmp_path / "x.png", exif=exif)
    np.testing.assert_array_equal(load_image(path), upright)


def test_load_image_with_damaged_exif_is_read(two_colors: Image.Image, tmp_path: Path) -> None:
    path = saved(two_colors, tmp_path / "x.jpg", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xffrubbish", quality=95)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_image(path).shape == (4, 8, 3)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_load_image_of_16_bit_gray_is_scaled(suffix: str, tmp_path: Path) -> None:
    values = np.array([[0, 257, 25700, 65535]], dtype=np.uint16)
    rgb = load_image(saved(Image.fromarray(values), tmp_path / f"x.{suffix}"))
    np.testing.assert_array_equal(rgb[0, :, 0], [0, 1, 100, 255])
    np.testing.assert_array_equal(rgb[..., 0], rgb[..., 2])


def test_load_image_of_16_bit_pgm_and_tiff_is_scaled(tmp_path: Path) -> None:
    values = np.array([[0, 257, 25700, 65535]], dtype=">u2")
    pgm = tmp_path / "x.pgm"
    pgm.write_bytes(b"P5 4 1 65535\n" + values.tobytes())
    np.testing.assert_array_equal(load_image(pgm)[0, :, 1], [0, 1, 100, 255])
    tiff = tmp_path / "x.tif"
    Image.frombytes("I;16B", (4, 1), values.tobytes()).save(tiff)
    np.testing.assert_array_equal(load_image(tiff)[0, :, 1], [0, 1, 100, 255])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 128, 255]], dtype=np.int32), [0, 128, 255]),
        (np.array([[0, 25700, 65535]], dtype=np.int32), [0, 100, 255]),
        (np.array([[-1000, 0, 1000]], dtype=np.int32), [0, 128, 255]),
        (np.array([[0.0, 0.5, 1.0]], dtype=np.float32), [0, 128, 255]),
        (np.array([[0.0, 99.6, 255.0]], dtype=np.float32), [0, 100, 255]),
        (np.array([[np.nan, 0.2, 1.0]], dtype=np.float32), [0, 51, 255]),
        (np.array([[-2.0, -1.0, 0.0]], dtype=np.float32), [0, 128, 255]),
        (np.full((1, 3), -5.0, dtype=np.float32), [0, 0, 0]),
    ],
)
def test_load_image_of_32_bit_gray_guesses_the_range(values: np.ndarray, expected: list[int], tmp_path: Path) -> None:
    rgb = load_image(saved(Image.fromarray(values), tmp_path / "x.tif"))
    np.testing.assert_array_equal(rgb[0, :, 0], expected)


def test_load_image_with_alpha_is_on_white(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (3, 1), (0, 0, 0, 0))
    picture.putpixel((1, 0), (*RED, 255))
    picture.putpixel((2, 0), (0, 0, 0, 128))
    rgb = load_image(saved(picture, tmp_path / "x.png"))
    assert rgb[0].tolist() == [[255, 255, 255], [*RED], [127, 127, 127]]
    gray = load_image(saved(picture.convert("LA"), tmp_path / "gray.png"))
    assert gray[0, 0].tolist() == [255, 255, 255]


def test_load_image_of_a_palette_is_converted(two_colors: Image.Image, tmp_path: Path) -> None:
    palette = two_colors.convert("P", palette=Image.Palette.ADAPTIVE, colors=2)
    np.testing.assert_array_equal(load_image(saved(palette, tmp_path / "x.png")), np.asarray(two_colors))
    transparent = palette.getpixel((0, 0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rgb = load_image(saved(palette, tmp_path / "y.png", transparency=transparent))
    assert rgb[0, 0].tolist() == [255, 255, 255]
    assert rgb[0, 7].tolist() == [*BLUE]


def test_load_image_of_cmyk_is_converted(tmp_path: Path) -> None:
    picture = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    rgb = load_image(saved(picture, tmp_path / "x.jpg", quality=95))
    assert np.abs(rgb[8, 8].astype(int) - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tif"])
def test_load_image_of_an_animation_is_its_first_frame(suffix: str, tmp_path: Path) -> None:
    first, second = Image.new("RGB", (16, 16), RED), Image.new("RGB", (16, 16), BLUE)
    options = {"lossless": True} if suffix == "webp" else {}
    path = saved(first, tmp_path / f"x.{suffix}", save_all=True, append_images=[second], **options)
    assert load_image(path)[8, 8].tolist() == [*RED]


OLD_PILLOW = pytest.mark.skipif(
    int(PIL.__version__.partition(".")[0]) < 13, reason="Pillow before 13 cannot read the YCbCr TIFF that it writes"
)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", pytest.param("YCbCr", marks=OLD_PILLOW)])
def test_load_image_of_other_modes_is_converted(mode: str, tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (8, 8), "white").convert(mode), tmp_path / "x.tif")
    assert load_image(path).tolist() == np.full((8, 8, 3), 255).tolist()


def test_as_rgb_accepts_bytes_and_arrays(two_colors: Image.Image) -> None:
    buffer = io.BytesIO()
    two_colors.save(buffer, "PNG")
    np.testing.assert_array_equal(as_rgb(buffer.getvalue()), np.asarray(two_colors))
    gray = np.arange(12, dtype=np.uint8).reshape(3, 4)
    for array in (gray, gray[:, :, None], np.repeat(gray[:, :, None], 3, axis=2)):
        np.testing.assert_array_equal(as_rgb(array), np.repeat(gray[:, :, None], 3, axis=2))


def test_as_rgb_accepts_file_objects(two_colors: Image.Image, tmp_path: Path) -> None:
    path = saved(two_colors, tmp_path / "x.png")
    truth = np.asarray(two_colors)
    with path.open("rb") as file:
        np.testing.assert_array_equal(as_rgb(file), truth)
        assert not file.closed
    content = path.read_bytes()
    for given in (io.BytesIO(content), bytearray(content), memoryview(content), os.fspath(path)):
        np.testing.assert_array_equal(as_rgb(given), truth)
    after_header = io.BytesIO(b"header" + content)
    after_header.seek(6)
    np.testing.assert_array_equal(as_rgb(after_header), truth)
    with pytest.raises(ImageError, match="the image given as a file object: is empty"):
        as_rgb(io.BytesIO())
    with path.open("rb") as file, pytest.raises(ImageError, match=r"x\.png: is empty"):
        file.seek(0, os.SEEK_END)
        as_rgb(file)
    with path.open(encoding="latin-1") as text, pytest.raises(TypeError, match=r"gives text, not bytes\. Open it in"):
        as_rgb(text)  # type: ignore[arg-type]


def test_as_rgb_accepts_pillow_images(two_colors: Image.Image, tmp_path: Path) -> None:
    np.testing.assert_array_equal(as_rgb(two_colors), np.asarray(two_colors))
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(saved(two_colors, tmp_path / "x.png", exif=exif)) as photo:
        upright = as_rgb(photo)
        assert photo.size == (8, 4)  # the caller's image is as it was
    np.testing.assert_array_equal(upright, np.rot90(np.asarray(two_colors), -1))


def test_as_rgb_of_a_tiff_opened_by_pillow_is_right(tmp_path: Path) -> None:
    gray = np.arange(0, 256, 5, dtype=np.uint8)[None]
    inverted = write_tiff(tmp_path / "x.tif", Page((255 - gray).astype(np.uint16) * 257, 0))
    unsigned = write_tiff(tmp_path / "y.tif", Page(gray.astype(np.uint32) * 16843009))
    for path in (inverted, unsigned):
        with Image.open(path) as picture:
            np.testing.assert_array_equal(as_rgb(picture)[:, :, 0], gray)


def test_as_rgb_of_an_animation_warns(two_colors: Image.Image, tmp_path: Path) -> None:
    path = saved(two_colors, tmp_path / "x.gif", save_all=True, append_images=[two_colors.rotate(180)])
    with pytest.warns(UserWarning, match=r"x\.gif: has several frames, of which only the first is used\. Use"):
        shown = as_rgb(path)
    assert np.abs(shown.astype(int) - np.asarray(two_colors)).max() <= 1


def test_as_rgb_of_wrong_arrays_is_an_error() -> None:
    with pytest.raises(TypeError, match="not float64"):
        as_rgb(np.zeros((4, 4)))
    for shape in ((4,), (4, 4, 2), (4, 4, 4), (0, 4, 3), (2, 4, 4, 3)):
        with pytest.raises(ValueError, match="must have shape"):
            as_rgb(np.zeros(shape, dtype=np.uint8))
    with pytest.raises(TypeError, match="int: is not an image"):
        as_rgb(3)  # type: ignore[arg-type]


def refused(path: Path, what: str) -> None:
    """The error is one line, names the file, and says what."""
    with pytest.raises(ImageError, match=what) as caught:
        load_image(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "webp", "tif", "bmp", "avif"])
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_load_image_of_a_cut_file_is_an_error(suffix: str, kept: float, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = saved(Image.fromarray(noise), tmp_path / f"x.{suffix}")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    refused(path, "is damaged or cut short")
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"Dear diary,\nthis is no picture.\n", "is a text file, not a picture"),
        ("<html>süß</html>".encode(), "is a text file, not a picture"),
        (b"\x00\x01\x02\x03" * 50, "not a picture of a known kind"),
        (
            b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
            "HEIC/HEIF picture|is damaged or cut short",
        ),  # as [heif] is there or not
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42", "a video"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", "is a text file"),
    ],
)
def test_load_image_of_another_file_names_its_kind(content: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(content)
    refused(path, what)


def test_load_image_without_a_file_is_an_error(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere.jpg", "no such file. Check the path.")
    refused(tmp_path, "is a folder. Give one picture.")
    with pytest.raises(ImageError, match="cannot be opened"):
        load_image("a\x00b.jpg")


@pytest.mark.skipif(os.name == "nt", reason="devices have no paths there")
def test_load_image_of_a_device_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.png").symlink_to(os.devnull)
    refused(tmp_path / "x.png", "is not a regular file")


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises that many pixels and whose data hold none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.input_row(
    "pictures", "size", refused="has more than 200 megapixels, the limit. Make it smaller, or cut it into parts."
)
@pytest.mark.parametrize("size", [(20_001, 10_000), (50_000, 50_000)])
def test_load_image_of_a_bomb_is_refused_by_its_header(
    size: tuple[int, int], tmp_path: Path, stated_words: str
) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(*size))
    refused(path, stated_words)
    assert limit == Image.MAX_IMAGE_PIXELS


def test_load_image_below_the_limit_warns_of_nothing(tmp_path: Path) -> None:
    """Pillow would warn of 95 megapixels and refuse 199; here only the missing pixels matter."""
    path = tmp_path / "large.png"
    path.write_bytes(bomb(19_900, 10_000))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused(path, "damaged or cut short")


def test_image_suffixes_are_lower_case_with_heic() -> None:
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in IMAGE_SUFFIXES)
    assert {".jpg", ".jpeg", ".png", ".heic"} <= IMAGE_SUFFIXES
