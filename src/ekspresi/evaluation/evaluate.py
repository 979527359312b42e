"""Measure a model on labeled faces at every face size.

In: a ``Classifier``, such as a ``Recognizer`` with the model file that is shipped, a ``FaceDataset`` and the indices of
the faces. Out: a frozen ``Evaluation`` of plain numbers. Does not know about splits, training, plots or
pages.

The default suite is 'clean': faces are shrunk by antialiased area averaging and rounded to 8 bits. Every suite is
synthetic, so its figures are not the accuracy on real CCTV.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.evaluation.class_priors import count_shares, estimate_for, known_shares, list_priors, resolve_prior
from ekspresi.evaluation.effective_size import measure_effective_sizes
from ekspresi.evaluation.face_outputs import FaceOutputs, recognize_faces
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
from ekspresi.imaging.degradations import SIZES_PX
from ekspresi.metrics.calibration import calibration_scores, confident_mistakes, selective_scores
from ekspresi.metrics.classification import score, sequence_means
from ekspresi.recognition.classifier import BatchPrediction, Classifier
from ekspresi.recognition.prior_estimate import PriorEstimate
from ekspresi.recognition.priors import restrict
from ekspresi.recognition.recognizer import Recognizer

__all__ = ["MISTAKES", "evaluate"]

MISTAKES = 24
"""Number of confident mistakes that an evaluation keeps."""


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
        _Recognized(outputs, classifier, _estimate(outputs, classifier, dataset, indices) if estimated_prior else None)
        for outputs in recognize_faces(classifier, dataset, faces, sizes_px, suite, progress)
    ]
    levels: tuple[UnitLevel, ...] = ("image",) if dataset.sequences is None else ("image", "sequence")
    by_size = [_size_results(each, counts, levels, dataset) for each in recognized]
    return Evaluation(
        suite=suite,
        sizes_px=sizes_px,
        model_labels=tuple(classifier.labels),
        views=tuple(
            _view(count, level, dataset, [results[number, level] for results in by_size])
            for number, count in enumerate(counts)
            for level in levels
        ),
        effective_sizes=measure_effective_sizes(classifier, dataset, counts[0].indices, sizes_px),
        mistakes=_mistakes(counts[0], dataset, recognized[0]),
        prior=PriorReport(
            name=priors[0],
            shares=known_shares(classifier, priors[0]),
            estimates=tuple(
                SizePrior(each.outputs.size_px, each.estimate) for each in recognized if each.estimate is not None
            ),
            true_shares=count_shares(dataset, indices, classifier.labels),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Recognized:
    """Hold faces of a data set at one size; ``estimate`` is their prior, where one was estimated."""

    outputs: FaceOutputs
    classifier: Classifier
    estimate: PriorEstimate | None

    def answers(self, prior: ViewPrior) -> BatchPrediction:
        """Return the answers to all faces under a kind of prior."""
        own = self.classifier
        resolved = resolve_prior(prior, own, self.estimate) if isinstance(own, Recognizer) else "trained"
        return self.outputs.answers(own, resolved)

    def of(self, count: ViewSpec) -> NDArray[np.float64]:
        """Select the probabilities of a view, summing to 1."""
        probabilities = self.answers(count.prior).probabilities
        if not np.array_equal(count.indices, self.outputs.faces):
            probabilities = probabilities[self.outputs.rows_of(count.indices)]
        if count.columns == list(range(probabilities.shape[1])):
            return probabilities
        allowed = np.isin(np.arange(probabilities.shape[1]), count.columns)
        return restrict(probabilities, allowed)[:, count.columns]


def _estimate(
    outputs: FaceOutputs, classifier: Classifier, dataset: FaceDataset, headline: NDArray[np.int64]
) -> PriorEstimate | None:
    """Estimate the prior of the headline's faces at one size."""
    if not isinstance(classifier, Recognizer):
        return None
    rows = outputs.rows_of(headline)
    probabilities = outputs.answers(classifier, classifier.prior).probabilities[rows]
    outputs.forget_answers()
    return estimate_for(dataset, headline, probabilities, outputs.effective_px[rows], classifier)


def _size_results(
    recognized: _Recognized, counts: Sequence[ViewSpec], levels: Sequence[UnitLevel], dataset: FaceDataset
) -> dict[tuple[int, UnitLevel], SizeResult]:
    """Score all views at one size, those of one prior together: the answers under one prior are in memory at a time."""
    found = {}
    for number, count in sorted(enumerate(counts), key=lambda each: each[1].prior):
        for level in levels:
            found[number, level] = _size_result(recognized, count, level, dataset)
    recognized.outputs.forget_answers()
    return found


def _size_result(recognized: _Recognized, count: ViewSpec, level: UnitLevel, dataset: FaceDataset) -> SizeResult:
    targets, clusters = count.targets, _groups(dataset, count)[1]
    probabilities = recognized.of(count)
    rows = recognized.outputs.rows_of(count.indices)
    answered = None
    if level == "image" and count.answers != "masked":
        answered = selective_scores(targets, probabilities, recognized.answers(count.prior).abstained[rows])
    if level == "sequence" and dataset.sequences is not None and clusters is not None:
        names = dataset.sequences[count.indices]
        targets, probabilities, first = sequence_means(targets, probabilities, names)
        clusters = clusters[first]
    return SizeResult(
        size_px=recognized.outputs.size_px,
        not_shrunk=int(recognized.outputs.not_shrunk[rows].sum()),
        scores=score(targets, probabilities, clusters),
        calibration=calibration_scores(targets, probabilities),
        selective=answered,
    )


def _groups(
    dataset: FaceDataset, count: ViewSpec
) -> tuple[Literal["subjects", "sequences", "images"], NDArray[np.str_] | None]:
    """Choose what is resampled for the intervals, and name it for each face."""
    if dataset.subjects is not None:
        return "subjects", dataset.subjects[count.indices]
    if dataset.sequences is not None:
        return "sequences", dataset.sequences[count.indices]
    return "images", None


def _view(count: ViewSpec, level: UnitLevel, dataset: FaceDataset, by_size: Sequence[SizeResult]) -> View:
    return View(
        name=count.name + (", sequences" if level == "sequence" else ""),
        subset=count.subset,
        custom=count.custom,
        answers=count.answers,
        prior=count.prior,
        level=level,
        labels=count.labels,
        resampled=_groups(dataset, count)[0],
        excluded=count.excluded,
        by_size=tuple(by_size),
    )


def _mistakes(count: ViewSpec, dataset: FaceDataset, recognized: _Recognized) -> tuple[Mistake, ...]:
    probabilities = recognized.of(count)
    recognized.outputs.forget_answers()
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
