"""Read the picture files of a data set into gray arrays, with a line for each unreadable file.

In: paths, paths with a face box, or bytes. Out: uint8 (H, W) gray crops at their own resolution, never resized. Does
not know about data sets or labels.
"""

import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.datasets.lazy_images import Images, LazyImages, read_blocks
from ekspresi.datasets.picture_source import PictureFileSource, Source
from ekspresi.errors import DatasetError, ImageError
from ekspresi.imaging.cropping import CropConvention, gray
from ekspresi.imaging.images import IMAGE_SUFFIXES, load_image, require_regular
from ekspresi.imaging.picture_files import decode_frames
from ekspresi.types import Box

if TYPE_CHECKING:
    from hashlib import _Hash

# A data set of faces holds tens of thousands of small gray PNGs, which this module reads directly. Every other file
# (color, alpha, rotation, animation, large size) goes through ``load_image`` and its limits.
_PLAIN_PIXELS = 1 << 20
_NEEDS_CARE = ("exif", "transparency", "icc_profile", "gamma")
_PNG_START = struct.Struct(">8s4x4sIIBB")  # signature, chunk length, chunk name, width, height, bits, color type


def read_gray(path: Path) -> NDArray[np.uint8]:
    """Read a picture file as uint8 (H, W) gray, at its own size.

    Raises:
        ImageError: it is not a regular file, or not a readable picture.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("L", (48, 40)).save(Path(folder, "a.png"))
    ...     read_gray(Path(folder, "a.png")).shape
    (40, 48)
    """
    pixels = _plain_gray_png(path)
    return gray(load_image(path)) if pixels is None else pixels


def _plain_gray_png(path: Path) -> NDArray[np.uint8] | None:
    """Read the pixels of a small 8-bit gray PNG; None for other and damaged files, which ``load_image`` explains."""
    try:
        require_regular(path)
        with path.open("rb") as file:
            return _plain_gray(file)
    except OSError:
        return None


def _plain_gray(file: IO[bytes]) -> NDArray[np.uint8] | None:
    try:
        signature, chunk, width, height, bits, color = _PNG_START.unpack(file.read(_PNG_START.size))
        if (signature, chunk, bits, color) != (b"\x89PNG\r\n\x1a\n", b"IHDR", 8, 0):
            return None
        if width * height > _PLAIN_PIXELS:
            return None
        with Image.open(file, formats=["PNG"]) as picture:
            if getattr(picture, "is_animated", False) or any(key in picture.info for key in _NEEDS_CARE):
                return None
            return np.array(picture, dtype=np.uint8)
    except (OSError, SyntaxError, ValueError, struct.error):
        return None


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """Hold the bytes of a picture file that lies in another file.

    Attributes:
        name: where it lies, for errors.
        data: its bytes.

    >>> EncodedPicture("faces.parquet row 3", b"").name
    'faces.parquet row 3'
    """

    name: str
    data: bytes


def read_encoded(picture: EncodedPicture) -> NDArray[np.uint8]:
    """Decode the bytes of a picture file as uint8 (H, W) gray, at its own size.

    Raises:
        ImageError: they are not those of a readable picture.

    >>> read_encoded(EncodedPicture("row 3", encode_png(np.zeros((40, 48), np.uint8)))).shape
    (40, 48)
    """
    pixels = _plain_gray(BytesIO(picture.data))
    if pixels is not None:
        return pixels
    with closing(decode_frames(BytesIO(picture.data), picture.name)) as frames:  # type: ignore[type-var] # a generator
        return gray(next(frames).image)


def encode_png(face: NDArray[np.uint8]) -> bytes:
    """Encode a gray crop, uint8 (H, W), as the bytes of a PNG file, without loss.

    >>> encode_png(np.zeros((40, 48), np.uint8))[1:4]
    b'PNG'
    """
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(face)).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class BoxedPicture:
    """Name a face in a picture that may show more.

    Attributes:
        path: the file.
        box_xyxy: x1, y1, x2, y2 of the face in pixels, as the data set states it.

    >>> BoxedPicture(Path("a.jpg"), (10, 10, 50, 50)).path.name
    'a.jpg'
    """

    path: Path
    box_xyxy: Box


_AS_STATED = CropConvention(scale=1.0, shift_y=0.0)


def read_boxed(picture: BoxedPicture) -> NDArray[np.uint8]:
    """Cut the square around a face box, uint8 (S, S) gray; S is the longer side of the box.

    Raises:
        ImageError: the file is not a readable picture, or the box holds none of its pixels.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("L", (48, 40)).save(Path(folder, "a.png"))
    ...     read_boxed(BoxedPicture(Path(folder, "a.png"), (10, 5, 30, 20))).shape
    (20, 20)
    """
    image = load_image(picture.path)
    height, width = image.shape[:2]
    x1, y1, x2, y2 = picture.box_xyxy
    if not (x1 < x2 and y1 < y2 and x1 < width and y1 < height and x2 > 0 and y2 > 0):
        box = ",".join(f"{edge:g}" for edge in picture.box_xyxy)
        what = f"the face box {box} holds none of its {width} x {height} pixels"
        raise ImageError(f"{picture.path}: {what}. Copy picture and labels from one release.")
    return _AS_STATED.crop(image, picture.box_xyxy)


def read_pictures(
    sources: Sequence[Source], read: Callable[[Source], NDArray[np.uint8]], started: "_Hash | None" = None
) -> tuple[Images, NDArray[np.int64], list[str]]:
    """Read N pictures; collect a line for each unreadable one.

    Args:
        sources: the files, or what ``read`` takes instead.
        read: turns one of them into its gray crop, see ``PictureFileSource``.
        started: the begun fingerprint of all N, see ``lazy_images.read_blocks``.

    Returns:
        The gray crops, as a list or, where they are many, decoded on access; their int64 positions in ``sources``; and
        a line for each other one.

    >>> read_pictures([Path("absent.png")], read_gray)[0]
    []
    """
    return read_blocks(PictureFileSource(sources, read), started)


def stacked(images: Images) -> Images:
    """Stack N gray crops to one uint8 array (N, H, W) if all have one size and are in memory; else return the same.

    >>> stacked([np.zeros((4, 4), np.uint8)] * 3).shape
    (3, 4, 4)
    """
    if isinstance(images, LazyImages):
        return images
    return np.stack(list(images)) if len({image.shape for image in images}) == 1 else images


def pictures_in(folder: Path) -> list[Path]:
    """List the picture files below a folder by suffix, sorted by path, without hidden ones.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "b.PNG").touch()
    ...     [path.name for path in pictures_in(Path(folder))]
    ['b.PNG']
    """
    return [folder / name for name in picture_names(folder)]


def picture_names(folder: Path) -> Iterator[str]:
    """Name the picture files below a folder as ``pictures_in`` lists them, 'a/b.png', without a path for each.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "a").mkdir()
    ...     Path(folder, "a", "b.PNG").touch()
    ...     list(picture_names(Path(folder)))
    ['a/b.PNG']
    """
    found: list[str] = []
    folders: set[str] = set()
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.add(entry.name)
            if entry.name in folders or _is_picture(entry.name):
                found.append(entry.name)
    for name in sorted(found):
        if _is_picture(name):
            yield name
        if name in folders:
            yield from (f"{name}/{below}" for below in picture_names(folder / name))


def _is_picture(name: str) -> bool:
    return PurePath(name).suffix.lower() in IMAGE_SUFFIXES


def folders_in(folder: Path) -> list[Path]:
    """List the folders in a folder, sorted by name, without hidden ones.

    Raises:
        DatasetError: there is no such folder, or it cannot be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "anger").mkdir()
    ...     [path.name for path in folders_in(Path(folder))]
    ['anger']
    """
    try:
        if not folder.is_dir():
            raise DatasetError(f"{folder}: no such folder. Check the path of the data set.")
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be read ({error.strerror}). Check its permissions.") from error


def require_some(found: Iterable[object], folder: Path, skipped: Sequence[str]) -> None:
    """Refuse a data set without a single readable picture.

    Raises:
        DatasetError: nothing was found.

    >>> require_some([], Path("my/faces"), [])
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: my/faces: holds no pictures. Check the path of the data set.
    """
    if not any(True for _ in found):
        if skipped:
            first = skipped[0].rstrip(".")
            raise DatasetError(f"{folder}: none of its {len(skipped)} pictures can be read; first: {first}.")
        raise DatasetError(f"{folder}: holds no pictures. Check the path of the data set.")
