"""Write what the figures of a study show, and what they do not, in sentences.

In: a ``Study``. Out: plain sentences, without markup. Does not know about pages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from ekspresi.evaluation.results import View
from ekspresi.metrics.significance import SIGNIFICANCE
from ekspresi.study.comparison import COMPARED_PX, Comparison
from ekspresi.study.results import ArmResult, RateTrial

HONEST, LEAKY = "subject-10fold", "paper-split"
"""Protocol without subjects in common between training and test, and protocol with."""

RARE = ("contempt", "fear", "sadness")
"""The rarest classes of CK+, which oversampling is for."""

WORDS = {
    "optimizer": "optimizers",
    "oversampling": "ways of oversampling",
    "init": "starting points",
    "freeze": "choices of layers to train",
    "low_res_share": "shares of shrunken faces",
}
"""Key of a configuration -> name of its values, in the plural."""


@dataclass(frozen=True, slots=True)
class Study:
    """Hold all figures of a study.

    Attributes:
        arms: one result per arm and protocol with answers.
        comparisons: see ``comparison.compare_arms``.
        tuning: the search for learning rates.
        other: arm -> figures of its first fold's model on the other data set (``jobs.evaluate_on_other_data``).
        reverse: figures of the bundled model on this data set; empty without another data set.
        failures: job -> reason of its failure.
        quick: a trial run, whose figures mean little.

        >>> Study((), (), (), {}, {}, {}, quick=True).best("subject-10fold") is None
        True
    """

    arms: tuple[ArmResult, ...]
    comparisons: tuple[Comparison, ...]
    tuning: tuple[RateTrial, ...]
    other: dict[str, dict[str, Any]]
    reverse: dict[str, Any]
    failures: dict[str, str]
    quick: bool

    def under(self, protocol: str) -> list[ArmResult]:
        """List the arms under one protocol, in the order of the study."""
        return [arm for arm in self.arms if arm.protocol == protocol]

    def both(self) -> list[tuple[ArmResult, ArmResult]]:
        """Pair the results of arms that ran under both protocols: first without leaks, then with."""
        leaky = {arm.arm: arm for arm in self.under(LEAKY)}
        return [(arm, leaky[arm.arm]) for arm in self.under(HONEST) if arm.arm in leaky]

    def best(self, protocol: str) -> ArmResult | None:
        """Find the arm with the highest mean accuracy over the face sizes; None where no arm ran."""
        return max(self.under(protocol), key=lambda arm: mean_accuracy(arm.image), default=None)


def accuracy_at_largest(view: View) -> float:
    """Return the accuracy at the largest face size, 0..1.

    >>> from types import SimpleNamespace as Made
    >>> sizes = [Made(scores=Made(accuracy=Made(value=value))) for value in (0.9, 0.5)]
    >>> accuracy_at_largest(Made(by_size=sizes))
    0.9
    """
    return view.by_size[0].scores.accuracy.value


def mean_accuracy(view: View) -> float:
    """Return the mean accuracy over the face sizes, 0..1.

    >>> from types import SimpleNamespace as Made
    >>> sizes = [Made(scores=Made(accuracy=Made(value=value))) for value in (0.75, 0.25)]
    >>> mean_accuracy(Made(by_size=sizes))
    0.5
    """
    return mean(each.scores.accuracy.value for each in view.by_size)


def recall(view: View, label: str, size_px: int) -> float:
    """Return the recall of a class at a face size, 0..1.

    >>> from types import SimpleNamespace as Made
    >>> scores = Made(classes=[Made(recall=0.25), Made(recall=0.75)])
    >>> recall(Made(labels=("anger", "fear"), at=lambda size: Made(scores=scores)), "fear", 48)
    0.75
    """
    return view.at(size_px).scores.classes[view.labels.index(label)].recall


def findings(study: Study) -> list[str]:
    """Write the findings of a study, one or two sentences each.

    >>> findings(Study((), (), (), {}, {}, {}, quick=True))
    ['This was a quick run: few folds, few epochs, learning rates untuned. Its figures mean little.']
    """
    return [
        *_shortcomings(study),
        *_best(study),
        *_families(study.comparisons),
        *_gap(study),
        *_oversampling(study),
        *_small(study),
    ]


def _shortcomings(study: Study) -> Iterator[str]:
    if study.quick:
        yield "This was a quick run: few folds, few epochs, learning rates untuned. Its figures mean little."
    missing = sum(arm.missing for arm in study.arms)
    if missing:
        yield f"{missing} trainings are missing, so some arms are not pooled over all folds."
    for arm in study.arms:
        if len(arm.started_from) > 1:
            yield (
                f"The trainings of {arm.arm} under {arm.protocol} started from different weights "
                f"({'; '.join(arm.started_from)}), so its figures mix them."
            )


def _best(study: Study) -> Iterator[str]:
    arm = study.best(HONEST)
    if arm is None:
        return
    scores = arm.image.by_size[0].scores
    low, high = scores.accuracy.low, scores.accuracy.high
    interval = "" if low is None or high is None else f" (95 % interval {100 * low:.1f} to {100 * high:.1f})"
    rivals = len(study.under(HONEST))
    luck = f" It is the best of {rivals} arms on these very faces, so a little of that is luck." if rivals > 1 else ""
    size = arm.image.by_size[0].size_px
    yield (
        f"On people it never saw, {arm.arm} did best over all face sizes; at {size} px accuracy "
        f"{100 * scores.accuracy.value:.1f} %{interval}, macro-F1 {100 * scores.macro_f1.value:.1f} %.{luck}"
    )


def _families(comparisons: Sequence[Comparison]) -> Iterator[str]:
    for key in dict.fromkeys(each.key for each in comparisons):
        family = [each for each in comparisons if each.key == key]
        names = dict.fromkeys(name for each in family for name in (each.first, each.second))
        n, what = family[0].n, WORDS.get(key, f"values of {key}")
        for size in COMPARED_PX:
            here = [each for each in family if each.size_px == size]
            significant = [each for each in here if each.p_corrected < SIGNIFICANCE]
            yield f"{_count(what, len(names))} at {size} px: {_describe(significant, len(here))}."
        limits = [each.min_detectable_difference for each in family if each.min_detectable_difference is not None]
        if limits:
            yield (
                f"On {n} sequences the test cannot detect differences under about {100 * median(limits):.0f} points "
                f"({len(family)} tests, Holm-corrected)."
            )
        else:
            yield f"On {n} sequences they answer too much alike for any test to detect a difference."


def _count(what: str, n: int) -> str:
    numbers = {2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six"}
    return f"{numbers.get(n, str(n))} {what}"


def _describe(significant: Sequence[Comparison], tests: int) -> str:
    if not significant:
        return "no difference is significant" if tests > 1 else "the difference is not significant"
    parts = []
    for each in significant:
        better, worse = (each.first, each.second) if each.difference > 0 else (each.second, each.first)
        parts.append(f"{better} beats {worse} by {100 * abs(each.difference):.1f} points ({_p(each.p_corrected)})")
    return "; ".join(parts)


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _gap(study: Study) -> Iterator[str]:
    pairs = study.both()
    if not pairs:
        return
    size = pairs[0][0].image.by_size[0].size_px
    gaps = [100 * (accuracy_at_largest(leaky.image) - accuracy_at_largest(honest.image)) for honest, leaky in pairs]
    spread = f" (mean of {len(pairs)} arms; {min(gaps):+.1f} to {max(gaps):+.1f})" if len(pairs) > 1 else ""
    yield (
        f"Under the random image split the accuracy at {size} px lies {mean(gaps):+.1f} points from that on new people"
        f"{spread}; near-copies of most test images are in its training images."
    )


def select_oversampled(study: Study) -> list[ArmResult]:
    """List the arms that differ in oversampling only, in the order none, sqrt, balanced; empty if it was not varied.

    >>> select_oversampled(Study((), (), (), {}, {}, {}, quick=False))
    []
    """
    pairs = [each for each in study.comparisons if each.key == "oversampling"]
    names = {name for each in pairs for name in (each.first, each.second)}
    order = ("none", "sqrt", "balanced")
    arms = [arm for arm in study.under(HONEST) if arm.arm in names]
    return sorted(arms, key=lambda arm: order.index(arm.settings["oversampling"]))


def _oversampling(study: Study) -> Iterator[str]:
    arms = select_oversampled(study)
    if len(arms) < 2 or arms[0].settings["oversampling"] != "none":
        return
    plain, other = arms[0], arms[-1]
    for size in COMPARED_PX:
        changes = [
            f"{label} {100 * recall(plain.image, label, size):.0f} → {100 * recall(other.image, label, size):.0f} %"
            for label in RARE
            if label in plain.image.labels
        ]
        if changes:
            yield f"Recall of the rare classes at {size} px, without and with '{other.settings['oversampling']}': " + (
                ", ".join(changes) + "."
            )


def _small(study: Study) -> Iterator[str]:
    arm = study.best(HONEST)
    if arm is None:
        return
    steps = ", ".join(f"{each.size_px} px {100 * each.scores.accuracy.value:.1f} %" for each in arm.image.by_size)
    yield f"Smaller faces, {arm.arm}: {steps}."
