"""``ekspresi export``: write a run as a model file with the weights to train on from, and describe both.

In: the folder of a training run. Out: the sizes of both files, the difference to torch, the calibration, on the screen.
Does not know how a model is exported.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ekspresi.cli.options import DeviceChoice, DeviceName, Overwrite, Quiet, Verbose
from ekspresi.cli.verbosity import show_log
from ekspresi.errors import MissingExtraError
from ekspresi.system.file_names import printable

if TYPE_CHECKING:
    from ekspresi.recognition.calibration import SizeCalibration


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("export")(_export)


def _export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder that `ekspresi train` wrote.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write the model here, .onnx. Default: RUN/model.onnx."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name the model. Default: the name of the file.")] = None,
    device: DeviceChoice = DeviceName.AUTO,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Export a training run as a calibrated ONNX model, checked against torch (needs the extra [train]).

    Writes the weights beside it. The calibration is fitted on the validation side of the run's data, which must still
    be at the same path.
    """
    show_log(verbose, quiet)
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
