"""A data set in memory: faces, votes, and what is known of their origin.

In: what a reader (one file a data set) found on disk. Out: a frozen ``FaceDataset``. Knows no file format.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class FaceDataset:
    """N faces with their labels; the order is that of the files and never changes.

    Attributes:
        name: reader name, the first half of a spec ('ferplus').
        path: where it was read, the second half of the spec.
        labels: K expressions, in the data set's own published order.
        images: N gray crops, uint8 (H, W); one array (N, H, W) where all are of one size.
        votes: float32 (N, K), votes or weights of each label; a hard label is a one-hot row. A row of zeros:
            no vote for any of the labels.
        other_votes: float32 (N, M), votes for M answers that are no label ('unknown', 'NF'); M is 0 where the
            data set has no such thing.
        names: N file names or row names, unique.
        official: N of ``SPLITS``; None where the data set has no official split.
        subjects: N names of persons; None where unknown.
        sequences: N names of the clips that frames were taken from, unique over subjects; None where unknown.
        skipped: one line for each file or row that was left out and why.
        options: what its reader was asked for, 'frames=3', as it stands behind the '?' of the spec; '' for nothing.
    """

    name: str
    path: str
    labels: tuple[str, ...]
    images: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]
    votes: NDArray[np.float32]
    other_votes: NDArray[np.float32]
    names: NDArray[np.str_]
    official: NDArray[np.str_] | None = None
    subjects: NDArray[np.str_] | None = None
    sequences: NDArray[np.str_] | None = None
    skipped: tuple[str, ...] = ()
    options: str = ""

    def __len__(self) -> int:
        return len(self.names)

    @property
    def spec(self) -> str:
        """The string that reads this data set again: ``name:path`` or ``name:path?options``."""
        return f"{self.name}:{self.path}" + (f"?{self.options}" if self.options else "")

    @cached_property
    def targets(self) -> NDArray[np.int64]:
        """int64 (N,), the *arg-max* custom: the label with most votes, the first in label order on ties.

        -1 where 'unknown' or 'NF' has more votes than every label, or where there are no votes at all.
        """
        return np.where(self._all_votes.max(axis=1) > 0, self._label_or_none(self._all_votes.argmax(axis=1)), -1)

    @cached_property
    def majority_targets(self) -> NDArray[np.int64]:
        """int64 (N,), the *majority* custom of the FER+ authors (Barsoum et al. 2016).

        Single votes are dropped; the top label counts where it has more than half of what remains, else -1.
        Of use for counted votes only: a one-hot label is one vote, so weigh hard labels by 2 or more.
        """
        kept = np.where(self._all_votes > 1, self._all_votes, 0)
        clear = kept.max(axis=1) * 2 > kept.sum(axis=1)
        return np.where(clear, self._label_or_none(kept.argmax(axis=1)), -1)

    @property
    def _all_votes(self) -> NDArray[np.float32]:
        return np.concatenate([self.votes, self.other_votes], axis=1)

    def _label_or_none(self, column: NDArray[np.intp]) -> NDArray[np.int64]:
        return np.where(column < len(self.labels), column, -1).astype(np.int64)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over names, labels, votes for labels, and pixels: changes when any of them does.

        Not over ``other_votes``, subjects, sequences and official sides: a table of subjects that is corrected
        leaves the fingerprint as it was, though a split by subject is another one then.
        """
        digest = hashlib.sha256()
        digest.update("\n".join([*self.labels, *self.names.tolist()]).encode())
        digest.update(np.ascontiguousarray(self.votes).tobytes())
        for image in self.images:
            digest.update(repr(image.shape).encode())
            digest.update(np.ascontiguousarray(image).tobytes())
        return digest.hexdigest()
