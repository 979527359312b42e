"""Turn the finished jobs of a study into figures: each arm pooled over its folds.

In: the data set, the finished jobs and their answers. Out: frozen dataclasses of plain numbers, ready for JSON. The
answers of all folds are pooled first and counted then; intervals resample subjects. Does not know about processes,
pages or comparisons between arms.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.errors import ConfigError
from ekspresi.evaluation.results import SizeResult, View
from ekspresi.imaging.degradations import SIZES_PX
from ekspresi.metrics.calibration import calibration_scores
from ekspresi.metrics.classification import score, sequence_means
from ekspresi.study.config import Arm
from ekspresi.study.jobs import answers_of, folder_of, result_of
from ekspresi.study.plan import ArmJob, Trial

_SHOWN = (
    "optimizer",
    "oversampling",
    "init",
    "freeze",
    "low_res_share",
    "epochs",
    "batch_size",
    "learning_rate",
    "weight_decay",
    "class_weights",
)


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm under one protocol, over all its folds and seeds.

    Attributes:
        arm: name.
        protocol: 'subject-10fold' or 'paper-split'.
        settings: what a table shows of its configuration.
        rates: learning rates of its jobs, ascending.
        jobs: trainings that are in it.
        missing: trainings that failed or are not done.
        seconds: of all its trainings together.
        image: pooled answers, each image by itself.
        sequence: the same by sequence: mean probabilities of its frames; None where sequences are unknown.
        curve: a row each epoch: epoch from 1, then mean validation accuracy at each of ``curve_px``, 0..1.
        curve_px: face sizes of the curve.
        started_from: sources of its trainings' first weights, in words, each once. A job that an older version
            finished has no record of it; the key ``init`` of the configuration speaks for it.
    """

    arm: str
    protocol: str
    settings: dict[str, Any]
    rates: tuple[float, ...]
    jobs: int
    missing: int
    seconds: float
    image: View
    sequence: View | None
    curve: tuple[tuple[float, ...], ...]
    curve_px: tuple[int, ...]
    started_from: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RateTrial:
    """One learning rate that was tried, whether it was taken, and what the trial cost."""

    optimizer: str
    half: int
    rate: float
    val_nll: float
    chosen: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Pooled:
    """Answers of an arm under one protocol.

    Attributes:
        indices: int64 (N,), faces; one several times where seeds repeat it.
        seeds: int64 (N,), which seed answered.
        probabilities: float64 (S, N, K).
    """

    indices: NDArray[np.int64]
    seeds: NDArray[np.int64]
    probabilities: NDArray[np.float64]


def pool(jobs: Sequence[ArmJob], root: Path) -> Pooled:
    """Finished jobs of one arm and protocol -> their answers side by side, ordered by seed and face.

    Raises:
        ConfigError: answers are missing or damaged.
    """
    answers = [answers_of(each.job, root) for each in jobs]
    indices = np.concatenate([each.indices for each in answers])
    seeds = np.repeat([each.seed for each in jobs], [len(each.indices) for each in answers])
    probabilities = np.concatenate([each.probabilities for each in answers], axis=1).astype(np.float64)
    probabilities /= probabilities.sum(axis=-1, keepdims=True)  # float32 sums are a little off
    order = np.lexsort((indices, seeds))
    return Pooled(indices[order], seeds[order], probabilities[:, order])


def arm_result(
    arm: Arm, protocol: str, jobs: Sequence[ArmJob], missing: int, dataset: FaceDataset, root: Path
) -> tuple[ArmResult, Pooled]:
    """Finished jobs of one arm under one protocol -> its figures, and the answers behind them.

    Raises:
        ConfigError: a result is damaged, or of data that are other ones by now.
    """
    results = [result_of(each.job, root) for each in jobs]
    for each, result in zip(jobs, results, strict=True):
        if result["data"]["fingerprint"] != dataset.fingerprint:
            raise ConfigError(
                f"{folder_of(each.job, root)}: was trained on other data than now lie in {dataset.path}; remove that "
                "folder, or take another --out"
            )
    pooled = pool(jobs, root)
    curve_px, curve = _mean_curve([folder_of(each.job, root) / "run" for each in jobs], arm.config.validation_px)
    return (
        ArmResult(
            arm=arm.name,
            protocol=protocol,
            settings={key: getattr(arm.config, key) for key in _SHOWN},
            rates=tuple(sorted({each.job.config.learning_rate for each in jobs})),
            jobs=len(jobs),
            missing=missing,
            seconds=sum(float(result["seconds"]) for result in results),
            image=_view(arm.name, pooled, dataset, "image"),
            sequence=None if dataset.sequences is None else _view(arm.name, pooled, dataset, "sequence"),
            curve=curve,
            curve_px=curve_px,
            started_from=tuple(dict.fromkeys(each.get("started_from") or arm.config.init for each in results)),
        ),
        pooled,
    )


def _view(name: str, pooled: Pooled, dataset: FaceDataset, level: Literal["image", "sequence"]) -> View:
    groups = dataset.subjects if dataset.subjects is not None else dataset.names
    by_size = []
    for k, size in enumerate(SIZES_PX):
        targets, probabilities = dataset.targets[pooled.indices], pooled.probabilities[k]
        clusters = groups[pooled.indices]
        if level == "sequence":
            targets, probabilities, first = _by_sequence(pooled, k, dataset)
            clusters = groups[pooled.indices[first]]
        by_size.append(
            SizeResult(
                size_px=size,
                not_shrunk=int(sum(min(dataset.images[i].shape) <= size for i in pooled.indices)),
                scores=score(targets, probabilities, clusters),
                calibration=calibration_scores(targets, probabilities),
                selective=None,
            )
        )
    return View(
        name=name,
        subset="test",
        custom="argmax",
        answers="all",
        prior="trained",
        level=level,
        labels=dataset.labels,
        resampled="images" if dataset.subjects is None else "subjects",
        excluded={},
        by_size=tuple(by_size),
    )


def _by_sequence(
    pooled: Pooled, k: int, dataset: FaceDataset
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Targets, mean probabilities and the position of the first frame of each sequence and seed."""
    assert dataset.sequences is not None
    names = np.char.add(dataset.sequences[pooled.indices], np.char.add("#", pooled.seeds.astype(str)))
    return sequence_means(dataset.targets[pooled.indices], pooled.probabilities[k], names)


def _mean_curve(
    runs: Sequence[Path], sizes_px: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[tuple[float, ...], ...]]:
    """Metrics of the runs -> mean validation accuracy by epoch; rows that a resume wrote again count once."""
    by_epoch: dict[int, dict[int, list[float]]] = {}
    for run in runs:
        found: dict[int, dict[str, str]] = {}
        for file in sorted(run.glob("metrics/part-*/metrics.csv")):
            with file.open(encoding="utf-8", newline="") as lines:
                found |= {int(row["epoch"]): row for row in csv.DictReader(lines) if row.get("val_nll")}
        for epoch, row in found.items():
            by_epoch.setdefault(epoch, {size: [] for size in sizes_px})
            for size in sizes_px:
                by_epoch[epoch][size].append(float(row[f"val_accuracy_{size}px"]))
    rows = [(float(epoch + 1), *(float(np.mean(v)) for v in values.values())) for epoch, values in by_epoch.items()]
    return sizes_px, tuple(sorted(rows))


def rate_trials(tried: Sequence[Trial], rates: dict[tuple[str, int], float], root: Path) -> tuple[RateTrial, ...]:
    """The search for learning rates, a line each trial that was done."""
    lines = []
    for trial in tried:
        if not (folder_of(trial.job, root) / "result.json").exists():
            continue
        result = result_of(trial.job, root)
        lines.append(
            RateTrial(
                optimizer=trial.optimizer,
                half=trial.half,
                rate=trial.rate,
                val_nll=float(result["best"]["val_nll"]),
                chosen=rates.get((trial.optimizer, trial.half)) == trial.rate,
                seconds=float(result["seconds"]),
            )
        )
    return tuple(lines)
