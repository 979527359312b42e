"""``ekspresi train``: a data set and a configuration -> a run folder.

In: flags, one for each key of ``TrainConfig``. Out: a run folder, and where to go from there. No logic of its own.
"""

import inspect
import logging
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from ekspresi.cli.terminal import skipped_line
from ekspresi.errors import ConfigError, MissingExtraError


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("train")(_command())


def _train(config_file: Path | None, out: Path | None, resume: Path | None, flags: dict[str, Any]) -> None:
    try:
        from ekspresi.training.config import load_config
        from ekspresi.training.run import Run, train
    except ModuleNotFoundError as error:
        raise MissingExtraError("ekspresi train", "train") from error
    from ekspresi.datasets import read

    if resume is not None:
        if out is not None or config_file is not None:
            raise ConfigError("--resume takes the run folder alone: its config.toml says the rest")
        stored = Run(resume).config
        if not stored.is_file():
            raise ConfigError(f"{resume}: holds no run to resume (no config.toml)")
        config = load_config(stored, flags)
        folder = resume
    else:
        config = load_config(config_file, flags)
        folder = out or _next_folder(config.data.split(":", 1)[0])
    if skipped := read(config.data).skipped:  # read for this alone: seconds, beside a training
        typer.echo(skipped_line(skipped))
    quiet()
    run = train(config, folder, resume=resume is not None)
    typer.echo(f"run: {run.folder}")
    typer.echo(f"next: ekspresi export {run.folder} --out {run.folder / 'model.onnx'}")


def quiet() -> None:
    """Keep back Lightning's notes on itself, which would bury the progress bar."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")


def _next_folder(reader: str) -> Path:
    number = 1
    while (folder := Path("runs") / f"{reader}-{number}").exists():
        number += 1
    return folder


def _command() -> Any:
    """The command with one option for each key of the configuration, so that nothing is declared twice."""

    def command(**values: Any) -> None:
        config_file, out, resume = (values.pop(name) for name in ("config", "out", "resume"))
        _train(config_file, out, resume, {key: value for key, value in values.items() if value is not None})

    command.__doc__ = """Train a network on a data set: every layer fine-tuned, unless told otherwise.

    The run folder holds the full configuration, figures, logs and checkpoints; `ekspresi export` makes a model file
    of it. A key can stand in a TOML file (--config) or be a flag; flags win.
    """
    option = typer.Option
    parameters = [
        ("config", Path | None, option(help="TOML file with the keys below.", dir_okay=False)),
        ("out", Path | None, option(help="Run folder; default runs/READER-NUMBER.", file_okay=False)),
        ("resume", Path | None, option(help="Go on with this run folder.", file_okay=False)),
        *_config_options(),
    ]
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, info])
            for name, kind, info in parameters
        ]
    )
    command.__annotations__ = {name: Annotated[kind, info] for name, kind, info in parameters}
    return command


def _config_options() -> list[tuple[str, Any, Any]]:
    import dataclasses
    from typing import get_type_hints

    from ekspresi.training.config import TrainConfig

    hints = get_type_hints(TrainConfig)
    options = []
    for field in dataclasses.fields(TrainConfig):
        kind = list[int] if hints[field.name] == tuple[int, ...] else hints[field.name]
        default = "" if field.default == "" else f" [default: {field.default}]"
        options.append(
            (
                field.name,
                kind | None,
                typer.Option(help=field.metadata["help"] + default, show_default=False),
            )
        )
    return options
