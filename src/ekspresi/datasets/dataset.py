"""Hold a data set: faces, votes, subjects, sequences and official splits.

In: the content of files, from a reader (one module per data set). Out: a frozen ``FaceDataset``. The pictures of a
large set are decoded on access (``lazy_images``); all else is in memory. Does not know about file formats.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.lazy_images import Images, LazyImages, add_pixels, digests_of, shapes_of

if TYPE_CHECKING:
    from hashlib import _Hash

SPLITS = ("train", "validation", "test")

_LARGEST_COLUMN = 64 << 20
"""Bytes; NumPy's words of fixed width take four for each letter of the longest one."""


@dataclass(frozen=True)
class FaceDataset:
    """Hold N faces with their labels; the order is that of the files and never changes.

    Attributes:
        name: reader name, the first half of a spec ('ferplus').
        path: of its files, the second half of the spec.
        labels: K expressions, in the data set's own published order.
        images: N gray crops, uint8 (H, W); one array (N, H, W) where all have one size, and ``LazyImages`` where they
            take more than ``lazy_images.LARGEST_IN_MEMORY`` bytes. Ask for one at a time.
        votes: float32 (N, K), votes or weights of each label; a hard label is a one-hot row, and a row of zeros has
            no vote for any label.
        other_votes: float32 (N, M), votes for M answers that are not labels ('unknown', 'NF'); M is 0 for data sets
            without such answers.
        names: N file names or row names, unique.
        official: N of ``SPLITS``; None where the data set has no official split.
        subjects: N names of persons; None where unknown.
        sequences: N names of the clips of the frames, unique over subjects; None where unknown.
        skipped: one line for each file or row that was left out, with the reason.
        options: of its reader, 'frames=3', as after the '?' of the spec; '' for none.
        origin: reader of the files from which these faces were converted; '' where they were not.

    >>> votes = np.eye(2, dtype=np.float32)
    >>> images, names = np.zeros((2, 48, 48), np.uint8), np.array(["a", "b"])
    >>> dataset = FaceDataset("folder", "my/faces", ("anger", "fear"), images, votes, votes[:, :0], names)
    >>> len(dataset), dataset.spec, dataset.targets.tolist()
    (2, 'folder:my/faces', [0, 1])
    """

    name: str
    path: str
    labels: tuple[str, ...]
    images: Images
    votes: NDArray[np.float32]
    other_votes: NDArray[np.float32]
    names: NDArray[np.str_]
    official: NDArray[np.str_] | None = None
    subjects: NDArray[np.str_] | None = None
    sequences: NDArray[np.str_] | None = None
    skipped: tuple[str, ...] = ()
    options: str = ""
    origin: str = ""

    def __len__(self) -> int:
        return len(self.names)

    @property
    def spec(self) -> str:
        """Return the string that reads this data set again: ``name:path`` or ``name:path?options``."""
        return f"{self.name}:{self.path}" + (f"?{self.options}" if self.options else "")

    @property
    def made_by(self) -> str:
        """Return the reader that knows this data set: ``origin`` where the faces were converted, else ``name``."""
        return self.origin or self.name

    @cached_property
    def targets(self) -> NDArray[np.int64]:
        """Choose the label with most votes, int64 (N,): the *arg-max* rule, the first in label order on ties.

        -1 where 'unknown' or 'NF' has more votes than every label, or where there are no votes at all.
        """
        return np.where(self._all_votes.max(axis=1) > 0, self._label_or_none(self._all_votes.argmax(axis=1)), -1)

    @cached_property
    def majority_targets(self) -> NDArray[np.int64]:
        """Choose labels, int64 (N,), by the *majority* rule of the FER+ authors (Barsoum et al. 2016).

        The rule drops single votes; the top label counts where it has more than half of the rest, else -1. It needs
        counted votes: a one-hot label is one vote, so weigh hard labels by 2 or more.
        """
        kept = np.where(self._all_votes > 1, self._all_votes, 0)
        clear = kept.max(axis=1) * 2 > kept.sum(axis=1)
        return np.where(clear, self._label_or_none(kept.argmax(axis=1)), -1)

    @property
    def _all_votes(self) -> NDArray[np.float32]:
        if self.other_votes.shape[1] == 0:
            return self.votes  # no copy of a large table
        return np.concatenate([self.votes, self.other_votes], axis=1)

    def _label_or_none(self, column: NDArray[np.intp]) -> NDArray[np.int64]:
        return np.where(column < len(self.labels), column, -1).astype(np.int64)

    @cached_property
    def fingerprint(self) -> str:
        """Compute the SHA-256 of names, labels, votes for labels and pixels; it changes with any of them.

        It leaves out ``other_votes``, subjects, sequences and official splits: a corrected table of subjects keeps
        the fingerprint, though a split by subject then differs.
        """
        hashed = start_fingerprint(self.labels, self.names, self.votes)
        if isinstance(self.images, LazyImages) and (known := self.images.fingerprint_after(hashed)) is not None:
            return known
        for image in self.images:
            add_pixels(hashed, image)
        return hashed.hexdigest()

    @cached_property
    def shapes(self) -> NDArray[np.int32]:
        """Return height and width of each image in pixels, int32 (N, 2); no image is decoded for it."""
        return shapes_of(self.images)

    @cached_property
    def digests(self) -> NDArray[np.bytes_]:
        """Return N short hashes of shape and pixels, 'S16': equal for identical images."""
        return digests_of(self.images)


def start_fingerprint(labels: Sequence[str], names: NDArray[np.str_], votes: NDArray[np.float32]) -> "_Hash":
    r"""Begin the SHA-256 of a data set's fingerprint; shapes and pixels follow, image after image.

    Args:
        labels: K labels.
        names: N names.
        votes: float32 (N, K).

    >>> started = start_fingerprint(("a",), np.array(["1"]), np.zeros((1, 1), np.float32))
    >>> started.hexdigest() == hashlib.sha256(b"a\n1" + bytes(4)).hexdigest()
    True
    """
    hashed = hashlib.sha256()
    words = chain(labels, (str(name) for name in names))
    separator = ""
    while some := list(islice(words, 1 << 16)):
        hashed.update((separator + "\n".join(some)).encode())
        separator = "\n"
    hashed.update(np.ascontiguousarray(votes).data)
    return hashed


def text_column(words: Sequence[str]) -> NDArray[np.str_]:
    """Make an array of N words; of NumPy's ``StringDType`` where one long word would make it larger than 64 MB.

    >>> text_column(["fear/a.png"]).dtype
    dtype('<U10')
    """
    longest = max(map(len, words), default=0)
    if 4 * longest * len(words) <= _LARGEST_COLUMN:
        return np.array(words, dtype=np.str_)
    try:
        return np.array(words, dtype=np.dtypes.StringDType())
    except UnicodeEncodeError:  # a file name that is no text
        return np.array(words, dtype=np.str_)
