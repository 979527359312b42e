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
    """Compare two arms that differ in one key, on the same sequences (images where sequences are unknown).

    Attributes:
        key: key of the configuration in which they differ.
        first: name of the first arm.
        second: name of the second arm.
        size_px: face size.
        n: number of sequences.
        only_first: number of sequences that only ``first`` got right.
        only_second: number of sequences that only ``second`` got right.
        p: p-value of McNemar's exact test.
        p_corrected: the same after Holm's correction over all comparisons of the key.
        min_detectable_difference: smallest difference of accuracies that such a test can detect, 0..1; None where it
            can detect none.

        >>> Comparison("optimizer", "adam", "sgd", 48, 100, 12, 2, 0.01, 0.02, 0.05).difference
        0.1
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
        """Accuracy of the first arm minus that of the second, -1..1."""
        return (self.only_first - self.only_second) / self.n


def compare_arms(arms: Sequence[tuple[Arm, Pooled]], dataset: FaceDataset) -> tuple[Comparison, ...]:
    """Test each pair of arms that differ in a single key.

    Learning rate and weight decay belong to the optimizer and do not count as keys. Only the first seed of an arm is
    tested, because two answers to one sequence are not independent. Arms with different test faces are not compared.

    Args:
        arms: arms with their answers under 'subject-10fold'.
        dataset: the data set.

    Returns:
        One comparison per pair and size of ``COMPARED_PX``.

        >>> from types import SimpleNamespace
        >>> compare_arms([], SimpleNamespace())
        ()
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
            detectable = min_detectable_difference(each.n, each.only_first + each.only_second, len(family))
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
                    min_detectable_difference=detectable,
                )
            )
    return tuple(found)


def _first_seed(arm: Arm, pooled: Pooled) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    chosen = pooled.seeds == arm.seeds[0]
    return pooled.indices[chosen], pooled.probabilities[:, chosen]


def _right(indices: NDArray[np.int64], probabilities: NDArray[np.float64], dataset: FaceDataset) -> NDArray[np.bool_]:
    """Mark the sequences whose mean over frames is right; images where sequences are unknown."""
    targets = dataset.targets[indices]
    if dataset.sequences is not None:
        targets, probabilities, _ = sequence_means(targets, probabilities, dataset.sequences[indices])
    return np.asarray(probabilities.argmax(axis=1) == targets)
