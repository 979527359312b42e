"""Run a training from a configuration to a finished run folder.

In: a ``TrainConfig`` and a folder. Out, in the folder:

- ``config.toml``: the whole configuration
- ``run.json``: command, package versions, fingerprint of the data, sizes of the split, figures
- ``metrics/part-N/metrics.csv`` (one part per resume) and TensorBoard events
- ``checkpoints/best.ckpt`` (lowest validation NLL) and ``last.ckpt`` (to resume from)

Does not know about model files: ``training.export`` makes one of a run.
"""

import json
import os
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import make_split
from ekspresi.errors import ConfigError, OutputError
from ekspresi.system.machine import cpu_name
from ekspresi.system.storage import atomic_write, ensure_folder
from ekspresi.training.config import TrainConfig, load_config
from ekspresi.training.data import TrainingBatches, ValidationBatches, make_training_loader, make_validation_loader
from ekspresi.training.module import ExpressionModule
from ekspresi.training.network import list_parents
from ekspresi.training.run_folder import TrainingRun, read_record
from ekspresi.training.teachers import predict_with_teachers
from ekspresi.types import Device

_PACKAGES = ("ekspresi", "torch", "timm", "lightning", "torchmetrics", "numpy", "pillow", "scikit-learn")


def train_to_end(config: TrainConfig, folder: Path, show: bool = True, device: Device = "auto") -> TrainingRun:
    """Start or resume a training and run it to its last epoch.

    Raises:
        ConfigError, DatasetError, OutputError: see ``train``.

    It takes what ``train`` takes, and may be called again after a kill (not run here, because training takes minutes):

        >>> run = train_to_end(load_config(Path("configs/ckplus48.toml"), {}), Path("runs/ck"))  # doctest: +SKIP
        >>> read_record(run)["best"]["epoch"]  # doctest: +SKIP
        11
    """
    run = TrainingRun(folder)
    started = run.config.exists()
    if started and run.record.exists():
        _check_folder(run, config, resume=True)
        if read_record(run).get("epochs_done") == config.epochs:
            return run
    return train(config, folder, resume=started, show=show, device=device)


def train(
    config: TrainConfig, folder: Path, resume: bool = False, show: bool = True, device: Device = "auto"
) -> TrainingRun:
    """Train a network as configured, into a run folder.

    Args:
        config: the configuration.
        folder: the run folder. It must be new; with ``resume`` it must hold a run of the same configuration.
        resume: continue after the last finished epoch.
        show: draw a progress bar.
        device: 'cpu', 'cuda', or 'auto' for a CUDA GPU if torch can use one.

    Raises:
        ConfigError: the folder is in use, or its checkpoint belongs to another configuration.
        DatasetError: the data cannot be read or do not suit the protocol.
        OutputError: the run folder cannot be written.

        >>> train(TrainConfig(data="folder:faces"), Path("nowhere"), resume=True)
        Traceback (most recent call last):
        ...
        ekspresi.errors.ConfigError: nowhere: holds no run (no config.toml). Remove --resume to start one.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("--device cuda: torch cannot use a GPU. Install torch with CUDA, or use --device cpu.")
    run = TrainingRun(folder)
    before = _check_folder(run, config, resume)
    started = time.monotonic()
    lightning.seed_everything(config.seed, workers=True, verbose=False)
    dataset = read(config.data)
    if before and before["data"]["fingerprint"] != dataset.fingerprint:
        raise ConfigError(f"{folder}: was started on other data than {config.data} holds now. Start a new run.")
    split = make_split(dataset, config.split, fold=config.fold, seed=config.seed)
    training = TrainingBatches(dataset, split.train, config)
    if config.teacher:
        training.teach(predict_with_teachers(config.teacher, dataset.labels, training.faces))
    validation = ValidationBatches(dataset, split.validation, config)
    shapes = training.blendshapes.shape[1]
    module = ExpressionModule(config, dataset.labels, len(training), validation.batches_a_size, shapes)
    parents = list_parents(config.init)
    for teacher in config.teacher:
        parents += [data for data in list_parents(teacher) if data not in parents]
    on_gpu = device != "cpu" and torch.cuda.is_available()
    record: dict[str, Any] = {
        "command": f"ekspresi train --config {run.config} --out NEW_FOLDER",
        "versions": {name: version(name) for name in _PACKAGES},
        "machine": {"cpu": cpu_name(), "cores": os.cpu_count(), "gpu": _gpu() if on_gpu else None},
        "data": {
            "spec": config.data,
            "reader": dataset.made_by,
            "fingerprint": dataset.fingerprint,
            "faces": len(dataset),
        },
        "parents": parents,
        "started_from": before.get("started_from", module.network.started_from),
        "split": {
            "protocol": split.protocol,
            "fold": split.fold,
            "seed": split.seed,
            "train": len(split.train),
            "validation": len(split.validation),
            "test": len(split.test),
        },
        "labels": list(dataset.labels),
        "seconds": before.get("seconds", 0.0),
    }
    ensure_folder(folder)
    with atomic_write(run.config) as path:
        path.write_text(config.to_toml(), encoding="utf-8")
    _write(run.record, record)

    workers = min(14, os.cpu_count() or 1) if on_gpu else 0
    keep: dict[str, Any] = {
        "dirpath": run.best.parent,
        "save_on_train_epoch_end": True,
        "enable_version_counter": False,
    }
    callbacks: list[Any] = [
        ModelCheckpoint(filename="best", monitor="val_nll", mode="min", **keep),
        ModelCheckpoint(filename="last", **keep),
    ]
    if show:
        callbacks.append(_Progress())
    if config.ema_decay > 0:
        callbacks.insert(0, EMAWeightAveraging(decay=config.ema_decay))
    trainer = lightning.Trainer(
        accelerator="gpu" if on_gpu else "cpu",
        devices=1,
        deterministic="warn",
        precision="bf16-mixed" if on_gpu else "32-true",
        max_epochs=config.epochs,
        gradient_clip_val=config.clip_norm or None,
        callbacks=callbacks,
        logger=[CSVLogger(folder, "metrics", _version(folder)), TensorBoardLogger(folder, "tensorboard", "")],
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        enable_model_summary=False,
        enable_progress_bar=show,
        log_every_n_steps=min(50, len(training)),
    )
    try:
        trainer.fit(
            module,
            make_training_loader(training, lambda: trainer.global_step // len(training), workers),
            make_validation_loader(validation, workers),
            ckpt_path=run.last if resume and run.last.exists() else None,
            weights_only=True,
        )
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be written ({error.strerror or error}). "
            f"Free disk space or fix the permissions, then run `ekspresi train --resume {folder}`."
        ) from error
    finally:
        # Only a killed run loses the seconds of its last part.
        record["seconds"] = round(record["seconds"] + time.monotonic() - started, 1)
        _write(run.record, record)
    record["epochs_done"] = trainer.current_epoch
    record["best"] = _best(run)
    _write(run.record, record)
    return run


def _check_folder(run: TrainingRun, config: TrainConfig, resume: bool) -> dict[str, Any]:
    """Check that the folder fits the configuration; return its record, empty for a new run."""
    if not run.config.exists():
        if resume:
            raise ConfigError(f"{run.folder}: holds no run (no config.toml). Remove --resume to start one.")
        for path in (run.record, run.best.parent):
            if path.exists():
                what = "was left by a run whose config.toml is missing"
                raise ConfigError(f"{path}: {what}. Move it away, or use another folder for --out.")
        return {}
    if not resume:
        raise ConfigError(
            f"{run.folder}: already holds a run. Use --resume to continue it, or another folder for --out."
        )
    changed = load_config(run.config, {}).differences(config)
    if changed:
        what = f"was started with different values of {', '.join(changed)}"
        raise ConfigError(f"{run.folder}: {what}. Resume it with its own config.toml.")
    if run.last.exists():
        _follow_a_moved_folder(run)
    return read_record(run)


def _follow_a_moved_folder(run: TrainingRun) -> None:
    """Write the present folder into the checkpoint; Lightning forgets the best score of a moved folder."""
    try:
        checkpoint = torch.load(run.last, map_location="cpu", weights_only=True)
        states = [state for name, state in checkpoint["callbacks"].items() if name.startswith("ModelCheckpoint")]
    except Exception as error:
        raise ConfigError(f"{run.last}: is damaged. Train again into a new folder.") from error
    here = os.path.realpath(run.last.parent)
    if all(state["dirpath"] == here for state in states):
        return
    for state in states:
        state["dirpath"] = here
        for key in ("best_model_path", "last_model_path", "kth_best_model_path"):
            if state.get(key):
                state[key] = str(Path(here) / Path(state[key]).name)
        state["best_k_models"] = {str(Path(here) / Path(k).name): v for k, v in state["best_k_models"].items()}
    with atomic_write(run.last) as temporary:
        torch.save(checkpoint, temporary)


def _write(path: Path, record: dict[str, Any]) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _best(run: TrainingRun) -> dict[str, Any]:
    checkpoint = torch.load(run.best, map_location="cpu", weights_only=True)
    scores = [c for name, c in checkpoint["callbacks"].items() if name.startswith("ModelCheckpoint") and c["monitor"]]
    return {"epoch": int(checkpoint["epoch"]), "val_nll": float(scores[0]["best_model_score"])}


class _Progress(RichProgressBar):
    """Draw Lightning's progress bar without the version of the logger."""

    def get_metrics(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> Any:
        """Return the figures beside the bar."""
        return {name: value for name, value in super().get_metrics(trainer, pl_module).items() if name != "v_num"}


def _version(folder: Path) -> str:
    """Name the folder of this part's metrics.csv; Lightning would delete that of the previous part."""
    return f"part-{sum(1 for _ in folder.glob('metrics/part-*')) + 1}"


def _gpu() -> str | None:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else None
