"""Sides of a split, or two data sets -> what stands on both: pictures, subjects, sequences.

In: a ``FaceDataset`` and index arrays, or two data sets. Out: a ``Leak`` for each way in which one side knows
the other. Knows no protocol: which arrays are sides is the caller's business.
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
"""Why a face is known on the other side; the first three are the same picture, see ``duplicates.KINDS``."""

ALIGNED = 0.95
"""Score from which two data sets share a picture, where one of them was taken of known people. A laboratory aligns its
faces, and aligned faces of different people reach 0.94 (see ``duplicates``)."""

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Leak:
    """How many faces of one side are known on another, for one reason.

    Attributes:
        reason: one of ``REASONS``. A face that has an exact copy is not counted again as near or mirrored,
            nor a near one as mirrored: the three add up to the faces whose picture stands on both sides.
        side: name of the side whose faces are counted.
        other: name of the side on which they are known.
        faces: how many faces of ``side`` leak.
        total: how many faces ``side`` has.
        examples: up to three pairs of names, (face of ``side``, face of ``other``).
    """

    reason: str
    side: str
    other: str
    faces: int
    total: int
    examples: tuple[tuple[str, str], ...]

    @property
    def share(self) -> float:
        """Part of the side that leaks, 0..1."""
        return self.faces / self.total if self.total else 0.0


def audit_sides(dataset: FaceDataset, sides: Mapping[str, NDArray[np.int64]]) -> list[Leak]:
    """A data set and its sides in the order of their use -> the ``Leak`` of each later side in each earlier.

    Every reason that the data set can answer is listed, with 0 faces where nothing leaks; empty sides are
    left out.
    """
    used = [(name, indices) for name, indices in sides.items() if len(indices)]
    leaks: list[Leak] = []
    for (other, references), (side, queries) in combinations(used, 2):
        pairs = duplicates_between(dataset, queries, references)
        if dataset.subjects is not None:
            pairs = _of_one_person(pairs, dataset.subjects[queries], dataset.subjects[references])
        leaks += _by_picture(pairs, side, other, dataset.names[queries], dataset.names[references])
        for reason, words in (("subject", dataset.subjects), ("sequence", dataset.sequences)):
            if words is not None:
                leaks.append(_by_word(reason, side, other, words[queries], words[references]))
    return leaks


def audit_datasets(one: FaceDataset, two: FaceDataset) -> list[Leak]:
    """Two data sets -> a ``Leak`` for each reason and each direction.

    Subjects and sequences are compared by name, which means something only where both sets name people alike.
    Sets without a single name in common do not, so there the names excuse nobody who looks alike; but where either
    set names its people, a pair must be alike by ``ALIGNED``.
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
    """Drop what only looks alike: two people are no one picture, unless it is byte for byte the same.

    Aligned faces of a laboratory are that alike: in CK+48 two people with one expression correlate up to
    0.94, neighboring frames of one person mostly above 0.96.
    """
    alike = (subjects[pairs.queries] == other_subjects[pairs.references]) | (pairs.kinds == "exact")
    return pairs.where(alike)


def _by_picture(
    pairs: Pairs, side: str, other: str, names: NDArray[np.str_], other_names: NDArray[np.str_]
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
        yield Leak(kind, side, other, int(fresh.sum()), len(names), examples)


def _by_word(reason: str, side: str, other: str, words: NDArray[np.str_], other_words: NDArray[np.str_]) -> Leak:
    known = np.isin(words, other_words)
    examples = tuple((str(word), str(word)) for word in np.unique(words[known])[:_EXAMPLES])
    return Leak(reason, side, other, int(known.sum()), len(words), examples)
