"""List, resolve and estimate the class priors under which a model is measured.

In: a classifier, a data set, probabilities. Out: kinds of priors, estimates, true frequencies. Does not know about
views or scores.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.errors import ConfigError
from ekspresi.evaluation.results import ViewPrior
from ekspresi.recognition.classifier import Classifier
from ekspresi.recognition.prior_estimate import PriorEstimate, estimate_prior
from ekspresi.recognition.priors import check_calibrated, prior_from
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Prior


def list_priors(classifier: Classifier, *, estimated: bool) -> tuple[ViewPrior, ...]:
    """List the priors that a classifier is measured under, its own first.

    >>> list_priors(Recognizer(prior="uniform"), estimated=False)
    ('even', 'trained')

    Args:
        classifier: the model.
        estimated: put an estimated prior first.

    Raises:
        ConfigError: a prior is to be estimated for a classifier that is no ``Recognizer``.
        ModelError: a prior is to be estimated for a model without calibration.
    """
    if not isinstance(classifier, Recognizer):
        if estimated:
            problem = "only a Recognizer has a prior that can be replaced"
            raise ConfigError(f"{type(classifier).__name__}: {problem}. Measure it without an estimated prior.")
        return ("trained",)
    names: dict[Prior, ViewPrior] = {"trained": "trained", "uniform": "even"}
    own: ViewPrior = "estimated" if estimated else names.get(classifier.prior, "given")
    if estimated:
        check_calibrated(classifier.metadata.calibration, classifier.path)
    if classifier.metadata.calibration is None:
        return (own,)
    others: tuple[ViewPrior, ...] = ("trained", "even")
    return (own, *(prior for prior in others if prior != own))


def resolve_prior(prior: ViewPrior, recognizer: Recognizer, estimate: PriorEstimate | None) -> Prior:
    """Return the prior of a ``Recognizer`` that a kind of prior stands for.

    >>> resolve_prior("even", Recognizer(), None)
    'uniform'

    Args:
        prior: the kind.
        recognizer: its own prior is 'given'.
        estimate: the prior that is 'estimated'; None where that kind is not asked for.
    """
    if prior == "estimated" and estimate is not None:
        return prior_from(estimate.prior, None)
    return {"trained": "trained", "even": "uniform"}.get(prior, recognizer.prior)  # type: ignore[return-value]


def known_shares(classifier: Classifier, prior: ViewPrior) -> dict[str, float]:
    """Return the shares that a classifier's own prior assumes; empty where they are unknown, or estimated by size.

    >>> round(known_shares(Recognizer(), "trained")["neutral"], 2)
    0.35

    Args:
        classifier: the model.
        prior: kind of its own prior.
    """
    if not isinstance(classifier, Recognizer) or classifier.metadata.calibration is None or prior == "estimated":
        return {}
    return classifier.class_prior


def estimate_for(
    dataset: FaceDataset,
    indices: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    effective_px: NDArray[np.float64],
    recognizer: Recognizer,
) -> PriorEstimate:
    """Estimate the class prior of faces of a data set, without their labels, as ``predict`` does.

    Intervals resample subjects, or else sequences, or else faces. Faces that are too small to be answered do not count.

    Args:
        dataset: where the faces are; only its subjects and sequences are read.
        indices: int64 (N,), the faces.
        probabilities: float64 (N, K), of the recognizer under its own prior.
        effective_px: float64 (N,), in pixels.
        recognizer: the model.

    Raises:
        ConfigError: too few faces.

    >>> from types import SimpleNamespace
    >>> model, anyone = Recognizer(), SimpleNamespace(subjects=None, sequences=None)
    >>> as_trained = np.tile(list(model.class_prior.values()), (60, 1))
    >>> estimate_for(anyone, np.arange(60), as_trained, np.full(60, 48.0), model).faces
    60
    """
    calibration = recognizer.metadata.calibration
    counted = np.full(len(indices), True) if calibration is None else effective_px >= calibration.smallest_px
    names = dataset.subjects if dataset.subjects is not None else dataset.sequences
    groups = None if names is None else names[indices][counted].tolist()
    return estimate_prior(probabilities[counted], recognizer.class_prior, groups)


def count_shares(dataset: FaceDataset, indices: NDArray[np.int64], labels: Sequence[str]) -> dict[str, float]:
    """Count how common each label of a model is among the labelled faces of a data set.

    Args:
        dataset: where the faces are.
        indices: int64 (N,), the faces.
        labels: of the model.

    Returns:
        Label -> share, 0..1. Their sum is below 1 where faces have labels that the model lacks.

    >>> from types import SimpleNamespace
    >>> faces = SimpleNamespace(targets=np.array([0, 1, 1, -1]), labels=("fear", "joy"))
    >>> count_shares(faces, np.arange(4), ("fear", "anger"))
    {'fear': 0.3333333333333333, 'anger': 0.0}
    """
    targets = dataset.targets[indices]
    found = [dataset.labels[code] for code in targets[targets >= 0]]
    return {label: found.count(label) / max(1, len(found)) for label in labels}
