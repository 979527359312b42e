"""``ekspresi train``: train a network on a data set, with one flag for each key of ``TrainConfig``.

In: flags. Out: a run folder, and the next command on the screen. Does not know how a network is trained.
"""

import inspect
import logging
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from typer.core import TyperCommand

from ekspresi.cli.options import DeviceChoice, DeviceName, Quiet, Verbose
from ekspresi.cli.terminal import skipped_line
from ekspresi.cli.verbosity import show_log
from ekspresi.errors import ConfigError, MissingExtraError
from ekspresi.system.file_names import printable

_Flag = tuple[str, Any, Any]
"""Name, type and Typer's option."""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("train", cls=_TrainCommand)(_command(_own_options()))


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


def _command(options: list[_Flag]) -> Any:
    """Make the command with the given options."""

    def command(**values: Any) -> None:
        config_file, out, resume = (values.pop(name) for name in ("config", "out", "resume"))
        device, verbose, quiet = (values.pop(name) for name in ("device", "verbose", "quiet"))
        show_log(bool(verbose), bool(quiet))
        flags = {key: value for key, value in values.items() if value is not None}
        _train(config_file, out, resume, device or DeviceName.AUTO, bool(quiet), flags)

    command.__doc__ = """Train a network on a data set (needs the extra [train]).

    The run folder contains the full configuration, figures, logs and checkpoints. `ekspresi export` makes a model file
    of it. Set each key in a TOML file (--config) or with its flag; flags win.
    """
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, info])
            for name, kind, info in options
        ]
    )
    command.__annotations__ = {name: Annotated[kind, info] for name, kind, info in options}
    return command


def _own_options() -> list[_Flag]:
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


def _config_options() -> list[_Flag]:
    """Make one option for each key of the configuration, so that each is declared once."""
    from ekspresi.system.settings import format_range
    from ekspresi.training.config import TrainConfig

    options = []
    for name, field in TrainConfig.model_fields.items():
        notes = [format_range(field.metadata)]
        if not field.is_required() and field.default not in ("", ()):
            notes.append(f"default: {field.default}")
        note = "; ".join(filter(None, notes))
        text = f"{field.description} [{note}]" if note else field.description
        options.append((name, _kind(field.annotation) | None, typer.Option(help=text, show_default=False)))
    return options


def _kind(annotation: Any) -> Any:
    """Find the type of a key's flag; the configuration refuses values that are not among its choices."""
    if get_origin(annotation) is Literal:
        return type(get_args(annotation)[0])
    if get_origin(annotation) is tuple:
        return list[str] if get_args(annotation)[0] is str else list[int]
    return annotation


class _TrainCommand(TyperCommand):
    """Take the flags from the configuration when the command is used, not earlier.

    The configuration needs pydantic, which comes with an extra, and other commands must not wait for its import.
    Without it, the help shows the flags that do not need it.
    """

    complete = False

    def get_params(self, ctx: Any) -> Any:
        """List the options, with a flag for each key if the extra is installed."""
        if not self.complete:
            with suppress(ModuleNotFoundError):
                app = typer.Typer(add_completion=False)
                app.command()(_command([*_own_options(), *_config_options()]))
                command = typer.main.get_command(app)
                self.params, self.callback, self.complete = command.params, command.callback, True
        return super().get_params(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Refuse everything except a request for help if the extra is missing."""
        self.get_params(ctx)
        if not self.complete:
            missing = MissingExtraError("ekspresi train", "train")
            if not set(args) & set(ctx.help_option_names):
                raise missing
            self.epilog = f"The flags of its keys are not shown: {missing}"
            args = ctx.help_option_names[:1]
        return super().parse_args(ctx, args)
