"""The duplicates within a data set, remembered between runs; and how anything is remembered.

In: a data set and two sides of it. Out: ``Pairs``, from the cache where the same pixels were compared before
with the same method. Knows nothing of what a side is for.

The cache is ``$XDG_CACHE_HOME/ekspresi`` or ``~/.cache/ekspresi``: plain .npz files of numbers and short
words, never pickled, safe to delete at any time. Of duplicates it holds positions, no pixels.
"""

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.duplicates import METHOD, Images, Pairs, find_duplicates
from ekspresi.errors import OutputError
from ekspresi.system.downloads import cache_folder
from ekspresi.system.storage import atomic_write, ensure_folder


def select(images: Images, positions: NDArray[np.int64]) -> Images:
    """N images of one or of mixed sizes and positions -> the images at these positions."""
    if isinstance(images, np.ndarray):
        return images[positions]
    return [images[position] for position in positions.tolist()]


def duplicates_between(dataset: FaceDataset, queries: NDArray[np.int64], references: NDArray[np.int64]) -> Pairs:
    """Two int64 index arrays into a data set -> pairs of one picture, as positions in these arrays."""
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
    remembered = load_cached(file, "queries", "references", "kinds", "scores")
    if remembered is not None:
        return Pairs(*remembered)
    pairs = find_duplicates(select(dataset.images, queries), select(dataset.images, references))
    save_cached(file, queries=pairs.queries, references=pairs.references, kinds=pairs.kinds, scores=pairs.scores)
    return pairs


def load_cached(file: Path, *names: str) -> list[NDArray[Any]] | None:
    """A file of the cache and names -> the arrays of these names; None where it is absent or damaged."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return [arrays[name] for name in names]
    except (OSError, ValueError, KeyError, EOFError, TypeError, RuntimeError, zipfile.BadZipFile):
        return None  # absent, or damaged: it is only a memory, so it is made anew


def save_cached(file: Path, **arrays: Any) -> None:
    """Write named arrays to a file of the cache, whole or not at all."""
    try:
        ensure_folder(file.parent)
        with atomic_write(file) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **arrays)
    except OutputError:
        pass  # a cache that cannot be written costs seconds next time, not the run
