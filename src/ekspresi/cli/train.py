"""``ekspresi train``: train a network on a data set, with one flag for each key of ``TrainConfig``.

In: flags. Out: a run folder, and the next command on the screen. Does not know how a network is trained.
"""

import logging
import warnings
from pathlib import Path
from typing import Any, get_args

import typer

from ekspresi.cli.options import DeviceChoice, DeviceName, Quiet, Verbose
from ekspresi.cli.settings_flags import Flag, SettingsCommand
from ekspresi.cli.terminal import skipped_line
from ekspresi.cli.verbosity import show_log
from ekspresi.errors import ConfigError, MissingExtraError
from ekspresi.system.file_names import printable

_TEXT = """Train a network on a data set (needs the extra [train]).

The run folder contains the full configuration, figures, logs and checkpoints. `ekspresi export` makes a model file
of it. Set each key in a TOML file (--config) or with its flag; flags win.
"""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    SettingsCommand("train", "train", _TEXT, _own_flags(), _load_model, _run).add_to(app)


def _load_model() -> Any:
    from ekspresi.training.config import TrainConfig

    return TrainConfig


def _run(own: dict[str, Any], keys: dict[str, Any]) -> None:
    verbose, quiet = bool(own["verbose"]), bool(own["quiet"])
    show_log(verbose, quiet)
    _train(own["config"], own["out"], own["resume"], own["device"] or DeviceName.AUTO, quiet, keys)


def _train(
    config_file: Path | None,
    out: Path | None,
    resume: Path | None,
    device: DeviceName,
    quiet: bool,
    flags: dict[str, Any],
) -> None:
    try:
        from ekspresi.training.config import load_config
        from ekspresi.training.run import train
        from ekspresi.training.run_folder import TrainingRun
    except ModuleNotFoundError as error:
        raise MissingExtraError("ekspresi train", "train") from error
    from ekspresi.datasets.registry import read
    from ekspresi.workflows.output_paths import next_run_folder

    if resume is not None:
        if out is not None or config_file is not None:
            raise ConfigError("--resume: reads the configuration of its run folder. Remove --out and --config.")
        stored = TrainingRun(resume).config
        if not stored.is_file():
            raise ConfigError(f"{resume}: has no run to resume (no config.toml). Start one without --resume.")
        config = load_config(stored, flags)
        folder = resume
    else:
        config = load_config(config_file, flags)
        folder = out or next_run_folder(config.data.split(":", 1)[0])
    if skipped := read(config.data).skipped:  # read for this alone: seconds, compared with a training
        typer.echo(skipped_line(skipped))
    quiet_lightning()
    run = train(config, folder, resume=resume is not None, show=not quiet, device=device.value)
    shown = printable(str(run.folder))
    typer.echo(f"run: {shown}")
    typer.echo(f"next: ekspresi export {shown} --out {printable(str(run.folder / 'model.onnx'))}")


def quiet_lightning() -> None:
    """Hide Lightning's notes about itself, which would bury the progress bar.

    Example:
        >>> with warnings.catch_warnings():
        ...     quiet_lightning()
        >>> logging.getLogger("lightning.pytorch").isEnabledFor(logging.INFO)
        False
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")


def _own_flags() -> list[Flag]:
    option = typer.Option
    return [
        ("config", Path | None, option(metavar="FILE", help="Read the keys below from a TOML file.", dir_okay=False)),
        (
            "out",
            Path | None,
            option(metavar="DIR", help="Write to this run folder. Default: runs/READER-NUMBER.", file_okay=False),
        ),
        ("resume", Path | None, option(metavar="DIR", help="Resume the run of this folder.", file_okay=False)),
        *(
            (name, get_args(flag)[0] | None, get_args(flag)[1])
            for name, flag in (("device", DeviceChoice), ("verbose", Verbose), ("quiet", Quiet))
        ),
    ]
