"""Select the faces, targets and answers of each way of counting.

In: labels of a model and of a data set, and indices. Out: ``ViewSpec``. Does not know about probabilities or sizes.
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
    """Describe a way of counting.

    Targets are positions in ``columns``; these are columns of the model.

    >>> faces, targets = np.array([4, 7]), np.array([0, 1])
    >>> labels, columns = ("anger", "fear"), [4, 6]
    >>> spec = ViewSpec("test", "test", "argmax", "masked", "trained", faces, targets, labels, columns, {})
    >>> [spec.labels[target] for target in spec.targets]
    ['anger', 'fear']
    """

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


def select_counted_labels(model_labels: Sequence[str], dataset_labels: Sequence[str]) -> tuple[str, ...]:
    """Select the labels that both a model and a data set have, in the model's order.

    On the seven classes of CK+, a model that knows neutral was trained on other data. Then only the six of
    ``SHARED_LABELS`` count, because contempt is too rare and too disputed in other data sets.

        >>> select_counted_labels(("neutral", "fear", "anger"), ("anger", "fear"))
        ('fear', 'anger')
    """
    allowed = set(dataset_labels)
    if allowed == set(CKPLUS_LABELS) and "neutral" in model_labels:
        allowed = set(SHARED_LABELS)
    return tuple(label for label in model_labels if label in allowed)


def has_counted_votes(dataset: FaceDataset) -> bool:
    """Check whether people disagreed on any face; only then do the customs differ.

    >>> from types import SimpleNamespace
    >>> has_counted_votes(SimpleNamespace(votes=np.array([[7, 3]]), other_votes=np.array([[0]])))
    True
    """
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
    """Describe the views of one subset and custom, for each kind of answers and prior.

    The first of ``priors`` is the model's own. The others only serve where some labels of the model do not count,
    because the data set has other classes than its training; 'trained' always serves. What ``predict`` does comes
    first: all labels may be answered. ``several`` adds the custom to the names.

    Raises:
        DatasetError: no face has a label that the model knows.

    >>> votes, images, names = np.eye(2, dtype=np.float32), np.zeros((2, 48, 48), np.uint8), np.array(["a", "b"])
    >>> faces = FaceDataset("folder", "my/faces", ("anger", "joy"), images, votes, votes[:, :0], names)
    >>> specs = view_specs(("anger", "fear"), faces, "test", np.arange(2), "argmax", several=False, priors=["trained"])
    >>> [(spec.name, spec.excluded) for spec in specs]
    [('test, unmasked', {'labelled joy': 1}), ('test, masked', {'labelled joy': 1})]
    """
    counted = select_counted_labels(model_labels, dataset.labels)
    codes = (dataset.targets if custom == "argmax" else dataset.majority_targets)[members]
    excluded = {"without a clear label": int((codes < 0).sum())}
    for code, label in enumerate(dataset.labels):
        if label not in counted:
            excluded[f"labelled {label}"] = int((codes == code).sum())
    excluded = {reason: n for reason, n in excluded.items() if n}
    kept = np.isin(codes, [code for code, label in enumerate(dataset.labels) if label in counted])
    if not kept.any():
        reasons = ", ".join(f"{n} {reason}" for reason, n in excluded.items()) or "it is empty"
        raise DatasetError(
            f"{dataset.spec}: no face of '{subset}' has a label that the model knows ({reasons}). Use other data."
        )
    everything: tuple[AnswerSet, ...] = ("all",) if len(counted) == len(model_labels) else ("unmasked", "masked")
    indices, kept_codes = members[kept], codes[kept]  # all views share one array
    targets = {}
    for answers in everything:
        labels = counted if answers == "masked" else tuple(model_labels)
        position = np.array([labels.index(label) if label in counted else -1 for label in dataset.labels])
        targets[answers] = position[kept_codes].astype(np.int64)
    shown = priors if len(everything) > 1 else [prior for prior in priors if prior in (priors[0], "trained")]
    for answers, prior in product(everything, shown):
        labels = counted if answers == "masked" else tuple(model_labels)
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
            indices=indices,
            targets=targets[answers],
            labels=labels,
            columns=[list(model_labels).index(label) for label in labels],
            excluded=excluded,
        )
