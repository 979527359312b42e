"""``ekspresi _export``: a run folder -> a model file and the weights to train on from.

In: the folder that ``ekspresi train`` made. Out: an ONNX file, a safetensors file, the difference to torch, and how
sure an answer has to be.
No logic of its own.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ekspresi.cli.options import Overwrite
from ekspresi.errors import MissingExtraError

if TYPE_CHECKING:
    from ekspresi.recognition.calibration import SizeCalibration


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("export")(_export)


def _export(
    run: Annotated[Path, typer.Argument(help="Run folder of `ekspresi train`.")],
    out: Annotated[Path | None, typer.Option(help="Model file to write; default RUN/model.onnx.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model; default that of the file.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a run's chosen epoch as ONNX, checked against torch and calibrated, with its weights beside it.

    The calibration is fitted on the validation side of the run's data, which must still be where they were.
    """
    try:
        from ekspresi.training.export import LARGEST_DIFFERENCE
        from ekspresi.training.export import export as export_run
    except ModuleNotFoundError as error:
        raise MissingExtraError("ekspresi export", "train") from error
    done = export_run(run, out or run / "model.onnx", name, overwrite=overwrite)
    typer.echo(
        f"{done.model}: {done.model.stat().st_size / 1e6:.1f} MB, probabilities within "
        f"{done.difference:.1e} of torch (bound {LARGEST_DIFFERENCE:.0e})"
    )
    typer.echo(f"{done.weights}: {done.weights.stat().st_size / 1e6:.1f} MB, float16, for --init")
    typer.echo(describe_calibration(done.calibration))


def describe_calibration(calibration: "SizeCalibration | None") -> str:
    """What a model's calibration means for its answers, in a line."""
    if calibration is None:
        return "not calibrated: too few people or faces to validate on; every face will be answered"
    if not calibration.precision:
        return (
            f"one temperature ({calibration.temperatures[0]:.2f}), no thresholds: too few people or faces to validate "
            f"on; every face of {calibration.smallest_px:.0f} px or more will be answered"
        )
    needed = [
        f"{size:.0f} px {'never' if threshold > 1 else f'{threshold:.0%}'}"
        for size, threshold in zip(reversed(calibration.sizes_px), reversed(calibration.thresholds), strict=True)
    ]
    return f"answers from a confidence of: {', '.join(needed)} (for {calibration.precision:.0%} right answers)"
