"""Compute scores with intervals from targets and probabilities.

In: int64 targets (N,) and float probabilities (N, K), optionally with the name of each image's subject or
sequence. Out: frozen dataclasses of plain numbers, ready for JSON. Does not know about images, label names, models
or files.

scikit-learn computes the figures (``precision_recall_fscore_support`` with ``zero_division=0``); this module computes
only their thousand resamples. *Macro* averages over the classes that are present in the targets: an absent class has no
recall. scikit-learn's default (classes in targets or answers) would let one stray answer change their number.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

RESAMPLES = 1000
_PER_CLASS = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Estimate:
    """Hold a figure with its 95 % interval.

    Attributes:
        value: the figure, computed on all images.
        low: 2.5 % percentile of the resamples; None where there is only one cluster to resample.
        high: 97.5 % percentile of the resamples; None likewise.

    >>> Estimate(0.79, 0.77, 0.80).value
    0.79
    """

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Hold the scores of one class.

    Attributes:
        precision: 0..1.
        recall: 0..1.
        f1: 0..1.
        support: number of targets of this class.

    >>> ClassScore(0.5, 1.0, 0.67, 12).support
    12
    """

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Hold the scores of the most probable class; ``score`` computes them.

    Attributes:
        n: number of images (or sequences).
        clusters: number of resampled units for the intervals: subjects, sequences, or images.
        accuracy: share of right answers; equal to the weighted recall.
        macro_precision: mean over the classes present in the targets; so are the next two.
        macro_recall: also called balanced accuracy.
        macro_f1: mean of the per-class F1, not the F1 of the means.
        weighted_precision: mean over classes, weighted by support; so are the next two.
        weighted_recall: equal to the accuracy.
        weighted_f1: mean of the per-class F1, weighted by support.
        classes: K, in the order of the columns of the probabilities.
        confusion: K rows of K counts; row: target, column: answer.

    >>> score(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]])).confusion
    ((1, 0), (1, 0))
    """

    n: int
    clusters: int
    accuracy: Estimate
    macro_precision: Estimate
    macro_recall: Estimate
    macro_f1: Estimate
    weighted_precision: Estimate
    weighted_recall: Estimate
    weighted_f1: Estimate
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]


def score(
    targets: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    groups: NDArray[np.str_] | NDArray[np.int64] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Scores:
    """Compute ``Scores`` with 95 % intervals.

    The interval is the percentile interval of a cluster bootstrap. It draws whole groups with replacement, as many as
    there are, and computes every figure on each draw. Frames of one person are not independent: resampling images of
    known persons would give intervals that are too narrow.

    Args:
        targets: int64 (N,), 0..K-1.
        probabilities: (N, K); the first of the largest is the answer.
        groups: N names of subjects (or other groups); None makes every image a group.
        resamples: number of bootstrap resamples.
        seed: of the resampling; the same seed gives the same intervals.

    Raises:
        ValueError: no images, shapes that do not fit, or a target out of range.

    >>> score(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]])).accuracy.value
    0.5
    """
    n, n_classes = check_shapes(targets, probabilities)
    answers = probabilities.argmax(axis=1)
    labels = np.arange(n_classes)
    patterns, multiplicity = _cluster_confusions(targets, answers, n_classes, groups)
    clusters = int(multiplicity.sum())
    figures = {"accuracy": float(accuracy_score(targets, answers))}
    for average in ("macro", "weighted"):
        means = precision_recall_fscore_support(
            targets, answers, labels=np.unique(targets), average=average, zero_division=0
        )
        figures |= {f"{average}_{name}": float(mean) for name, mean in zip(_PER_CLASS, means, strict=False)}
    if clusters > 1:
        # Clusters with the same confusion matrix are interchangeable, so drawing clusters with replacement is
        # drawing one multinomial over the distinct matrices: a few dozen instead of thousands of images.
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(clusters, multiplicity / clusters, size=resamples)
        resampled = _averages((drawn @ patterns).reshape(resamples, n_classes, n_classes))
        bounds = {name: np.percentile(values, (2.5, 97.5)).tolist() for name, values in resampled.items()}
    else:
        bounds = dict.fromkeys(figures, (None, None))
    per_class = precision_recall_fscore_support(targets, answers, labels=labels, zero_division=0)
    # scikit-learn makes a matrix of a single label too, but warns about it.
    confusion = confusion_matrix(targets, answers, labels=labels) if n_classes > 1 else np.array([[n]])
    return Scores(
        n=n,
        clusters=clusters,
        classes=tuple(ClassScore(float(p), float(r), float(f), int(s)) for p, r, f, s in zip(*per_class, strict=True)),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        **{name: Estimate(value, *bounds[name]) for name, value in figures.items()},
    )


def sequence_means(
    targets: NDArray[np.int64], probabilities: NDArray[np.float64], sequences: NDArray[np.str_]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Average the probabilities of the frames of each sequence.

    Frames of one sequence with different labels count as separate sequences.

    Args:
        targets: int64 (N,).
        probabilities: (N, K).
        sequences: N names of sequences.

    Returns:
        targets int64 (Q,), mean probabilities (Q, K), position int64 (Q,) of each sequence's first frame.

    >>> probabilities = np.array([[0.6, 0.4], [0.8, 0.2]])
    >>> targets, means, first = sequence_means(np.array([0, 0]), probabilities, np.array(["a", "a"]))
    >>> means.round(2).tolist(), first.tolist()
    ([[0.7, 0.3]], [0])
    """
    _, number = np.unique(sequences, return_inverse=True)
    pairs = np.stack([number.reshape(-1), targets], axis=1)
    _, first, which = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
    sums = np.zeros((len(first), probabilities.shape[1]))
    np.add.at(sums, which.reshape(-1), probabilities)
    counts = np.bincount(which.reshape(-1), minlength=len(first))
    return targets[first], sums / counts[:, None], first.astype(np.int64)


def check_shapes(targets: NDArray[np.int64], probabilities: NDArray[np.float64]) -> tuple[int, int]:
    """Return N and K of targets (N,) and probabilities (N, K), or refuse them.

    Raises:
        ValueError: no images, shapes that do not fit, or a target out of range.

    >>> check_shapes(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
    (2, 2)
    """
    if probabilities.ndim != 2 or targets.shape != probabilities.shape[:1] or not len(targets):
        shapes = f"{targets.shape} and {probabilities.shape}"
        raise ValueError(f"expected targets (N,) and probabilities (N, K) of N > 0 images, got {shapes}")
    n, n_classes = probabilities.shape
    if targets.min() < 0 or targets.max() >= n_classes:
        raise ValueError(f"targets must lie in 0..{n_classes - 1}")
    return n, n_classes


def _cluster_confusions(
    targets: NDArray[np.int64],
    answers: NDArray[np.int64],
    n_classes: int,
    groups: NDArray[np.str_] | NDArray[np.int64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Count the distinct confusion matrices of the clusters: (P, K * K), and the number of clusters of each (P,)."""
    cell = targets * n_classes + answers
    if groups is None:
        present, multiplicity = np.unique(cell, return_counts=True)
        return np.eye(n_classes * n_classes)[present], multiplicity
    names, cluster = np.unique(groups, return_inverse=True)
    by_cluster = np.zeros((len(names), n_classes * n_classes))
    np.add.at(by_cluster, (cluster.reshape(-1), cell), 1)
    patterns, multiplicity = np.unique(by_cluster, axis=0, return_counts=True)
    return patterns, multiplicity


def _per_class(
    confusion: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Compute precision, recall and F1, each (..., K), of confusions (..., K, K); 0 where undefined."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    support, answered = confusion.sum(axis=-1), confusion.sum(axis=-2)
    return (
        hits / np.maximum(answered, 1),
        hits / np.maximum(support, 1),
        2 * hits / np.maximum(support + answered, 1),
    )


def _averages(confusion: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Average the figures of ``Scores`` by name, each (...), from the confusions (..., K, K) of resamples."""
    support = confusion.sum(axis=-1)
    present = (support > 0).astype(np.float64)
    weights = {
        "macro": present / present.sum(axis=-1, keepdims=True),
        "weighted": support / support.sum(axis=-1, keepdims=True),
    }
    figures = {"accuracy": np.trace(confusion, axis1=-2, axis2=-1) / support.sum(axis=-1)}
    for name, values in zip(_PER_CLASS, _per_class(confusion), strict=True):
        for average, weight in weights.items():
            figures[f"{average}_{name}"] = (values * weight).sum(axis=-1)
    return figures
