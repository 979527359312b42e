"""Plan the jobs of a study: first the search for learning rates, then the arms.

In: a ``StudyConfig``, and for the arms the chosen rates. Out: lists of jobs, and the rates. Does not know about
processes or figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ekspresi.datasets.splits import HALVES, half_of
from ekspresi.study.config import TUNING, Arm, StudyConfig
from ekspresi.study.jobs import Job, load_result

_FOLDS_TRAINED, _FOLDS_TRIED = 8, 3
"""Number of folds that a job of an arm trains on, and that a trial trains on."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Try one learning rate for one half of the folds.

    Attributes:
        optimizer: name of the optimizer.
        half: 0 or 1, the half of the folds that would use the rate; the trial never sees its subjects.
        rate: learning rate.
        job: the training.

        >>> from ekspresi.training.config import TrainConfig
        >>> Trial("adam", 0, 1e-3, Job("tuning/adam-half0-0.001", TrainConfig(data="folder:x"), tested=False)).rate
        0.001
    """

    optimizer: str
    half: int
    rate: float
    job: Job


@dataclass(frozen=True, slots=True)
class ArmJob:
    """Describe one training of an arm.

    >>> from ekspresi.training.config import TrainConfig
    >>> config = TrainConfig(data="folder:x")
    >>> arm = Arm("adam", ("subject-10fold",), (0,), config, rate_given=True)
    >>> ArmJob(arm, "subject-10fold", seed=0, fold=3, job=Job("adam/fold3", config)).fold
    3
    """

    arm: Arm
    protocol: str
    seed: int
    fold: int
    job: Job


Rates = Mapping[tuple[str, int], float]
"""(optimizer, half of the folds) -> learning rate."""


def plan_trials(study: StudyConfig) -> list[Trial]:
    """Plan the search for learning rates: every rate for each half, with each optimizer's first arm.

    A trial trains on three folds of subjects and validates on two, all from the other half ('subject-halves'). It
    takes as many steps as an arm on its eight folds, because fewer steps would favor higher rates. Optimizers with a
    single rate need no trial.

        >>> from ekspresi.training.config import TrainConfig
        >>> arm = Arm("adam", ("subject-10fold",), (0,), TrainConfig(data="folder:x", optimizer="adam"), False)
        >>> study = StudyConfig("folder:x", "", (arm,), {"adam": (1e-3, 2e-3)})
        >>> [trial.job.name for trial in plan_trials(study)][:2]
        ['tuning/adam-half0-0.001', 'tuning/adam-half0-0.002']
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
    """Choose each optimizer's rate for each half by the lowest validation NLL.

    Args:
        study: the study.
        tried: finished trials.
        root: the study's folder.

    Returns:
        (optimizer, half) -> learning rate.

    Raises:
        ConfigError: a trial's result is missing or damaged.

        >>> from ekspresi.training.config import TrainConfig
        >>> arm = Arm("adam", ("subject-10fold",), (0,), TrainConfig(data="folder:x", optimizer="adam"), False)
        >>> select_rates(StudyConfig("folder:x", "", (arm,), {"adam": (1e-3,)}), [], Path("study"))
        {('adam', 0): 0.001, ('adam', 1): 0.001}
    """
    rates = {
        (name, half): study.rates[name][0]
        for name in study.tuned()
        for half in range(HALVES)
        if len(study.rates[name]) == 1
    }
    for name, half in dict.fromkeys((trial.optimizer, trial.half) for trial in tried):
        rivals = [trial for trial in tried if (trial.optimizer, trial.half) == (name, half)]
        best = min(rivals, key=lambda trial: float(load_result(trial.job, root)["best"]["val_nll"]))
        rates[name, half] = best.rate
    return rates


def plan_arm_jobs(study: StudyConfig, rates: Rates) -> list[ArmJob]:
    """Plan all trainings of all arms.

    Jobs of 'paper-split' take the rates of the first half, because that protocol leaks subjects in any case. The first
    fold of an arm is also tested on the other data set, unless its first weights may have seen it.

        >>> from ekspresi.training.config import TrainConfig
        >>> arm = Arm("adam", ("paper-split",), (0,), TrainConfig(data="folder:x", optimizer="adam"), False)
        >>> study = StudyConfig("folder:x", "", (arm,), {"adam": (1e-3,)})
        >>> [each.job.name for each in plan_arm_jobs(study, {("adam", 0): 1e-3})]
        ['adam/paper-split-seed0-fold0']
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
