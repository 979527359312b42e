"""Two sets of answers to the same questions -> whether one is better: exact tests, for few and paired cases.

In: which answers were right, bool (N,), in the same order on both sides. Out: p-values, and how large a difference
would have to be. Knows nothing of models, faces or probabilities.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

SIGNIFICANCE = 0.05
"""A difference is told where its p-value, corrected for all that were tried beside it, lies below this."""


@dataclass(frozen=True, slots=True)
class Paired:
    """Two settings on the same cases.

    Attributes:
        n: cases.
        only_first: cases that the first alone got right.
        only_second: cases that the second alone got right.
        p: two-sided, of McNemar's exact test; not corrected.
    """

    n: int
    only_first: int
    only_second: int
    p: float

    @property
    def difference(self) -> float:
        """Accuracy of the first less that of the second, -1..1."""
        return (self.only_first - self.only_second) / self.n


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Paired:
    """Right answers of two settings, bool (N,) each -> ``Paired``, with McNemar's exact test.

    Under the null hypothesis each case that one side alone got right is a fair coin (McNemar, Note on the sampling
    error of the difference between correlated proportions, Psychometrika 1947; the exact binomial form).

    Raises:
        ValueError: no cases, or not the same number of them.
    """
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise ValueError(f"expected two arrays (N,) of N > 0 cases, got {first.shape} and {second.shape}")
    alone, other = int((first & ~second).sum()), int((second & ~first).sum())
    p = float(binomtest(alone, alone + other, 0.5).pvalue) if alone + other else 1.0
    return Paired(len(first), alone, other, p)


def holm(p_values: Sequence[float]) -> list[float]:
    """M p-values of one family -> the same, corrected so that the chance of any false finding stays what it was.

    Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 1979.
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, position in enumerate(np.argsort(p_values, kind="stable").tolist()):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[position]))
        corrected[position] = highest
    return corrected


def min_detectable_difference(n: int, discordant: int, tests: int = 1) -> float | None:
    """How far two settings must lie apart for McNemar's exact test to tell them.

    Args:
        n: cases.
        discordant: cases that one of the two alone gets right, as many as such settings usually have.
        tests: size of the family; the strictest of Holm's steps is asked for.

    Returns:
        The smallest difference of accuracies, 0..1, with p below ``SIGNIFICANCE``; None where not even all of the
        ``discordant`` cases on one side would be enough.
    """
    for surplus in range(discordant % 2, discordant + 1, 2):
        if discordant and binomtest((discordant + surplus) // 2, discordant, 0.5).pvalue * tests < SIGNIFICANCE:
            return surplus / n
    return None
