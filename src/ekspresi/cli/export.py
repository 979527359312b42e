"""``ekspresi export``: write a run as a model file, or a model file as one graph for any ONNX Runtime.

In: the folder of a training run, or a model file. Out: sizes of the files, the difference to torch or to the model
file, the calibration, on the screen. Does not know how a model is exported.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ekspresi.cli.options import (
    DeviceChoice,
    DeviceName,
    LabelsChoice,
    Overwrite,
    Quiet,
    Strict,
    Verbose,
    analyzer_config,
)
from ekspresi.cli.verbosity import show_log
from ekspresi.errors import ConfigError, MissingExtraError, ModelError
from ekspresi.system.file_names import printable

if TYPE_CHECKING:
    from ekspresi.recognition.calibration import SizeCalibration


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("export")(_export)


def _export(
    run: Annotated[
        Path | None,
        typer.Argument(
            metavar="RUN",
            help="Run folder that `ekspresi train` wrote. With --portable a model file, or a run that is exported. "
            "Default with --portable: the bundled model.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write the model here, .onnx. Default: RUN/model.onnx."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name the model. Default: the name of the file.")] = None,
    portable: Annotated[
        bool,
        typer.Option(
            "--portable",
            help="Write one ONNX file from picture and boxes to calibrated answers, for programs without ekspresi.",
        ),
    ] = False,
    prior: Annotated[
        str,
        typer.Option(
            metavar="PRIOR",
            help="With --portable: default class prior of the file, 'trained', 'uniform', or a TOML or JSON file of "
            "label = share.",
        ),
    ] = "trained",
    labels: LabelsChoice = None,
    strict: Strict = False,
    device: DeviceChoice = DeviceName.AUTO,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Export a training run as a calibrated ONNX model, checked against torch (needs the extra [train]).

    Writes the weights beside it. The calibration is fitted on the validation side of the run's data, which must still
    be at the same path.

    With --portable, write a model file as one graph for any ONNX Runtime (needs the extra [portable]). --labels and
    --strict are for this file too.
    """
    show_log(verbose, quiet)
    if portable:
        if name is not None or device is not DeviceName.AUTO:
            raise typer.BadParameter(
                "cannot be used with --portable.", param_hint="--device" if name is None else "--name"
            )
        _export_portable(run, out, prior, labels, strict, overwrite)
        return
    if run is None:
        raise typer.BadParameter("is missing.", param_hint="RUN")
    if prior != "trained" or labels is not None or strict:
        raise typer.BadParameter("--prior, --labels and --strict need it.", param_hint="--portable")
    try:
        from ekspresi.training.export import LARGEST_DIFFERENCE
        from ekspresi.training.export import export as export_run
    except ModuleNotFoundError as error:
        raise MissingExtraError("ekspresi export", "train") from error
    done = export_run(run, out or run / "model.onnx", name, overwrite=overwrite, device=device.value)
    typer.echo(
        f"{printable(str(done.model))}: {done.model.stat().st_size / 1e6:.1f} MB, probabilities within "
        f"{done.difference:.1e} of torch (bound {LARGEST_DIFFERENCE:.0e})"
    )
    typer.echo(f"{printable(str(done.weights))}: {done.weights.stat().st_size / 1e6:.1f} MB, float16, for --init")
    typer.echo(describe_calibration(done.calibration))


def _export_portable(
    source: Path | None, out: Path | None, prior: str, labels: str | None, strict: bool, overwrite: bool
) -> None:
    """Write the portable model of a model file, of a run's, or of the bundled one."""
    if out is None:
        raise typer.BadParameter("is missing.", param_hint="--out")
    if prior == "auto":
        raise ConfigError("--prior auto: a file has no faces to estimate it from. Use trained, uniform or a file.")
    try:
        from ekspresi.portable.export import LARGEST_PORTABLE_DIFFERENCE, write_portable_model
    except ModuleNotFoundError as error:
        raise MissingExtraError("ekspresi export --portable", "portable") from error
    from ekspresi.tables.overwrite import check_replaceable

    model = source
    if source is not None and source.is_dir():
        model = source / "model.onnx"
        if not model.is_file():
            shown = printable(str(source))
            raise ModelError(f"{shown}: has no model.onnx. Run 'ekspresi export {shown}' first, or give a model file.")
    check_replaceable(out, overwrite=overwrite, choice="--out")
    config = analyzer_config(model, "none", 12, prior, False, DeviceName.CPU, labels, strict)
    done = write_portable_model(out, config.model, config.prior, labels=config.labels, strict=config.strict)
    typer.echo(
        f"{printable(str(done.path))}: {done.path.stat().st_size / 1e6:.1f} MB, probabilities within "
        f"{done.difference:.1e} of its model (bound {LARGEST_PORTABLE_DIFFERENCE:.0e})"
    )


def describe_calibration(calibration: "SizeCalibration | None") -> str:
    """Describe from which confidence a model answers, in a line.

    Example:
        >>> describe_calibration(None)
        'not calibrated: too few people or faces to validate on; the model answers every face'
    """
    if calibration is None:
        return "not calibrated: too few people or faces to validate on; the model answers every face"
    if not calibration.precision:
        return (
            f"one temperature ({calibration.temperatures[0]:.2f}), no thresholds: too few people or faces to validate "
            f"on; the model answers every face of {calibration.smallest_px:.0f} px or more"
        )
    needed = [
        f"{size:.0f} px {'never' if threshold > 1 else f'{threshold:.0%}'}"
        for size, threshold in zip(reversed(calibration.sizes_px), reversed(calibration.thresholds), strict=True)
    ]
    return f"answers from a confidence of: {', '.join(needed)} (for {calibration.precision:.0%} right answers)"
