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
from ekspresi.evaluation.effective_size import measure_effective_sizes
from ekspresi.evaluation.results import Custom, Evaluation, Mistake, SizeResult, UnitLevel, View, ViewPrior
from ekspresi.evaluation.views import ViewSpec, has_counted_votes, view_specs
from ekspresi.imaging.degradations import SIZES_PX, degrade
from ekspresi.metrics.calibration import calibration_scores, confident_mistakes, selective_scores
from ekspresi.metrics.classification import score, sequence_means
from ekspresi.recognition.classifier import BatchPrediction, Classifier
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
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Measure a model on labeled faces, at every size and in every view that fits the data.

    Views are subset x custom x answers x prior x level. Image level always; sequence level where sequences are known.
    Where every label of the model counts (``select_counted_labels``), its answers are 'all'. Where some do not, they
    are 'masked', which comes first, and 'unmasked'. A ``Recognizer`` whose file is calibrated is measured under both
    priors, its own first; any other classifier as it answers. Faces without a label that counts are left out and
    counted.

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
        progress: called with the number of faces recognized so far, and the total.

    Raises:
        DatasetError: no face is left to count.

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
    priors = _priors(classifier)
    counts = [
        count
        for name, members in subsets.items()
        for custom in asked
        for count in view_specs(classifier.labels, dataset, name, members, custom, len(asked) > 1, priors)
    ]
    faces = np.unique(np.concatenate(list(subsets.values())))
    recognized = _recognize(classifier, dataset, faces, sizes_px, priors, suite, progress)
    levels: tuple[UnitLevel, ...] = ("image",) if dataset.sequences is None else ("image", "sequence")
    return Evaluation(
        suite=suite,
        sizes_px=sizes_px,
        model_labels=tuple(classifier.labels),
        views=tuple(_view(count, level, dataset, recognized) for count in counts for level in levels),
        effective_sizes=measure_effective_sizes(classifier, dataset, counts[0].indices, sizes_px),
        mistakes=_mistakes(counts[0], dataset, recognized[0]),
    )


@dataclass(frozen=True, slots=True)
class _Recognized:
    """Faces (F,) of a data set at one size.

    Attributes:
        size_px: the size.
        faces: indices in the data set, ascending.
        probabilities: (F, K) by prior.
        abstained: (F,) by prior, left unanswered.
        not_shrunk: (F,), no larger than the size and therefore not shrunk.
    """

    size_px: int
    faces: NDArray[np.int64]
    probabilities: dict[ViewPrior, NDArray[np.float64]]
    abstained: dict[ViewPrior, NDArray[np.bool_]]
    not_shrunk: NDArray[np.bool_]

    def of(self, count: ViewSpec) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Select the probabilities of a view, summing to 1, and mark the faces that were not shrunk."""
        rows = np.searchsorted(self.faces, count.indices)
        chosen = self.probabilities[count.prior][rows][:, count.columns]
        total = chosen.sum(axis=1, keepdims=True)
        even = np.full_like(chosen, 1 / len(count.columns))
        return np.divide(chosen, total, out=even, where=total > 0), self.not_shrunk[rows]


def _recognize(
    classifier: Classifier,
    dataset: FaceDataset,
    faces: NDArray[np.int64],
    sizes_px: Sequence[int],
    priors: Sequence[ViewPrior],
    suite: str,
    progress: Callable[[int, int], None] | None,
) -> list[_Recognized]:
    out = []
    for n_size, size in enumerate(sizes_px):
        parts: dict[ViewPrior, list[BatchPrediction]] = {prior: [] for prior in priors}
        for start in range(0, len(faces), _FACES_A_CALL):
            some = faces[start : start + _FACES_A_CALL]
            crops = [degrade(dataset.images[i], size, suite, np.random.default_rng([size, i])) for i in some]
            for prior, answers in _predict(classifier, crops, priors).items():
                parts[prior].append(answers)
            if progress is not None:
                progress(n_size * len(faces) + start + len(some), len(sizes_px) * len(faces))
        alone = np.array([min(dataset.images[i].shape) <= size for i in faces])
        out.append(
            _Recognized(
                size_px=size,
                faces=faces,
                probabilities={prior: np.concatenate([p.probabilities for p in parts[prior]]) for prior in priors},
                abstained={prior: np.concatenate([p.abstained for p in parts[prior]]) for prior in priors},
                not_shrunk=alone,
            )
        )
    return out


def _priors(classifier: Classifier) -> tuple[ViewPrior, ...]:
    """List the priors that a classifier can be measured under, its own first."""
    if not isinstance(classifier, Recognizer):
        return ("trained",)
    own: ViewPrior = "even" if classifier.prior == "uniform" else "trained"
    other: ViewPrior = "trained" if own == "even" else "even"
    return (own,) if classifier.metadata.calibration is None else (own, other)


def _predict(
    classifier: Classifier, crops: Sequence[NDArray[np.uint8]], priors: Sequence[ViewPrior]
) -> dict[ViewPrior, BatchPrediction]:
    """Predict crops under each prior; the network of a ``Recognizer`` runs once."""
    if not isinstance(classifier, Recognizer):
        return {priors[0]: classifier.predict_batch(crops)}
    logits, effective_px = classifier.logits(crops)
    return {
        prior: classifier.calibrate(logits, effective_px, "uniform" if prior == "even" else "trained")
        for prior in priors
    }


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
            answered = selective_scores(targets, probabilities, result.abstained[count.prior][rows])
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
