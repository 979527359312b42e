"""Hold the results of an evaluation: views, sizes, mistakes.

In: nothing. Out: frozen dataclasses of plain numbers, ready for JSON. Does not know how they are computed.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ekspresi.metrics.calibration import Calibration, SelectiveScores
from ekspresi.metrics.classification import Scores
from ekspresi.recognition.prior_estimate import PriorEstimate

Custom = Literal["argmax", "majority"]
"""Rule that makes one label of votes: ``FaceDataset.targets`` or ``FaceDataset.majority_targets``."""

AnswerSet = Literal["all", "masked", "unmasked"]
"""Answers open to the model.

'all': its labels, which all count. 'masked': only the labels that count. 'unmasked': all its labels; a label that does
not count is an error. 'unmasked' is what ``predict`` does, 'masked' what it does with these labels in ``--labels``."""

ViewPrior = Literal["trained", "even", "given", "estimated"]
"""Prior over expressions.

Their frequency in training, equally likely ('even'), a user's own shares ('given'), or estimated from the faces of each
size without their labels ('estimated')."""

UnitLevel = Literal["image", "sequence"]
"""Unit that is counted."""


@dataclass(frozen=True, slots=True)
class SizeResult:
    """Hold the figures of one view at one face size.

    Attributes:
        size_px: side to which faces were shrunk.
        not_shrunk: number of faces that were not larger and therefore not shrunk.
        scores: accuracy and the rest, with intervals.
        calibration: ECE, NLL and the reliability diagram.
        selective: coverage, precision and risk-coverage curve; None for sequences and for masked answers, because the
            thresholds were fitted for neither.

    >>> import numpy as np
    >>> from ekspresi.metrics.calibration import calibration_scores
    >>> from ekspresi.metrics.classification import score
    >>> targets, probabilities = np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> result = SizeResult(48, 0, score(targets, probabilities), calibration_scores(targets, probabilities), None)
    >>> result.scores.accuracy.value
    1.0
    """

    size_px: int
    not_shrunk: int
    scores: Scores
    calibration: Calibration
    selective: SelectiveScores | None


@dataclass(frozen=True, slots=True)
class View:
    """Hold the figures of one way of counting.

    Attributes:
        name: readable name, unique within an evaluation.
        subset: name of the faces counted.
        custom: rule that made labels of votes.
        answers: labels that the model could answer.
        prior: prior over expressions that the answers assume.
        level: 'image', or 'sequence': mean probabilities of a sequence's frames.
        labels: K labels, in the order of ``Scores.classes`` and of the confusion matrix.
        resampled: units that the intervals resample: 'subjects', 'sequences' or 'images'.
        excluded: reason -> number of faces of the subset that are not counted.
        by_size: one result for each face size, largest first.

    >>> View("test", "test", "argmax", "all", "trained", "image", ("anger", "fear"), "images", {}, ()).labels
    ('anger', 'fear')
    """

    name: str
    subset: str
    custom: Custom
    answers: AnswerSet
    prior: ViewPrior
    level: UnitLevel
    labels: tuple[str, ...]
    resampled: Literal["subjects", "sequences", "images"]
    excluded: dict[str, int]
    by_size: tuple[SizeResult, ...]

    def at(self, size_px: int) -> SizeResult:
        """Return the result at one face size.

        Raises:
            KeyError: that size was not measured.
        """
        for result in self.by_size:
            if result.size_px == size_px:
                return result
        raise KeyError(size_px)


@dataclass(frozen=True, slots=True)
class SizePrior:
    """Hold the class prior that was estimated from the faces of one size.

    Attributes:
        size_px: side to which faces were shrunk.
        estimate: shares with 95 % intervals; labels of the data set did not enter.

        >>> estimate = PriorEstimate({"fear": 1.0}, {"fear": 0.9}, {"fear": 1.0}, faces=60)
        >>> SizePrior(48, estimate).estimate.faces
        60
    """

    size_px: int
    estimate: PriorEstimate


@dataclass(frozen=True, slots=True)
class PriorReport:
    """Hold the class prior of the headline, beside the true frequencies.

    Attributes:
        name: kind of prior.
        shares: label -> share that the headline assumes at every size; empty for an estimate, which differs by size,
            and for classifiers of which no prior is known.
        estimates: one for each face size; empty where none was made.
        true_shares: label -> frequency among the labelled faces of the headline's subset; they are only shown.

        >>> PriorReport("trained", {"fear": 0.5, "anger": 0.5}, (), {"fear": 1.0, "anger": 0.0}).name
        'trained'
    """

    name: ViewPrior
    shares: dict[str, float]
    estimates: tuple[SizePrior, ...]
    true_shares: dict[str, float]


@dataclass(frozen=True, slots=True)
class EffectiveSize:
    """Hold the accuracy of the model's estimates of effective size, on enlarged faces.

    Attributes:
        size_px: side to which faces were shrunk before a random kernel enlarged them to 48 to 112 px.
        n: number of faces.
        median_px: median of the estimates.
        low_px: 5 % percentile of the estimates.
        high_px: 95 % percentile of the estimates.
        within: fraction of the estimates within a factor ``WITHIN_FACTOR`` of ``size_px``.

        >>> EffectiveSize(size_px=16, n=1000, median_px=16.2, low_px=12.0, high_px=21.0, within=0.97).within
        0.97
    """

    size_px: int
    n: int
    median_px: float
    low_px: float
    high_px: float
    within: float


WITHIN_FACTOR = 1.5
"""Factor up to which an estimate counts as near."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Hold a confident error; ``index`` and ``name`` are those of the face in its data set.

    >>> Mistake(3, "a.png", target="fear", answer="surprise", confidence=0.98).answer
    'surprise'
    """

    index: int
    name: str
    target: str
    answer: str
    confidence: float


_RECORDED = {"not_shrunk": "as_they_are", "excluded": "left_out", "min_detectable_difference": "told"}
"""Field -> its key in report.json and study.json, which keep older names."""


def recorded_keys(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """Rename the fields of a dataclass to the keys of files; a ``dict_factory`` for ``asdict``.

    >>> recorded_keys([("not_shrunk", 3), ("size_px", 48)])
    {'as_they_are': 3, 'size_px': 48}
    """
    return {_RECORDED.get(name, name): value for name, value in fields}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Hold all results of an evaluation.

    Attributes:
        suite: the imaging model, one of ``imaging.suites.SUITES``.
        sizes_px: face sizes, largest first.
        model_labels: labels of the model, in its order.
        views: the ways of counting; the first is the headline.
        effective_sizes: one per face size; empty for models without estimates.
        mistakes: most confident errors of the headline at the largest size, most confident first.
        prior: class prior of the headline; None in made-up evaluations.

    >>> view = View("test", "test", "argmax", "all", "trained", "image", ("anger", "fear"), "images", {}, ())
    >>> Evaluation("clean", (48,), ("anger", "fear"), (view,), effective_sizes=(), mistakes=()).headline.name
    'test'
    """

    suite: str
    sizes_px: tuple[int, ...]
    model_labels: tuple[str, ...]
    views: tuple[View, ...]
    effective_sizes: tuple[EffectiveSize, ...]
    mistakes: tuple[Mistake, ...]
    prior: PriorReport | None = None

    @property
    def headline(self) -> View:
        """Return the view whose figures are quoted."""
        return self.views[0]

    @property
    def masked(self) -> View | None:
        """Return the headline restricted to the labels that count; None where all labels of the model count."""
        head = self.headline
        kind = (head.subset, head.custom, head.prior, head.level)
        for view in self.views:
            if view.answers == "masked" and (view.subset, view.custom, view.prior, view.level) == kind:
                return view
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return dictionaries, lists, strings and numbers only, ready for ``json.dumps``."""
        return asdict(self, dict_factory=recorded_keys)
