"""Measure a model on labeled faces at every face size.

In: a ``Classifier``, such as a ``Recognizer`` with the model file that is shipped, a ``FaceDataset`` and the indices of
the faces. Out: a frozen ``Evaluation`` of plain numbers. Does not know about splits, training, plots or
pages.

The default suite is 'clean': faces are shrunk by antialiased area averaging and rounded to 8 bits. Every suite is
synthetic, so its figures are not the accuracy on real CCTV.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.evaluation.class_priors import count_shares, estimate_for, known_shares, list_priors, resolve_prior
from ekspresi.evaluation.effective_size import measure_effective_sizes
from ekspresi.evaluation.results import (
    Custom,
    Evaluation,
    Mistake,
    PriorReport,
    SizePrior,
    SizeResult,
    UnitLevel,
    View,
    ViewPrior,
)
from ekspresi.evaluation.views import ViewSpec, has_counted_votes, view_specs
from ekspresi.imaging.degradations import SIZES_PX, degrade
from ekspresi.metrics.calibration import calibration_scores, confident_mistakes, selective_scores
from ekspresi.metrics.classification import score, sequence_means
from ekspresi.recognition.classifier import BatchPrediction, Classifier
from ekspresi.recognition.prior_estimate import PriorEstimate
from ekspresi.recognition.priors import restrict
from ekspresi.recognition.recognizer import Recognizer

__all__ = ["MISTAKES", "evaluate"]

MISTAKES = 24
"""Number of confident mistakes that an evaluation keeps."""

_FACES_A_CALL = 256


def evaluate(
    classifier: Classifier,
    dataset: FaceDataset,
    indices: NDArray[np.int64],
    *,
    sizes: Sequence[int] = SIZES_PX,
    customs: Sequence[Custom] | None = None,
    suite: str = "clean",
    subset: str = "test",
    further: Mapping[str, NDArray[np.int64]] | None = None,
    estimated_prior: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Measure a model on labeled faces, at every size and in every view that fits the data.

    Views are subset x custom x answers x prior x level. Image level always; sequence level where sequences are known.
    Where every label of the model counts (``select_counted_labels``), its answers are 'all'. Where some do not, they
    are 'unmasked', as ``predict`` gives them, which comes first, and 'masked'. A ``Recognizer`` whose file is
    calibrated is measured under several priors, its own first; any other classifier as it answers. Faces without a
    label that counts are left out and counted.

    Args:
        classifier: the model; any object with ``labels`` and ``predict_batch``.
        dataset: where the faces are.
        indices: int64 (N,), faces of the headline.
        sizes: face sides in pixels.
        customs: the first is the headline's; None: 'argmax', and 'majority' too where faces have several
            people's votes.
        suite: one of ``imaging.suites.SUITES``; its random numbers are drawn from the size and the face's index.
        subset: name of the headline's faces.
        further: name -> indices of other faces to count beside them; shared faces are recognized once.
        estimated_prior: put a prior first that is estimated at each size from all faces of ``indices``, without their
            labels (``estimate_prior``); subjects, or else sequences, are resampled for its intervals.
        progress: called with the number of faces recognized so far, and the total.

    Raises:
        DatasetError: no face is left to count.
        ConfigError: too few faces to estimate a prior, or a classifier that is no ``Recognizer``.
        ModelError: the model has no calibration, so no prior can be estimated.

    >>> from ekspresi.recognition.classifier import BatchPrediction
    >>> class Constant:
    ...     labels = ("anger", "fear")
    ...     def predict_batch(self, crops):
    ...         n = len(crops)
    ...         return BatchPrediction(np.tile([0.8, 0.2], (n, 1)), np.full(n, 48.0), np.zeros(n, dtype=bool))
    >>> votes, images, names = np.eye(2, dtype=np.float32), np.zeros((2, 48, 48), np.uint8), np.array(["a", "b"])
    >>> faces = FaceDataset("folder", "my/faces", ("anger", "fear"), images, votes, votes[:, :0], names)
    >>> evaluate(Constant(), faces, np.arange(2), sizes=[48, 16]).headline.at(16).scores.accuracy.value
    0.5
    """
    subsets = {subset: indices, **(further or {})}
    sizes_px = tuple(sorted(set(sizes), reverse=True))
    asked: Sequence[Custom] = customs or (("argmax", "majority") if has_counted_votes(dataset) else ("argmax",))
    priors = list_priors(classifier, estimated=estimated_prior)
    counts = [
        count
        for name, members in subsets.items()
        for custom in asked
        for count in view_specs(classifier.labels, dataset, name, members, custom, len(asked) > 1, priors)
    ]
    faces = np.unique(np.concatenate(list(subsets.values())))
    recognized = [
        _recognize(classifier, dataset, faces, size, priors, suite, indices, _continued(progress, k, len(sizes_px)))
        for k, size in enumerate(sizes_px)
    ]
    levels: tuple[UnitLevel, ...] = ("image",) if dataset.sequences is None else ("image", "sequence")
    return Evaluation(
        suite=suite,
        sizes_px=sizes_px,
        model_labels=tuple(classifier.labels),
        views=tuple(_view(count, level, dataset, recognized) for count in counts for level in levels),
        effective_sizes=measure_effective_sizes(classifier, dataset, counts[0].indices, sizes_px),
        mistakes=_mistakes(counts[0], dataset, recognized[0]),
        prior=PriorReport(
            name=priors[0],
            shares=known_shares(classifier, priors[0]),
            estimates=tuple(SizePrior(each.size_px, each.estimate) for each in recognized if each.estimate is not None),
            true_shares=count_shares(dataset, indices, classifier.labels),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Recognized:
    """Faces (F,) of a data set at one size.

    Attributes:
        size_px: the size.
        faces: indices in the data set, ascending.
        answers: to all faces, by prior.
        not_shrunk: (F,), no larger than the size and therefore not shrunk.
        estimate: the prior of these faces, where one was estimated.
    """

    size_px: int
    faces: NDArray[np.int64]
    answers: dict[ViewPrior, BatchPrediction]
    not_shrunk: NDArray[np.bool_]
    estimate: PriorEstimate | None

    def of(self, count: ViewSpec) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Select the probabilities of a view, summing to 1, and mark the faces that were not shrunk."""
        rows = np.searchsorted(self.faces, count.indices)
        probabilities = self.answers[count.prior].probabilities[rows]
        allowed = np.isin(np.arange(probabilities.shape[1]), count.columns)
        return restrict(probabilities, allowed)[:, count.columns], self.not_shrunk[rows]


def _recognize(
    classifier: Classifier,
    dataset: FaceDataset,
    faces: NDArray[np.int64],
    size: int,
    priors: Sequence[ViewPrior],
    suite: str,
    headline: NDArray[np.int64],
    progress: Callable[[int, int], None],
) -> _Recognized:
    """Recognize faces at one size, under each prior; the network of a ``Recognizer`` runs once."""
    outputs: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    answers: list[BatchPrediction] = []
    for start in range(0, len(faces), _FACES_A_CALL):
        some = faces[start : start + _FACES_A_CALL]
        crops = [degrade(dataset.images[i], size, suite, np.random.default_rng([size, i])) for i in some]
        if isinstance(classifier, Recognizer):
            outputs.append(classifier.logits(crops))
        else:
            answers.append(classifier.predict_batch(crops))
        progress(start + len(some), len(faces))
    estimate = None
    if isinstance(classifier, Recognizer):
        logits, effective_px = (np.concatenate(part) for part in zip(*outputs, strict=True))
        if "estimated" in priors:
            own = classifier.calibrate(logits, effective_px, classifier.prior)
            rows = np.searchsorted(faces, headline)
            estimate = estimate_for(dataset, headline, own.probabilities[rows], effective_px[rows], classifier)
        by_prior = {
            prior: classifier.calibrate(logits, effective_px, resolve_prior(prior, classifier, estimate))
            for prior in priors
        }
    else:
        parts = ([getattr(batch, each.name) for batch in answers] for each in fields(BatchPrediction))
        by_prior = {priors[0]: BatchPrediction(*map(np.concatenate, parts))}
    return _Recognized(
        size_px=size,
        faces=faces,
        answers=by_prior,
        not_shrunk=np.array([min(dataset.images[i].shape) <= size for i in faces]),
        estimate=estimate,
    )


def _continued(progress: Callable[[int, int], None] | None, before: int, rounds: int) -> Callable[[int, int], None]:
    """Make the progress of one of several rounds that of all."""

    def report(done: int, total: int) -> None:
        if progress is not None:
            progress(before * total + done, rounds * total)

    return report


def _view(count: ViewSpec, level: UnitLevel, dataset: FaceDataset, recognized: Sequence[_Recognized]) -> View:
    resampled: Literal["subjects", "sequences", "images"] = "images"
    groups = None
    if dataset.subjects is not None:
        resampled, groups = "subjects", dataset.subjects[count.indices]
    elif dataset.sequences is not None:
        resampled, groups = "sequences", dataset.sequences[count.indices]
    by_size = []
    for result in recognized:
        probabilities, not_shrunk = result.of(count)
        targets, clusters = count.targets, groups
        answered = None
        if level == "image" and count.answers != "masked":
            rows = np.searchsorted(result.faces, count.indices)
            answered = selective_scores(targets, probabilities, result.answers[count.prior].abstained[rows])
        if level == "sequence" and dataset.sequences is not None and groups is not None:
            names = dataset.sequences[count.indices]
            targets, probabilities, first = sequence_means(targets, probabilities, names)
            clusters = groups[first]
        by_size.append(
            SizeResult(
                size_px=result.size_px,
                not_shrunk=int(not_shrunk.sum()),
                scores=score(targets, probabilities, clusters),
                calibration=calibration_scores(targets, probabilities),
                selective=answered,
            )
        )
    return View(
        name=count.name + (", sequences" if level == "sequence" else ""),
        subset=count.subset,
        custom=count.custom,
        answers=count.answers,
        prior=count.prior,
        level=level,
        labels=count.labels,
        resampled=resampled,
        excluded=count.excluded,
        by_size=tuple(by_size),
    )


def _mistakes(count: ViewSpec, dataset: FaceDataset, recognized: _Recognized) -> tuple[Mistake, ...]:
    probabilities, _ = recognized.of(count)
    return tuple(
        Mistake(
            index=int(count.indices[i]),
            name=str(dataset.names[count.indices[i]]),
            target=count.labels[count.targets[i]],
            answer=count.labels[probabilities[i].argmax()],
            confidence=float(probabilities[i].max()),
        )
        for i in confident_mistakes(count.targets, probabilities, MISTAKES)
    )
