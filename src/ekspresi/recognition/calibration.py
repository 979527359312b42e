"""Calibrate logits by the size of a face, and decide when to abstain.

In: logits and the effective size of each face. Out: calibrated probabilities, and whether each answer is 'unsure'. The
numbers are fitted at export and stored in the model file. Does not know about images or networks, nor how the numbers
were fitted (``evaluation.calibration_fit``).

The method is bias-corrected temperature scaling (Guo et al., On Calibration of Modern Neural Networks, ICML 2017;
Alexandari et al., Maximum Likelihood with Bias-Corrected Calibration, ICML 2020). Here the temperature depends on the
effective size of the face. Another class prior is added as a logarithm, less that of the class frequencies (``priors``;
for a uniform one Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SizeCalibration:
    """Hold the numbers that turn a model's logits into calibrated probabilities.

    Example:
        >>> calibration = SizeCalibration((8.0, 32.0), (2.0, 1.0), (0.9, 0.5), 0.92, (0.0, 0.0), (0.5, 0.5), 1.0, 6.0)
        >>> logits, effective_px = np.array([[2.0, 0.0], [2.0, 0.0]]), np.array([8.0, 32.0])
        >>> probabilities = calibration.probabilities(logits, effective_px)
        >>> probabilities[:, 0].round(2).tolist(), calibration.abstained(probabilities, effective_px).tolist()
        ([0.73, 0.88], [True, False])

    Attributes:
        sizes_px: effective sizes of the next two fields, ascending. Values between them are interpolated over the
            logarithm of the size; beyond them the nearest holds.
        temperatures: divisors of the logits, one for each size.
        thresholds: confidence below which the answer is 'unsure', 0..1, one for each size; above 1 where no answer is
            ever sure enough.
        precision: fraction of correct answers for which the thresholds were chosen, 0..1, under the trained prior; 0
            where there were too few faces to choose any.
        bias: added to the divided logits, one for each of the K labels.
        class_priors: frequency of each of the K labels in the training data.
        prior_strength: multiple of their logarithm that a uniform prior subtracts.
        smallest_px: effective size below which a face is never answered: training used none as small.
        strict_thresholds: like ``thresholds``, but high enough under each shift that was tried (other cameras, equal
            class frequencies; ``evaluation.threshold_fit``); empty where none were chosen.

    Raises:
        ValueError: lengths that do not fit, sizes that do not ascend, or a number out of range.
    """

    sizes_px: tuple[float, ...]
    temperatures: tuple[float, ...]
    thresholds: tuple[float, ...]
    precision: float
    bias: tuple[float, ...]
    class_priors: tuple[float, ...]
    prior_strength: float
    smallest_px: float
    strict_thresholds: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        positive = (*self.sizes_px, *self.temperatures, *self.class_priors)
        if (
            not len(self.sizes_px) == len(self.temperatures) == len(self.thresholds) > 0
            or len(self.bias) != len(self.class_priors)
            or len(self.strict_thresholds) not in (0, len(self.sizes_px))
            or sorted(self.sizes_px) != list(self.sizes_px)
            or not all(value > 0 for value in positive)
            or not np.isfinite(
                [
                    *positive,
                    *self.thresholds,
                    *self.strict_thresholds,
                    *self.bias,
                    self.prior_strength,
                    self.smallest_px,
                ]
            ).all()
        ):
            raise ValueError("calibration: a number is out of range or missing. Fit the calibration again.")

    def probabilities(
        self,
        logits: NDArray[np.float64],
        effective_px: NDArray[np.float64],
        log_prior: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Calibrate logits.

        Args:
            logits: float64 (N, K), of the network.
            effective_px: float64 (N,), effective size of each face in pixels.
            log_prior: float64 (K,), logarithm of the class prior (``priors.log_prior``); None for the class frequencies
                of training.

        Returns:
            float64 (N, K), each row sums to 1.
        """
        scores = logits / self._at(self.temperatures, effective_px)[:, None] + np.array(self.bias)
        if log_prior is not None:
            scores = scores + log_prior - np.log(np.array(self.class_priors))
        return softmax(scores)

    def abstained(self, probabilities: NDArray[np.float64], effective_px: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Decide which faces are 'unsure'.

        Args:
            probabilities: float64 (N, K), calibrated.
            effective_px: float64 (N,), effective size of each face in pixels.

        Returns:
            bool (N,).
        """
        unsure = probabilities.max(axis=1) < self._at(self.thresholds, effective_px)
        return np.asarray(unsure | (effective_px < self.smallest_px))

    def _at(self, values: tuple[float, ...], effective_px: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.interp(np.log(effective_px), np.log(self.sizes_px), values)


SizePairs = tuple[tuple[float, float], ...]
"""Pairs (size that a model estimates, mean true effective size), in pixels, both ascending; may be empty."""


def correct_sizes(estimates_px: NDArray[np.float64], pairs: SizePairs) -> NDArray[np.float64]:
    """Correct the effective sizes that a model estimates.

    Values between the pairs are interpolated over logarithms. Beyond them the ratio of the nearest pair holds. But no
    result exceeds the largest estimate of the pairs: the model has not learned from larger faces.

    Example:
        >>> correct_sizes(np.array([10.0, 20.0, 99.0]), ((10.0, 8.0), (40.0, 16.0))).round(1).tolist()
        [8.0, 11.3, 39.6]

    Args:
        estimates_px: float64 (N,), in pixels.
        pairs: of the model (``ModelMetadata.size_correction``); empty to change nothing.

    Returns:
        float64 (N,), in pixels.
    """
    if not pairs:
        return estimates_px
    estimated, true = np.log(np.array(pairs)).T
    corrected = estimates_px * np.exp(np.interp(np.log(estimates_px), estimated, true - estimated))
    return np.asarray(np.minimum(corrected, pairs[-1][0]))


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn scores into probabilities.

    Example:
        >>> softmax(np.array([[0.0, 0.0], [np.log(3.0), 0.0]])).round(2).tolist()
        [[0.5, 0.5], [0.75, 0.25]]

    Args:
        scores: float64 (N, K).

    Returns:
        float64 (N, K), each row sums to 1.
    """
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)
