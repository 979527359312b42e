"""Choose the confidence from which answers are precise enough, on faces like the validation faces and under shifts.

In: calibrated probabilities and right answers, or a ``Recognizer`` and validation faces. Out: thresholds of 'unsure'.
Does not know how probabilities are calibrated (``calibration_fit``).
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.evaluation.face_outputs import run_in_batches
from ekspresi.imaging.degradations import degrade
from ekspresi.imaging.suites import SUITES
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.recognition.recognizer import Recognizer

PRECISION = 0.92
"""Fraction of right answers that the thresholds aim at."""

CONFIDENCE_Z = 1.2816
"""Quantile of the normal distribution: each step of the threshold search is a one-sided test at 10 %."""

NEVER = 1.01
"""Threshold where no confidence is enough; just above 1, because thresholds are interpolated between sizes."""

BALANCED_SUITES = ("clean", "kernels")
"""Suites on which the strict thresholds also hold where all classes are equally frequent."""

RAREST_CLASS = 0.02
"""Smallest frequency that is raised to an equal one; a rarer class counts as if it had this one."""


def lowest_threshold(
    probabilities: NDArray[np.float64],
    targets: NDArray[np.int64],
    precision: float,
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Find the lowest confidence from which answers are precise enough, or ``NEVER``.

    The most confident hundredth of the faces (at least 50) is tested first, then a hundredth more each time until a
    test fails. The sequence is fixed, so that many tests do not flatter the last. A test passes where the lower end of
    Wilson's interval (Wilson, Probable Inference, JASA 1927) reaches ``precision``. Faces of equal confidence are
    tested together. A face at two sizes counts as two, so the interval is a little too narrow.

    Args:
        probabilities: float64 (N, K).
        targets: int64 (N,), the right answers.
        precision: fraction of right answers to reach, 0..1.
        weights: float64 (N,), how much each face counts; None for all alike. The interval then takes Kish's effective
            number of faces (Kish, Survey Sampling, 1965).

        >>> certain = np.tile([0.9, 0.1], (200, 1))
        >>> lowest_threshold(certain, np.zeros(200, int), precision=0.9)
        0.9
    """
    weights = np.ones(len(targets)) if weights is None else weights
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    sums = np.cumsum(weights[order])
    squares = np.cumsum(weights[order] ** 2)
    right = np.cumsum(weights[order] * (probabilities.argmax(axis=1)[order] == targets[order]))
    threshold = NEVER
    step = max(1, len(order) // 100)
    for count in range(max(50, step), len(order) + 1, step):
        lowest = confidence[order[count - 1]]
        last = int((confidence >= lowest).sum()) - 1
        if _wilson_low(right[last] / sums[last], sums[last] ** 2 / squares[last]) < precision:
            break
        threshold = float(lowest)
    return threshold


def fit_strict_thresholds(
    recognizer: Recognizer,
    calibration: SizeCalibration,
    dataset: FaceDataset,
    indices: NDArray[np.int64],
) -> SizeCalibration:
    """Add strict thresholds: at each size the highest that one of the shifts needs.

    The shifts are the suites of low resolution, and for ``BALANCED_SUITES`` equal class frequencies besides. They are
    measured on the half of the validation faces that chose the plain thresholds, under the trained prior.

    Args:
        recognizer: the model, with the data set's labels.
        calibration: as ``calibration_fit.fit_calibration`` returned it, with plain thresholds.
        dataset: where the faces are.
        indices: int64 (N,), validation faces.

        >>> from types import SimpleNamespace as Made
        >>> without = SizeCalibration((24.0,), (1.0,), (0.0,), 0.0, (0.0, 0.0), (0.5, 0.5), 0.0, 6.0)
        >>> fit_strict_thresholds(None, without, Made(targets=np.zeros(3, int)), np.arange(3)) is without
        True
    """
    if not calibration.precision:
        return calibration
    indices = indices[dataset.targets[indices] >= 0]
    indices = indices[~halves(dataset, indices)[1]]
    frequencies = np.bincount(dataset.targets[indices], minlength=len(calibration.bias)) / len(indices)
    equal = 1 / np.maximum(frequencies, RAREST_CLASS)
    sizes = np.array(calibration.sizes_px)
    needed = np.array(calibration.thresholds)
    for suite in SUITES:
        logits, effective_px = zip(
            *(
                run_in_batches(
                    recognizer,
                    (degrade(dataset.images[i], px, suite, np.random.default_rng([px, i])) for i in indices),
                )
                for px in sizes.astype(int).tolist()
            ),
            strict=True,
        )
        seen_px = np.concatenate(effective_px)
        probabilities = calibration.probabilities(np.concatenate(logits), seen_px)
        targets = np.tile(dataset.targets[indices], len(sizes))
        nearest = np.abs(np.log(seen_px)[:, None] - np.log(sizes)).argmin(axis=1)
        for weights in [None, equal[targets]] if suite in BALANCED_SUITES else [None]:
            for k in range(len(sizes)):
                at = nearest == k
                found = lowest_threshold(
                    probabilities[at], targets[at], calibration.precision, None if weights is None else weights[at]
                )
                needed[k] = max(needed[k], found)
    return replace(calibration, strict_thresholds=tuple(math.ceil(value * 1e4) / 1e4 for value in needed.tolist()))


def halves(dataset: FaceDataset, indices: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Number each face's subject, or else sequence, or else itself (N,); mark the faces of the first half (N,).

    >>> from types import SimpleNamespace as Made
    >>> halves(Made(subjects=np.array(["a", "a", "b"]), sequences=None), np.arange(3))
    (array([0, 0, 1]), array([ True,  True, False]))
    """
    names = dataset.subjects if dataset.subjects is not None else dataset.sequences
    group = np.arange(len(indices)) if names is None else np.unique(names[indices], return_inverse=True)[1].reshape(-1)
    order = np.random.default_rng(0).permutation(int(group.max()) + 1 if len(group) else 0)
    return group.astype(np.int64), np.asarray(order[group] % 2 == 0)


def _wilson_low(fraction: float, n: float) -> float:
    z2 = CONFIDENCE_Z**2
    spread = CONFIDENCE_Z * math.sqrt(fraction * (1 - fraction) / n + z2 / (4 * n * n))
    return (fraction + z2 / (2 * n) - spread) / (1 + z2 / n)
