"""Predict the training faces with teachers, once, before the training begins.

In: names of exported networks, and sharp faces. Out: their mean prediction for each face. Does not know about losses.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ekspresi.training.faces import TrainingFaces
from ekspresi.training.network import load_teacher

_BATCH = 256


def predict_with_teachers(
    names: Sequence[str], labels: Sequence[str], faces: NDArray[np.uint8] | TrainingFaces
) -> NDArray[np.float32]:
    """Predict sharp faces with each teacher, as they are and mirrored, and average the probabilities.

    This is distillation at temperature 1 (Hinton et al. 2015, Distilling the Knowledge in a Neural Network); the
    student sees the faces moved and degraded. With a first training of the student's own kind it is that of Furlanello
    et al. 2018 (Born Again Neural Networks).

    Args:
        names: 'bundled', or safetensors files that ekspresi exported; at least one.
        labels: K labels, in the order of the result.
        faces: uint8 (N, P, P).

    Returns:
        Probabilities, float32 (N, K).

    Raises:
        ModelError: a file is missing, does not describe its network, or knows other labels.

        >>> from ekspresi.expressions import FERPLUS_LABELS
        >>> face = np.random.default_rng(0).integers(0, 256, (1, 48, 48), np.uint8)
        >>> predict_with_teachers(["bundled"], FERPLUS_LABELS, face).sum().round(3)
        np.float32(1.0)
    """
    total = np.zeros((len(faces), len(labels)), np.float32)
    for name in names:
        teacher, preprocessing = load_teacher(name, labels)
        for start in range(0, len(faces), _BATCH):
            chosen = slice(start, start + _BATCH)
            some = faces[chosen]
            sides = np.full(len(some), some.shape[1])
            for seen in (some, some[:, :, ::-1]):
                tensor = torch.from_numpy(preprocessing.padded_tensor(np.ascontiguousarray(seen), sides))
                with torch.inference_mode():
                    logits, _ = teacher(tensor.contiguous(memory_format=torch.channels_last))
                total[chosen] += logits.softmax(dim=1).numpy()
    return total / np.float32(2 * len(names))
