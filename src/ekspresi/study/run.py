"""Run or resume a study, and report its figures beside the paper's.

In: a ``StudyConfig`` and a folder. Out, in the folder: ``jobs/`` (a folder per training, see ``jobs``), ``study.json``
and ``study.html``. A second start resumes the study and repeats no finished job. Does not know how a network learns
(``training``) or how a job runs (``executor``).
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import FOLDS, make_split
from ekspresi.errors import ConfigError, DatasetError
from ekspresi.study.comparison import compare_arms
from ekspresi.study.config import Arm, StudyConfig
from ekspresi.study.executor import JobListener, run_jobs
from ekspresi.study.findings import Study
from ekspresi.study.jobs import evaluate_on_other_data, load_result
from ekspresi.study.plan import ArmJob, plan_arm_jobs, plan_trials, select_rates
from ekspresi.study.report import study_files, write_study
from ekspresi.study.results import ArmResult, Pooled, summarize_arm, summarize_trials
from ekspresi.system.storage import atomic_write, ensure_folder
from ekspresi.tables.overwrite import check_replaceable

__all__ = ["StudyOutcome", "run_study"]


@dataclass(frozen=True, slots=True)
class StudyOutcome:
    """Hold the outcome of a study.

    Attributes:
        study: the figures.
        files: study.json and study.html; empty where no arm has answers.

        >>> StudyOutcome(Study((), (), (), {}, {}, {}, quick=False), ()).files
        ()
    """

    study: Study
    files: tuple[Path, ...]


def run_study(
    study: StudyConfig, root: Path, processes: int, listener: JobListener, *, overwrite: bool = False
) -> StudyOutcome:
    """Run the unfinished jobs of a study, then count and report.

    Args:
        study: the configuration.
        root: the study's folder, created if missing.
        processes: number of jobs at once.
        listener: receives the progress of the jobs.
        overwrite: replace a study.json and study.html that ekspresi did not make.

    Raises:
        OutputError: the two files must not be replaced, or cannot be written.
        ConfigError, DatasetError: the data cannot be read or do not suit a protocol. The failure of a job does not
            raise.

    The example is not run, because a study takes an hour; ``listener`` is a ``JobListener``:

        >>> study = load_study(Path("configs/study-ckplus.toml"))  # doctest: +SKIP
        >>> run_study(study, Path("study"), 2, listener).study.best("subject-10fold").arm  # doctest: +SKIP
        'adamw'
    """
    dataset = read(study.data)
    check_protocols(study, dataset)
    if study.other_data:
        read(study.other_data)  # fails now, not after an hour
    ensure_folder(root)
    for file in study_files(root):
        check_replaceable(file, overwrite=overwrite, choice="--out")
    tried = plan_trials(study)
    with _Clock(root):
        failed = run_jobs([trial.job for trial in tried], root, processes, listener)
        broken = {(trial.optimizer, trial.half) for trial in tried if trial.job.name in failed}
        sound = [trial for trial in tried if (trial.optimizer, trial.half) not in broken]
        rates = select_rates(study, sound, root)
        planned = plan_arm_jobs(study, rates)
        failed |= run_jobs([each.job for each in planned], root, processes, listener)
    arms: list[ArmResult] = []
    compared: list[tuple[Arm, Pooled]] = []
    for arm in study.arms:
        for protocol in arm.protocols:
            mine = [each for each in planned if each.arm is arm and each.protocol == protocol]
            done = [each for each in mine if each.job.name not in failed]
            wanted = len(arm.seeds) * (len(study.folds) if protocol == "subject-10fold" else 1)
            if not done:
                continue
            try:
                result, pooled = summarize_arm(arm, protocol, done, wanted - len(done), dataset, root)
            except ConfigError as error:
                failed[f"{arm.name}, {protocol}"] = str(error)
                continue
            arms.append(result)
            if protocol == "subject-10fold":
                compared.append((arm, pooled))
    figures = Study(
        arms=tuple(arms),
        comparisons=compare_arms(compared, dataset),
        tuning=summarize_trials(sound, rates, root),
        other=_other(planned, failed, root),
        reverse=_reverse(study) if study.other_data else {},
        failures=failed,
        quick=study.quick,
    )
    files = (
        write_study(figures, dataset, _provenance(study, dataset, planned, failed, root, processes), root)
        if arms
        else ()
    )
    return StudyOutcome(figures, files)


def check_protocols(study: StudyConfig, dataset: FaceDataset) -> None:
    """Refuse a study whose protocols do not suit its data set, before any training.

    Raises:
        DatasetError: subjects are unknown or too few, or a class has fewer sequences than there are folds.

        >>> check_protocols(StudyConfig("folder:x", "", (), {}), dataset=None)  # without arms, all is well
    """
    if not any("subject-10fold" in arm.protocols for arm in study.arms):
        return
    make_split(dataset, "subject-10fold")
    units = dataset.sequences if dataset.sequences is not None else dataset.names
    for code, label in enumerate(dataset.labels):
        count = len(set(units[dataset.targets == code].tolist()))
        if count < FOLDS:
            raise DatasetError(
                f"{dataset.spec}: {count} sequences of '{label}', fewer than the {FOLDS} folds of subject-10fold. "
                "Leave the class out, or use another protocol."
            )


def _other(planned: list[ArmJob], failed: dict[str, str], root: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for each in planned:
        if each.job.other_data and each.job.name not in failed:
            figures = load_result(each.job, root).get("other")
            if figures:
                found[each.arm.name] = figures
    return found


def _reverse(study: StudyConfig) -> dict[str, Any]:
    from ekspresi.recognition.recognizer import Recognizer

    return evaluate_on_other_data(Recognizer(), study.data)


def _provenance(
    study: StudyConfig,
    dataset: FaceDataset,
    planned: list[ArmJob],
    failed: dict[str, str],
    root: Path,
    processes: int,
) -> dict[str, Any]:
    """Record the data, machines, versions and times behind the figures."""
    results = [load_result(each.job, root) for each in planned if each.job.name not in failed]
    machines = [json.loads(text) for text in dict.fromkeys(json.dumps(result["machine"]) for result in results)]
    return {
        "data": {
            "reader": dataset.made_by,
            "fingerprint": dataset.fingerprint,
            "faces": len(dataset),
            "sequences": None if dataset.sequences is None else len(set(dataset.sequences.tolist())),
            "subjects": None if dataset.subjects is None else len(set(dataset.subjects.tolist())),
        },
        "folds": list(study.folds),
        "machines": machines,
        "versions": results[0]["versions"] if results else {},
        "processes": processes,
        "seconds_wall": _Clock(root).seconds,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


class _Clock:
    """Count the seconds of a study over all its starts, except those of a killed start."""

    def __init__(self, root: Path) -> None:
        self.path = root / "clock.json"
        try:
            self.seconds = float(json.loads(self.path.read_text(encoding="utf-8"))["seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            self.seconds = 0.0
        self.started = 0.0

    def __enter__(self) -> None:
        self.started = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self.seconds = round(self.seconds + time.monotonic() - self.started, 1)
        with atomic_write(self.path) as temporary:
            temporary.write_text(json.dumps({"seconds": self.seconds}) + "\n", encoding="utf-8")
