"""One training of a study, from its configuration to what it answered on its test side.

In: a ``Job`` and a folder. Out, in the job's folder: ``run/`` (a run folder as `ekspresi train` makes it, without its
checkpoints in the end), ``answers.npz`` (of a job that is tested) and ``result.json``, which is written last: where it
stands, the job is done. A job takes itself up where it was left, and two processes never work on the same one. Knows
nothing of arms or of other jobs; a cluster can run it as well as a process here.
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
from ekspresi.imaging.degradations import SIZES_PX, shrink
from ekspresi.system.storage import atomic_write, ensure_folder
from ekspresi.training.config import TrainConfig, load_config

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Job:
    """A training, and what is measured of it.

    Attributes:
        name: folder below the study's ``jobs``, with '/' between its parts.
        config: all that decides the training.
        tested: whether the test side is answered; a job of the search for a learning rate is not.
        other_data: spec of another data set, whose test side is answered too; empty for none.
    """

    name: str
    config: TrainConfig
    tested: bool = True
    other_data: str = ""


@dataclass(frozen=True, slots=True)
class JobAnswers:
    """What one job answered.

    Attributes:
        indices: int64 (N,), faces of the data set.
        probabilities: float32 (S, N, K), at each of ``SIZES_PX``.
    """

    indices: NDArray[np.int64]
    probabilities: NDArray[np.float32]


def folder_of(job: Job, root: Path) -> Path:
    """Where a job lives in a study's folder."""
    return root / "jobs" / job.name


def is_done(job: Job, root: Path) -> bool:
    """Whether the job's result stands there.

    Raises:
        ConfigError: the folder holds a job of another configuration.
    """
    folder = folder_of(job, root)
    config = folder / "run" / "config.toml"
    if config.exists():
        changed = load_config(config, {}).differences(job.config)
        if changed:
            raise ConfigError(
                f"{folder}: was made with another {', '.join(changed)}; remove that folder, or take another --out"
            )
    return (folder / "result.json").exists()


def result_of(job: Job, root: Path) -> dict[str, Any]:
    """A finished job's result: seconds, epochs, the epoch kept and its NLL, figures on the other data.

    Raises:
        ConfigError: missing or damaged.
    """
    path = folder_of(job, root) / "result.json"
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if result["format"] != FORMAT:
            raise KeyError("format")
        result["seconds"], result["best"]["val_nll"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: is missing or damaged; remove {path.parent} and start the study again") from error
    return result


def answers_of(job: Job, root: Path) -> JobAnswers:
    """What a finished job answered.

    Raises:
        ConfigError: missing or damaged.
    """
    path = folder_of(job, root) / "answers.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            answers = JobAnswers(file["indices"], file["probabilities"])
        if answers.probabilities.shape[:2] != (len(SIZES_PX), len(answers.indices)):
            raise ValueError("shape")
    except Exception as error:  # NumPy and zipfile have a dozen names for a damaged file
        raise ConfigError(f"{path}: is missing or damaged; remove {path.parent} and start the study again") from error
    return answers


def run_job(job: Job, root: Path, threads: int) -> None:
    """Train, answer, and write the result; what is done already is not done again.

    Args:
        job: what.
        root: the study's folder.
        threads: CPU threads to use.

    Raises:
        EkspresiError: what the user can mend: data, configuration, a damaged checkpoint.
    """
    import torch
    from filelock import FileLock

    from ekspresi.training.run import TrainingRun, finish, read_record

    folder = folder_of(job, root)
    ensure_folder(folder)
    with FileLock(folder / "lock"):
        if is_done(job, root):
            return
        torch.set_num_threads(threads)
        started = time.monotonic()
        run = TrainingRun(folder / "run")
        finish(job.config, run.folder, show=False)
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
    """Remove a finished job's checkpoints: a study has a hundred, of 100 MB each; the configuration trains them again.

    Where a study was killed between the result and this, the next start does it.
    """
    for leftover in ("checkpoints", "tensorboard"):
        shutil.rmtree(folder_of(job, root) / "run" / leftover, ignore_errors=True)


def _answer(job: Job, folder: Path, threads: int) -> dict[str, Any]:
    """Export, answer the test side at every size into answers.npz, and measure on the other data."""
    from ekspresi.recognition.recognizer import Recognizer
    from ekspresi.training.export import export

    model = folder / "model.onnx"
    export(folder / "run", model)
    recognizer = Recognizer(model, threads=threads)
    dataset = read(job.config.data)
    test = make_split(dataset, job.config.split, job.config.fold, job.config.seed).test
    test = test[dataset.targets[test] >= 0]
    by_size = [recognizer.probabilities([shrink(dataset.images[i], size) for i in test]) for size in SIZES_PX]
    with atomic_write(folder / "answers.npz") as temporary, temporary.open("wb") as file:
        np.savez(file, indices=test, probabilities=np.stack(by_size).astype(np.float32))
    other = on_other_data(recognizer, job.other_data) if job.other_data else {}
    model.unlink()
    model.with_suffix(".safetensors").unlink()
    return other


def on_other_data(recognizer: Any, spec: str) -> dict[str, Any]:
    """A model on a data set it never saw: the headline's figures by size; the test side where there is one.

    Returns:
        data, view, labels, faces, and accuracy and macro_f1 by size, each value, low, high, 0..1; why the figures may
        flatter, under warnings.
    """
    from ekspresi.evaluation.evaluate import evaluate
    from ekspresi.evaluation.provenance import EvaluationRequest, leaks

    dataset = read(spec)
    protocol = "all" if dataset.official is None else "official"
    indices = np.arange(len(dataset)) if protocol == "all" else make_split(dataset, protocol).test
    subset = "all faces" if protocol == "all" else "test"
    view = evaluate(recognizer, dataset, indices, customs=("argmax",), subset=subset).headline
    return {
        "data": spec.partition(":")[0],
        "view": view.name,
        "labels": list(view.labels),
        "faces": view.by_size[0].scores.n,
        "warnings": list(leaks(recognizer.metadata, dataset, EvaluationRequest(protocol, 0, 0, "test", ""))),
        **{
            name: {str(each.size_px): asdict(getattr(each.scores, name)) for each in view.by_size}
            for name in ("accuracy", "macro_f1")
        },
    }
