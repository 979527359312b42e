"""The duplicates within a data set, remembered between runs.

In: a data set and two sides of it. Out: ``Pairs``, from the cache where the same pixels were compared before
with the same method. Knows nothing of what a side is for.

The cache is ``$XDG_CACHE_HOME/ekspresi`` or ``~/.cache/ekspresi``: plain .npz files of numbers and short
words, never pickled, safe to delete at any time. It holds positions, no pixels.
"""

import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.duplicates import METHOD, Images, Pairs, find_duplicates
from ekspresi.errors import OutputError
from ekspresi.outputs import make_folder, replacing


def take(images: Images, positions: NDArray[np.int64]) -> Images:
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
    remembered = _load(file)
    if remembered is not None:
        return remembered
    pairs = find_duplicates(take(dataset.images, queries), take(dataset.images, references))
    _save(file, pairs)
    return pairs


def cache_folder() -> Path:
    """Where results are remembered; it need not exist yet."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "ekspresi"


def _load(file: Path) -> Pairs | None:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return Pairs(arrays["queries"], arrays["references"], arrays["kinds"], arrays["scores"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None  # absent, or damaged: it is only a memory, so it is made anew


def _save(file: Path, pairs: Pairs) -> None:
    try:
        make_folder(file.parent)
        with replacing(file) as temporary, temporary.open("wb") as stream:
            np.savez(
                stream,
                queries=pairs.queries,
                references=pairs.references,
                kinds=pairs.kinds,
                scores=pairs.scores,
            )
    except OutputError:
        pass  # a cache that cannot be written costs seconds next time, not the run
