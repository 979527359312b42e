"""Find pictures, subjects and sequences that two splits, or two data sets, share.

In: a ``FaceDataset`` and index arrays, or two data sets. Out: a ``Leak`` for each reason why one of them holds faces of
the other. Does not know about protocols: the caller chooses the index arrays.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.cache import duplicates_between
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.duplicates import KINDS, Pairs, find_duplicates

REASONS = (*KINDS, "subject", "sequence")
"""Why a face is also in the other split; the first three are the same picture, see ``duplicates.KINDS``."""

ALIGNED = 0.95
"""Score from which two data sets share a picture, where one of them names its people. A laboratory aligns its faces,
and aligned faces of different people reach 0.94 (see ``duplicates``)."""

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Leak:
    """Count the faces of one split that another split also holds, for one reason.

    Attributes:
        reason: one of ``REASONS``. A face counts once, as exact before near before mirrored: the three add up to the
            faces whose picture is in both splits.
        split: name of the split (or spec of the data set) whose faces are counted.
        other: name of the split (or spec of the data set) that also holds them.
        faces: number of leaking faces of ``split``.
        total: number of faces of ``split``.
        examples: up to three pairs of names, (face of ``split``, face of ``other``).

    >>> Leak("exact", "test", "train", faces=5, total=100, examples=()).share
    0.05
    """

    reason: str
    split: str
    other: str
    faces: int
    total: int
    examples: tuple[tuple[str, str], ...]

    @property
    def share(self) -> float:
        """Return the fraction of leaking faces, 0..1."""
        return self.faces / self.total if self.total else 0.0


def audit_splits(dataset: FaceDataset, splits: Mapping[str, NDArray[np.int64]]) -> list[Leak]:
    """List the ``Leak`` of each later split in each earlier one, in the order of their use.

    The list has every reason that the data set can answer, with 0 faces where nothing leaks. Empty splits are left
    out.

    Args:
        dataset: the faces.
        splits: name of the split -> int64 positions in the data set.

    >>> votes = np.eye(2, dtype=np.float32)
    >>> images, names = np.zeros((2, 48, 48), np.uint8), np.array(["a", "b"])
    >>> dataset = FaceDataset("x", "x", ("a", "b"), images, votes, votes[:, :0], names)
    >>> audit_splits(dataset, {"train": np.arange(2), "test": np.arange(0)})
    []
    """
    used = [(name, indices) for name, indices in splits.items() if len(indices)]
    leaks: list[Leak] = []
    for (other, references), (split, queries) in combinations(used, 2):
        pairs = duplicates_between(dataset, queries, references)
        if dataset.subjects is not None:
            pairs = _of_one_person(pairs, dataset.subjects[queries], dataset.subjects[references])
        leaks += _by_picture(pairs, split, other, dataset.names[queries], dataset.names[references])
        for reason, words in (("subject", dataset.subjects), ("sequence", dataset.sequences)):
            if words is not None:
                leaks.append(_by_word(reason, split, other, words[queries], words[references]))
    return leaks


def audit_datasets(one: FaceDataset, two: FaceDataset) -> list[Leak]:
    """List a ``Leak`` for each reason and each direction between two data sets.

    Subjects and sequences are compared by name, which needs the same names in both sets. Sets without a common name
    are compared by pictures only. Where either set names its people, a pair must have a score of ``ALIGNED``.

    >>> votes = np.eye(2, dtype=np.float32)
    >>> images = np.random.default_rng(0).integers(0, 256, (2, 48, 48)).astype(np.uint8)
    >>> one = FaceDataset("x", "x", ("a", "b"), images, votes, votes[:, :0], np.array(["1", "2"]))
    >>> [leak.faces for leak in audit_datasets(one, one) if leak.reason == "exact"]
    [2, 2]
    """
    pairs = find_duplicates(two.images, one.images)
    if one.subjects is not None and two.subjects is not None and np.isin(two.subjects, one.subjects).any():
        pairs = _of_one_person(pairs, two.subjects, one.subjects)
    elif one.subjects is not None or two.subjects is not None:
        pairs = pairs.where(pairs.scores >= ALIGNED)
    turned = Pairs(pairs.references, pairs.queries, pairs.kinds, pairs.scores)
    leaks: list[Leak] = []
    for queries, references, found in ((two, one, pairs), (one, two, turned)):
        leaks += _by_picture(found, queries.spec, references.spec, queries.names, references.names)
        for reason, a, b in (
            ("subject", queries.subjects, references.subjects),
            ("sequence", queries.sequences, references.sequences),
        ):
            if a is not None and b is not None:
                leaks.append(_by_word(reason, queries.spec, references.spec, a, b))
    return leaks


def _of_one_person(pairs: Pairs, subjects: NDArray[np.str_], other_subjects: NDArray[np.str_]) -> Pairs:
    """Drop pairs of two people, unless they are byte-identical: such pictures only look alike.

    Aligned faces of a laboratory look alike: in CK+48 two people with one expression correlate up to 0.94,
    neighboring frames of one person mostly above 0.96.
    """
    same_person = (subjects[pairs.queries] == other_subjects[pairs.references]) | (pairs.kinds == "exact")
    return pairs.where(same_person)


def _by_picture(
    pairs: Pairs, split: str, other: str, names: NDArray[np.str_], other_names: NDArray[np.str_]
) -> Iterator[Leak]:
    counted = np.zeros(len(names), dtype=bool)
    for kind in KINDS:
        found = pairs.of(kind)
        faces, first = np.unique(found.queries, return_index=True)
        fresh = ~counted[faces]
        counted[faces] = True
        examples = tuple(
            (str(names[found.queries[row]]), str(other_names[found.references[row]]))
            for row in first[fresh][:_EXAMPLES]
        )
        yield Leak(kind, split, other, int(fresh.sum()), len(names), examples)


def _by_word(reason: str, split: str, other: str, words: NDArray[np.str_], other_words: NDArray[np.str_]) -> Leak:
    known = np.isin(words, other_words)
    examples = tuple((str(word), str(word)) for word in np.unique(words[known])[:_EXAMPLES])
    return Leak(reason, split, other, int(known.sum()), len(words), examples)
