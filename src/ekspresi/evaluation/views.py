"""Which faces count, as what, and which answers are open: the customs of the protocol.

In: labels of a model and of a data set, and indices. Out: ``ViewSpec``. Knows no probabilities and no sizes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.errors import DatasetError
from ekspresi.evaluation.results import AnswerSet, Custom, ViewPrior
from ekspresi.expressions import CKPLUS_LABELS, SHARED_LABELS


@dataclass(frozen=True, slots=True)
class ViewSpec:
    """Which faces count and as what; targets are positions in ``columns``, which are columns of the model."""

    name: str
    subset: str
    custom: Custom
    answers: AnswerSet
    prior: ViewPrior
    indices: NDArray[np.int64]
    targets: NDArray[np.int64]
    labels: tuple[str, ...]
    columns: list[int]
    excluded: dict[str, int]


def counted_labels(model_labels: Sequence[str], dataset_labels: Sequence[str]) -> tuple[str, ...]:
    """Labels that count when a model meets a data set: those both have, in the model's order.

    A model that knows neutral has never seen CK+, whose seven classes lack it: of CK+ only the six of
    ``SHARED_LABELS`` count then, because contempt is too rare and too disputed in other data sets.
    """
    allowed = set(dataset_labels)
    if allowed == set(CKPLUS_LABELS) and "neutral" in model_labels:
        allowed = set(SHARED_LABELS)
    return tuple(label for label in model_labels if label in allowed)


def has_counted_votes(dataset: FaceDataset) -> bool:
    """Whether people disagreed anywhere: only then do the customs differ."""
    voted = np.concatenate([dataset.votes, dataset.other_votes], axis=1) > 0
    return bool((voted.sum(axis=1) > 1).any())


def view_specs(
    model_labels: Sequence[str],
    dataset: FaceDataset,
    subset: str,
    members: NDArray[np.int64],
    custom: Custom,
    several: bool,
    priors: Sequence[ViewPrior],
) -> Iterator[ViewSpec]:
    """One subset and custom -> what counts, for each kind of answers and prior; ``several`` customs are named.

    The first of ``priors`` is the model's own; the others are only looked at where some of its labels do not count,
    on data, that is, whose classes are other than those it learnt.
    """
    counted = counted_labels(model_labels, dataset.labels)
    codes = (dataset.targets if custom == "argmax" else dataset.majority_targets)[members]
    left_out = {"without a clear label": int((codes < 0).sum())}
    for code, label in enumerate(dataset.labels):
        if label not in counted:
            left_out[f"labelled {label}"] = int((codes == code).sum())
    left_out = {reason: n for reason, n in left_out.items() if n}
    kept = np.isin(codes, [code for code, label in enumerate(dataset.labels) if label in counted])
    if not kept.any():
        reasons = ", ".join(f"{n} {reason}" for reason, n in left_out.items()) or "it is empty"
        raise DatasetError(f"{dataset.spec}: no face of '{subset}' has a label that the model knows ({reasons})")
    everything: tuple[AnswerSet, ...] = ("all",) if len(counted) == len(model_labels) else ("masked", "unmasked")
    for answers, prior in product(everything, priors if len(everything) > 1 else priors[:1]):
        labels = counted if answers == "masked" else tuple(model_labels)
        position = np.array([labels.index(label) if label in counted else -1 for label in dataset.labels])
        parts = [
            subset,
            custom if several else "",
            answers if answers != "all" else "",
            f"{prior} prior" if prior != priors[0] else "",
        ]
        yield ViewSpec(
            name=", ".join(part.replace("argmax", "arg-max") for part in parts if part),
            subset=subset,
            custom=custom,
            answers=answers,
            prior=prior,
            indices=members[kept],
            targets=position[codes[kept]].astype(np.int64),
            labels=labels,
            columns=[list(model_labels).index(label) for label in labels],
            excluded=left_out,
        )
