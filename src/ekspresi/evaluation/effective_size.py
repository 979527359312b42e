"""How well a model tells the pixels that a face really carries.

In: a ``Recognizer``, faces. Out: ``EffectiveSize`` by face size. Each face is shrunk and then enlarged again to a
random side by a random kernel, so that the side of the crop tells nothing. Knows nothing of expressions.
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
FACES = 1000
"""Faces that are looked at for each size, drawn at random where there are more."""


def effective_sizes(
    classifier: Classifier, dataset: FaceDataset, indices: NDArray[np.int64], sizes_px: Sequence[int]
) -> tuple[EffectiveSize, ...]:
    """Faces -> one result for each size that some of them reach; empty where the model does not tell.

    Args:
        classifier: the model.
        dataset: where the faces are.
        indices: int64 (N,), which.
        sizes_px: face sides in pixels.
    """
    if not isinstance(classifier, Recognizer) or not classifier.estimates_size:
        return ()
    rng = np.random.default_rng(0)
    out = []
    for size in sizes_px:
        large = np.array([i for i in indices if min(dataset.images[i].shape) >= size], dtype=np.int64)
        if not len(large):
            continue
        chosen = rng.choice(large, min(FACES, len(large)), replace=False)
        crops = [enlarged_again(shrink(dataset.images[i], size), rng) for i in chosen]
        estimates = classifier.logits(crops)[1]
        low, median, high = np.percentile(estimates, (5, 50, 95)).tolist()
        off = np.abs(np.log(estimates / size))
        within = float((off <= np.log(WITHIN_FACTOR)).mean())
        out.append(EffectiveSize(size, len(chosen), median, low, high, within))
    return tuple(out)


def enlarged_again(crop: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Gray uint8 (S, S) -> uint8, enlarged by a random kernel to a side drawn evenly from 48..112 px."""
    side = int(rng.integers(SMALLEST_ENLARGED_PX, ENLARGED_PX + 1))
    kernel = KERNELS[rng.integers(len(KERNELS))]
    return np.clip(np.rint(resize(crop.astype(np.float32), side, side, kernel)), 0, 255).astype(np.uint8)
