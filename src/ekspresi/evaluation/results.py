"""What an evaluation says: views, sizes, mistakes; plain numbers that JSON can hold.

In: nothing. Out: frozen dataclasses. Knows nothing of how they were computed.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ekspresi.metrics.calibration import Calibration, SelectiveScores
from ekspresi.metrics.classification import Scores

Custom = Literal["argmax", "majority"]
"""How votes become one label: ``FaceDataset.targets`` or ``FaceDataset.majority_targets``."""

AnswerSet = Literal["all", "masked", "unmasked"]
"""Which answers are open to the model: 'all' its labels, each of which counts; 'masked', only the labels that
count; 'unmasked', all its labels, where any that does not count is an error."""

ViewPrior = Literal["trained", "even"]
"""Whether expressions are held as frequent as where the model learnt, or equally likely."""

UnitLevel = Literal["image", "sequence"]


@dataclass(frozen=True, slots=True)
class SizeResult:
    """One view at one face size.

    Attributes:
        size_px: side to which faces were shrunk.
        not_shrunk: faces that were no larger than that and were left alone.
        scores: accuracy and the rest, with intervals.
        calibration: ECE, NLL and the reliability diagram.
        selective: coverage, precision and risk-coverage curve; None for sequences, whose beliefs are means, and where
            answers are masked, which the thresholds do not know.
    """

    size_px: int
    not_shrunk: int
    scores: Scores
    calibration: Calibration
    selective: SelectiveScores | None


@dataclass(frozen=True, slots=True)
class View:
    """One way of counting: which faces, which custom of labelling, which answers, images or sequences.

    Attributes:
        name: unique within an evaluation, for people to read.
        subset: name of the faces counted.
        custom: how votes became labels.
        answers: which labels the model could answer.
        prior: which prior the model held.
        level: 'image', or 'sequence': mean probabilities of a sequence's frames.
        labels: K labels, in the order of ``Scores.classes`` and of the confusion matrix.
        resampled: what the intervals resample: 'subjects', 'sequences' or 'images'.
        excluded: reason -> number of faces of the subset that are not counted.
        by_size: one result for each face size, largest first.
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
        """The result at one face size.

        Raises:
            KeyError: that size was not measured.
        """
        for result in self.by_size:
            if result.size_px == size_px:
                return result
        raise KeyError(size_px)


@dataclass(frozen=True, slots=True)
class EffectiveSize:
    """How well the model tells the pixels that a face really carries, once it has been enlarged again.

    Attributes:
        size_px: side to which faces were shrunk before they were enlarged to 48 to 112 px by a random kernel.
        n: faces.
        median_px: median of the estimates.
        low_px: 5 % percentile of the estimates.
        high_px: 95 % percentile of the estimates.
        within: share of the estimates within a factor ``WITHIN_FACTOR`` of ``size_px``.
    """

    size_px: int
    n: int
    median_px: float
    low_px: float
    high_px: float
    within: float


WITHIN_FACTOR = 1.5


@dataclass(frozen=True, slots=True)
class Mistake:
    """A confident error; ``index`` and ``name`` are those of the face in its data set."""

    index: int
    name: str
    target: str
    answer: str
    confidence: float


_RECORDED = {"not_shrunk": "as_they_are", "excluded": "left_out", "min_detectable_difference": "told"}
"""Field -> its key in report.json and study.json, whose formats are older than the names."""


def recorded_keys(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dictionary with the keys of files from the fields of a dataclass: a ``dict_factory`` for ``asdict``."""
    return {_RECORDED.get(name, name): value for name, value in fields}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that was measured.

    Attributes:
        suite: the imaging model, one of ``imaging.suites.SUITES``.
        sizes_px: face sizes, largest first.
        model_labels: labels of the model, in its order.
        views: the ways of counting; the first is the headline.
        effective_sizes: one for each face size; empty where the model does not tell.
        mistakes: most confident errors of the headline at the largest size, most confident first.
    """

    suite: str
    sizes_px: tuple[int, ...]
    model_labels: tuple[str, ...]
    views: tuple[View, ...]
    effective_sizes: tuple[EffectiveSize, ...]
    mistakes: tuple[Mistake, ...]

    @property
    def headline(self) -> View:
        """The view whose figures are quoted."""
        return self.views[0]

    def to_dict(self) -> dict[str, Any]:
        """Dictionaries, lists, strings and numbers only: what ``json.dumps`` takes."""
        return asdict(self, dict_factory=recorded_keys)
