"""Test which differences between the arms of a study are real.

In: arms with their pooled answers, and the data set. Out: one ``Comparison`` for each pair of arms that differ in one
key, at each of two face sizes. Does not know about folders, jobs or pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.imaging.degradations import SIZES_PX
from ekspresi.metrics.classification import sequence_means
from ekspresi.metrics.significance import holm, mcnemar, min_detectable_difference
from ekspresi.study.config import Arm
from ekspresi.study.results import Pooled

COMPARED_PX = (48, 16)
"""Face sizes at which arms are tested against each other."""

_OF_THE_OPTIMIZER = ("learning_rate", "weight_decay")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms that differ in one key, on the same sequences (images where sequences are unknown).

    Attributes:
        key: in which key of the configuration they differ.
        first: name of an arm, and so ``second``.
        size_px: face size.
        n: sequences.
        only_first: sequences that ``first`` alone got right, and so ``only_second``.
        p: of McNemar's exact test.
        p_corrected: by Holm, over the comparisons of the same key at all sizes.
        min_detectable_difference: the smallest difference of accuracies that such a family would tell, 0..1; None where
            none would be.
    """

    key: str
    first: str
    second: str
    size_px: int
    n: int
    only_first: int
    only_second: int
    p: float
    p_corrected: float
    min_detectable_difference: float | None

    @property
    def difference(self) -> float:
        """Accuracy of the first less that of the second, -1..1."""
        return (self.only_first - self.only_second) / self.n


def compare(arms: Sequence[tuple[Arm, Pooled]], dataset: FaceDataset) -> tuple[Comparison, ...]:
    """Arms with their answers under 'subject-10fold' -> a test of each two that differ in a single key.

    Learning rate and weight decay belong to the optimizer and do not count as keys. Where an arm has several seeds its
    first one speaks: the same sequence twice would be no two witnesses. Arms that did not answer the same faces are not
    compared.
    """
    families: dict[str, list[tuple[Arm, Arm, int, NDArray[np.bool_], NDArray[np.bool_]]]] = {}
    answers = [(arm, *_first_seed(arm, pooled)) for arm, pooled in arms]
    for (one, own, p), (two, others, q) in combinations(answers, 2):
        keys = [key for key in one.config.differences(two.config) if key not in _OF_THE_OPTIMIZER]
        if len(keys) != 1 or not np.array_equal(own, others):
            continue
        for size in COMPARED_PX:
            k = SIZES_PX.index(size)
            right = [_right(own, each[k], dataset) for each in (p, q)]
            families.setdefault(keys[0], []).append((one, two, size, right[0], right[1]))
    found = []
    for key, family in families.items():
        paired = [mcnemar(first, second) for *_, first, second in family]
        corrected = holm([each.p for each in paired])
        for (one, two, size, *_), each, p_corrected in zip(family, paired, corrected, strict=True):
            told = min_detectable_difference(each.n, each.only_first + each.only_second, len(family))
            found.append(
                Comparison(
                    key=key,
                    first=one.name,
                    second=two.name,
                    size_px=size,
                    n=each.n,
                    only_first=each.only_first,
                    only_second=each.only_second,
                    p=each.p,
                    p_corrected=p_corrected,
                    min_detectable_difference=told,
                )
            )
    return tuple(found)


def _first_seed(arm: Arm, pooled: Pooled) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    chosen = pooled.seeds == arm.seeds[0]
    return pooled.indices[chosen], pooled.probabilities[:, chosen]


def _right(indices: NDArray[np.int64], probabilities: NDArray[np.float64], dataset: FaceDataset) -> NDArray[np.bool_]:
    """Which sequences are right, by the mean of their frames; images where sequences are unknown."""
    targets = dataset.targets[indices]
    if dataset.sequences is not None:
        targets, probabilities, _ = sequence_means(targets, probabilities, dataset.sequences[indices])
    return np.asarray(probabilities.argmax(axis=1) == targets)
