"""Load pictures from paths, bytes or arrays as RGB.

In: a path, the bytes of a picture file, or an array. Out: uint8 (H, W, 3) RGB, upright, within limits. Does not know
about faces, or how files are found.

Conversions to 8-bit RGB:

    EXIF orientation   applied, so that 'up' is up
    16-bit gray        0..65535 -> 0..255, linearly
    32-bit gray        the file does not say its range: the smallest of 0..1 (floats), 0..255 and 0..65535
                       that holds every pixel is taken, else it is stretched from darkest to brightest pixel
    alpha              blended with white, as in a browser
    palette, CMYK      converted by Pillow, color profiles ignored
    animation          its first frame

Pillow's module-wide settings (``MAX_IMAGE_PIXELS``, ``LOAD_TRUNCATED_IMAGES``) are never touched.
"""

import os
import stat
import warnings
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ekspresi.errors import ImageError

MAX_PIXELS = 100_000_000
"""Largest picture that is decoded: 100 megapixels, 300 MB as RGB; the header is checked before decoding."""

IMAGE_SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jfif",
        ".png",
        ".bmp",
        ".gif",
        ".webp",
        ".tif",
        ".tiff",
        ".ppm",
        ".pgm",
        ".jp2",
        ".avif",
    }
    # Pillow cannot decode these two: a folder's are reported one by one rather than overlooked.
    | {".heic", ".heif"}
)
"""Suffixes of file names, lower case, that count as pictures in a folder."""

# Named, because Pillow would otherwise also try formats that hand the file to another program (EPS to
# Ghostscript).
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF")

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION_TAG = 0x0112

_CONVERT = "Convert it to JPEG or PNG."
_DAMAGED = "damaged or cut short. Copy it again from its origin."
_SIGNATURES = (  # offset, first bytes, kind of the file where Pillow does not recognize it
    (0, (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\x00", b"MM\x00*"), _DAMAGED),
    (8, (b"WEBP", b"avif", b"avis"), _DAMAGED),
    (
        4,
        (b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypmsf1"),
        f"a HEIC/HEIF picture, which cannot be read here. {_CONVERT}",
    ),
    (0, (b"\xff\x0a", b"\x00\x00\x00\x0cJXL "), f"a JPEG XL picture, which cannot be read here. {_CONVERT}"),
    (4, (b"ftyp",), "a video, not a picture. Give single frames."),
    (0, (b"\x1aE\xdf\xa3",), "a video, not a picture. Give single frames."),
    (8, (b"AVI ",), "a video, not a picture. Give single frames."),
    (0, (b"%PDF",), "a PDF, not a picture. Save its page as PNG."),
    (0, (b"PK\x03\x04",), "an archive, not a picture. Unpack it first."),
)


def load_image(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Load a picture file as uint8 (H, W, 3) RGB, upright.

    Raises:
        ImageError: the file cannot be opened, is not a regular file or a picture that Pillow decodes, is damaged, or
            has more than ``MAX_PIXELS`` pixels.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Image.new("RGB", (8, 6), "red").save(Path(folder) / "red.png")
        ...     load_image(Path(folder) / "red.png").shape
        (6, 8, 3)
    """
    name = str(path)
    try:
        require_regular(path)
        with Path(path).open("rb") as file:
            return _decoded(file, name)
    except FileNotFoundError:
        raise ImageError(f"{name}: no such file. Check the path.") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise ImageError(f"{name}: cannot be opened ({_reason(error)}). Check the path and its permissions.") from error


def require_regular(path: str | os.PathLike[str]) -> None:
    """Refuse a folder, pipe or device before it is opened: opening a pipe without a writer never ends.

    Raises:
        ImageError: the path is a folder, a pipe or a device.
        OSError: the path does not exist, or cannot be accessed.

    Example:
        >>> require_regular(os.devnull)
        Traceback (most recent call last):
        ekspresi.errors.ImageError: ...: is not a regular file, but a pipe or a device. Give a picture.
    """
    mode = Path(path).stat().st_mode
    if stat.S_ISDIR(mode):
        raise ImageError(f"{path}: is a folder. Give one picture.")
    if not stat.S_ISREG(mode):
        raise ImageError(f"{path}: is not a regular file, but a pipe or a device. Give a picture.")


def as_rgb(image: str | os.PathLike[str] | bytes | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a path, the bytes of a picture file, or an array as uint8 (H, W, 3) RGB.

    Args:
        image: arrays are uint8 (H, W), (H, W, 1) or (H, W, 3) RGB, and keep their values.

    Raises:
        ImageError: the file or the bytes cannot be decoded, see ``load_image``.
        TypeError: the image has another type, or the array is not uint8.
        ValueError: the array has another shape, or no pixels.

    Example:
        >>> as_rgb(np.zeros((6, 8), np.uint8)).shape
        (6, 8, 3)
    """
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8:
            raise TypeError(f"the image must be uint8 with values 0..255, not {image.dtype}. Convert it.")
        if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3)) or image.size == 0:
            raise ValueError(
                f"the image must have shape (H, W), (H, W, 1) or (H, W, 3), not {image.shape}. Convert it."
            )
        planes = image[:, :, None] if image.ndim == 2 else image
        return np.ascontiguousarray(np.broadcast_to(planes, (*planes.shape[:2], 3)))
    if isinstance(image, bytes | bytearray | memoryview):
        return _decoded(BytesIO(image), f"the image given as {len(image)} bytes")
    if isinstance(image, str | os.PathLike):
        return load_image(image)
    raise TypeError(f"{type(image).__name__}: is not an image, not a path, bytes or a uint8 array. Give one of these.")


def _decoded(file: IO[bytes], name: str) -> NDArray[np.uint8]:
    """Decode an open picture file as uint8 (H, W, 3) RGB; errors call it ``name``."""
    start = file.read(512)
    file.seek(0)
    if not start:
        raise ImageError(f"{name}: is empty (0 bytes). Copy it again from its origin.")
    try:
        # Pillow warns of pictures near its own limit and of damaged metadata: neither matters here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file, formats=_FORMATS) as picture:
                pixels = picture.width * picture.height
                if pixels > MAX_PIXELS:
                    raise Image.DecompressionBombError(f"{pixels / 1e6:.0f} megapixels")
                picture.load()
                return _rgb(_upright(picture))
    except ImageError:
        raise
    except Image.DecompressionBombError:
        limit = f"{MAX_PIXELS // 1_000_000} megapixels"
        raise ImageError(f"{name}: has more than {limit}, the limit. Make it smaller.") from None
    except UnidentifiedImageError:
        raise ImageError(f"{name}: is {_what_it_is(start)}") from None
    except MemoryError:
        raise ImageError(f"{name}: does not fit into memory. Make it smaller.") from None
    except Exception as error:  # decoders meet hostile bytes with any exception: all mean a damaged picture
        raise ImageError(
            f"{name}: is damaged or cut short ({_reason(error)}). Copy it again from its origin."
        ) from error


def _upright(picture: Image.Image) -> Image.Image:
    try:
        turn = _UPRIGHT.get(picture.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # the pixels are sound where only the EXIF data is damaged
        turn = None
    return picture if turn is None else picture.transpose(turn)


def _rgb(picture: Image.Image) -> NDArray[np.uint8]:
    if picture.mode.startswith("I;16"):
        return _three_times(np.rint(np.asarray(picture).astype(np.float32) / 257))
    if picture.mode in ("I", "F"):
        return _three_times(_of_unknown_range(np.asarray(picture)))
    if picture.has_transparency_data:
        colors = picture.convert("RGBA")
        white = Image.new("RGBA", colors.size, "white")
        return np.array(Image.alpha_composite(white, colors).convert("RGB"))
    return np.array(picture.convert("RGB"))


def _three_times(gray: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.repeat(gray.astype(np.uint8)[:, :, None], 3, axis=2)


def _of_unknown_range(gray: NDArray[np.generic]) -> NDArray[np.float32]:
    """Scale 32-bit gray, (H, W), to whole numbers 0..255, float32 (H, W)."""
    values = gray.astype(np.float32)
    values[~np.isfinite(values)] = 0
    darkest, brightest = float(values.min()), float(values.max())
    ranges = (255.0, 65535.0) if gray.dtype.kind == "i" else (1.0, 255.0, 65535.0)
    white = next((white for white in ranges if brightest <= white), None)
    if white is None or darkest < 0:
        values -= darkest
        white = max(brightest - darkest, 1e-12)
    return np.asarray(np.rint(values * np.float32(255 / white)), dtype=np.float32)


def _what_it_is(start: bytes) -> str:
    for offset, signatures, what in _SIGNATURES:
        if start[offset:].startswith(signatures):
            return what
    text = start.rstrip(b"\x00").lstrip(b"\xef\xbb\xbf")
    printable = sum(byte >= 32 or byte in b"\t\r\n" for byte in text)
    if b"\x00" not in text and printable == len(text):
        return "a text file, not a picture. Give a picture, for example a JPEG or PNG file."
    return f"not a picture of a known kind. {_CONVERT}"


def _reason(error: BaseException) -> str:
    """Return the first line of an exception's message."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.strip().splitlines()[0].rstrip(".")
