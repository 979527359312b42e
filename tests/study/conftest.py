"""A study whose jobs are not trained but made up, so that every figure in it is known."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.splits import make_split
from ekspresi.imaging.degradations import SIZES_PX
from ekspresi.study.comparison import compare_arms
from ekspresi.study.config import StudyConfig, load_study
from ekspresi.study.findings import Study
from ekspresi.study.jobs import Job, locate_job
from ekspresi.study.plan import plan_arm_jobs, plan_trials
from ekspresi.study.results import ArmResult, Pooled, summarize_arm
from tests.support.made_up_study import RATES, jobs_of

LABELS = ("anger", "contempt", "fear", "sadness")

TOML = """
data = "{data}"

[recipe]
init = "random"
epochs = 3
validation_px = [48, 16]
oversampling = "balanced"

[rates]
rmsprop = [1e-3, 2e-4]
adam = [1e-3, 5e-3]

[[arms]]
name = "rmsprop"
optimizer = "rmsprop"
protocols = ["subject-10fold", "paper-split"]

[[arms]]
name = "adam"
optimizer = "adam"
protocols = ["subject-10fold", "paper-split"]

[[arms]]
name = "no-oversampling"
optimizer = "rmsprop"
oversampling = "none"
learning_rate = 3e-4
"""


@pytest.fixture
def dataset() -> FaceDataset:
    """20 people, each with a sequence of each of four classes, three frames a sequence; the pixels are noise."""
    names, subjects, sequences, targets = [], [], [], []
    for person in range(20):
        for target in range(len(LABELS)):
            for frame in range(3):
                subjects.append(f"S{person:03d}")
                sequences.append(f"S{person:03d}_{target}")
                names.append(f"S{person:03d}_{target}_{frame}")
                targets.append(target)
    generator = np.random.default_rng(0)
    return FaceDataset(
        name="ckplus48",
        path="made/up",
        labels=LABELS,
        images=generator.integers(0, 256, (len(names), 48, 48), dtype=np.uint8),
        votes=np.eye(len(LABELS), dtype=np.float32)[targets],
        other_votes=np.zeros((len(names), 0), np.float32),
        names=np.array(names),
        subjects=np.array(subjects),
        sequences=np.array(sequences),
    )


@pytest.fixture
def toml() -> str:
    """The study's TOML file."""
    return TOML.format(data="ckplus48:made/up")


@pytest.fixture
def study(toml: str, tmp_path: Path) -> StudyConfig:
    """Three arms: two optimizers, and one of them without oversampling."""
    path = tmp_path / "study.toml"
    path.write_text(toml)
    return load_study(path)


Write = Callable[..., None]


@pytest.fixture
def write(dataset: FaceDataset) -> Write:
    """A job as if it had been run: ``wrong(index, size)`` says which faces it got wrong."""

    def written(
        job: Job,
        root: Path,
        wrong: Callable[[int, int], bool] = lambda index, size: False,
        val_nll: float = 1.0,
        seconds: float = 10.0,
        started_from: str | None = "random weights",
    ) -> None:
        folder = locate_job(job, root)
        metrics = folder / "run" / "metrics" / "part-1" / "metrics.csv"
        metrics.parent.mkdir(parents=True)
        rows = [f"{epoch},{val_nll},{0.5 + 0.1 * epoch},{0.4 + 0.1 * epoch}" for epoch in range(3)]
        header = "epoch,val_nll,val_accuracy_48px,val_accuracy_16px"
        metrics.write_text("\n".join([header, rows[0], "0,,,", *rows[1:]]) + "\n")
        (folder / "run" / "config.toml").write_text(job.config.to_toml())
        if job.tested:
            test = make_split(dataset, job.config.split, job.config.fold, job.config.seed).test
            probabilities = np.full((len(SIZES_PX), len(test), len(LABELS)), 0.1, dtype=np.float32)
            for k, size in enumerate(SIZES_PX):
                for row, index in enumerate(test.tolist()):
                    answer = (dataset.targets[index] + wrong(index, size)) % len(LABELS)
                    probabilities[k, row, answer] = 0.7
            np.savez(folder / "answers.npz", indices=test, probabilities=probabilities)
        result = {
            "format": 1,
            "seconds": seconds,
            "epochs": 3,
            "best": {"epoch": 2, "val_nll": val_nll},
            "machine": {"cpu": "made up", "cores": 2, "gpu": None},
            "versions": {"torch": "0"},
            "data": {"fingerprint": dataset.fingerprint},
            "other": {},
        }
        if started_from is not None:
            result["started_from"] = started_from
        (folder / "result.json").write_text(json.dumps(result))

    return written


@pytest.fixture
def figures(study: StudyConfig, dataset: FaceDataset, write, tmp_path: Path) -> Study:
    """rmsprop is always right at 48 px; adam misses the third frame of everybody; the third arm misses all fear."""

    def third_frame(index: int, size: int) -> bool:
        return size == 48 and index % 3 == 2

    def fear(index: int, size: int) -> bool:
        return size == 48 and dataset.targets[index] == 2

    wrong = {"rmsprop": lambda index, size: size == 8, "adam": third_frame, "no-oversampling": fear}
    planned = plan_arm_jobs(study, RATES)
    for each in planned:
        write(each.job, tmp_path, wrong=wrong[each.arm.name], seconds=7.0)
    arms: list[ArmResult] = []
    compared: list[tuple[object, Pooled]] = []
    for arm in study.arms:
        for protocol in arm.protocols:
            result, pooled = summarize_arm(arm, protocol, jobs_of(planned, arm.name, protocol), 0, dataset, tmp_path)
            arms.append(result)
            if protocol == "subject-10fold":
                compared.append((arm, pooled))
    return Study(tuple(arms), compare_arms(compared, dataset), (), {}, {}, {}, False)  # type: ignore[arg-type]


@pytest.fixture
def done(study: StudyConfig, dataset: FaceDataset, write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study whose jobs are all done: rmsprop learns best at its lower rate and is wrong only at 8 px."""
    root = tmp_path / "study"
    monkeypatch.setattr("ekspresi.study.run.read", lambda spec: dataset)
    for trial in plan_trials(study):
        write(trial.job, root, val_nll=trial.rate, seconds=3.0)
    rates = {("rmsprop", 0): 2e-4, ("rmsprop", 1): 2e-4, ("adam", 0): 1e-3, ("adam", 1): 1e-3}
    for each in plan_arm_jobs(study, rates):
        share = {"rmsprop": 0, "adam": 10, "no-oversampling": 3}[each.arm.name]
        write(each.job, root, wrong=lambda i, size, s=share: size == 8 or (bool(s) and i % s == 0))
    return root
