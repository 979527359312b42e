"""Measure what each class prior costs and wins, and what the thresholds of 'unsure' are worth under shifts.

In: FER+ and CK+48; the bundled model or another file. Out: a printed summary and, with ``--out``, JSON.

    python benchmarks/priors.py ferplus:data/ferplus ckplus48:data/CK+48 --out runs/priors.json

- *Curve*: accuracy and macro recall on the test side as the prior goes from the trained one to a uniform one. At
  strength s the prior is proportional to the class frequencies to the power 1 - s.
- *Known priors*: halves of the validation side are drawn so that their class frequencies are known. Labels draw the
  faces and measure the error; the estimate does not see them.
- *Shifts*: what is answered, and how much of it is right, in each suite of the test side, as it is and with equal class
  frequencies, by the plain and by the strict thresholds.
- *Another data set*: the answers under each prior, over all labels, and the precision of what is answered, by both.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import make_split
from ekspresi.evaluation.provenance import EvaluationRequest, make_provenance
from ekspresi.imaging.degradations import degrade
from ekspresi.imaging.suites import SUITES
from ekspresi.recognition.prior_estimate import estimate_prior
from ekspresi.recognition.priors import PriorInput, prior_from
from ekspresi.recognition.recognizer import Recognizer

SIZES_PX = (48, 24, 16, 12, 8)
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
DRAWN_FACES = 400
"""Faces of each drawn half."""
DRAWS = 10
"""Halves drawn for each known prior."""

KNOWN: dict[str, dict[str, float]] = {
    "equal": {},
    "cheerful": {"happiness": 0.6, "neutral": 0.2, "surprise": 0.1},
    "tense": {"anger": 0.3, "sadness": 0.3, "fear": 0.1, "neutral": 0.2},
    "flat": {"neutral": 0.85},
}
"""Name -> share of some labels; the others share the rest evenly."""

Logits = tuple[NDArray[np.float64], NDArray[np.float64]]
Judges = dict[str, Recognizer]
"""Recognizers of one model by their thresholds: plain or strict."""


class Answers:
    """Hold a model's logits of some faces at each size, and apply priors to them."""

    def __init__(
        self, recognizer: Recognizer, dataset: FaceDataset, indices: NDArray[np.int64], suite: str = "clean"
    ) -> None:
        names = [dataset.labels[k] for k in dataset.targets[indices]]
        known = np.array([name in recognizer.labels for name in names])
        self.recognizer = recognizer
        self.targets = np.array([recognizer.labels.index(name) for name in names if name in recognizer.labels])
        self.logits: dict[int, Logits] = {
            px: recognizer.logits(
                [degrade(dataset.images[i], px, suite, np.random.default_rng([px, i])) for i in indices[known]]
            )
            for px in SIZES_PX
        }

    def scores(self, px: int, prior: PriorInput, chosen: NDArray[np.int64] | None = None) -> dict[str, float]:
        """Measure accuracy and macro recall, in percent."""
        probabilities, targets = self._calibrated(self.recognizer, px, prior, chosen)[0], self._targets(chosen)
        right = probabilities.argmax(axis=1) == targets
        recalls = [right[targets == k].mean() for k in np.unique(targets)]
        return {"accuracy": _percent(right.mean()), "macro_recall": _percent(np.mean(recalls))}

    def answered(self, judge: Recognizer, px: int, prior: PriorInput) -> dict[str, float | None]:
        """Measure what the thresholds of a recognizer of the same model answer, in percent."""
        probabilities, abstained = self._calibrated(judge, px, prior, None)
        right = (probabilities.argmax(axis=1) == self.targets)[~abstained]
        weights = (1 / np.bincount(self.targets)[self.targets])[~abstained]
        return {
            "answered": _percent((~abstained).mean()),
            "precision": _percent(right.mean()) if len(right) else None,
            "balanced_precision": _percent(np.average(right, weights=weights)) if len(right) else None,
        }

    def estimate(self, px: int, chosen: NDArray[np.int64] | None = None) -> dict[str, float]:
        """Estimate the class prior of the faces from the answers alone."""
        probabilities, _ = self._calibrated(self.recognizer, px, "trained", chosen)
        return estimate_prior(probabilities, self.recognizer.class_prior).prior

    def _targets(self, chosen: NDArray[np.int64] | None) -> NDArray[np.int64]:
        return self.targets if chosen is None else self.targets[chosen]

    def _calibrated(
        self, judge: Recognizer, px: int, prior: PriorInput, chosen: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        rows = slice(None) if chosen is None else chosen
        logits, effective_px = self.logits[px]
        batch = judge.calibrate(logits[rows], effective_px[rows], prior_from(prior, None))
        return batch.probabilities, batch.abstained


def curve(answers: Answers) -> list[dict[str, Any]]:
    """Measure accuracy against macro recall from the trained prior to a uniform one and beyond."""
    trained = answers.recognizer.class_prior
    found = []
    for strength in STRENGTHS:
        prior = {label: share ** (1 - strength) for label, share in trained.items()}
        found.append({"strength": strength, "sizes": {str(px): answers.scores(px, prior) for px in SIZES_PX}})
    return found


def known_priors(answers: Answers, labels: tuple[str, ...]) -> list[dict[str, Any]]:
    """Measure the estimate on halves whose class frequencies are known."""
    return [
        {"name": name, "faces": DRAWN_FACES, "draws": DRAWS, **_one_prior(answers, labels, given, px), "px": px}
        for name, given in KNOWN.items()
        for px in (48, 16)
    ]


def _one_prior(answers: Answers, labels: tuple[str, ...], given: Mapping[str, float], px: int) -> dict[str, Any]:
    rest = (1 - sum(given.values())) / (len(labels) - len(given))
    true = {label: given.get(label, rest) for label in labels}
    rng = np.random.default_rng(0)
    distances: list[float] = []
    accuracy: dict[str, list[float]] = {"trained": [], "auto": [], "known": []}
    for _ in range(DRAWS):
        counts = rng.multinomial(DRAWN_FACES, list(true.values()))
        chosen = np.concatenate(
            [rng.choice(np.flatnonzero(answers.targets == k), count) for k, count in enumerate(counts) if count]
        )
        estimate = answers.estimate(px, chosen)
        drawn = dict(zip(labels, (counts / DRAWN_FACES).tolist(), strict=True))
        distances.append(sum(abs(estimate[label] - drawn[label]) for label in labels) / 2)
        priors: dict[str, PriorInput] = {"trained": "trained", "auto": estimate, "known": true}
        for kind, prior in priors.items():
            accuracy[kind].append(answers.scores(px, prior, chosen)["accuracy"])
    return {
        "distance": _percent(np.mean(distances)),
        "accuracy": {kind: round(float(np.mean(values)), 1) for kind, values in accuracy.items()},
    }


def shifts(judges: Judges, dataset: FaceDataset, indices: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Measure plain and strict thresholds in each suite."""
    found = []
    for suite in SUITES:
        answers = Answers(judges["plain"], dataset, indices, suite)
        found += [
            {
                "suite": suite,
                "level": level,
                "sizes": {str(px): answers.answered(judge, px, "trained") for px in SIZES_PX},
            }
            for level, judge in judges.items()
        ]
    return found


def elsewhere(judges: Judges, answers: Answers) -> dict[str, Any]:
    """Measure each prior on another data set, all labels allowed."""
    estimate = answers.estimate(48)
    priors: dict[str, PriorInput] = {"trained": "trained", "uniform": "uniform", "auto": estimate}
    return {
        "faces": len(answers.targets),
        "estimate": {label: _percent(share) for label, share in estimate.items()},
        "lines": [
            {
                "prior": name,
                "level": level,
                "sizes": {
                    str(px): {**answers.scores(px, prior), **answers.answered(judge, px, prior)} for px in SIZES_PX
                },
            }
            for name, prior in priors.items()
            for level, judge in judges.items()
        ],
    }


def _percent(fraction: Any) -> float:
    return round(100 * float(fraction), 1)


def main() -> None:
    """Measure and print, and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", help="FER+, READER:PATH")
    parser.add_argument("other", help="CK+48, READER:PATH")
    parser.add_argument("--model", type=Path, help="model file; default: the bundled one")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    judges = {"plain": Recognizer(arguments.model), "strict": Recognizer(arguments.model, strict=True)}
    recognizer = judges["plain"]
    dataset, other = read(arguments.spec), read(arguments.other)
    split = make_split(dataset, "official")
    test, validation = (side[dataset.targets[side] >= 0] for side in (split.test, split.validation))
    command = shlex.join(["python", "benchmarks/priors.py", *sys.argv[1:]])
    found = {
        **make_provenance(recognizer, dataset, EvaluationRequest("official", 0, 0, "test", command)).to_dict(),
        "curve": curve(Answers(recognizer, dataset, test)),
        "known": known_priors(Answers(recognizer, dataset, validation), recognizer.labels),
        "shifts": shifts(judges, dataset, test),
        "elsewhere": elsewhere(judges, Answers(recognizer, other, np.arange(len(other)))),
    }
    print(json.dumps(found, indent=1))
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
