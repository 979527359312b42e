"""Measure how well a model estimates the effective size of faces.

In: a ``Recognizer``, faces. Out: ``EffectiveSize`` by face size. Each face is shrunk and then enlarged to a random
side by a random kernel, so that the side of the crop gives nothing away. Does not know about expressions.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.evaluation.results import WITHIN_FACTOR, EffectiveSize
from ekspresi.imaging.degradations import ENLARGED_PX, shrink
from ekspresi.imaging.resampling import KERNELS, resize
from ekspresi.recognition.classifier import Classifier
from ekspresi.recognition.recognizer import Recognizer

SMALLEST_ENLARGED_PX = 48
"""Smallest side of an enlarged face, pixels."""

FACES = 1000
"""Largest number of faces per size, drawn at random."""


def measure_effective_sizes(
    classifier: Classifier, dataset: FaceDataset, indices: NDArray[np.int64], sizes_px: Sequence[int]
) -> tuple[EffectiveSize, ...]:
    """Measure the size estimates at each size that some faces reach.

    The result is empty for models without estimates.

    Args:
        classifier: the model.
        dataset: where the faces are.
        indices: int64 (N,), which faces.
        sizes_px: face sides in pixels.

        >>> class Silent:
        ...     labels = ("anger", "fear")
        >>> measure_effective_sizes(Silent(), None, np.arange(3), [48])
        ()
    """
    if not isinstance(classifier, Recognizer) or not classifier.estimates_size:
        return ()
    rng = np.random.default_rng(0)
    out = []
    for size in sizes_px:
        large = indices[dataset.shapes[indices].min(axis=1) >= size]
        if not len(large):
            continue
        chosen = rng.choice(large, min(FACES, len(large)), replace=False)
        crops = [enlarge_again(shrink(dataset.images[i], size), rng) for i in chosen]
        estimates = classifier.logits(crops)[1]
        low, median, high = np.percentile(estimates, (5, 50, 95)).tolist()
        off = np.abs(np.log(estimates / size))
        within = float((off <= np.log(WITHIN_FACTOR)).mean())
        out.append(EffectiveSize(size, len(chosen), median, low, high, within))
    return tuple(out)


def enlarge_again(crop: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Enlarge a gray crop by a random kernel to a random side of 48 to 112 px.

    Args:
        crop: uint8 (S, S).
        rng: draws kernel and side.

    Returns:
        uint8 (T, T).

        >>> 48 <= len(enlarge_again(np.zeros((8, 8), np.uint8), np.random.default_rng(0))) <= 112
        True
    """
    side = int(rng.integers(SMALLEST_ENLARGED_PX, ENLARGED_PX + 1))
    kernel = KERNELS[rng.integers(len(KERNELS))]
    return np.clip(np.rint(resize(crop.astype(np.float32), side, side, kernel)), 0, 255).astype(np.uint8)
