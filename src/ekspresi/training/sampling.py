"""Feed training: draw positions of the training side, weigh classes.

In: targets of the training side and nothing else. Out: positions *within* it: an image of
validation or test has no number here that could be drawn. Needs no torch.
"""

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.protocols import OVERSAMPLING
from ekspresi.datasets.splits import Indices
from ekspresi.errors import DatasetError, MissingExtraError


def oversample(targets: NDArray[np.int64], method: str, rng: np.random.Generator) -> Indices:
    """Targets of the training side, int64 (N,) -> int64 (M,) positions in 0..N-1 to train on, ascending.

    Every position stands in the answer at least once; those of rare classes are repeated, drawn with ``rng``.
    Positions without a class (-1) are never repeated.

    Raises:
        DatasetError: a method that is not in ``OVERSAMPLING``.
        MissingExtraError: imbalanced-learn, the sampler, is not installed.
    """
    if method not in OVERSAMPLING:
        raise DatasetError(f"unknown oversampling '{method}'; known are {', '.join(OVERSAMPLING)}")
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
    """Targets of the training side int64 (N,) and K -> float32 (K,), inversely proportional to the counts.

    The mean over the N classed faces is 1 (scikit-learn's 'balanced'); a class without faces weighs 0.
    """
    counts = np.bincount(targets[targets >= 0], minlength=n_classes)
    weights = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return np.where(counts > 0, weights, 0.0).astype(np.float32)
