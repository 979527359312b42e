"""Decode the pictures of a large data set on access, so that they never fill the memory.

In: a source of encoded pictures in blocks, such as files or the row groups of a Parquet file. Out: gray crops, as a
list where they are few, else as ``LazyImages``. Does not know about labels or file formats.

One pass over the source finds unreadable pictures, sizes, a digest of each picture and the fingerprint. So counts,
exact copies and splits need no second pass.
"""

import hashlib
from collections.abc import Iterator, Sequence
from operator import index as as_index
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.block_cache import BlockCache
from ekspresi.datasets.picture_source import PictureSource
from ekspresi.errors import DatasetError, ImageError
from ekspresi.system.forks import PerProcess

if TYPE_CHECKING:
    from hashlib import _Hash

Images = NDArray[np.uint8] | Sequence[NDArray[np.uint8]]
"""N gray pictures uint8 (H, W): one array (N, H, W), a list of mixed sizes, or ``LazyImages``."""

LARGEST_IN_MEMORY = 512 << 20
"""Bytes of pixels up to which a data set is held in memory; above, its pictures are decoded on access."""

_SAMPLE = 4096
"""Pictures after which the size of the whole set is estimated, so that a large one is never held."""


class LazyImages(Sequence[NDArray[np.uint8]]):
    """Hold N gray pictures that are decoded on access; threads and forked processes may share it.

    It can be pickled, so that workers of a data loader can read. ``select`` makes a view without pixels.

    >>> from ekspresi.datasets.picture_source import PictureFileSource
    >>> source = PictureFileSource([], np.load)
    >>> len(LazyImages(source, np.zeros(0, np.int64), np.zeros((0, 2), np.int32), np.zeros(0, "S16")))
    0
    """

    def __init__(
        self,
        source: PictureSource,
        rows: NDArray[np.int64],
        shapes: NDArray[np.int32],
        digests: NDArray[np.bytes_],
        fingerprint: tuple[str, str] | None = None,
    ) -> None:
        """Describe pictures; read none.

        Args:
            source: gives the pictures.
            rows: int64 (N,), the rows of the source.
            shapes: int32 (N, 2), height and width in pixels.
            digests: N results of ``digest``.
            fingerprint: SHA-256 before and after the pixels of all pictures, see ``fingerprint_after``.
        """
        self.source, self.rows, self.shapes, self.digests = source, rows, shapes, digests
        self._whole: LazyImages | None = None
        self.positions = np.arange(len(rows))
        """int64 (N,), positions in ``whole``."""
        self._fingerprint = fingerprint
        self._cache = PerProcess(BlockCache)

    def select(self, positions: NDArray[np.int64]) -> "LazyImages":
        """Return a view of the pictures at some positions, int64 (M,); it shares the cache."""
        view = LazyImages(self.source, self.rows[positions], self.shapes[positions], self.digests[positions])
        view._whole, view.positions, view._cache = self.whole, self.positions[positions], self._cache
        return view

    def fingerprint_after(self, started: "_Hash") -> str | None:
        """Return the SHA-256, as hexadecimal digits, of what ``started`` holds and then the shape and pixels of each.

        None where the pass over the pictures began with something else, as it does where a picture was unreadable.
        """
        before, after = self._fingerprint or ("", "")
        return after if before == started.hexdigest() else None

    @property
    def whole(self) -> "LazyImages":
        """Return the pictures of which this is a view; itself where it is none."""
        return self if self._whole is None else self._whole

    @property
    def cached_bytes(self) -> int:
        """Return the number of bytes that the cache of this process holds."""
        return self._cache().bytes

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, position: int) -> NDArray[np.uint8]: ...

    @overload
    def __getitem__(self, position: slice) -> "LazyImages": ...

    def __getitem__(self, position: int | slice) -> "NDArray[np.uint8] | LazyImages":
        """Decode one picture, or make a view of a slice.

        Raises:
            ImageError: the picture became unreadable since the data set was read.
            DatasetError: it changed since then, or its block cannot be read.
        """
        if isinstance(position, slice):
            return self.select(np.arange(len(self))[position])
        row = int(self.rows[as_index(position)])
        starts = self.source.starts
        block = int(np.searchsorted(starts, row, side="right")) - 1
        items = self._cache().get(block, self.source.load)
        image = self.source.decode(row, items[row - int(starts[block])])
        if digest(image) != self.digests[position]:
            raise DatasetError(f"picture {row} of the data set: was changed since it was read. Start again.")
        return image

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_cache"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._cache = PerProcess(BlockCache) if self._whole is None else self._whole._cache


def read_blocks(source: PictureSource, started: "_Hash | None" = None) -> tuple[Images, NDArray[np.int64], list[str]]:
    """Read all pictures of a source once; collect a line for each unreadable one.

    Args:
        source: gives the pictures.
        started: the begun SHA-256 of a fingerprint, from ``dataset.start_fingerprint``, of all rows.

    Returns:
        The gray pictures, their int64 rows in the source, and a line for each other row. The pictures are a list where
        their pixels take at most ``LARGEST_IN_MEMORY`` bytes.

    Raises:
        DatasetError: a block cannot be read.

    >>> from ekspresi.datasets.picture_source import PictureFileSource
    >>> read_blocks(PictureFileSource([], np.load))[0]
    []
    """
    total = int(source.starts[-1])
    shapes, digests = np.zeros((total, 2), np.int32), np.zeros(total, "S16")
    readable = np.zeros(total, dtype=bool)
    held: list[NDArray[np.uint8]] | None = []
    skipped: list[str] = []
    pixels = hashlib.sha256() if started is None else started.copy()
    size = 0
    for row, item in _items(source):
        try:
            image = source.decode(row, item)
        except ImageError as error:
            skipped.append(str(error))
            continue
        readable[row], shapes[row], digests[row] = True, image.shape, digest(image)
        add_pixels(pixels, image)
        size += image.nbytes
        if held is not None:
            held.append(image)
            if _is_too_large(size, row + 1, total):
                held = None
    rows = np.flatnonzero(readable)
    if held is not None:
        return held, rows, skipped
    known = None if started is None or skipped else (started.hexdigest(), pixels.hexdigest())
    if len(rows) < total:
        shapes, digests = shapes[rows], digests[rows]
    images = LazyImages(source, rows, shapes, digests, known)
    # A few large pictures at the beginning can make the estimate too high.
    return images if size > LARGEST_IN_MEMORY else list(images), rows, skipped


def _items(source: PictureSource) -> Iterator[tuple[int, Any]]:
    for block, first in enumerate(source.starts[:-1].tolist()):
        yield from enumerate(source.load(block), start=first)


def _is_too_large(size: int, done: int, total: int) -> bool:
    expected = size * total / done if done >= _SAMPLE else 0
    return size > LARGEST_IN_MEMORY or expected > 1.5 * LARGEST_IN_MEMORY


def digest(image: NDArray[np.uint8]) -> bytes:
    """Hash the shape and the pixels of a picture to 16 bytes (BLAKE2b), without zeros at the end.

    >>> digest(np.zeros((2, 8), np.uint8)) == digest(np.zeros((4, 4), np.uint8))
    False
    """
    hashed = hashlib.blake2b(repr(image.shape).encode(), digest_size=16)
    hashed.update(np.ascontiguousarray(image).data)
    return hashed.digest().rstrip(b"\0")  # as NumPy's type S16 gives it back


def add_pixels(hashed: "_Hash", image: NDArray[np.uint8]) -> None:
    """Add the shape and the pixels of a picture to a fingerprint.

    >>> hashed = hashlib.sha256()
    >>> add_pixels(hashed, np.zeros((1, 2), np.uint8))
    >>> hashed.hexdigest() == hashlib.sha256(b"(1, 2)" + bytes(2)).hexdigest()
    True
    """
    hashed.update(repr(image.shape).encode())
    hashed.update(np.ascontiguousarray(image).data)


def digests_of(images: Images) -> NDArray[np.bytes_]:
    """Return the ``digest`` of each of N pictures, 'S16' (N,); equal pictures have equal digests.

    >>> len(np.unique(digests_of(np.zeros((3, 4, 4), np.uint8))))
    1
    """
    if isinstance(images, LazyImages):
        return images.digests
    return np.array([digest(image) for image in images], dtype="S16")


def shapes_of(images: Images) -> NDArray[np.int32]:
    """Return height and width of each of N pictures in pixels, int32 (N, 2).

    >>> shapes_of(np.zeros((2, 48, 40), np.uint8)).tolist()
    [[48, 40], [48, 40]]
    """
    if isinstance(images, LazyImages):
        return images.shapes
    if isinstance(images, np.ndarray):
        return np.tile(np.array(images.shape[1:], dtype=np.int32), (len(images), 1))
    return np.array([image.shape for image in images], dtype=np.int32).reshape(-1, 2)
