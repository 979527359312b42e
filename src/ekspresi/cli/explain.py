"""``ekspresi explain``: write a picture that explains the predictions of faces, and show them in a table.

In: one picture. Out: a picture with a band for each face, and a table on the screen. Does not know how faces are
explained.
"""

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Self

import typer

from ekspresi.cli.options import (
    DetectorName,
    DeviceChoice,
    DeviceName,
    EvenPrior,
    LabelsChoice,
    MinFacePx,
    ModelFile,
    Overwrite,
    PriorChoice,
    Quiet,
    Strict,
    Verbose,
    analyzer_config,
)
from ekspresi.cli.verbosity import show_log
from ekspresi.errors import ConfigError
from ekspresi.system.file_names import printable

if TYPE_CHECKING:
    from rich.progress import TaskID
    from rich.table import Table

    from ekspresi.workflows.explain import ExplainResult


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("explain")(_explain)


def _explain(
    image: Annotated[
        Path, typer.Argument(metavar="IMAGE", help="Picture with faces to explain; of an animation the first frame.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write the picture here, .png or .jpg. Default: NAME-explained.png in the current folder.",
        ),
    ] = None,
    detector: DetectorName = "mtcnn",
    model: ModelFile = None,
    min_face_px: MinFacePx = 12,
    prior: PriorChoice = "trained",
    labels: LabelsChoice = None,
    strict: Strict = False,
    even_prior: EvenPrior = False,
    device: DeviceChoice = DeviceName.AUTO,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Draw which parts of each face support its prediction, and how the prediction changes from 48 px to 8 px.

    Each face gets a band, largest face first. Color shows by how many percentage points the probability of the
    expression falls when a part is hidden.
    """
    show_log(verbose, quiet)
    from rich.console import Console

    from ekspresi.workflows.explain import ExplainOptions, explain_image

    if prior == "auto":
        raise ConfigError("--prior auto: one picture has too few faces. Use trained, uniform or a file.")
    config = analyzer_config(model, detector, min_face_px, prior, even_prior, device, labels, strict)
    with ExplainProgress(quiet) as progress:
        result = explain_image(ExplainOptions(image, out, config, overwrite), progress)
    console = Console(emoji=False)
    if not quiet:
        console.print(_table(result))
    if len(result.faces) < result.found:
        console.print(f"the {len(result.faces)} largest of {result.found} faces", highlight=False)
    console.print(f"written: {printable(str(result.written))}", markup=False, highlight=False, soft_wrap=True)


class ExplainProgress:
    """Show a progress bar for several faces; a context manager and an ``ExplainListener``.

    Example:
        >>> with ExplainProgress() as progress:
        ...     progress.on_progress(1, 2)
    """

    def __init__(self, quiet: bool = False) -> None:
        """Prepare the bar.

        Args:
            quiet: hide the bar.
        """
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True, emoji=False)
        self._bar = Progress(console=console, transient=True, disable=quiet or not console.is_terminal)
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def on_progress(self, done: int, total: int) -> None:
        """Move the bar; a single face needs none."""
        if self._task is None and total > 1:
            self._task = self._bar.add_task("explaining", total=total)
        if self._task is not None:
            self._bar.update(self._task, completed=done)


def _table(result: "ExplainResult") -> "Table":
    """Make a table of the explained faces, one line for each face."""
    from rich.text import Text

    from ekspresi.cli.table_style import new_table
    from ekspresi.visualization.formatting import format_percent
    from ekspresi.visualization.palette import COLORS

    table = new_table()
    table.add_column("face", justify="right", no_wrap=True)
    table.add_column("face box", justify="right", no_wrap=True)
    table.add_column("px", justify="right", no_wrap=True)
    table.add_column("effective\npx", justify="right", no_wrap=True)
    table.add_column("expression", no_wrap=True)
    table.add_column("confidence", justify="right", no_wrap=True)
    for number, (face, explained) in enumerate(zip(result.faces, result.explanations, strict=True), start=1):
        prediction = explained.occlusion.prediction
        x1, y1, x2, y2 = (round(edge) for edge in face.box_xyxy)
        name = f"{prediction.answer} ({prediction.expression})" if prediction.abstained else prediction.answer
        table.add_row(
            f"{number}",
            f"{x1},{y1} {x2},{y2}",
            f"{prediction.face_px:.0f}",
            "" if prediction.effective_px is None else f"{prediction.effective_px:.0f}",
            Text(name, style="dim" if prediction.abstained else f"bold {COLORS.get(prediction.expression, 'default')}"),
            format_percent(prediction.confidence),
        )
    return table
