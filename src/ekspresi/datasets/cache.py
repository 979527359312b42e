"""Cache arrays between runs, above all the duplicates within a data set.

In: a data set and two sets of positions in it. Out: ``Pairs``, from the cache where the same method compared the same
pixels before. Does not know about the purpose of the positions.

The cache is ``$XDG_CACHE_HOME/ekspresi`` or ``~/.cache/ekspresi``: plain .npz files of numbers and short
words, never pickled, safe to delete at any time. For duplicates it holds positions, not pixels.
"""

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.duplicates import METHOD, Pairs, find_duplicates
from ekspresi.datasets.lazy_images import Images, LazyImages
from ekspresi.errors import OutputError
from ekspresi.system.downloads import cache_folder
from ekspresi.system.storage import atomic_write, ensure_folder


def select(images: Images, positions: NDArray[np.int64]) -> Images:
    """Select the images at some positions, of one or of mixed sizes; of ``LazyImages`` it makes a view.

    >>> select(np.zeros((5, 48, 48), np.uint8), np.array([0, 3])).shape
    (2, 48, 48)
    """
    if isinstance(images, np.ndarray):
        return images[positions]
    if isinstance(images, LazyImages):
        return images.select(positions)
    return [images[position] for position in positions.tolist()]


def duplicates_between(dataset: FaceDataset, queries: NDArray[np.int64], references: NDArray[np.int64]) -> Pairs:
    """Find the pairs that show one picture, in the cache or by a search.

    Args:
        dataset: holds the images.
        queries: int64 (N,), positions in the data set.
        references: int64 (M,), positions in the data set.

    Returns:
        Pairs of positions in ``queries`` and ``references``.

    >>> import os, tempfile
    >>> from unittest.mock import patch
    >>> votes = np.eye(2, dtype=np.float32)
    >>> images = np.full((2, 48, 48), 7, np.uint8)
    >>> dataset = FaceDataset("x", "x", ("a", "b"), images, votes, votes[:, :0], np.array(["1", "2"]))
    >>> with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, XDG_CACHE_HOME=folder):
    ...     duplicates_between(dataset, np.array([0]), np.array([1])).kinds.tolist()
    ['exact']
    """
    key = hashlib.sha256()
    for part in (
        METHOD.encode(),
        dataset.fingerprint.encode(),
        queries.tobytes(),
        b"|",
        references.tobytes(),
    ):
        key.update(part)
    file = cache_folder() / f"duplicates-{key.hexdigest()[:32]}.npz"
    cached = load_cached(file, "queries", "references", "kinds", "scores")
    if cached is not None:
        return Pairs(*cached)
    pairs = find_duplicates(select(dataset.images, queries), select(dataset.images, references))
    save_cached(file, queries=pairs.queries, references=pairs.references, kinds=pairs.kinds, scores=pairs.scores)
    return pairs


def load_cached(file: Path, *names: str) -> list[NDArray[Any]] | None:
    """Load the named arrays of a cache file; None where it is absent or damaged.

    >>> load_cached(Path("absent.npz"), "scores") is None
    True
    """
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return [arrays[name] for name in names]
    except (OSError, ValueError, KeyError, EOFError, TypeError, RuntimeError, zipfile.BadZipFile):
        return None  # absent or damaged: the caller computes the arrays again


def save_cached(file: Path, **arrays: Any) -> None:
    """Save named arrays to a cache file, whole or not at all; a failure is ignored.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_cached(Path(folder, "x.npz"), scores=np.ones(2))
    ...     load_cached(Path(folder, "x.npz"), "scores")[0].tolist()
    [1.0, 1.0]
    """
    try:
        ensure_folder(file.parent)
        with atomic_write(file) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **arrays)
    except OutputError:
        pass  # an unwritable cache costs seconds in the next run, but does not stop this one
