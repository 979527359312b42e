import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from ekspresi.imaging.color_profiles import ColorProfile
from ekspresi.imaging.images import load_image
from tests.support.tiff_files import Page, write_tiff

RAMP = np.repeat(np.arange(40, 256, dtype=np.uint8)[None], 8, axis=0)
COLORS = np.dstack([RAMP, RAMP[:, ::-1], np.full_like(RAMP, 90)])
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def linear(space: bytes) -> bytes:
    """Make an ICC profile, version 2, with sRGB's primaries, and with values proportional to light."""
    curve = b"curv" + struct.pack(">4xLH2x", 1, 256)
    points = {b"wtpt": (0.9642, 1.0, 0.8249)}
    if space == b"RGB ":
        points |= {
            b"rXYZ": (0.4361, 0.2225, 0.0139),
            b"gXYZ": (0.3851, 0.7169, 0.0971),
            b"bXYZ": (0.1431, 0.0606, 0.7139),
        }
    tags = {name: b"XYZ " + struct.pack(">4x3l", *(round(65536 * part) for part in at)) for name, at in points.items()}
    tags |= dict.fromkeys([b"rTRC", b"gTRC", b"bTRC"] if space == b"RGB " else [b"kTRC"], curve)
    tags[b"desc"] = b"desc" + struct.pack(">4xL", 7) + b"linear\0" + bytes(79)
    tags[b"cprt"] = b"text" + bytes(4) + b"none\0\0\0\0"
    table, content, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">LL", at + len(content), len(data))
        content += data
    header = struct.pack(">L4xL4s4s4s12x4s", at + len(content), 0x02400000, b"mntr", space, b"XYZ ", b"acsp")
    header += bytes(28) + struct.pack(">3l", 0xF6D6, 0x10000, 0xD32D)
    return header + bytes(128 - len(header)) + struct.pack(">L", len(tags)) + table + content


def light(values: np.ndarray) -> np.ndarray:
    """Turn sRGB values 0..255 into light 0..1 (IEC 61966-2-1)."""
    share = values / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


@pytest.mark.input_row("pictures", "color profile", "Converted to sRGB.")
@pytest.mark.parametrize("name", ["x.png", "x.tif", "x.jpg", "x.webp"])
def test_color_profile_of_a_file_is_applied(name: str, tmp_path: Path) -> None:
    options = {"quality": 99} if name == "x.jpg" else {"lossless": True} if name == "x.webp" else {}
    stored = np.rint(light(COLORS) * 255).astype(np.uint8)
    Image.fromarray(stored).save(tmp_path / name, icc_profile=linear(b"RGB "), **options)
    off = np.abs(load_image(tmp_path / name).astype(int) - COLORS)
    assert off.mean() < (6 if name == "x.jpg" else 2)
    Image.fromarray(stored[:, :, 0]).save(tmp_path / name, icc_profile=linear(b"GRAY"), **options)
    if name != "x.webp":  # it has no gray
        assert np.abs(load_image(tmp_path / name)[:, :, 0].astype(int) - RAMP).mean() < 4


def test_color_profile_with_alpha_is_applied_before_blending(tmp_path: Path) -> None:
    stored = np.dstack([np.rint(light(COLORS) * 255), np.full(RAMP.shape, 51)]).astype(np.uint8)
    Image.fromarray(stored).save(tmp_path / "x.png", icc_profile=linear(b"RGB "))
    assert np.abs(load_image(tmp_path / "x.png") - (COLORS * 0.2 + 204)).max() <= 3


def test_color_profile_of_deep_samples_is_applied(tmp_path: Path) -> None:
    tags = {34675: list(linear(b"RGB "))}
    path = write_tiff(tmp_path / "x.tif", Page(light(COLORS).astype(np.float32), 2, tags=tags))
    assert np.abs(load_image(path).astype(int) - COLORS).max() <= 4
    tags = {34675: list(linear(b"GRAY"))}
    path = write_tiff(tmp_path / "y.tif", Page((light(RAMP) * 65535).astype(np.uint16), tags=tags))
    assert np.abs(load_image(path)[:, :, 0].astype(int) - RAMP).mean() < 2


@pytest.mark.parametrize("profile", [None, b"", b"rubbish", SRGB, linear(b"GRAY")])
def test_color_profile_without_effect_keeps_the_values(profile: bytes | None) -> None:
    colors = ColorProfile(profile, "RGB")
    np.testing.assert_array_equal(np.asarray(colors.to_srgb(Image.fromarray(COLORS))), COLORS)
    np.testing.assert_array_equal(colors.array_to_srgb(COLORS), COLORS)
    assert ColorProfile(profile and SRGB, "L").array_to_srgb(RAMP[:, :, None]).shape == (*RAMP.shape, 3)


def test_color_profile_of_cmyk_needs_one_for_cmyk(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.fromarray(COLORS).convert("CMYK").save(file, "TIFF", icc_profile=linear(b"RGB "))
    (tmp_path / "x.tif").write_bytes(file.getvalue())
    np.testing.assert_array_equal(load_image(tmp_path / "x.tif"), COLORS)
