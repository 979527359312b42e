"""Define the interface of classifiers of face crops, so that the same code measures all.

In: face crops. Out: probabilities, effective sizes and abstentions as arrays. ``Recognizer`` is a classifier;
``evaluate`` accepts any. Does not know about model files, pictures or detectors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Crops = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]
"""N crops, each uint8 (H, W), (H, W, 1) or (H, W, 3) RGB: a list of mixed sizes, or an array of N."""


@dataclass(frozen=True, slots=True)
class BatchPrediction:
    """Hold the answers to N crops.

    Example:
        >>> batch = BatchPrediction(np.array([[0.9, 0.1]]), np.array([24.0]), np.array([False]))
        >>> batch.probabilities.argmax(axis=1).tolist()
        [0]

    Attributes:
        probabilities: float64 (N, K), each row sums to 1.
        effective_px: float64 (N,), effective side of each crop in pixels, at most its own side. The crop's own side
            where the classifier does not estimate it.
        abstained: bool (N,), whether each face is too small or the answer too unsure.
    """

    probabilities: NDArray[np.float64]
    effective_px: NDArray[np.float64]
    abstained: NDArray[np.bool_]


class Classifier(Protocol):
    """Predict the probabilities of K expressions for face crops.

    A class of your own needs these two members, but no base class.

    Example:
        >>> class AlwaysNeutral:
        ...     labels = ("neutral", "happiness")
        ...
        ...     def predict_batch(self, crops: Crops) -> BatchPrediction:
        ...         sizes = np.array([float(min(crop.shape[:2])) for crop in crops])
        ...         return BatchPrediction(np.tile([1.0, 0.0], (len(sizes), 1)), sizes, sizes < 10)
        >>> tool: Classifier = AlwaysNeutral()
        >>> tool.predict_batch([np.zeros((12, 12), np.uint8)]).effective_px.tolist()
        [12.0]
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the K expressions, in the order of the columns of ``probabilities``."""
        ...

    def predict_batch(self, crops: Crops) -> BatchPrediction:
        """Predict N crops, uint8 of any mixed sizes, gray or RGB."""
        ...
