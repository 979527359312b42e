"""Make up data sets of faces whose gray level is their expression."""

import numpy as np

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.evaluation.provenance import EvaluationRequest
from ekspresi.expressions import FERPLUS_LABELS
from tests.support.gray_model import face

ASKED = EvaluationRequest("subject-10fold", 0, 0, "test", "ekspresi evaluate made:up --model <gray>.onnx")


def dataset_of(pairs, labels=FERPLUS_LABELS, side=48, **more):
    """Make a data set of hard labels from the label of each face and the model's answer to it."""
    rng = np.random.default_rng(0)
    votes = np.zeros((len(pairs), len(labels)), np.float32)
    for i, (label, _) in enumerate(pairs):
        votes[i, labels.index(label)] = 10
    return FaceDataset(
        name="made",
        path="up",
        labels=tuple(labels),
        images=np.stack([face(FERPLUS_LABELS.index(answer), 8, rng, side) for _, answer in pairs]),
        votes=votes,
        other_votes=np.zeros((len(pairs), 0), np.float32),
        names=np.array([f"{i}.png" for i in range(len(pairs))]),
        **more,
    )
