"""Balance the classes of a training: repeat rare faces, or weigh the loss.

In: targets of the training faces and nothing else. Out: positions *within* them. A validation or test face has no
position here, so it cannot be drawn. Does not know about torch.
"""

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.protocols import OVERSAMPLING
from ekspresi.datasets.splits import Indices
from ekspresi.errors import DatasetError, MissingExtraError


def oversample(targets: NDArray[np.int64], method: str, rng: np.random.Generator) -> Indices:
    """Repeat the positions of faces of rare classes.

    Every position is in the result at least once. Positions without a class (-1) are never repeated.

    Args:
        targets: int64 (N,), classes of the training faces.
        method: one of ``OVERSAMPLING``.
        rng: draws the repeated positions.

    Returns:
        int64 (M,), positions in 0..N-1 to train on, ascending.

    Raises:
        DatasetError: ``method`` is not in ``OVERSAMPLING``.
        MissingExtraError: imbalanced-learn, which draws, is not installed.

        >>> oversample(np.array([0, 0, 1]), "none", np.random.default_rng(0))
        array([0, 1, 2])
    """
    if method not in OVERSAMPLING:
        raise DatasetError(f"oversampling = '{method}': is not a known method. Use one of {', '.join(OVERSAMPLING)}.")
    everyone = np.arange(len(targets), dtype=np.int64)
    classed = everyone[targets >= 0]
    labels, counts = np.unique(targets[classed], return_counts=True)
    if method == "none" or len(labels) < 2:
        return everyone
    try:
        from imblearn.over_sampling import RandomOverSampler
    except ImportError as error:
        raise MissingExtraError("oversampling", "train") from error
    goals = np.full(len(counts), counts.max())
    if method == "sqrt":
        goals = np.round(np.sqrt(counts * counts.max())).astype(np.int64)
    sampler = RandomOverSampler(
        sampling_strategy=dict(zip(labels.tolist(), goals.tolist(), strict=True)),
        random_state=int(rng.integers(2**31)),
    )
    sampler.fit_resample(classed[:, None], targets[classed])
    drawn = classed[sampler.sample_indices_]
    return np.sort(np.concatenate([drawn, everyone[targets < 0]]))


def class_weights(targets: NDArray[np.int64], n_classes: int) -> NDArray[np.float32]:
    """Weigh each class inversely to its number of faces.

    The mean weight over the labelled faces is 1, as in scikit-learn's 'balanced'. A class without faces weighs 0.

    Args:
        targets: int64 (N,), classes of the training faces; -1 for none.
        n_classes: number of classes K.

    Returns:
        float32 (K,).

        >>> class_weights(np.array([0, 0, 0, 1]), 2).round(2)
        array([0.67, 2.  ], dtype=float32)
    """
    counts = np.bincount(targets[targets >= 0], minlength=n_classes)
    weights = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return np.where(counts > 0, weights, 0.0).astype(np.float32)
