import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from ekspresi.imaging.images import load_image
from ekspresi.imaging.pillow_images import convert_pillow, turn_upright

COLORS = np.random.default_rng(2).integers(0, 256, (20, 24, 3), dtype=np.uint8)
COLORS[0, 0], COLORS[0, 1] = 0, 255
GRAY = COLORS[:, :, 0]
THRICE = np.repeat(GRAY[:, :, None], 3, axis=2)


def write_png(path: Path, values: np.ndarray, color: int, *chunks: tuple[bytes, bytes]) -> Path:
    """Write a PNG of 16 bits a sample, (H, W, C), which Pillow cannot write in color."""
    height, width = values.shape[:2]
    rows = values.astype(">u2").reshape(height, -1).view(np.uint8)
    data = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1).tobytes()
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        PngImagePlugin.putchunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0))
        for name, content in chunks:
            PngImagePlugin.putchunk(file, name, content)
        PngImagePlugin.putchunk(file, b"IDAT", PngImagePlugin.zlib.compress(data))
        PngImagePlugin.putchunk(file, b"IEND", b"")
    return path


@pytest.mark.input_row(
    "pictures", "10 to 14 bits in 16", "White is the largest value of the bits in use, in PNG and TIFF."
)
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_convert_pillow_of_deep_png_uses_the_bits_in_use(bits: int, tmp_path: Path) -> None:
    def deep(values: np.ndarray) -> np.ndarray:
        return np.rint(values / 255 * (2**bits - 1)).astype(np.uint16)

    opaque = np.full(GRAY.shape, 65535, np.uint16)
    files = {
        "gray": (write_png(tmp_path / "gray.png", deep(GRAY)[:, :, None], 0), THRICE),
        "rgb": (write_png(tmp_path / "rgb.png", deep(COLORS), 2), COLORS),
        "la": (write_png(tmp_path / "la.png", np.dstack([deep(GRAY), opaque]), 4), THRICE),
        "rgba": (write_png(tmp_path / "rgba.png", np.dstack([deep(COLORS), opaque]), 6), COLORS),
    }
    for name, (path, truth) in files.items():
        assert np.abs(load_image(path).astype(int) - truth).max() <= 1, name


@pytest.mark.input_row("pictures", "alpha", "Blended with white, as in a browser.")
def test_convert_pillow_of_deep_alpha_is_on_white(tmp_path: Path) -> None:
    half = np.full(GRAY.shape, 32768, np.uint16)
    for color, values in ((4, GRAY[:, :, None]), (6, COLORS)):
        path = write_png(tmp_path / "x.png", np.dstack([values.astype(np.uint16) * 257, half]), color)
        assert np.abs(load_image(path) - (values / 2 + 127.5)).max() <= 1
    key = (b"tRNS", struct.pack(">H", int(GRAY[5, 5]) * 257))
    path = write_png(tmp_path / "y.png", GRAY[:, :, None].astype(np.uint16) * 257, 0, key)
    assert load_image(path)[5, 5].tolist() == [255, 255, 255]


@pytest.mark.input_row("pictures", "gamma of a PNG", "Applied where neither sRGB nor a profile is stated.")
@pytest.mark.parametrize(("chunk", "applied"), [((b"gAMA", 100_000), True), ((b"gAMA", 45_455), False)])
def test_convert_pillow_applies_the_gamma_of_a_png(chunk: tuple[bytes, int], applied: bool, tmp_path: Path) -> None:
    gamma = (chunk[0], struct.pack(">I", chunk[1]))
    linear = (COLORS / 255) ** 2.2 * 65535
    path = write_png(tmp_path / "x.png", linear if applied else COLORS * 257.0, 2, gamma)
    shown = load_image(path).astype(int)
    assert np.abs(shown - COLORS)[COLORS > 60].max() <= 4  # eight bits of linear light are coarse where it is dark
    srgb = write_png(tmp_path / "y.png", COLORS * 257.0, 2, gamma, (b"sRGB", b"\0"))
    np.testing.assert_array_equal(load_image(srgb), COLORS)


def bmp(path: Path, header: int, alpha: int) -> Path:
    """Write a BMP of 32 bits as Windows does, with the same alpha everywhere."""
    height, width = GRAY.shape
    pixels = np.dstack([COLORS[::-1, :, ::-1], np.full(GRAY.shape, alpha, np.uint8)]).tobytes()
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + bytes(header - 56) if header > 40 else b""
    kind = 3 if header > 40 else 0
    head = struct.pack("<IiiHHIIiiII", header, width, height, 1, 32, kind, len(pixels), 2835, 2835, 0, 0) + masks
    path.write_bytes(b"BM" + struct.pack("<IHHI", 14 + len(head) + len(pixels), 0, 0, 14 + len(head)) + head + pixels)
    return path


@pytest.mark.input_row("pictures", "alpha of a BMP, TGA or ICO", "Opaque where it is 0 everywhere: it was never set.")
@pytest.mark.parametrize("header", [40, 56, 108, 124])
def test_convert_pillow_of_bmp_with_unset_alpha_is_opaque(header: int, tmp_path: Path) -> None:
    for alpha in (0, 255):
        np.testing.assert_array_equal(load_image(bmp(tmp_path / "x.bmp", header, alpha)), COLORS)
    if header > 40:
        assert np.abs(load_image(bmp(tmp_path / "x.bmp", header, 128)) - (COLORS / 2 + 127)).max() <= 1


@pytest.mark.parametrize("alpha", [0, 255])
def test_convert_pillow_of_tga_with_unset_alpha_is_opaque(alpha: int, tmp_path: Path) -> None:
    picture = Image.fromarray(np.dstack([COLORS, np.full(GRAY.shape, alpha, np.uint8)]))
    for name in ("x.tga", "by content"):
        picture.save(tmp_path / name, "TGA")
        np.testing.assert_array_equal(load_image(tmp_path / name), COLORS)


@pytest.mark.input_row("pictures", "white that a PGM or PPM states", "Counts, however dark the picture is.")
def test_convert_pillow_of_pgm_keeps_the_stated_range(tmp_path: Path) -> None:
    def pgm(values: np.ndarray, largest: int) -> np.ndarray:
        kind = ">u2" if largest > 255 else "u1"
        header = f"P5 {values.shape[1]} {values.shape[0]} {largest}\n".encode()
        (tmp_path / "x.pgm").write_bytes(header + values.astype(kind).tobytes())
        return load_image(tmp_path / "x.pgm")[:, :, 0].astype(int)

    assert pgm(GRAY, 65535).max() == 1  # nearly black, and not brightened
    assert np.abs(pgm(GRAY * 16.0, 4095) - GRAY).max() <= 1
    assert np.abs(pgm(GRAY // 2, 127) - GRAY).max() <= 2


def test_convert_pillow_of_a_float_map_is_right(tmp_path: Path) -> None:
    header = f"Pf\n{GRAY.shape[1]} {GRAY.shape[0]}\n-1.0\n".encode()
    (tmp_path / "x.pfm").write_bytes(header + (GRAY[::-1] / 255).astype("<f4").tobytes())
    np.testing.assert_array_equal(load_image(tmp_path / "x.pfm"), THRICE)


MODES = ("1", "L", "P", "LA", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "I", "F", "I;16", "La", "RGBa")


@pytest.mark.parametrize("mode", MODES)
def test_convert_pillow_of_each_mode_keeps_the_picture(mode: str) -> None:
    ramp = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None], 16, axis=0)
    gray = Image.fromarray(ramp)
    if mode == "I;16":
        picture = Image.fromarray(ramp.astype(np.uint16) * 257)
    elif mode in ("La", "RGBa"):
        picture = gray.convert(mode[:-1] + "A").convert(mode)
    else:
        picture = (gray.convert("RGB") if mode in ("P", "HSV", "YCbCr", "CMYK", "RGBX") else gray).convert(
            mode, dither=Image.Dither.NONE
        )
    shown = convert_pillow(picture).astype(int)
    assert shown.shape == (16, 64, 3)
    assert np.abs(shown - ramp[:, :, None]).max() <= {"1": 128, "P": 40}.get(mode, 2)


def test_convert_pillow_of_lab_is_right(tmp_path: Path) -> None:
    profiles = [ImageCms.createProfile(name) for name in ("sRGB", "LAB")]
    smooth = Image.fromarray(COLORS).resize((60, 50), Image.Resampling.BICUBIC)
    turn = ImageCms.buildTransform(profiles[0], profiles[1], "RGB", "LAB")
    ImageCms.applyTransform(smooth, turn).save(tmp_path / "x.tif")
    assert np.abs(load_image(tmp_path / "x.tif").astype(int) - np.asarray(smooth)).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turn_upright_does_what_pillow_does(orientation: int) -> None:
    picture = Image.fromarray(COLORS)
    picture.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(turn_upright(COLORS, orientation), np.asarray(ImageOps.exif_transpose(picture)))
