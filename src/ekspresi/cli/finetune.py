"""``ekspresi finetune``: faces of one's own -> a model of one's own, with its report.

In: a data set spec. Out: a folder with the model, its weights and the reports of its test side. No logic of its own.
"""

from pathlib import Path
from typing import Annotated

import typer

from ekspresi.cli.evaluate import evaluate_model
from ekspresi.cli.export import certainty
from ekspresi.cli.options import Overwrite
from ekspresi.cli.train import quiet
from ekspresi.errors import MissingExtraError


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("finetune")(_finetune)


def _finetune(
    spec: Annotated[str, typer.Argument(help="Data set, READER:PATH; folder:PATH for a folder a class.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write; default runs/READER-finetuned.", file_okay=False)
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model; default that of the folder.")] = None,
    gallery: Annotated[bool, typer.Option(help="Show the most confident mistakes in the report.")] = True,
    overwrite: Overwrite = False,
) -> None:
    """Train the bundled model on for faces and labels of your own, and measure it on faces it never saw.

    Split by subject where subjects are known, classes oversampled, at every face size; needs the extra [train].
    Stopped, it goes on where it was when it is started again.
    """
    try:
        from ekspresi.training.finetune import finetune, plan_finetuning
    except ModuleNotFoundError as error:
        raise MissingExtraError("ekspresi finetune", "train") from error
    from ekspresi.datasets.registry import read
    from ekspresi.evaluation.report import report_files
    from ekspresi.tables.overwrite import check_replaceable

    dataset = read(spec)
    planned = plan_finetuning(dataset)
    folder = out or Path("runs") / f"{dataset.name}-finetuned"
    typer.echo(f"{len(dataset)} faces, {len(dataset.labels)} classes; {planned.reason}")
    for file in report_files(folder):
        check_replaceable(file, overwrite=overwrite, choice="--out")
    quiet()
    done = finetune(planned, folder, name or folder.name, overwrite=overwrite)
    typer.echo(certainty(done.calibration))
    evaluate_model(spec, done.model, out=folder, gallery=gallery, overwrite=overwrite)
    typer.echo(f"{done.model}\nnext: ekspresi predict PICTURE --model {done.model}")
