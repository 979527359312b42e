"""Test whether one of two paired sets of answers is better, by exact tests for few cases.

In: whether each answer of a set is right, bool (N,), in the same order. Out: p-values, and the smallest detectable
difference. Does not know about models, faces or probabilities.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

SIGNIFICANCE = 0.05
"""A difference is significant where its p-value, corrected for the whole family of tests, is below this."""


@dataclass(frozen=True, slots=True)
class Paired:
    """Hold the comparison of two settings on the same cases; ``mcnemar`` computes it.

    Attributes:
        n: number of cases.
        only_first: cases that only the first got right.
        only_second: cases that only the second got right.
        p: two-sided, of McNemar's exact test; not corrected.

    >>> Paired(n=10, only_first=3, only_second=1, p=0.6).difference
    0.2
    """

    n: int
    only_first: int
    only_second: int
    p: float

    @property
    def difference(self) -> float:
        """Return the accuracy of the first minus that of the second, -1..1."""
        return (self.only_first - self.only_second) / self.n


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Paired:
    """Compare two settings by McNemar's exact test.

    Under the null hypothesis each case that only one setting got right is a fair coin (McNemar, Note on the sampling
    error of the difference between correlated proportions, Psychometrika 1947; the exact binomial form).

    Args:
        first: whether each answer of the first setting is right, bool (N,).
        second: whether each answer of the second setting is right, bool (N,).

    Raises:
        ValueError: no cases, or not the same number of them.

    >>> mcnemar(np.array([True, True, False]), np.array([False, True, False])).p
    1.0
    """
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise ValueError(f"expected two arrays (N,) of N > 0 cases, got {first.shape} and {second.shape}")
    alone, other = int((first & ~second).sum()), int((second & ~first).sum())
    p = float(binomtest(alone, alone + other, 0.5).pvalue) if alone + other else 1.0
    return Paired(len(first), alone, other, p)


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct the p-values of one family of tests by Holm's step-down procedure.

    The corrected values bound the probability of any false finding in the family (Holm, A simple sequentially
    rejective multiple test procedure, Scandinavian Journal of Statistics 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, position in enumerate(np.argsort(p_values, kind="stable").tolist()):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[position]))
        corrected[position] = highest
    return corrected


def min_detectable_difference(n: int, discordant: int, tests: int = 1) -> float | None:
    """Compute the smallest difference of accuracies that McNemar's exact test can detect.

    Args:
        n: number of cases.
        discordant: expected number of cases that exactly one setting gets right.
        tests: size of the family; the strictest of Holm's steps applies.

    Returns:
        The smallest difference of accuracies, 0..1, with p below ``SIGNIFICANCE``; None where even all ``discordant``
        cases for one setting would not be enough.

    >>> min_detectable_difference(n=100, discordant=10)
    0.08
    """
    for surplus in range(discordant % 2, discordant + 1, 2):
        if discordant and binomtest((discordant + surplus) // 2, discordant, 0.5).pvalue * tests < SIGNIFICANCE:
            return surplus / n
    return None
