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
from ekspresi.study.jobs import load_answers, load_result, locate_job
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
    """Hold the figures of one arm under one protocol, over all its folds and seeds.

    Attributes:
        arm: name of the arm.
        protocol: 'subject-10fold' or 'paper-split'.
        settings: keys of its configuration that tables show.
        rates: learning rates of its jobs, ascending.
        jobs: number of trainings in the figures.
        missing: number of trainings that failed or are not done.
        seconds: duration of all its trainings together.
        image: figures of the pooled answers by image.
        sequence: the same by sequence, from the mean probabilities of its frames; None where sequences are unknown.
        curve: a row per epoch: epoch from 1, then mean validation accuracy at each of ``curve_px``, 0..1.
        curve_px: face sizes of the curve.
        started_from: sources of its trainings' first weights, in words, each once. Jobs of an older version have no
            record of it; their entry is the key ``init`` of the configuration.

        >>> view = View("all", "test", "argmax", "all", "trained", "image", ("sad", "glad"), "images", {}, ())
        >>> ArmResult("adam", "paper-split", {}, (1e-3,), 1, 0, 60.0, view, None, (), (), ("random weights",)).rates
        (0.001,)
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
    """Hold the outcome of one trial of a learning rate.

    Attributes:
        optimizer: name of the optimizer.
        half: 0 or 1, the half of the folds that would use the rate.
        rate: learning rate.
        val_nll: lowest validation NLL.
        chosen: whether the study uses the rate.
        seconds: duration of the trial.

        >>> RateTrial("adam", 0, 1e-3, 0.52, chosen=True, seconds=95.0).rate
        0.001
    """

    optimizer: str
    half: int
    rate: float
    val_nll: float
    chosen: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Pooled:
    """Hold the answers of an arm under one protocol.

    Attributes:
        indices: int64 (N,), faces; repeated where several seeds answered.
        seeds: int64 (N,), seed of each answer.
        probabilities: float64 (S, N, K), at each of ``SIZES_PX``.

        >>> Pooled(np.array([0, 0]), np.array([0, 1]), np.full((6, 2, 2), 0.5)).seeds
        array([0, 1])
    """

    indices: NDArray[np.int64]
    seeds: NDArray[np.int64]
    probabilities: NDArray[np.float64]


def pool_answers(jobs: Sequence[ArmJob], root: Path) -> Pooled:
    """Pool the answers of finished jobs of one arm and protocol, ordered by seed and face.

    Raises:
        ConfigError: answers are missing or damaged.

        >>> import tempfile
        >>> from ekspresi.study.jobs import Job
        >>> from ekspresi.training.config import TrainConfig
        >>> config = TrainConfig(data="folder:x")
        >>> arm = Arm("adam", ("paper-split",), (0,), config, rate_given=True)
        >>> job = ArmJob(arm, "paper-split", seed=0, fold=0, job=Job("adam/fold0", config))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     locate_job(job.job, Path(folder)).mkdir(parents=True)
        ...     file = locate_job(job.job, Path(folder)) / "answers.npz"
        ...     np.savez(file, indices=np.array([2, 1]), probabilities=np.ones((len(SIZES_PX), 2, 4), np.float32))
        ...     pooled = pool_answers([job], Path(folder))
        >>> pooled.indices, pooled.probabilities[0, 0]
        (array([1, 2]), array([0.25, 0.25, 0.25, 0.25]))
    """
    answers = [load_answers(each.job, root) for each in jobs]
    indices = np.concatenate([each.indices for each in answers])
    seeds = np.repeat([each.seed for each in jobs], [len(each.indices) for each in answers])
    probabilities = np.concatenate([each.probabilities for each in answers], axis=1).astype(np.float64)
    probabilities /= probabilities.sum(axis=-1, keepdims=True)  # sums of float32 are not exactly 1
    order = np.lexsort((indices, seeds))
    return Pooled(indices[order], seeds[order], probabilities[:, order])


def summarize_arm(
    arm: Arm, protocol: str, jobs: Sequence[ArmJob], missing: int, dataset: FaceDataset, root: Path
) -> tuple[ArmResult, Pooled]:
    """Summarize the finished jobs of one arm under one protocol.

    Args:
        arm: the arm.
        protocol: its protocol.
        jobs: its finished jobs.
        missing: number of its other jobs.
        dataset: the data set.
        root: the study's folder.

    Returns:
        Its figures and its pooled answers.

    Raises:
        ConfigError: a result is missing, damaged, or belongs to other data.

        >>> from ekspresi.study.jobs import Job
        >>> from ekspresi.training.config import TrainConfig
        >>> config = TrainConfig(data="folder:x")
        >>> arm = Arm("adam", ("paper-split",), (0,), config, rate_given=True)
        >>> job = ArmJob(arm, "paper-split", seed=0, fold=0, job=Job("adam/fold0", config))
        >>> summarize_arm(arm, "paper-split", [job], 0, dataset=None, root=Path("study"))  # it has not run yet
        Traceback (most recent call last):
        ...
        ekspresi.errors.ConfigError: study/jobs/adam/fold0/result.json: is missing or damaged. Remove ...
    """
    results = [load_result(each.job, root) for each in jobs]
    for each, result in zip(jobs, results, strict=True):
        if result["data"]["fingerprint"] != dataset.fingerprint:
            raise ConfigError(
                f"{locate_job(each.job, root)}: was trained on other data than {dataset.path} holds now. "
                "Remove that folder, or use another folder for --out."
            )
    pooled = pool_answers(jobs, root)
    curve_px, curve = _mean_curve([locate_job(each.job, root) / "run" for each in jobs], arm.config.validation_px)
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
                not_shrunk=int((dataset.shapes[pooled.indices].min(axis=1) <= size).sum()),
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
    """Average each sequence of each seed: targets, mean probabilities, position of the first frame."""
    assert dataset.sequences is not None
    names = np.char.add(dataset.sequences[pooled.indices], np.char.add("#", pooled.seeds.astype(str)))
    return sequence_means(dataset.targets[pooled.indices], pooled.probabilities[k], names)


def _mean_curve(
    runs: Sequence[Path], sizes_px: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[tuple[float, ...], ...]]:
    """Average the validation accuracy of the runs by epoch; rows that a resume wrote again count once."""
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


def summarize_trials(tried: Sequence[Trial], rates: dict[tuple[str, int], float], root: Path) -> tuple[RateTrial, ...]:
    """Summarize the search for learning rates, one line per finished trial.

    >>> summarize_trials([], {}, Path("study"))
    ()
    """
    lines = []
    for trial in tried:
        if not (locate_job(trial.job, root) / "result.json").exists():
            continue
        result = load_result(trial.job, root)
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
