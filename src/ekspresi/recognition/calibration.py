"""Logits and face size -> probabilities that mean what they say, and when not to answer.

In: logits and how many pixels each face really carries. Out: probabilities, and the confidence below which the
answer is 'unsure'. The numbers are fitted where a model is exported and travel in its file. Knows nothing of
pictures, of networks, or of how the numbers were fitted (``evaluation.calibration_fit``).

The method is bias-corrected temperature scaling (Guo et al., On Calibration of Modern Neural Networks, ICML 2017;
Alexandari et al., Maximum Likelihood with Bias-Corrected Calibration, ICML 2020) with a temperature that depends on
the face's effective size. Answers under an even prior subtract a share of the logarithm of the class frequencies
(Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ekspresi.types import Prior


@dataclass(frozen=True, slots=True)
class SizeCalibration:
    """What turns a model's logits into beliefs.

    Attributes:
        sizes_px: effective sizes at which the next two are given, ascending; between them they are interpolated
            over the logarithm of the size, outside them held.
        temperatures: divide the logits; one for each size.
        thresholds: confidence below which the answer is 'unsure', 0..1, above 1 where none is ever sure enough;
            one for each size.
        precision: share of right answers, 0..1, for which the thresholds were chosen, under the trained prior; 0
            where there were too few faces to choose any.
        bias: added to the divided logits, one for each of the K labels.
        class_priors: frequency of each of the K labels where the model learnt.
        prior_strength: how much of their logarithm is subtracted where all labels are held equally likely.
        smallest_px: a face that carries less than this is never answered: the model learnt from none of fewer pixels.
    """

    sizes_px: tuple[float, ...]
    temperatures: tuple[float, ...]
    thresholds: tuple[float, ...]
    precision: float
    bias: tuple[float, ...]
    class_priors: tuple[float, ...]
    prior_strength: float
    smallest_px: float

    def __post_init__(self) -> None:
        positive = (*self.sizes_px, *self.temperatures, *self.class_priors)
        if (
            not len(self.sizes_px) == len(self.temperatures) == len(self.thresholds) > 0
            or len(self.bias) != len(self.class_priors)
            or sorted(self.sizes_px) != list(self.sizes_px)
            or not all(value > 0 for value in positive)
            or not np.isfinite([*positive, *self.thresholds, *self.bias, self.prior_strength, self.smallest_px]).all()
        ):
            raise ValueError("calibration out of range")

    def probabilities(
        self, logits: NDArray[np.float64], effective_px: NDArray[np.float64], prior: Prior = "trained"
    ) -> NDArray[np.float64]:
        """Logits (N, K) and effective sizes (N,) in pixels -> probabilities float64 (N, K), rows summing to 1.

        Args:
            logits: the network's.
            effective_px: pixels of side that each face carries.
            prior: 'trained' holds labels as frequent as in training, 'uniform' all equally likely.
        """
        scores = logits / self._at(self.temperatures, effective_px)[:, None] + np.array(self.bias)
        if prior == "uniform":
            scores = scores - self.prior_strength * np.log(np.array(self.class_priors))
        return softmax(scores)

    def abstained(self, probabilities: NDArray[np.float64], effective_px: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Probabilities (N, K) and effective sizes (N,) in pixels -> which faces are 'unsure', bool (N,)."""
        unsure = probabilities.max(axis=1) < self._at(self.thresholds, effective_px)
        return np.asarray(unsure | (effective_px < self.smallest_px))

    def _at(self, values: tuple[float, ...], effective_px: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.interp(np.log(effective_px), np.log(self.sizes_px), values)


SizePairs = tuple[tuple[float, float], ...]
"""(what a model takes a face for, what it carries on average) in pixels of side, both ascending; may be empty."""


def corrected_px(estimates_px: NDArray[np.float64], pairs: SizePairs) -> NDArray[np.float64]:
    """Estimates (N,) in pixels -> effective sizes (N,), interpolated between the pairs over logarithms.

    Outside the pairs the ratio of the nearest one holds, but nothing is above the largest estimate of the pairs: no
    larger face was ever taught, and what a network says beyond what it learnt from is anything. Without pairs nothing
    is changed.
    """
    if not pairs:
        return estimates_px
    told, true = np.log(np.array(pairs)).T
    corrected = estimates_px * np.exp(np.interp(np.log(estimates_px), told, true - told))
    return np.asarray(np.minimum(corrected, pairs[-1][0]))


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores (N, K) -> probabilities float64 (N, K), rows summing to 1."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)
