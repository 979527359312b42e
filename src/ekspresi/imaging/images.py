"""Load pictures from paths, bytes, file objects, Pillow images or arrays as RGB.

In: a path, the bytes of a picture file, an open file, a Pillow image or an array. Out: uint8 (H, W, 3) RGB, upright,
within limits; ``picture_files`` says how each kind is converted. Does not know about faces, or how files are found.
"""

import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.errors import ImageError
from ekspresi.imaging.picture_files import DecodedFrame, decode_frames, decode_pillow, reason

IMAGE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".webp", ".avif", ".heic", ".heif"),
        *(".tif", ".tiff", ".bmp", ".tga", ".ico", ".jp2", ".ppm", ".pgm", ".pbm", ".pnm"),
    }
)
"""Suffixes of file names, lower case, that count as pictures in a folder."""

ImageInput = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image | NDArray[np.uint8]
"""What ``as_rgb`` takes.

A path; the bytes of a picture file; a file object opened in binary mode, read from its position to its end; a Pillow
image of any mode, turned upright by its EXIF data; a uint8 array (H, W), (H, W, 1) or (H, W, 3) RGB.
"""


def load_image(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Load a picture file as uint8 (H, W, 3) RGB, upright; of an animation or a file of pages the first frame.

    Raises:
        ImageError: the file cannot be opened, is not a regular file or a picture that can be decoded, is damaged, or
            has more than ``MAX_PIXELS`` pixels.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Image.new("RGB", (8, 6), "red").save(Path(folder) / "red.png")
        ...     load_image(Path(folder) / "red.png").shape
        (6, 8, 3)
    """
    with closing(load_frames(path)) as frames:  # type: ignore[type-var] # it is a generator
        return next(frames).image


def load_frames(path: str | os.PathLike[str]) -> Iterator[DecodedFrame]:
    """Load the frames of a picture file, one at a time: one of a still, all of an animation, each page of a TIFF.

    Raises:
        ImageError: as for ``load_image``; in the middle too, after the readable frames.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Image.new("RGB", (8, 6), "red").save(Path(folder) / "red.png")
        ...     [frame.time_s for frame in load_frames(Path(folder) / "red.png")]
        [None]
    """
    with _opened(path) as file:
        yield from decode_frames(file, str(path))


def read_start(path: str | os.PathLike[str]) -> bytes:
    """Read the first 512 bytes of a file, which tell its kind.

    Raises:
        ImageError: the file cannot be opened, or is not a regular file.

    Example:
        >>> read_start(__file__)[3:7]
        b'Load'
    """
    with _opened(path) as file:
        return file.read(512)


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    try:
        require_regular(path)
        with Path(path).open("rb") as file:
            yield file
    except FileNotFoundError:
        raise ImageError(f"{path}: no such file. Check the path.") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise ImageError(f"{path}: cannot be opened ({reason(error)}). Check the path and its permissions.") from error


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


def as_rgb(image: ImageInput) -> NDArray[np.uint8]:
    """Return any of ``ImageInput`` as uint8 (H, W, 3) RGB.

    Args:
        image: arrays keep their values; of several frames the first counts.

    Raises:
        ImageError: the file, the bytes or the Pillow image cannot be decoded, see ``load_image``.
        TypeError: the image has another type, the array is not uint8, or the file object gives text.
        ValueError: the array has another shape, or no pixels.

    Warns:
        UserWarning: there are several frames.

    Example:
        >>> as_rgb(np.zeros((6, 8), np.uint8)).shape
        (6, 8, 3)
        >>> as_rgb(Image.new("CMYK", (8, 6))).shape
        (6, 8, 3)
    """
    if isinstance(image, np.ndarray):
        return _array_as_rgb(image)
    if isinstance(image, Image.Image):
        return decode_pillow(image)
    if isinstance(image, str | os.PathLike):
        return _first(load_frames(image), str(image))
    if isinstance(image, bytes | bytearray | memoryview):
        name = f"the image given as {len(image)} bytes"
        return _first(decode_frames(BytesIO(image), name), name)
    if callable(getattr(image, "read", None)):
        data = image.read()
        if not isinstance(data, bytes):
            raise TypeError("the file object gives text, not bytes. Open it in binary mode, 'rb'.")
        shown = getattr(image, "name", None)
        name = shown if isinstance(shown, str) else "the image given as a file object"
        return _first(decode_frames(BytesIO(data), name), name)
    raise TypeError(
        f"{type(image).__name__}: is not an image, not a path, bytes, a file object, a Pillow image or a uint8 array. "
        "Give one of these."
    )


def _first(frames: Iterator[DecodedFrame], name: str) -> NDArray[np.uint8]:
    with closing(frames):  # type: ignore[type-var] # it is a generator
        frame = next(frames)
    if not frame.is_last:
        what = "has several frames, of which only the first is used"
        warnings.warn(f"{name}: {what}. Use ekspresi.stream or read_frames for all of them.", stacklevel=4)
    return frame.image


def _array_as_rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.dtype != np.uint8:
        raise TypeError(f"the image must be uint8 with values 0..255, not {image.dtype}. Convert it.")
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3)) or image.size == 0:
        raise ValueError(f"the image must have shape (H, W), (H, W, 1) or (H, W, 3), not {image.shape}. Convert it.")
    planes = image[:, :, None] if image.ndim == 2 else image
    return np.ascontiguousarray(np.broadcast_to(planes, (*planes.shape[:2], 3)))
