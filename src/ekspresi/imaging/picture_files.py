"""Decode every frame of an open picture file as RGB.

In: an open file, or a Pillow image. Out: frames, uint8 (H, W, 3) RGB, upright, with times. Does not know about paths.

What is read of each kind:

    colors             see ``pillow_images``; deep samples of a TIFF: see ``tiff_samples`` and ``sample_values``
    animation          each frame as it is shown, with its time; a frame of 10 ms or less lasts 100 ms, as in browsers
    TIFF               each page without a time; smaller copies of a page and masks are skipped
    ICO, MPO, HEIC     one picture: the largest, the first, the primary one

Pillow's module-wide settings (``MAX_IMAGE_PIXELS``, ``LOAD_TRUNCATED_IMAGES``) are never touched, and
no format is registered.
"""

import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ekspresi.errors import ImageError, ImageSizeError
from ekspresi.imaging.color_profiles import ColorProfile
from ekspresi.imaging.file_kinds import CONVERT, TIFF, describe_jpeg, describe_kind, is_heif, is_tga, starts_like
from ekspresi.imaging.pillow_images import MAX_PIXELS, check_size, convert_pillow, turn_upright
from ekspresi.imaging.sample_values import on_white, to_8_bits
from ekspresi.imaging.tiff_samples import CMYK, MIN_IS_WHITE, RGB, TiffPage, UnknownLayoutError, tiff_pages

# Named, because Pillow would otherwise also try formats that hand the file to another program (EPS to
# Ghostscript). The JPEG plugin reads MPO, too.
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF", "ICO")
_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")

_NOT_READ_HERE = re.compile("unsupported|not supported|unknown raw mode", re.IGNORECASE)
_SHORTEST_MS, _SHORT_LASTS_MS = 10, 100


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFrame:
    """Hold one frame of a picture file.

    Attributes:
        image: uint8 (H, W, 3) RGB, upright.
        time_s: seconds since the start of an animation; None for stills and pages.
        is_last: no frame follows.

    Example:
        >>> DecodedFrame(np.zeros((6, 8, 3), np.uint8), None, True).time_s is None
        True
    """

    image: NDArray[np.uint8]
    time_s: float | None
    is_last: bool


def decode_frames(file: IO[bytes], name: str, max_pixels: int = MAX_PIXELS) -> Iterator[DecodedFrame]:
    """Decode the frames of an open picture file, one at a time.

    Args:
        file: can be read and sought.
        name: what errors call it.
        max_pixels: of the largest picture that is decoded, at most ``MAX_PIXELS``.

    Raises:
        ImageSizeError: the file states more than ``max_pixels`` pixels, or more than 8 bytes for each of so many.
        ImageError: the file is no picture, is damaged, or has an unknown layout.

    Example:
        >>> from io import BytesIO
        >>> file = BytesIO()
        >>> Image.new("L", (8, 6)).save(file, "GIF", save_all=True, append_images=[Image.new("L", (8, 6), 9)])
        >>> [(frame.time_s, frame.is_last) for frame in decode_frames(file, "a.gif")]
        [(0.0, False), (0.1, True)]
    """
    file.seek(0)
    start = file.read(512)
    if not start:
        raise ImageError(f"{name}: is empty (0 bytes). Copy it again from its origin.")
    is_tiff = starts_like(start, TIFF)
    frames = _tiff_frames(file, name, max_pixels) if is_tiff else _pillow_frames(file, name, start, max_pixels)
    while True:
        with _errors_explained(name, start, max_pixels):
            frame = next(frames, None)
        if frame is None:
            return
        yield frame


def decode_pillow(picture: Image.Image) -> NDArray[np.uint8]:
    """Convert the present frame of a Pillow image of any mode to uint8 (H, W, 3) RGB, upright.

    Raises:
        ImageError: its file is damaged, or it has more than ``MAX_PIXELS`` pixels.

    Example:
        >>> decode_pillow(Image.new("LA", (8, 6))).shape
        (6, 8, 3)
    """
    with _errors_explained("the Pillow image", b""):
        return convert_pillow(picture)


@contextmanager
def _errors_explained(name: str, start: bytes, max_pixels: int = MAX_PIXELS) -> Iterator[None]:
    """Turn whatever a decoder raises into an ``ImageError``."""
    try:
        # Pillow warns of pictures near its own limit and of damaged metadata: neither matters here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImageError:
        raise
    except Image.DecompressionBombError:
        what = f"has more than {max_pixels / 1_000_000:g} megapixels, the limit"
        raise ImageSizeError(f"{name}: {what}. Make it smaller, or cut it into parts.") from None
    except UnknownLayoutError as error:
        what = f"is a TIFF picture of a kind that cannot be read here ({error})"
        raise ImageError(f"{name}: {what}. Save it as RGB without compression.") from None
    except UnidentifiedImageError:
        raise ImageError(f"{name}: is {describe_kind(start)}") from None
    except MemoryError:
        raise ImageError(f"{name}: does not fit into memory. Make it smaller.") from None
    except Exception as error:  # decoders meet hostile bytes with any exception
        if _NOT_READ_HERE.search(str(error)):
            what = f"is of a kind that cannot be read here ({reason(error)})"
            raise ImageError(f"{name}: {what}. {CONVERT}") from error
        what = f"is damaged or cut short ({reason(error)})"
        raise ImageError(f"{name}: {what}. Copy it again from its origin.") from error


def reason(error: BaseException) -> str:
    """Return the first line of an exception's message.

    Example:
        >>> reason(ValueError("no pixels."))
        'no pixels'
    """
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).strip().splitlines()[0].rstrip(".")


def _pillow_frames(file: IO[bytes], name: str, start: bytes, max_pixels: int) -> Iterator[DecodedFrame]:
    with _opened(file, name, start) as picture:
        check_size(picture.size, max_pixels)
        if picture.format not in _ANIMATED or not getattr(picture, "is_animated", False):
            yield DecodedFrame(convert_pillow(picture, file), None, True)
            return
        index = 1 if picture.info.get("default_image") else 0  # shown only where APNG is unknown
        time_ms = 0.0
        more = True
        while more:
            picture.seek(index)
            image = convert_pillow(picture)
            duration_ms = float(picture.info.get("duration") or 0)
            index += 1
            try:
                picture.seek(index)
            except EOFError:
                more = False
            yield DecodedFrame(image, time_ms / 1000, not more)
            time_ms += duration_ms if duration_ms > _SHORTEST_MS else _SHORT_LASTS_MS


def _opened(file: IO[bytes], name: str, start: bytes) -> Image.Image:
    rare = describe_jpeg(file)
    if rare is not None:
        raise ImageError(f"{name}: is {rare}")
    file.seek(0)
    if is_heif(start):
        try:
            from pillow_heif import HeifImageFile
        except ImportError:
            raise ImageError(f"{name}: is {describe_kind(start)}") from None
        return cast(Image.Image, HeifImageFile(file))
    Image.preinit()
    for form in ("TGA",) if is_tga(file, start, name) else _FORMATS:
        if form not in Image.OPEN:
            Image.init()  # the formats that few pictures have
        factory, accepts = Image.OPEN[form]
        accepted = accepts is None or accepts(start[:16])
        if isinstance(accepted, str):
            raise ImageError(
                f"{name}: is a picture of the kind {form}, which this Pillow lacks. Install Pillow's wheel."
            )
        if accepted:
            try:
                file.seek(0)
                return factory(file, "")  # Image.open would refuse more than 179 megapixels
            except (SyntaxError, IndexError, TypeError, struct.error):
                continue
    raise UnidentifiedImageError


def _tiff_frames(file: IO[bytes], name: str, max_pixels: int) -> Iterator[DecodedFrame]:
    pages = tiff_pages(file)
    if not pages:
        raise ValueError("it has no page")
    for page in pages:
        if min(page.size) < 1:
            raise ValueError("the directory of a page is missing")
        check_size(page.size, max_pixels)
        yield DecodedFrame(_tiff_page(file, page, name, max_pixels), None, page is pages[-1])


def _tiff_page(file: IO[bytes], page: TiffPage, name: str, max_pixels: int) -> NDArray[np.uint8]:
    if not page.is_deep:
        file.seek(0)
        try:
            with Image.open(file, formats=["TIFF"]) as picture:
                picture.seek(page.index)
                return convert_pillow(picture)
        except (UnidentifiedImageError, Image.DecompressionBombError):
            pass  # Pillow does not know the layout of this page or of the first, or has a lower limit
    most = 8 * max_pixels  # bytes: at most 64 bits for each of the most pixels
    if page.size[0] * page.size[1] * page.samples * max(page.bits, 8) > 8 * most:
        what = f"has samples of more than {most / 1e6:g} MB, the limit"
        raise ImageSizeError(f"{name}: {what}. Make it smaller, or save it with 8 bits.")
    samples = page.read(file)
    white = float(2**page.bits - 1) if page.bits < 8 or page.bits in (10, 12, 14) else None
    if page.photometric == CMYK:
        inks = to_8_bits(samples[:, :, :4], white or (65535.0 if page.bits == 16 else None))
        printed = ColorProfile(page.profile, "CMYK").to_srgb(Image.fromarray(inks, "CMYK"))
        return turn_upright(np.asarray(printed), page.orientation)
    depth = 3 if page.photometric == RGB else 1
    colors = to_8_bits(samples[:, :, :depth], white)
    if page.photometric == MIN_IS_WHITE:
        colors = 255 - colors
    colors = ColorProfile(page.profile, "RGB" if depth == 3 else "L").array_to_srgb(colors)
    if samples.shape[2] > depth and page.extra[:1] in ((1,), (2,)):
        alpha = to_8_bits(samples[:, :, depth], white)
        colors = on_white(colors, alpha, premultiplied=page.extra[0] == 1)
    return turn_upright(colors, page.orientation)
