from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import ImageError
from ekspresi.imaging.images import load_frames, load_image
from ekspresi.imaging.tiff_samples import UnknownLayoutError, tiff_pages
from tests.support.tiff_files import DEFLATE, Page, write_tiff

GRAY = np.random.default_rng(1).integers(0, 256, (21, 30), dtype=np.uint8)
GRAY[0, 0], GRAY[0, 1] = 0, 255
COLORS = np.stack([GRAY, GRAY[::-1], GRAY[:, ::-1]], axis=2)
THRICE = np.repeat(GRAY[:, :, None], 3, axis=2)
WIDE = {"u2": 257, "u4": 16843009, "u8": 72340172838076673}


def sampled(dtype: str, values: np.ndarray = GRAY) -> np.ndarray:
    """The values over the whole range of a type; floats from 0 to 1."""
    if dtype.startswith("f"):
        return (values / 255).astype(dtype)
    return values.astype(dtype) * np.array(WIDE[dtype], dtype)


def expect(path: Path, truth: np.ndarray, off_by: int = 0) -> None:
    image = load_image(path)
    assert image.shape == truth.shape
    assert np.abs(image.astype(int) - truth).max() <= off_by


@pytest.mark.input_row(
    "pictures",
    "TIFF, sample types",
    "Integers of 8 to 64 bits and floats of 16 to 64, gray and RGB, in either byte order.",
)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u2", "u4", "u8", "f2", "f4", "f8"])
def test_load_image_of_each_sample_type_is_right(dtype: str, order: str, tmp_path: Path) -> None:
    expect(write_tiff(tmp_path / "gray.tif", Page(sampled(dtype)), order=order), THRICE)
    colors = Page(sampled(dtype, COLORS), 2)
    expect(write_tiff(tmp_path / "rgb.tif", colors, order=order), COLORS)


@pytest.mark.input_row("pictures", "TIFF, white is zero", "Inverted, at any depth.")
@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "f4"])
def test_load_image_of_white_is_zero_is_inverted(dtype: str, tmp_path: Path) -> None:
    stored = 255 - GRAY if dtype == "u1" else sampled(dtype, 255 - GRAY)
    expect(write_tiff(tmp_path / "x.tif", Page(stored, 0)), THRICE)


@pytest.mark.input_row(
    "pictures", "TIFF, layout", "Strips and tiles, colors side by side or in planes, TIFF and BigTIFF."
)
@pytest.mark.parametrize("compression", [1, DEFLATE])
@pytest.mark.parametrize("shape", [{"planar": True}, {"tile": (16, 16)}, {"rows_per_strip": 4}])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_load_image_of_each_layout_is_right(dtype: str, shape: dict, compression: int, tmp_path: Path) -> None:
    stored = COLORS if dtype == "u1" else sampled(dtype, COLORS)
    for big in (False, True):
        page = Page(stored, 2, compression=compression, **shape)
        expect(write_tiff(tmp_path / "x.tif", page, big=big), COLORS)


@pytest.mark.parametrize(("dtype", "predictor"), [("u2", 2), ("u4", 2), ("f4", 2), ("f4", 3), ("f8", 3)])
def test_load_image_with_a_predictor_is_right(dtype: str, predictor: int, tmp_path: Path) -> None:
    page = Page(sampled(dtype, COLORS), 2, compression=DEFLATE, predictor=predictor, rows_per_strip=5)
    expect(write_tiff(tmp_path / "x.tif", page), COLORS)


@pytest.mark.input_row(
    "pictures",
    "TIFF, compression",
    "None, Deflate, LZW, PackBits, LZMA and Zstandard, with predictors; JPEG and fax as Pillow reads them.",
)
@pytest.mark.parametrize("packing", ["tiff_lzw", "packbits", "zstd", "lzma"])
def test_load_image_of_other_compressions_is_right(packing: str, tmp_path: Path) -> None:
    try:
        Image.fromarray(sampled("u2")).save(tmp_path / "x.tif", compression=packing, tiffinfo={278: 5})
    except (OSError, RuntimeError, KeyError):
        pytest.skip(f"Pillow's libtiff was built without {packing}")
    expect(tmp_path / "x.tif", THRICE)


@pytest.mark.input_row("pictures", "TIFF, 10, 12 or 14 packed bits", "Read with the range that the file states.")
@pytest.mark.parametrize("bits", [10, 12, 14])
def test_load_image_of_packed_bits_uses_their_range(bits: int, tmp_path: Path) -> None:
    dark = (GRAY.astype(np.uint16) << (bits - 8)) // 8  # the file states the bits: no guess brightens it
    path = write_tiff(tmp_path / "x.tif", Page(dark, packed_bits=bits))
    expect(path, np.rint(THRICE / 8), off_by=1)


@pytest.mark.parametrize("bits", [2, 4])
def test_load_image_below_a_byte_is_right(bits: int, tmp_path: Path) -> None:
    stored = GRAY >> (8 - bits)
    path = write_tiff(tmp_path / "x.tif", Page(stored, packed_bits=bits))
    expect(path, np.repeat(stored[:, :, None], 3, axis=2) * (255 // (2**bits - 1)))


@pytest.mark.input_row(
    "pictures",
    "signed samples",
    "White is 32767, or the range in use. Where 0.1 % is negative, the darkest value is black.",
)
def test_load_image_of_signed_samples_is_right(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "x.tif", Page(GRAY.astype(np.int16) * 128))
    expect(path, THRICE, off_by=1)
    path = write_tiff(tmp_path / "y.tif", Page(GRAY.astype(np.int32) - 128))
    expect(path, THRICE)
    path = write_tiff(tmp_path / "z.tif", Page((GRAY // 2).astype(np.int8)))
    expect(path, THRICE, off_by=2)


@pytest.mark.parametrize(("extra", "premultiplied"), [(1, True), (2, False)])
def test_load_image_with_deep_alpha_is_on_white(extra: int, premultiplied: bool, tmp_path: Path) -> None:
    alpha = np.full(GRAY.shape, 32768, np.uint16)
    alpha[0, 0] = 65535
    colors = sampled("u2", COLORS) // (2 if premultiplied else 1)
    path = write_tiff(tmp_path / "x.tif", Page(np.dstack([colors, alpha]), 2, tags={338: [extra]}))
    truth = COLORS / 2 + 127.5
    truth[0, 0] = COLORS[0, 0] / (2 if premultiplied else 1)
    expect(path, truth, off_by=1)
    gray = write_tiff(tmp_path / "y.tif", Page(np.dstack([sampled("u2"), alpha]), 1, tags={338: [0]}))
    expect(gray, THRICE)  # of no stated meaning


@pytest.mark.input_row("pictures", "CMYK", "Converted to RGB, of 8 or 16 bits.")
def test_load_image_of_16_bit_cmyk_is_converted(tmp_path: Path) -> None:
    inks = np.dstack([255 - COLORS, np.zeros_like(GRAY)])
    for planar in (False, True):
        path = write_tiff(tmp_path / "x.tif", Page(sampled("u2", inks), 5, planar=planar))
        expect(path, COLORS, off_by=1)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_load_image_of_floats_is_turned_upright(orientation: int, tmp_path: Path) -> None:
    turned = {3: np.rot90(COLORS, 2), 6: np.rot90(COLORS, 1), 8: np.rot90(COLORS, -1)}[orientation]
    path = write_tiff(tmp_path / "x.tif", Page(sampled("f4", turned), 2, tags={274: [orientation]}))
    expect(path, COLORS)


@pytest.mark.input_row("pictures", "TIFF, smaller copies and masks", "Skipped: they are no pages.")
def test_load_frames_skips_smaller_copies_and_masks(tmp_path: Path) -> None:
    small, mask = Page(GRAY[::2, ::2], tags={254: [1]}), Page(GRAY, tags={254: [4]})
    pages = [Page(sampled("f4")), small, Page(GRAY), mask, Page(sampled("u2", COLORS), 2, tags={254: [2]})]
    path = write_tiff(tmp_path / "x.tif", *pages)
    frames = list(load_frames(path))
    assert [(frame.time_s, frame.is_last) for frame in frames] == [(None, False), (None, False), (None, True)]
    for frame, truth in zip(frames, (THRICE, THRICE, COLORS), strict=True):
        np.testing.assert_array_equal(frame.image, truth)


def test_tiff_pages_with_a_loop_ends(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "x.tif", Page(GRAY))
    content = bytearray(path.read_bytes())
    content[-4:] = content[4:8]  # the next directory is the first
    path.write_bytes(content)
    with path.open("rb") as file:
        assert len(tiff_pages(file)) == 1


@pytest.mark.input_row(
    "pictures",
    "TIFF, other samples",
    refused="is a TIFF picture of a kind that cannot be read here (…). Save it as RGB without compression.",
)
@pytest.mark.parametrize(
    ("page", "what"),
    [
        (Page(np.zeros((4, 4), np.uint16), 8), "1 x 16 bits, unsigned, photometric 8"),
        (Page(sampled("f4"), compression=7), "1 x 32 bits, float, photometric 1, compression 7"),
        (Page(sampled("f4"), tags={258: [24]}), "1 x 24 bits, float"),
        (Page(sampled("u2"), tags={339: [6]}), "1 x 16 bits, complex or mixed"),
        (Page(np.dstack([GRAY, GRAY]), 2), "2 x 8 bits, unsigned, photometric 2"),
    ],
)
def test_load_image_of_unknown_samples_says_what_they_are(
    page: Page, what: str, tmp_path: Path, stated_words: str
) -> None:
    path = write_tiff(tmp_path / "x.tif", page)
    with pytest.raises(ImageError, match=stated_words) as caught:
        load_image(path)
    assert f"({what}" in str(caught.value)
    with path.open("rb") as file, pytest.raises(UnknownLayoutError):
        tiff_pages(file)[0].read(file)


@pytest.mark.parametrize("side", [0, 60_000])
def test_load_image_with_impossible_tiles_is_an_error(side: int, tmp_path: Path) -> None:
    """A small file could claim gigabytes."""
    path = write_tiff(
        tmp_path / "x.tif", Page(sampled("f4"), compression=DEFLATE, tile=(16, 16), tags={322: [side], 323: [side]})
    )
    with pytest.raises(ImageError, match=r"x\.tif: is damaged or cut short"):
        load_image(path)


@pytest.mark.parametrize("compression", [1, DEFLATE])
def test_load_image_of_a_cut_deep_tiff_is_an_error(compression: int, tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "x.tif", Page(sampled("f4", COLORS), 2, compression=compression))
    content = path.read_bytes()
    at = content.index(b"\x78\x9c") if compression == DEFLATE else 100
    path.write_bytes(content[: at + 20] + bytes(len(content) - at - 20) if compression == DEFLATE else content[:500])
    with pytest.raises(ImageError, match=r"x\.tif: is damaged or cut short"):
        load_image(path)
