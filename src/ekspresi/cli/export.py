"""``ekspresi export``: a run folder -> a model file and the weights to train on from.

In: the folder that ``ekspresi train`` made. Out: an ONNX file, a safetensors file, and the difference to torch.
No logic of its own.
"""

from pathlib import Path
from typing import Annotated

import typer

from ekspresi.errors import MissingExtraError


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("export")(export)


def export(
    run: Annotated[Path, typer.Argument(help="Run folder of `ekspresi train`.")],
    out: Annotated[Path | None, typer.Option(help="Model file to write; default RUN/model.onnx.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model; default that of the file.")] = None,
) -> None:
    """Write a run's chosen epoch as ONNX, checked against torch, with its weights beside it."""
    try:
        from ekspresi.training.export import LARGEST_DIFFERENCE
        from ekspresi.training.export import export as export_run
    except ModuleNotFoundError as error:
        raise MissingExtraError("ekspresi export", "train") from error
    done = export_run(run, out or run / "model.onnx", name)
    typer.echo(
        f"{done.model}: {done.model.stat().st_size / 1e6:.1f} MB, probabilities within "
        f"{done.difference:.1e} of torch (bound {LARGEST_DIFFERENCE:.0e})"
    )
    typer.echo(f"{done.weights}: {done.weights.stat().st_size / 1e6:.1f} MB, float16, for --init")
