"""Measure whether confidences match accuracies: calibration, abstention and confident mistakes.

In: int64 targets (N,) and float probabilities (N, K). Out: frozen dataclasses of plain numbers, ready for JSON. Does
not know about images, label names, models or files.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss

from ekspresi.metrics.classification import check_shapes

CONFIDENCE_BINS = 15
"""Number of equal-width bins of the reliability diagram and of the ECE, as in Guo et al. 2017."""
CURVE_POINTS = 100
"""Points of a risk-coverage curve."""
_ROWS_A_PART = 1 << 16
"""Images whose NLL is computed together."""
_SMALLEST_PROBABILITY = 1e-12
"""Floor of a probability in the NLL: one face at exactly 0 must not make the mean infinite."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Describe the images with confidence in (low, high].

    Attributes:
        low: exclusive lower bound, 0..1.
        high: inclusive upper bound, 0..1.
        count: number of images.
        confidence: their mean confidence; None without images.
        accuracy: their share of right answers; None without images.

    >>> ReliabilityBin(0.8, 0.9, 10, 0.85, 0.7).accuracy
    0.7
    """

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Hold how well confidences match accuracies.

    Attributes:
        ece: expected calibration error of the top label, 0..1: mean over ``bins`` of |accuracy - confidence|,
            weighted by count (Guo et al., On Calibration of Modern Neural Networks, ICML 2017).
        nll: mean negative natural logarithm of the target's probability.
        bins: the reliability diagram, ``CONFIDENCE_BINS`` of equal width.

    >>> Calibration(0.02, 0.31, ()).ece
    0.02
    """

    ece: float
    nll: float
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class SelectiveScores:
    """Hold the scores of a classifier that may abstain.

    Attributes:
        coverage: share of faces that the model answers, by its own thresholds.
        precision: share of right answers among them; None where it answers none.
        aurc: area under the risk-coverage curve, 0..1, lower is better (Geifman et al., Bias-Reduced Uncertainty
            Estimation for Deep Neural Classifiers, ICLR 2019).
        curve: (coverage, share of errors) where the most confident share is answered, whatever the thresholds;
            ascending, at most ``CURVE_POINTS``.
        recall: K, share of the faces of each class that get an answer which is right; 0 for a class without faces.

    >>> SelectiveScores(0.8, 0.92, 0.05, ()).coverage
    0.8
    """

    coverage: float
    precision: float | None
    aurc: float
    curve: tuple[tuple[float, float], ...]
    recall: tuple[float, ...] = ()


def calibration_scores(targets: NDArray[np.int64], probabilities: NDArray[np.float64]) -> Calibration:
    """Compute the calibration error, the NLL and the reliability diagram.

    Args:
        targets: int64 (N,), 0..K-1.
        probabilities: (N, K), rows summing to 1.

    Raises:
        ValueError: no images, shapes that do not fit, or a target out of range.

    >>> round(calibration_scores(np.array([0, 1]), np.array([[0.8, 0.2], [0.2, 0.8]])).ece, 3)
    0.2
    """
    n, n_classes = check_shapes(targets, probabilities)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == targets
    which = np.clip(np.ceil(confidence * CONFIDENCE_BINS).astype(np.int64) - 1, 0, CONFIDENCE_BINS - 1)
    counts = np.bincount(which, minlength=CONFIDENCE_BINS)
    confidences = np.bincount(which, weights=confidence, minlength=CONFIDENCE_BINS)
    rights = np.bincount(which, weights=right, minlength=CONFIDENCE_BINS)
    # With a single label there is nothing to be unsure of, and scikit-learn has no loss for it.
    nll = _nll(targets, probabilities) if n_classes > 1 else 0.0
    return Calibration(
        ece=float(np.abs(rights - confidences).sum() / n),
        nll=nll,
        bins=tuple(
            ReliabilityBin(
                low=i / CONFIDENCE_BINS,
                high=(i + 1) / CONFIDENCE_BINS,
                count=int(counts[i]),
                confidence=float(confidences[i] / counts[i]) if counts[i] else None,
                accuracy=float(rights[i] / counts[i]) if counts[i] else None,
            )
            for i in range(CONFIDENCE_BINS)
        ),
    )


def _nll(targets: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """Compute the mean NLL in parts, because scikit-learn makes several copies of the probabilities."""
    labels = np.arange(probabilities.shape[1])
    total = 0.0
    for start in range(0, len(targets), _ROWS_A_PART):
        part = slice(start, start + _ROWS_A_PART)
        floored = np.maximum(probabilities[part], _SMALLEST_PROBABILITY)
        total += log_loss(targets[part], floored, labels=labels) * (len(floored) / len(targets))
    return float(total)


def selective_scores(
    targets: NDArray[np.int64], probabilities: NDArray[np.float64], abstained: NDArray[np.bool_]
) -> SelectiveScores:
    """Compute coverage, precision and the risk-coverage curve of a classifier that abstains.

    Args:
        targets: int64 (N,), 0..K-1.
        probabilities: (N, K).
        abstained: bool (N,), True where the model does not answer.

    Raises:
        ValueError: no images, shapes that do not fit, or a target out of range.

    >>> probabilities = np.array([[0.9, 0.1], [0.6, 0.4]])
    >>> selective_scores(np.array([0, 1]), probabilities, np.array([False, True])).precision
    1.0
    """
    n, classes = check_shapes(targets, probabilities)
    right = probabilities.argmax(axis=1) == targets
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    precisions = np.cumsum(right[order]) / np.arange(1, n + 1)
    at = np.unique(np.ceil(np.linspace(1 / CURVE_POINTS, 1, CURVE_POINTS) * n).astype(np.int64)) - 1
    answered = ~abstained
    found = [np.bincount(targets[chosen], minlength=classes) for chosen in (answered & right, slice(None))]
    return SelectiveScores(
        coverage=float(answered.mean()),
        precision=float(right[answered].mean()) if answered.any() else None,
        aurc=float(1 - precisions.mean()),
        curve=tuple((float((i + 1) / n), float(1 - precisions[i])) for i in at),
        recall=tuple((found[0] / np.maximum(found[1], 1)).tolist()),
    )


def confident_mistakes(targets: NDArray[np.int64], probabilities: NDArray[np.float64], limit: int) -> NDArray[np.int64]:
    """List the positions int64 (<= limit,) of wrong answers, the most confident first.

    >>> confident_mistakes(np.array([0, 0, 0]), np.array([[0.4, 0.6], [0.1, 0.9], [1.0, 0.0]]), 9).tolist()
    [1, 0]
    """
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != targets)
    order = np.argsort(-probabilities.max(axis=1)[wrong], kind="stable")
    return wrong[order[:limit]].astype(np.int64)
