"""Convert Pillow images of any mode to 8-bit RGB.

In: a Pillow image, and its file where a second reading may be needed. Out: uint8 (H, W, 3) RGB, upright. Does not know
about kinds of files that Pillow cannot read.

    EXIF orientation   applied, so that 'up' is up
    deep samples       16 bits and more, signed, floats: see ``sample_values``. PGM and JPEG 2000 state their white
    gAMA of a PNG      applied, where neither a profile nor sRGB is stated
    alpha              blended with white, as in a browser; a BMP, TGA or ICO whose alpha is 0 everywhere is opaque
    color profile      converted to sRGB, see ``color_profiles``; CMYK without one is converted by Pillow
"""

from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from ekspresi.imaging.color_profiles import ColorProfile
from ekspresi.imaging.sample_values import on_white, to_8_bits
from ekspresi.imaging.tiff_samples import MIN_IS_WHITE

MAX_PIXELS = 200_000_000
"""Largest picture that is decoded: 200 megapixels, the largest of phones; the header is checked before decoding.

Decoding takes 7 bytes for each pixel, 1.4 GB: 4 of Pillow and 3 of the result."""

_OFTEN_WITHOUT_ALPHA = ("BMP", "DIB", "TGA", "ICO")
_STATED_WHITE = 65535  # of 16-bit PGM and JPEG 2000: Pillow scales them to it
_STRIP_PIXELS = 1 << 22
_ORIENTATION_TAG = 0x0112
_SRGB_GAMMA = 1 / 2.2


def check_size(size: tuple[int, int], max_pixels: int = MAX_PIXELS) -> None:
    """Refuse a picture of more than ``max_pixels`` pixels by its width and height.

    Raises:
        PIL.Image.DecompressionBombError: it is larger.

    Example:
        >>> check_size((8, 6))
    """
    if size[0] * size[1] > max_pixels:
        raise Image.DecompressionBombError


def convert_pillow(picture: Image.Image, file: IO[bytes] | None = None) -> NDArray[np.uint8]:
    """Convert the present frame of a Pillow image to uint8 (H, W, 3) RGB, upright.

    Args:
        picture: of any mode.
        file: its own, where a second reading is possible: a PNG of 16 bits a color may need it.

    Raises:
        PIL.Image.DecompressionBombError: it has more than ``MAX_PIXELS`` pixels.
        Exception: whatever Pillow raises for a damaged file.

    Example:
        >>> convert_pillow(Image.new("LA", (8, 6))).shape
        (6, 8, 3)
    """
    check_size(picture.size)
    rawmode = _rawmode(picture)
    picture.load()
    try:
        orientation = picture.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # the pixels are sound where only the EXIF data is damaged
        orientation = 1
    if file is not None and rawmode.endswith(";16B") and picture.format == "PNG" and picture.mode in ("RGB", "RGBA"):
        image = _deep_png(picture, rawmode, file)
    elif picture.mode.startswith(("I", "F")):
        image = _deep_gray(picture)
    else:
        image = _shallow(picture)
    return turn_upright(image, orientation)


def _rawmode(picture: Image.Image) -> str:
    tiles = getattr(picture, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _deep_gray(picture: Image.Image) -> NDArray[np.uint8]:
    samples = np.asarray(picture)
    tags = getattr(picture, "tag_v2", {})  # of a TIFF that a caller opened by Pillow
    if tags.get(339, (1,)) in (1, (1,)) and picture.mode == "I" and tags:
        samples = samples.view(np.uint32)
    stated = picture.format in ("PPM", "JPEG2000") and picture.mode != "F"
    gray = to_8_bits(samples, _STATED_WHITE if stated else None)
    if tags.get(262) == MIN_IS_WHITE:
        gray = 255 - gray
    transparent = picture.info.get("transparency")
    if isinstance(transparent, int):
        gray = np.where(samples == transparent, np.uint8(255), gray)
    return _bent(ColorProfile(picture.info.get("icc_profile"), "L").array_to_srgb(gray[:, :, None]), picture)


def _deep_png(picture: Image.Image, rawmode: str, file: IO[bytes]) -> NDArray[np.uint8]:
    """Read a PNG of 16 bits a color. Pillow keeps the upper 8, which are black where only the lower 12 are used."""
    largest = max(cast(tuple[int, int], extrema)[1] for extrema in picture.getextrema()[:3])
    if largest > 65535 >> 10:  # more than 14 bits are used
        return _shallow(picture)
    upper = np.asarray(picture).astype(np.uint16)
    if rawmode == "LA;16B":  # its four bytes a pixel are read as they are
        quads = np.asarray(_read_as(file, "RGBA")).astype(np.uint16)
        samples = (quads[:, :, [0, 0, 0, 2]] << 8) | quads[:, :, [1, 1, 1, 3]]
    else:
        samples = (upper << 8) | np.asarray(_read_as(file, rawmode.replace("16B", "16L")))
    profile = ColorProfile(picture.info.get("icc_profile"), "RGB")
    colors = _bent(profile.array_to_srgb(to_8_bits(samples[:, :, :3])), picture)
    return on_white(colors, to_8_bits(samples[:, :, 3], _STATED_WHITE)) if samples.shape[2] == 4 else colors


def _read_as(file: IO[bytes], rawmode: str) -> Image.Image:
    """Read a PNG once more, with another reading of its bytes."""
    file.seek(0)
    with Image.open(file, formats=["PNG"]) as picture:
        picture.tile = [tile._replace(args=rawmode) for tile in picture.tile]
        picture.load()
        return picture.copy()


def _shallow(picture: Image.Image) -> NDArray[np.uint8]:
    """Convert an image of 8 bits a sample, in strips, because each conversion takes a copy."""
    if picture.mode == "La":
        picture = picture.convert("LA")
    alpha = picture.has_transparency_data
    if alpha and picture.format in _OFTEN_WITHOUT_ALPHA and picture.mode == "RGBA":
        alpha = picture.getchannel("A").getextrema() != (0, 0)
    base = {"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK"}.get(picture.mode, "RGB")
    profile = ColorProfile(picture.info.get("icc_profile"), base)
    width, height = picture.size
    out = np.empty((height, width, 3), dtype=np.uint8)
    rows = max(1, _STRIP_PIXELS // max(width, 1))
    for top in range(0, height, rows):
        strip = picture.crop((0, top, width, min(top + rows, height)))
        colors = _bent(np.asarray(profile.to_srgb(strip.convert(base))), picture)
        if alpha:
            colors = on_white(colors, np.asarray(strip.convert("RGBA").getchannel("A")))
        out[top : top + rows] = colors
    return out


def _bent(colors: NDArray[np.uint8], picture: Image.Image) -> NDArray[np.uint8]:
    """Apply the gAMA chunk of a PNG (W3C, PNG, third edition, 13.13): a screen shows about x ** 2.2."""
    gamma = picture.info.get("gamma")
    if not isinstance(picture, PngImagePlugin.PngImageFile) or not gamma:
        return colors
    if "srgb" in picture.info or "icc_profile" in picture.info or abs(gamma / _SRGB_GAMMA - 1) < 0.05:
        return colors
    curve: NDArray[Any] = np.rint(255 * (np.arange(256) / 255) ** (_SRGB_GAMMA / gamma))
    return curve.astype(np.uint8)[colors]


def turn_upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn an image (H, W, 3) upright by its EXIF orientation, 1 to 8.

    Example:
        >>> turn_upright(np.zeros((2, 3, 3), np.uint8), 6).shape
        (3, 2, 3)
    """
    if orientation in (5, 6, 7, 8):
        image = image.transpose(1, 0, 2)
    down = -1 if orientation in (3, 4, 7, 8) else 1
    right = -1 if orientation in (2, 3, 6, 7) else 1
    return np.require(image[::down, ::right], requirements=["C", "W"])
