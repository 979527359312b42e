"""Split a data set into train, validation and test by a named protocol.

In: a ``FaceDataset``. Out: a ``Split`` of index arrays. Does not know about networks or metrics.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.cache import duplicates_between, select
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.duplicates import first_of_copies
from ekspresi.datasets.protocols import PROTOCOLS
from ekspresi.datasets.registry import find_info
from ekspresi.errors import DatasetError

Indices = NDArray[np.int64]

FOLDS = 10
HALVES = 2
"""The folds 0..4 and 5..9: tuning for one half never sees a subject of it."""

FOLDS_OF = {"subject-10fold": FOLDS, "subject-halves": HALVES}
"""Protocol -> its number of folds, where it has more than one."""

_HOLDOUT = (0.8, 0.1)


@dataclass(frozen=True)
class Split:
    """Hold three parts of a data set that share no image.

    Attributes:
        train, validation, test: int64 positions in the data set, ascending.
        protocol: one of ``PROTOCOLS``.
        fold: 0..9 for 'subject-10fold', 0..1 for 'subject-halves', else 0.
        seed: of the random draws.

    >>> Split(np.array([0, 1]), np.array([2]), np.array([3]), "official").by_name["test"].tolist()
    [3]
    """

    train: Indices
    validation: Indices
    test: Indices
    protocol: str
    fold: int = 0
    seed: int = 0

    @property
    def by_name(self) -> dict[str, Indices]:
        """Map 'train', 'validation' and 'test' to their positions."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def make_split(dataset: FaceDataset, protocol: str, fold: int = 0, seed: int = 0) -> Split:
    """Split a data set by one of ``PROTOCOLS``.

    Faces with the arg-max target -1 stay in their split: training can use their votes, and evaluation leaves them
    out by the target.

    Args:
        dataset: to split.
        protocol: one of ``PROTOCOLS``.
        fold: from 0, for protocols with folds.
        seed: of random protocols.

    Raises:
        DatasetError: no such protocol or fold, or the data set lacks subjects, an official split, or faces for three
            splits.

    >>> images, votes = np.zeros((30, 48, 48), np.uint8), np.ones((30, 1), np.float32)
    >>> names = np.array([str(number) for number in range(30)])
    >>> split = make_split(FaceDataset("x", "x", ("a",), images, votes, votes[:, :0], names), "paper-split")
    >>> [len(positions) for positions in split.by_name.values()]
    [24, 3, 3]
    """
    require_protocol(protocol, fold)
    parts = [np.sort(part).astype(np.int64) for part in _MAKERS[protocol](dataset, fold, seed)]
    for name, part in zip(("training", "validation", "test"), parts, strict=True):
        if len(part) == 0:
            raise DatasetError(f"{dataset.spec}: '{protocol}' leaves the {name} split empty. Use another protocol.")
    return Split(parts[0], parts[1], parts[2], protocol, fold, seed)


def require_protocol(protocol: str, fold: int = 0) -> None:
    """Refuse an unknown protocol or fold, before a data set is read.

    Raises:
        DatasetError: no such protocol, or no such fold of it.

    >>> require_protocol("subject-10fold", fold=10)
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: 'subject-10fold': fold 10 does not exist. Use 0..9.
    """
    if protocol not in _MAKERS:
        raise DatasetError(f"'{protocol}': unknown protocol. Use one of {', '.join(PROTOCOLS)}.")
    last = FOLDS_OF.get(protocol, 1) - 1
    if not 0 <= fold <= last:
        raise DatasetError(f"'{protocol}': fold {fold} does not exist. Use 0..{last}.")


_Parts = tuple[Indices, Indices, Indices]


def _subject_10fold(dataset: FaceDataset, fold: int, seed: int) -> _Parts:
    people = _people(dataset, FOLDS)
    return _parts_by_subject(dataset, people[(fold + 1) % FOLDS :: FOLDS], people[fold::FOLDS])


def _subject_halves(dataset: FaceDataset, fold: int, seed: int) -> _Parts:
    people = _people(dataset, FOLDS)
    size = FOLDS // HALVES
    own = [people[k::FOLDS] for k in range(FOLDS) if half_of(k) == fold]
    other = [people[k::FOLDS] for k in range(FOLDS) if half_of(k) != fold]
    return _parts_by_subject(dataset, np.concatenate(other[size - 2 :]), np.concatenate(own))


def half_of(fold: int) -> int:
    """Return the half, 0 or 1, that holds a fold 0..9 of 'subject-10fold'.

    >>> half_of(4), half_of(5)
    (0, 1)
    """
    return fold * HALVES // FOLDS


def _subject_holdout(dataset: FaceDataset, fold: int, seed: int) -> _Parts:
    people = _people(dataset, 3)
    people = np.random.default_rng(seed).permutation(people)
    tenth = max(1, round(len(people) * _HOLDOUT[1]))
    return _parts_by_subject(dataset, people[tenth : 2 * tenth], people[:tenth])


def _people(dataset: FaceDataset, at_least: int) -> NDArray[np.str_]:
    if dataset.subjects is None:
        raise DatasetError(
            f"{dataset.spec}: its subjects are unknown, so it cannot be split by subject. Use 'official' or "
            "'paper-split', or give the folder a subjects.csv."
        )
    people = np.unique(dataset.subjects)
    if len(people) < at_least:
        what = f"{len(people)} subjects are too few for this protocol"
        raise DatasetError(f"{dataset.spec}: {what}. Use a data set with at least {at_least}.")
    return people


def _parts_by_subject(dataset: FaceDataset, validation: NDArray[np.str_], test: NDArray[np.str_]) -> _Parts:
    assert dataset.subjects is not None
    in_validation, in_test = np.isin(dataset.subjects, validation), np.isin(dataset.subjects, test)
    return (
        np.flatnonzero(~in_validation & ~in_test),
        np.flatnonzero(in_validation),
        np.flatnonzero(in_test),
    )


def _paper_split(dataset: FaceDataset, fold: int, seed: int) -> _Parts:
    rng = np.random.default_rng(seed)
    train, validation, test = [], [], []
    for label in np.unique(dataset.targets):
        members = rng.permutation(np.flatnonzero(dataset.targets == label))
        # Cut points are rounded, not lengths, so that the three parts of a small class always add up.
        first, second = (round(len(members) * fraction) for fraction in (_HOLDOUT[0], sum(_HOLDOUT)))
        train.append(members[:first])
        validation.append(members[first:second])
        test.append(members[second:])
    return np.concatenate(train), np.concatenate(validation), np.concatenate(test)


def _official(dataset: FaceDataset, fold: int, seed: int) -> _Parts:
    """Use the data set's own splits; without a validation split, use a tenth of training."""
    if dataset.official is None:
        raise DatasetError(f"{dataset.spec}: no official split. Use subject-10fold, subject-holdout or paper-split.")
    train, validation, test = (np.flatnonzero(dataset.official == s) for s in ("train", "validation", "test"))
    if len(validation) == 0:
        train, validation = _tenth_of(dataset, train, np.random.default_rng(seed))
    info = find_info(dataset.made_by)
    if info is not None and info.split_leaks_pictures:
        return _without_duplicates(dataset, train, validation, test)
    return train, validation, test


def _tenth_of(dataset: FaceDataset, train: Indices, rng: np.random.Generator) -> tuple[Indices, Indices]:
    """Split a validation part off training: a tenth of its subjects; where unknown, of each class."""
    if dataset.subjects is not None:
        people = rng.permutation(np.unique(dataset.subjects[train]))
        chosen = np.isin(dataset.subjects[train], people[: round(len(people) * _HOLDOUT[1])])
        return train[~chosen], train[chosen]
    targets = dataset.targets[train]
    parts = [rng.permutation(train[targets == label]) for label in np.unique(targets)]
    validation = np.concatenate([part[: round(len(part) * _HOLDOUT[1])] for part in parts])
    return np.setdiff1d(train, validation), validation


def _without_duplicates(dataset: FaceDataset, train: Indices, validation: Indices, test: Indices) -> _Parts:
    """Remove pictures that two splits share.

    Test: no byte-identical copy in training or validation, and only the first of copies within it.
    Validation: no byte-identical copy in the official test split. Training: no exact, near or mirrored copy of a
    picture of either official test split.
    """
    held_out = np.concatenate([validation, test])
    shown = duplicates_between(dataset, held_out, train)
    clean_train = np.delete(train, np.unique(shown.references))

    copied = held_out[shown.of("exact").queries]
    digests = dataset.digests
    repeated = ~first_of_copies(select(dataset.images, test)) | np.isin(digests[test], digests[validation])
    clean_test = test[~repeated & ~np.isin(test, copied)]
    clean_validation = validation[~np.isin(digests[validation], digests[test])]
    return clean_train, clean_validation, clean_test


_MAKERS: dict[str, Callable[[FaceDataset, int, int], _Parts]] = {
    "subject-10fold": _subject_10fold,
    "subject-halves": _subject_halves,
    "subject-holdout": _subject_holdout,
    "official": _official,
    "paper-split": _paper_split,
}
