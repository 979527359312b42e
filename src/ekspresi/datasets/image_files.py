"""Picture files of a data set -> gray arrays, with a line for each file that had to be left out.

In: paths. Out: uint8 (H, W) gray crops as they are on disk, never resized. Knows no data set and no labels.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.errors import DatasetError, ImageError
from ekspresi.imaging.cropping import gray
from ekspresi.imaging.images import IMAGE_SUFFIXES, load_image, require_regular

# A data set of faces holds tens of thousands of small gray PNGs; those take the short way. Everything that
# could need care (color, alpha, rotation, animation, sheer size) goes through ``load_image`` and its limits.
_PLAIN_PIXELS = 1 << 20
_NEEDS_CARE = ("exif", "transparency")
_PNG_START = struct.Struct(">8s4x4sIIBB")  # signature, chunk length, chunk name, width, height, bits, color type


def read_gray(path: Path) -> NDArray[np.uint8]:
    """A picture file -> uint8 (H, W) gray, at its own size.

    Raises:
        ImageError: it is no regular file, or no picture that can be read.
    """
    pixels = _plain_gray_png(path)
    return gray(load_image(path)) if pixels is None else pixels


def _plain_gray_png(path: Path) -> NDArray[np.uint8] | None:
    """The pixels of a small 8-bit gray PNG; None for all else, damaged ones too: ``load_image`` says why."""
    try:
        require_regular(path)
        with path.open("rb") as file:
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


def read_pictures(
    paths: Sequence[Path], read: Callable[[Path], NDArray[np.uint8]] = read_gray
) -> tuple[list[NDArray[np.uint8]], NDArray[np.int64], list[str]]:
    """N paths -> the gray crops that could be read, their int64 positions, a line for each other path.

    Args:
        paths: the files.
        read: a file -> its gray crop; raises ImageError where it has none.
    """
    images: list[NDArray[np.uint8]] = []
    kept: list[int] = []
    skipped: list[str] = []
    for position, path in enumerate(paths):
        try:
            images.append(read(path))
        except ImageError as error:
            skipped.append(str(error))
        else:
            kept.append(position)
    return images, np.array(kept, dtype=np.int64), skipped


def stacked(images: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8] | Sequence[NDArray[np.uint8]]:
    """N gray crops -> one uint8 array (N, H, W) where all are of one size, the same sequence where not."""
    return np.stack(images) if len({image.shape for image in images}) == 1 else images


def pictures_in(folder: Path) -> list[Path]:
    """A folder -> the picture files below it by suffix, sorted by path; hidden ones are left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_SUFFIXES and not any(p.startswith(".") for p in path.relative_to(folder).parts)
    )


def folders_in(folder: Path) -> list[Path]:
    """A folder -> the folders in it, sorted by name; hidden ones are left out.

    Raises:
        DatasetError: there is no such folder, or it cannot be read.
    """
    try:
        if not folder.is_dir():
            raise DatasetError(f"{folder}: no such folder; check the path of the data set")
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be read ({error.strerror}); check its permissions") from error


def require_some(found: Iterable[object], folder: Path, skipped: Sequence[str]) -> None:
    """Refuse a data set without a single readable picture.

    Raises:
        DatasetError: nothing was found.
    """
    if not any(True for _ in found):
        reason = (
            f"none of its {len(skipped)} pictures can be read; first: {skipped[0]}" if skipped else "holds no pictures"
        )
        raise DatasetError(f"{folder}: {reason}")
