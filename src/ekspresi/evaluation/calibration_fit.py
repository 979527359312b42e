"""Fit the calibration of a model on validation faces.

In: a ``Recognizer`` without calibration, and the validation faces of the split that it was trained on. Out: the
correction of its sizes, and a ``SizeCalibration``. One half of the faces fits sizes, temperatures, bias and the
strength of the uniform prior; the other half chooses the thresholds. No known subject or sequence is in both halves.
Does not read test faces.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.evaluation.effective_size import enlarge_again
from ekspresi.evaluation.face_outputs import run_in_batches
from ekspresi.evaluation.threshold_fit import PRECISION, halves, lowest_threshold
from ekspresi.imaging.degradations import SIZES_PX, shrink
from ekspresi.recognition.calibration import SizeCalibration, SizePairs, softmax
from ekspresi.recognition.recognizer import Recognizer

SMALLEST_HALF = 100
"""Smallest half that fits a full calibration, in subjects, or else sequences, or else faces."""

SMALLEST_AT_ALL = 10
"""Smallest number, in the same units, that fits a single temperature; below it nothing is fitted."""

_BIAS_PENALTY = 0.002
"""Weight, beside the mean NLL, of the squared distance between the bias and the bias that oversampling explains.

It keeps a class with a tenth of a percent of the faces from moving its own bias far."""

_ESTIMATED_PX = (6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 36, 40, 44, 48)
"""Estimates, in pixels, at which sizes are corrected."""

_STRENGTHS = np.linspace(0, 1.5, 31)


def fit_sizes(
    recognizer: Recognizer, dataset: FaceDataset, indices: NDArray[np.int64], smallest_px: float
) -> SizePairs:
    """Fit the correction of a model's size estimates; empty where the faces are too few.

    Faces of the first half are shrunk to random sizes and enlarged again. The sizes are even over the logarithm, from
    ``smallest_px`` to the face's own size or the network's largest. Isotonic regression fits the mean logarithm of the
    true size for each estimate. A training shows most faces at full size, so without the correction a network takes
    unclear faces for large ones.

    Args:
        recognizer: the model.
        dataset: where the faces are.
        indices: int64 (N,), validation faces.
        smallest_px: side of the smallest face in training, pixels.

    Returns:
        Pairs of estimate and corrected size, ascending.

        >>> from types import SimpleNamespace as Made
        >>> faces = Made(targets=np.zeros(3, int), subjects=None, sequences=None)
        >>> fit_sizes(Made(estimates_size=False), faces, np.arange(3), smallest_px=6)
        ()
    """
    indices = indices[dataset.targets[indices] >= 0]
    group, in_first = halves(dataset, indices)
    if not recognizer.estimates_size or len(np.unique(group[in_first])) < SMALLEST_HALF:
        return ()
    from sklearn.isotonic import IsotonicRegression

    rng = np.random.default_rng(0)
    largest_px = recognizer.metadata.preprocessing.largest_px
    sizes = []

    def crops() -> Iterator[NDArray[np.uint8]]:
        for index in indices[in_first].tolist():
            face = dataset.images[index]
            for _ in range(3):
                size = int(np.exp(rng.uniform(np.log(smallest_px), np.log(min(*face.shape, largest_px) + 1))))
                sizes.append(size)
                yield enlarge_again(shrink(face, size), rng)

    estimates = np.log(run_in_batches(recognizer, crops())[1])
    curve = IsotonicRegression(out_of_bounds="clip").fit(estimates, np.log(sizes))
    true = np.exp(curve.predict(np.log(_ESTIMATED_PX)))
    rising = np.maximum.accumulate(
        true + 1e-3 * np.arange(len(true))
    )  # flat parts rise a little, so that no two pairs are equal
    return tuple((float(px), round(float(size), 3)) for px, size in zip(_ESTIMATED_PX, rising, strict=True))


def fit_calibration(
    recognizer: Recognizer,
    dataset: FaceDataset,
    indices: NDArray[np.int64],
    *,
    priors: NDArray[np.float64],
    drawn_priors: NDArray[np.float64],
    smallest_px: float,
    sizes_px: Sequence[int] = SIZES_PX,
    precision: float = PRECISION,
) -> SizeCalibration | None:
    """Fit a calibration; None where there are fewer than ``SMALLEST_AT_ALL`` subjects or faces.

    Where a half has fewer than ``SMALLEST_HALF`` of them, all faces fit one temperature for every size. Then every
    face of at least ``smallest_px`` is answered, and the promised precision is 0.

    Args:
        recognizer: the model, with the data set's labels.
        dataset: where the faces are.
        indices: int64 (N,), validation faces.
        priors: float64 (K,), frequency of each label in training; zeros are raised to half a validation face.
        drawn_priors: float64 (K,), the same after oversampling.
        smallest_px: side of the smallest face in training, pixels.
        sizes_px: face sizes to which faces are shrunk, and at which temperatures and thresholds are set.
        precision: fraction of right answers that the thresholds aim at, 0..1.

        >>> from types import SimpleNamespace as Made
        >>> faces = Made(targets=np.zeros(3, int), subjects=None, sequences=None)
        >>> few = np.full(2, 0.5)
        >>> fit_calibration(None, faces, np.arange(3), priors=few, drawn_priors=few, smallest_px=6) is None
        True
    """
    indices = indices[dataset.targets[indices] >= 0]
    group, in_first = halves(dataset, indices)
    if len(np.unique(group)) < SMALLEST_AT_ALL:
        return None
    targets = dataset.targets[indices]
    sizes = tuple(float(size) for size in sorted(sizes_px))
    answers = [run_in_batches(recognizer, (shrink(dataset.images[i], int(px)) for i in indices)) for px in sizes]

    def of(half: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        """Join the logits, effective sizes and targets of a half at all sizes."""
        logits, effective_px = (np.concatenate([each[half] for each in part]) for part in zip(*answers, strict=True))
        return logits, effective_px, np.tile(targets[half], len(sizes))

    floor = 0.5 / max(1, len(indices))
    priors, drawn_priors = np.maximum(priors, floor), np.maximum(drawn_priors, floor)
    if min(len(np.unique(group[half])) for half in (in_first, ~in_first)) < SMALLEST_HALF:
        logits, _, labels = of(np.ones(len(indices), dtype=bool))
        return SizeCalibration(
            sizes_px=sizes,
            temperatures=(_one_temperature(logits, labels),) * len(sizes),
            thresholds=(0.0,) * len(sizes),
            precision=0.0,
            bias=(0.0,) * len(priors),
            class_priors=tuple(priors.round(6).tolist()),
            prior_strength=0.0,
            smallest_px=smallest_px,
        )
    logits, effective_px, labels = of(in_first)
    temperatures, bias = _fit(logits, effective_px, labels, sizes, np.log(priors / drawn_priors))

    def calibration(thresholds: Sequence[float], strength: float) -> SizeCalibration:
        return SizeCalibration(
            sizes_px=sizes,
            temperatures=tuple(temperatures.round(4).tolist()),
            thresholds=tuple(math.ceil(t * 1e4) / 1e4 for t in thresholds),
            precision=precision,
            bias=tuple(bias.round(4).tolist()),
            class_priors=tuple(priors.round(6).tolist()),
            prior_strength=round(strength, 4),
            smallest_px=smallest_px,
        )

    without = calibration([0.0] * len(sizes), 0.0)
    probabilities = without.probabilities(logits, effective_px)
    strength = _best_strength(np.log(np.maximum(probabilities, 1e-12)), labels, np.log(priors))
    logits, effective_px, labels = of(~in_first)
    probabilities = without.probabilities(logits, effective_px)
    # Faces are sorted by their estimated size, because the thresholds are looked up by it later.
    nearest = np.abs(np.log(effective_px)[:, None] - np.log(sizes)).argmin(axis=1)
    thresholds = [
        lowest_threshold(probabilities[nearest == k], labels[nearest == k], precision) for k in range(len(sizes))
    ]
    return calibration(thresholds, strength)


def _fit(
    logits: NDArray[np.float64],
    effective_px: NDArray[np.float64],
    targets: NDArray[np.int64],
    sizes: tuple[float, ...],
    expected_bias: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit temperatures (S,) and bias (K,) by the lowest mean NLL."""
    from scipy.optimize import minimize

    knots = np.stack([np.interp(np.log(effective_px), np.log(sizes), row) for row in np.eye(len(sizes))], axis=1)
    hot = np.eye(logits.shape[1])[targets]
    n = len(targets)

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        temperatures, bias = np.exp(values[: len(sizes)]), values[len(sizes) :]
        divided = logits / (knots @ temperatures)[:, None]
        scores = divided + bias
        scores -= scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        probabilities = np.exp(logs)
        nll = -logs[np.arange(n), targets].mean()
        slope = (probabilities - hot) / n
        by_temperature = -(slope * divided).sum(axis=1) / (knots @ temperatures)
        gradient = np.concatenate([knots.T @ by_temperature * temperatures, slope.sum(axis=0)])
        gradient[len(sizes) :] += 2 * _BIAS_PENALTY * (bias - expected_bias)
        return float(nll + _BIAS_PENALTY * ((bias - expected_bias) ** 2).sum()), gradient

    start = np.concatenate([np.zeros(len(sizes)), expected_bias])
    # Without bounds, a model that is always right would get a temperature of 0.
    bounds = [(np.log(0.2), np.log(5.0))] * len(sizes) + [(-6.0, 6.0)] * len(expected_bias)
    values = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return np.exp(values[: len(sizes)]), values[len(sizes) :] - values[len(sizes) :].mean()


def _one_temperature(logits: NDArray[np.float64], targets: NDArray[np.int64]) -> float:
    """Fit one temperature by the lowest mean NLL (Guo et al. 2017)."""
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        probabilities = softmax(logits / np.exp(log_temperature))
        return float(-np.log(np.maximum(probabilities[np.arange(len(targets)), targets], 1e-12)).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    return round(float(np.exp(found.x)), 4)


def _best_strength(
    log_probabilities: NDArray[np.float64], targets: NDArray[np.int64], log_priors: NDArray[np.float64]
) -> float:
    """Choose the strength of the uniform prior by the highest mean recall of the classes."""
    present = np.unique(targets)

    def recall(strength: float) -> float:
        answers = (log_probabilities - strength * log_priors).argmax(axis=1)
        return float(np.mean([(answers[targets == k] == k).mean() for k in present]))

    return float(max(_STRENGTHS, key=recall))
