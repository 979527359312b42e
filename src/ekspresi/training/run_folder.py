"""Name the files of a run folder, and read what a training recorded in it.

In: a folder. Out: paths, the configuration and the record. Does not know about torch or how a training runs.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ekspresi.errors import ConfigError
from ekspresi.training.config import TrainConfig, load_config


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """Name the paths inside a run folder.

    >>> TrainingRun(Path("runs/mine")).best.as_posix()
    'runs/mine/checkpoints/best.ckpt'
    """

    folder: Path

    @property
    def config(self) -> Path:
        """Return the path of the whole configuration, TOML."""
        return self.folder / "config.toml"

    @property
    def record(self) -> Path:
        """Return the path of the record of the training, JSON."""
        return self.folder / "run.json"

    @property
    def best(self) -> Path:
        """Return the path of the checkpoint of the epoch that validation chose."""
        return self.folder / "checkpoints" / "best.ckpt"

    @property
    def last(self) -> Path:
        """Return the path of the checkpoint of the last finished epoch."""
        return self.folder / "checkpoints" / "last.ckpt"


def load_run(folder: Path) -> tuple[TrainingRun, TrainConfig]:
    """Load the paths and the configuration of a run with a finished epoch.

    Raises:
        ConfigError: the folder is not a run folder, or has no finished epoch.

        >>> load_run(Path("nowhere"))
        Traceback (most recent call last):
        ...
        ekspresi.errors.ConfigError: nowhere: is not a run folder (no config.toml). Make one with `ekspresi train`.
    """
    run = TrainingRun(folder)
    if not run.config.is_file():
        raise ConfigError(f"{folder}: is not a run folder (no config.toml). Make one with `ekspresi train`.")
    if not run.best.is_file():
        raise ConfigError(f"{folder}: has no finished epoch. Continue it with `ekspresi train --resume {folder}`.")
    return run, load_config(run.config, {})


def read_record(run: TrainingRun) -> dict[str, Any]:
    """Read the record of a run, ``run.json``.

    Raises:
        ConfigError: the record is missing or damaged.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = TrainingRun(Path(folder))
        ...     _ = run.record.write_text('{"data": {"fingerprint": "f"}, "labels": [], "split": {}, "versions": {}}')
        ...     read_record(run)["data"]
        {'fingerprint': 'f'}
    """
    try:
        record: dict[str, Any] = json.loads(run.record.read_text(encoding="utf-8"))
        record["data"]["fingerprint"], record["labels"], record["split"], record["versions"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{run.record}: is missing or damaged. Train again into a new folder.") from error
    return record
