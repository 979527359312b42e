"""``ekspresi finetune``: train the bundled model further on other faces and show its report.

In: flags. Out: plan, figures and paths on the screen. Does not know how anything is trained.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ekspresi.cli.evaluate import EvaluationProgress, print_evaluation
from ekspresi.cli.export import describe_calibration
from ekspresi.cli.options import DeviceChoice, DeviceName, Gallery, Overwrite, Quiet, Verbose
from ekspresi.cli.train import quiet_lightning
from ekspresi.cli.verbosity import show_log
from ekspresi.system.file_names import printable

if TYPE_CHECKING:
    from ekspresi.training.export import Export


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("finetune")(_finetune)


def _finetune(
    spec: Annotated[
        str,
        typer.Argument(metavar="SPEC", help="Data set to learn, as READER:PATH; folder:PATH has one folder a class."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Write to this folder. Default: runs/READER-finetuned.", file_okay=False
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name the model. Default: the name of the folder.")] = None,
    gallery: Gallery = True,
    device: DeviceChoice = DeviceName.AUTO,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Fine-tune the bundled model on your faces and labels, and evaluate it (needs the extra [train]).

    Splits by subject where subjects are known, oversamples rare classes and trains at every face size. Run the same
    command again to resume an interrupted training.
    """
    show_log(verbose, quiet)
    from ekspresi.workflows.finetune import FinetuneOptions, finetune_model

    quiet_lightning()
    options = FinetuneOptions(
        data=spec,
        out=out,
        name=name,
        gallery=gallery,
        overwrite=overwrite,
        device=device.value,
        show_training=not quiet,
    )
    with FinetuneProgress(quiet) as progress:
        result = finetune_model(options, progress)
    print_evaluation(result.evaluation.evaluation, result.evaluation.provenance.warnings, quiet=quiet)
    for path in result.evaluation.files:
        typer.echo(printable(str(path)))
    model = printable(str(result.export.model))
    typer.echo(f"{model}\nnext: ekspresi predict PICTURE --model {model}")


class FinetuneProgress(EvaluationProgress):
    """Show the steps of a fine-tuning; a context manager and a ``FinetuneListener``.

    Example:
        >>> with FinetuneProgress() as progress:
        ...     progress.on_plan(40, 2, "split by subject")
        40 faces, 2 classes; split by subject
    """

    def on_plan(self, faces: int, classes: int, reason: str) -> None:
        """Print what will be learned, and how it is split."""
        typer.echo(f"{faces} faces, {classes} classes; {reason}")

    def on_model(self, export: "Export") -> None:
        """Print from which confidence the model answers."""
        typer.echo(describe_calibration(export.calibration))
