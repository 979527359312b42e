"""A study's configuration -> its jobs: first those that look for learning rates, then those of the arms.

In: a ``StudyConfig``; for the second half, the rates that were found. Out: ``Job`` lists and the rates. Knows nothing
of processes or figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ekspresi.datasets.splits import HALVES, half_of
from ekspresi.study.config import TUNING, Arm, StudyConfig
from ekspresi.study.jobs import Job, result_of

_FOLDS_TRAINED, _FOLDS_TRIED = 8, 3
"""Folds that an arm's job trains on, and that a trial does."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One learning rate tried for one half of the folds.

    Attributes:
        optimizer: whose rate.
        half: 0 or 1: the folds that the rate would serve, whose subjects the trial never saw.
        rate: learning rate.
        job: the training.
    """

    optimizer: str
    half: int
    rate: float
    job: Job


@dataclass(frozen=True, slots=True)
class ArmJob:
    """One training of an arm."""

    arm: Arm
    protocol: str
    seed: int
    fold: int
    job: Job


Rates = Mapping[tuple[str, int], float]
"""(optimizer, half of the folds) -> learning rate."""


def trials(study: StudyConfig) -> list[Trial]:
    """The search for learning rates: each optimizer's first arm, every rate, each half; none where there is no choice.

    A trial trains on three folds of subjects and validates on two, all of them of the other half ('subject-halves'),
    for as many steps as an arm trains on its eight folds: fewer steps would favor higher rates.
    """
    found = []
    for optimizer in study.tuned():
        rates = study.rates[optimizer]
        if len(rates) < 2:
            continue
        config = next(arm.config for arm in study.arms if arm.config.optimizer == optimizer and not arm.rate_given)
        for half in range(HALVES):
            for rate in rates:
                planned = config.changed(
                    split="subject-halves",
                    fold=half,
                    seed=0,
                    learning_rate=rate,
                    epochs=round(config.epochs * _FOLDS_TRAINED / _FOLDS_TRIED),
                )
                job = Job(f"{TUNING}/{optimizer}-half{half}-{rate:g}", planned, tested=False)
                found.append(Trial(optimizer, half, rate, job))
    return found


def select_rates(study: StudyConfig, tried: list[Trial], root: Path) -> dict[tuple[str, int], float]:
    """Finished trials -> the rate of each optimizer for each half: the one with the lowest validation NLL.

    Raises:
        ConfigError: a trial's result is missing or damaged.
    """
    rates = {
        (name, half): study.rates[name][0]
        for name in study.tuned()
        for half in range(HALVES)
        if len(study.rates[name]) == 1
    }
    for name, half in dict.fromkeys((trial.optimizer, trial.half) for trial in tried):
        rivals = [trial for trial in tried if (trial.optimizer, trial.half) == (name, half)]
        best = min(rivals, key=lambda trial: float(result_of(trial.job, root)["best"]["val_nll"]))
        rates[name, half] = best.rate
    return rates


def arm_jobs(study: StudyConfig, rates: Rates) -> list[ArmJob]:
    """All trainings of all arms, those of one protocol and fold next to each other.

    'paper-split' shares subjects between its sides whatever one does; its jobs take the rates of the first half.
    """
    found = []
    for arm in study.arms:
        for protocol in arm.protocols:
            for seed in arm.seeds:
                for fold in study.folds if protocol == "subject-10fold" else (0,):
                    rate = arm.config.learning_rate
                    if not arm.rate_given:
                        if (arm.config.optimizer, half_of(fold)) not in rates:
                            continue
                        rate = rates[arm.config.optimizer, half_of(fold)]
                    config = arm.config.changed(split=protocol, fold=fold, seed=seed, learning_rate=rate)
                    unseen = arm.config.init in ("random", "imagenet")
                    crossed = protocol == "subject-10fold" and fold == study.folds[0] and seed == arm.seeds[0]
                    job = Job(
                        name=f"{arm.name}/{protocol}-seed{seed}-fold{fold}",
                        config=config,
                        other_data=study.other_data if unseen and crossed else "",
                    )
                    found.append(ArmJob(arm, protocol, seed, fold, job))
    return found
