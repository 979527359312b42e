"""Reduce pictures to the small filtered images that are compared to find near duplicates.

In: uint8 (H, W) images, sizes mixed. Out: ``Signatures``: 12 x 12 area means as unit vectors, and band-passed 24 x 24
images. The method is in ``duplicates``. Does not compare.

The signatures of pictures in memory are in memory. Those of ``LazyImages`` are computed in one pass over the whole set
and put into a temporary file without a name, in the folder of the caches: faces can be recognized in them. The file
serves all comparisons while the set is in use, and takes 2.9 kB a picture.
"""

import tempfile
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.lazy_images import Images, LazyImages
from ekspresi.imaging.resampling import resize, resize_matrix
from ekspresi.system.downloads import cache_folder
from ekspresi.system.storage import ensure_folder, os_errors_as_output_error

SIDE = 48
COARSE_SIDE = 12
FINE_SIDE = 24

_BLOCK = 1024
"""Pictures that are filtered together; at 48 x 48 px their float pixels take 9 MB."""

_VALUES = COARSE_SIDE**2 + FINE_SIDE**2


class Signatures:
    """Hold the signatures of N pictures.

    Attributes:
        coarse: float32 (N, 144), unit vectors.
        fine: float32 (N, 24, 24), band-passed.

    >>> signatures = signatures_of(np.zeros((3, 48, 48), np.uint8))
    >>> len(signatures), len(signatures.block(1, 3))
    (3, 2)
    """

    def __init__(self, coarse: NDArray[np.float32], fine: NDArray[np.float32]) -> None:
        self.coarse, self.fine = coarse, fine

    def __len__(self) -> int:
        return len(self.coarse)

    def block(self, first: int, last: int) -> "Signatures":
        """Return those of the positions from ``first`` up to, not with, ``last``."""
        return Signatures(self.coarse[first:last], self.fine[first:last])

    def mirrored(self) -> "Signatures":
        """Return those of the pictures flipped left to right."""
        coarse = self.coarse.reshape(-1, COARSE_SIDE, COARSE_SIDE)[:, :, ::-1].reshape(self.coarse.shape)
        return Signatures(np.ascontiguousarray(coarse), np.ascontiguousarray(self.fine[:, :, ::-1]))


class SavedSignatures:
    """Read the signatures of N pictures of a large set from a file, block after block.

    >>> from ekspresi.datasets.picture_source import PictureFileSource
    >>> source = PictureFileSource([], np.load)
    >>> nothing = LazyImages(source, np.zeros(0, np.int64), np.zeros((0, 2), np.int32), np.zeros(0, "S16"))
    >>> len(signatures_of(nothing))
    0
    """

    def __init__(self, file: "_SignatureFile", positions: NDArray[np.int64]) -> None:
        self._file, self._positions = file, positions

    def __len__(self) -> int:
        return len(self._positions)

    def block(self, first: int, last: int) -> Signatures:
        """Read those of the positions from ``first`` up to, not with, ``last``."""
        return self._file.read(self._positions[first:last])


def signatures_of(images: Images) -> Signatures | SavedSignatures:
    """Compute the signatures of N pictures, or find those of ``LazyImages`` from an earlier call.

    Raises:
        OutputError: the temporary file cannot be written.

    >>> signatures_of(np.zeros((2, 40, 40), np.uint8)).fine.shape
    (2, 24, 24)
    """
    if isinstance(images, LazyImages):
        with _saving:
            if images.whole not in _saved:
                _saved[images.whole] = _SignatureFile(images.whole)
        return SavedSignatures(_saved[images.whole], images.positions)
    starts = range(0, len(images), _BLOCK)
    parts = [_filter(_at_one_size(images[start : start + _BLOCK])) for start in starts]
    return Signatures(np.concatenate([part.coarse for part in parts]), np.concatenate([part.fine for part in parts]))


class _SignatureFile:
    """Hold the signatures of all pictures of a set in a temporary file, which the system removes with this object."""

    def __init__(self, images: LazyImages) -> None:
        folder = cache_folder()
        ensure_folder(folder)
        self._lock = Lock()
        with os_errors_as_output_error(folder / "signatures", folder):
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed with this object)
            for start in range(0, len(images), _BLOCK):
                # Each picture is brought to 48 x 48 px before the next one is decoded.
                some = _filter(np.stack([_scaled(image) for image in images[start : start + _BLOCK]]))
                rows = np.concatenate([some.coarse, some.fine.reshape(len(some), -1)], axis=1)
                self._file.write(rows.data)
            self._file.flush()

    def read(self, positions: NDArray[np.int64]) -> Signatures:
        rows = np.empty((len(positions), _VALUES), dtype=np.float32)
        ends = np.flatnonzero(np.diff(positions, append=-2) != 1) + 1  # of runs of neighbors
        with self._lock:
            for first, last in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
                self._file.seek(int(positions[first]) * _VALUES * rows.itemsize)
                self._file.readinto(rows[first:last].data)
        fine = rows[:, COARSE_SIDE**2 :].reshape(-1, FINE_SIDE, FINE_SIDE)
        return Signatures(np.ascontiguousarray(rows[:, : COARSE_SIDE**2]), np.ascontiguousarray(fine))


_saved: WeakKeyDictionary[LazyImages, _SignatureFile] = WeakKeyDictionary()
_saving = Lock()


def _filter(pixels: NDArray[np.float32]) -> Signatures:
    coarse = unit_vectors(resize(pixels, COARSE_SIDE, COARSE_SIDE, "area").reshape(len(pixels), -1))
    return Signatures(coarse, _band_passed(pixels))


def _at_one_size(images: Images) -> NDArray[np.float32]:
    if isinstance(images, np.ndarray):
        return _scaled(images)
    return np.stack([_scaled(image) for image in images])


def _scaled(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Resize by area means to shrink, bicubic to enlarge: area would only repeat pixels."""
    kernel = "area" if min(image.shape[-2:]) >= SIDE else "bicubic"
    pixels = image.astype(np.float32)
    return pixels if image.shape[-2:] == (SIDE, SIDE) else resize(pixels, SIDE, SIDE, kernel)


def _gaussian_matrix(sigma: float) -> NDArray[np.float32]:
    """Make the (48, 48) blur of one axis; mirrored edges keep a flat image flat."""
    radius = round(4 * sigma)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    sources = np.pad(np.arange(SIDE), radius, mode="symmetric")
    matrix = np.zeros((SIDE, SIDE))
    for row in range(SIDE):
        np.add.at(matrix[row], sources[row : row + 2 * radius + 1], weights / weights.sum())
    return matrix.astype(np.float32)


def _band_passed(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Filter float (N, 48, 48) to float32 (N, 24, 24): Gaussian of sigma 1 minus sigma 4, then 2 x 2 means."""
    halve = resize_matrix(SIDE, FINE_SIDE, "area")
    fine, broad = halve @ _gaussian_matrix(1.0), halve @ _gaussian_matrix(4.0)
    return np.asarray(fine @ pixels @ fine.T - broad @ pixels @ broad.T, dtype=np.float32)


def unit_vectors(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Subtract the mean of each of N vectors and divide it by its norm, float32 (N, D).

    >>> unit_vectors(np.float32([[2, 0, 0, 2], [5, 5, 5, 5]])).tolist()
    [[0.5, -0.5, -0.5, 0.5], [0.0, 0.0, 0.0, 0.0]]
    """
    centered = vectors - vectors.mean(axis=1, keepdims=True)
    # The floor keeps flat pictures (all black, all white) at zero: they are alike only byte for byte.
    return np.asarray(centered / np.maximum(np.linalg.norm(centered, axis=1, keepdims=True), 1.0), dtype=np.float32)
