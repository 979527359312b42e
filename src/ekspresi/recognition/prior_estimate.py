"""Estimate the class prior of faces from their probabilities, without labels.

In: calibrated probabilities, the class prior that they contain, groups of faces that are not independent. Out: a
``PriorEstimate``. Does not know where the faces come from, nor how a prior changes answers (``priors``).

The method is expectation maximization: the prior is the mean of the probabilities that it leads to (Saerens, Latinne,
Decaestecker: Adjusting the Outputs of a Classifier to New a Priori Probabilities, Neural Computation 2002). It assumes
that the probabilities are calibrated, and that faces of one expression look alike in training and here. Where they do
not, the estimate is wrong too, and its interval does not show that. The interval is ours: a bootstrap of whole groups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ekspresi.errors import ConfigError

MIN_FACES = 50
"""Faces below which no prior is estimated: with fewer, eight shares are hardly more than a guess."""
MIN_GROUPS = 10
"""Groups of faces, such as pictures or tracks, below which no prior is estimated: fewer give no interval."""
RESAMPLES = 200
"""Bootstrap resamples behind an interval."""

_DIGITS = 4
"""Decimals of a share; the recorded estimate is exactly the one that is used."""
_STEPS, _TOLERANCE = 2000, 1e-7
_RESAMPLE_STEPS, _RESAMPLE_TOLERANCE = 300, 1e-5
_BLOCK = 50
"""Resamples computed together: bounds the memory."""


@dataclass(frozen=True, slots=True)
class PriorEstimate:
    """Hold an estimated class prior.

    Attributes:
        prior: label -> share, 0..1; sums to 1. At least half a face's share for each label that may be answered, so
            that none is ruled out.
        low: label -> lower end of the 95 % interval.
        high: label -> upper end of the 95 % interval.
        faces: number of faces behind it.

    Example:
        >>> low, high = {"fear": 0.1, "anger": 0.7}, {"fear": 0.3, "anger": 0.9}
        >>> PriorEstimate({"fear": 0.2, "anger": 0.8}, low, high, faces=60).describe()
        'anger 80.0 % [70.0, 90.0], fear 20.0 % [10.0, 30.0]'
    """

    prior: dict[str, float]
    low: dict[str, float]
    high: dict[str, float]
    faces: int

    def describe(self) -> str:
        """Describe the shares with their intervals in percent, the most common label first."""
        ranked = sorted((label for label in self.prior if self.high[label] > 0), key=lambda label: -self.prior[label])
        return ", ".join(
            f"{label} {100 * self.prior[label]:.1f} % [{100 * self.low[label]:.1f}, {100 * self.high[label]:.1f}]"
            for label in ranked
        )


def estimate_prior(
    probabilities: NDArray[np.float64],
    class_prior: Mapping[str, float],
    groups: Sequence[object] | NDArray[np.str_] | None = None,
) -> PriorEstimate:
    """Estimate how common each expression is among faces, from their probabilities alone.

    Example:
        >>> rare = {"fear": 0.1, "anger": 0.9}
        >>> probabilities = np.array([[0.9, 0.1]] * 70 + [[0.01, 0.99]] * 30)
        >>> estimate_prior(probabilities, rare).prior
        {'fear': 0.7662, 'anger': 0.2338}

    Args:
        probabilities: float64 (N, K), calibrated, such as ``Recognizer.probabilities`` gives. The faces should be large
            enough to be answered at all.
        class_prior: label -> share, the K labels of the columns; the prior that the probabilities contain
            (``Recognizer.class_prior``).
        groups: for each face a name of its group, such as its track, picture or person: groups are resampled whole.
            None where all faces are independent.

    Raises:
        ConfigError: fewer than ``MIN_FACES`` faces, or than ``MIN_GROUPS`` groups.
        ValueError: shapes that do not fit.
    """
    labels = list(class_prior)
    contained = np.array(list(class_prior.values()), dtype=np.float64)
    faces = len(probabilities)
    if (
        probabilities.ndim != 2
        or probabilities.shape[1] != len(labels)
        or (groups is not None and len(groups) != faces)
    ):
        raise ValueError(
            f"probabilities: shape {probabilities.shape} does not fit {len(labels)} labels"
            f"{'' if groups is None else f' and {len(groups)} groups'}. Use (N, K)."
        )
    members = np.arange(faces) if groups is None else _number(groups)
    count = int(members.max()) + 1 if faces else 0
    if faces < MIN_FACES or count < MIN_GROUPS:
        found, needed = f"{faces} faces", f"at least {MIN_FACES} faces"
        if groups is not None:
            found += f" in {count} independent group{'' if count == 1 else 's'}"
            needed += f" in {MIN_GROUPS} groups (pictures, tracks or people)"
        raise ConfigError(f"prior: {found} are too few to estimate it. Use {needed}, or another prior.")
    allowed = contained > 0
    evidence = np.divide(probabilities, contained, out=np.zeros_like(probabilities), where=allowed)
    evidence /= np.maximum(evidence.max(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    start = np.where(allowed, 1 / allowed.sum(), 0.0)
    value = _maximize(evidence, np.ones((1, faces)), start[None], _STEPS, _TOLERANCE)[0]
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    resampled = np.concatenate(
        [
            _maximize(
                evidence,
                block[:, members].astype(np.float64),
                np.tile(0.9 * value + 0.1 * start, (len(block), 1)),  # a share of 0 would stay 0
                _RESAMPLE_STEPS,
                _RESAMPLE_TOLERANCE,
            )
            for block in np.array_split(drawn, RESAMPLES // _BLOCK)
        ]
    )
    value = np.where(allowed, np.maximum(value, max(0.5 / faces, 10.0**-_DIGITS)), 0.0)
    value = np.round(value / value.sum(), _DIGITS)
    low, high = np.percentile(resampled, (2.5, 97.5), axis=0).round(_DIGITS)

    def by_label(shares: NDArray[np.float64]) -> dict[str, float]:
        return dict(zip(labels, shares.tolist(), strict=True))

    return PriorEstimate(by_label(value), by_label(np.minimum(low, value)), by_label(np.maximum(high, value)), faces)


def _number(groups: Sequence[object] | NDArray[np.str_]) -> NDArray[np.int64]:
    """Number the groups from 0, in the order of their first faces."""
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.int64)


def _maximize(
    evidence: NDArray[np.float64],
    weights: NDArray[np.float64],
    start: NDArray[np.float64],
    steps: int,
    tolerance: float,
) -> NDArray[np.float64]:
    """Maximize the likelihood of priors, one for each row of weights.

    Args:
        evidence: float64 (N, K), likelihood of each label for each face, up to a factor for each face.
        weights: float64 (B, N), how often each face counts.
        start: float64 (B, K).
        steps: maximum number of steps.
        tolerance: change of a share below which a step is the last.

    Returns:
        float64 (B, K), each row sums to 1.
    """
    prior, total = start, weights.sum(axis=1, keepdims=True)
    for _ in range(steps):
        mixture = np.maximum(prior @ evidence.T, np.finfo(np.float64).tiny)
        better = prior * ((weights / mixture) @ evidence) / total
        settled = np.abs(better - prior).max() < tolerance
        prior = better
        if settled:
            break
    return prior
