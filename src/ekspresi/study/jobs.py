"""Run one training of a study, from its configuration to its answers on the test faces.

In: a ``Job`` and a folder. Out, in the job's folder: ``run/`` (a run folder, in the end without checkpoints),
``answers.npz`` (if the job is tested) and ``result.json``, which is written last and marks the job as done. A job
resumes itself, and two processes never work on the same one. Does not know about arms or other jobs, so a cluster can
run it too.
"""

import json
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import make_split
from ekspresi.errors import ConfigError
from ekspresi.imaging.degradations import SIZES_PX
from ekspresi.system.storage import atomic_write, ensure_folder
from ekspresi.training.config import TrainConfig, load_config

FORMAT = 1
"""Format of ``result.json``."""


@dataclass(frozen=True, slots=True)
class Job:
    """Describe a training and its measurements.

    Attributes:
        name: folder below the study's ``jobs``, with '/' between its parts.
        config: the configuration of the training.
        tested: whether the job answers its test faces; jobs that search for a learning rate do not.
        other_data: spec of another data set, whose test faces the job answers too; empty for none.

        >>> Job("adam/subject-10fold-seed0-fold3", TrainConfig(data="folder:faces")).tested
        True
    """

    name: str
    config: TrainConfig
    tested: bool = True
    other_data: str = ""


@dataclass(frozen=True, slots=True)
class JobAnswers:
    """Hold the answers of one job.

    Attributes:
        indices: int64 (N,), faces of the data set.
        probabilities: float32 (S, N, K), at each of ``SIZES_PX``.

        >>> JobAnswers(np.arange(2), np.zeros((6, 2, 7), np.float32)).probabilities.shape
        (6, 2, 7)
    """

    indices: NDArray[np.int64]
    probabilities: NDArray[np.float32]


def locate_job(job: Job, root: Path) -> Path:
    """Return a job's folder in a study's folder.

    >>> locate_job(Job("adam/fold3", TrainConfig(data="folder:faces")), Path("study")).as_posix()
    'study/jobs/adam/fold3'
    """
    return root / "jobs" / job.name


def is_done(job: Job, root: Path) -> bool:
    """Check whether a job has written its result.

    Raises:
        ConfigError: the folder holds a job of another configuration.

        >>> is_done(Job("adam/fold3", TrainConfig(data="folder:faces")), Path("nowhere"))
        False
    """
    folder = locate_job(job, root)
    config = folder / "run" / "config.toml"
    if config.exists():
        changed = load_config(config, {}).differences(job.config)
        if changed:
            raise ConfigError(
                f"{folder}: was made with another {', '.join(changed)}. "
                "Remove that folder, or use another folder for --out."
            )
    return (folder / "result.json").exists()


def load_result(job: Job, root: Path) -> dict[str, Any]:
    """Load a finished job's result: seconds, epochs, the chosen epoch and its NLL, figures on the other data.

    Raises:
        ConfigError: the result is missing or damaged.

        >>> import tempfile
        >>> job, text = Job("a", TrainConfig(data="folder:x")), '{"format": 1, "seconds": 9, "best": {"val_nll": 0.5}}'
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     locate_job(job, Path(folder)).mkdir(parents=True)
        ...     _ = (locate_job(job, Path(folder)) / "result.json").write_text(text)
        ...     load_result(job, Path(folder))["best"]
        {'val_nll': 0.5}
    """
    path = locate_job(job, root) / "result.json"
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if result["format"] != FORMAT:
            raise KeyError("format")
        result["seconds"], result["best"]["val_nll"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: is missing or damaged. Remove {path.parent} and start the study again.") from error
    return result


def load_answers(job: Job, root: Path) -> JobAnswers:
    """Load the answers of a finished job.

    Raises:
        ConfigError: the answers are missing or damaged.

        >>> import tempfile
        >>> job, shape = Job("a", TrainConfig(data="folder:x")), (len(SIZES_PX), 2, 7)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     locate_job(job, Path(folder)).mkdir(parents=True)
        ...     file = locate_job(job, Path(folder)) / "answers.npz"
        ...     np.savez(file, indices=np.arange(2), probabilities=np.zeros(shape, np.float32))
        ...     load_answers(job, Path(folder)).indices
        array([0, 1])
    """
    path = locate_job(job, root) / "answers.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            answers = JobAnswers(file["indices"], file["probabilities"])
        if answers.probabilities.shape[:2] != (len(SIZES_PX), len(answers.indices)):
            raise ValueError("shape")
    except Exception as error:  # NumPy and zipfile raise a dozen types for a damaged file
        raise ConfigError(f"{path}: is missing or damaged. Remove {path.parent} and start the study again.") from error
    return answers


def run_job(job: Job, root: Path, threads: int) -> None:
    """Train, answer the test faces, and write the result, unless the job is done.

    Args:
        job: the job.
        root: the study's folder.
        threads: number of CPU threads.

    Raises:
        EkspresiError: the data, the configuration or a checkpoint has a problem that the user can fix.

    The example is not run, because training takes minutes:

        >>> run_job(Job("adam/fold3", TrainConfig(data="ckplus48:data/CK+48")), Path("study"), 2)  # doctest: +SKIP
    """
    import torch
    from filelock import FileLock

    from ekspresi.training.run import train_to_end
    from ekspresi.training.run_folder import TrainingRun, read_record

    folder = locate_job(job, root)
    ensure_folder(folder)
    with FileLock(folder / "lock"):
        if is_done(job, root):
            return
        torch.set_num_threads(threads)
        started = time.monotonic()
        run = TrainingRun(folder / "run")
        train_to_end(job.config, run.folder, show=False)
        record = read_record(run)
        other = _answer(job, folder, threads) if job.tested else {}
        result = {
            "format": FORMAT,
            "seconds": record["seconds"],
            "seconds_answering": round(time.monotonic() - started - record["seconds"], 1),
            "epochs": record["epochs_done"],
            "best": record["best"],
            "machine": record["machine"],
            "versions": record["versions"],
            "data": record["data"],
            "parents": record["parents"],
            "started_from": record["started_from"],
            "config": job.config.model_dump(),
            "other": other,
        }
        with atomic_write(folder / "result.json") as temporary:
            temporary.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        cleanup(job, root)


def cleanup(job: Job, root: Path) -> None:
    """Remove a finished job's checkpoints, of which a study has a hundred, of 100 MB each.

    The configuration can train them again. After a kill between the result and this, the next start removes them.

        >>> cleanup(Job("adam/fold3", TrainConfig(data="folder:faces")), Path("nowhere"))
    """
    for leftover in ("checkpoints", "tensorboard"):
        shutil.rmtree(locate_job(job, root) / "run" / leftover, ignore_errors=True)


def _answer(job: Job, folder: Path, threads: int) -> dict[str, Any]:
    """Export, write the answers on the test faces at every size to answers.npz, and measure on the other data."""
    from ekspresi.evaluation.face_outputs import recognize_faces
    from ekspresi.recognition.recognizer import Recognizer
    from ekspresi.training.export import export

    model = folder / "model.onnx"
    export(folder / "run", model)
    recognizer = Recognizer(model, threads=threads)
    dataset = read(job.config.data)
    test = make_split(dataset, job.config.split, job.config.fold, job.config.seed).test
    test = test[dataset.targets[test] >= 0]
    outputs = recognize_faces(recognizer, dataset, test, SIZES_PX, "clean")
    by_size = [each.answers(recognizer, recognizer.prior).probabilities.astype(np.float32) for each in outputs]
    with atomic_write(folder / "answers.npz") as temporary, temporary.open("wb") as file:
        np.savez(file, indices=test, probabilities=np.stack(by_size))
    other = evaluate_on_other_data(recognizer, job.other_data) if job.other_data else {}
    model.unlink()
    model.with_suffix(".safetensors").unlink()
    return other


def evaluate_on_other_data(recognizer: Any, spec: str) -> dict[str, Any]:
    """Measure a model on a data set that it never saw, on its test faces where it has an official split.

    Args:
        recognizer: a ``Recognizer``.
        spec: spec of the data set.

    Returns:
        Figures over the labels that both have: data, view, labels, faces; accuracy and macro_f1 by size, each with
        value, low and high, 0..1; warnings, reasons why the figures may flatter.

    Raises:
        DatasetError: the data set cannot be read.

    The example is not run, because it needs the data:

        >>> evaluate_on_other_data(Recognizer(), "ckplus48:data/CK+48")["accuracy"]["48"]  # doctest: +SKIP
        {'value': 0.757, 'low': 0.72, 'high': 0.794}
    """
    from ekspresi.evaluation.evaluate import evaluate
    from ekspresi.evaluation.provenance import EvaluationRequest, list_leak_warnings

    dataset = read(spec)
    protocol = "all" if dataset.official is None else "official"
    indices = np.arange(len(dataset)) if protocol == "all" else make_split(dataset, protocol).test
    subset = "all faces" if protocol == "all" else "test"
    evaluation = evaluate(recognizer, dataset, indices, customs=("argmax",), subset=subset)
    view = evaluation.masked or evaluation.headline
    return {
        "data": spec.partition(":")[0],
        "view": view.name,
        "labels": list(view.labels),
        "faces": view.by_size[0].scores.n,
        "warnings": list(
            list_leak_warnings(recognizer.metadata, dataset, EvaluationRequest(protocol, 0, 0, "test", ""))
        ),
        **{
            name: {str(each.size_px): asdict(getattr(each.scores, name)) for each in view.by_size}
            for name in ("accuracy", "macro_f1")
        },
    }
