"""``ekspresi evaluate``: measure a model on labelled faces and show its figures by face size.

In: flags. Out: tables on the screen, the paths of the reports. Does not know how anything is measured.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Self

import typer

from ekspresi.cli.options import (
    DeviceChoice,
    DeviceName,
    Gallery,
    ModelFile,
    Overwrite,
    PriorChoice,
    Quiet,
    Strict,
    Verbose,
)
from ekspresi.cli.terminal import skipped_line
from ekspresi.cli.verbosity import show_log
from ekspresi.imaging.suites import SUITES
from ekspresi.system.file_names import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID
    from rich.table import Table

    from ekspresi.evaluation.results import Evaluation, PriorReport
    from ekspresi.metrics.calibration import SelectiveScores
    from ekspresi.metrics.classification import Estimate


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("evaluate")(_evaluate)


def _evaluate(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Data set to measure on, as READER:PATH.")],
    model: ModelFile = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="PROTOCOL",
            help="Split protocol, or 'all' to measure every face. Default: the protocol of the model's training if it "
            "was trained on this data set, else the official split, else 'all'.",
        ),
    ] = None,
    fold: Annotated[int | None, typer.Option(help="Fold of the protocol. Default: that of the training, or 0.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the protocol. Default: that of the training, or 0.")] = None,
    side: Annotated[str | None, typer.Option(help="Side of the split: test (default) or validation.")] = None,
    suite: Annotated[
        str, typer.Option(help=f"How to shrink faces: {', '.join(SUITES)}. All suites are synthetic.")
    ] = "clean",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Write the reports to this folder. Default: runs/READER-evaluation-NUMBER.",
        ),
    ] = None,
    gallery: Gallery = True,
    prior: PriorChoice = "trained",
    strict: Strict = False,
    device: DeviceChoice = DeviceName.AUTO,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Measure a model at every face size and write a report (needs the extra [eval]).

    Prints accuracy, F1, 95 % intervals and calibration. Writes report.json and one self-contained report.html.
    """
    show_log(verbose, quiet)
    from ekspresi.workflows.evaluate import EvaluateOptions, evaluate_model

    options = EvaluateOptions(
        data=spec,
        model=model,
        protocol=split,
        fold=fold,
        seed=seed,
        side=side,
        suite=suite,
        out=out,
        gallery=gallery,
        overwrite=overwrite,
        device=device.value,
        prior=prior,
        strict=strict,
    )
    with EvaluationProgress(quiet) as progress:
        result = evaluate_model(options, progress)
    print_evaluation(result.evaluation, result.provenance.warnings, quiet=quiet)
    for path in result.files:
        typer.echo(printable(str(path)))


class EvaluationProgress:
    """Show an evaluation's progress on standard error; a context manager and an ``EvaluateListener``.

    Example:
        >>> with EvaluationProgress() as progress:
        ...     progress.on_skipped(["b.png: is empty"])
        skipped: 1 files or rows; first: b.png: is empty
    """

    def __init__(self, quiet: bool = False) -> None:
        """Prepare the progress bar.

        Args:
            quiet: hide the bar.
        """
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("recognizing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(stderr=True, emoji=False)
        self._bar = Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def on_skipped(self, skipped: Sequence[str]) -> None:
        """Print how many files or rows were left out, and the first of them."""
        typer.echo(skipped_line(skipped))

    def on_progress(self, done: int, total: int) -> None:
        """Move the bar; it appears now, because a training before may show a bar of its own."""
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task("", total=total)
        self._bar.update(self._task, completed=done, total=total)


def print_evaluation(evaluation: "Evaluation", warnings: Sequence[str], *, quiet: bool = False) -> None:
    """Print the figures of an evaluation by face size, and the reasons to doubt them.

    Args:
        evaluation: the figures.
        warnings: the reasons, one line each.
        quiet: print the reasons only.

    Example:
        >>> import numpy as np
        >>> from ekspresi.evaluation.results import Evaluation, SizeResult, View
        >>> from ekspresi.metrics.calibration import calibration_scores
        >>> from ekspresi.metrics.classification import score
        >>> targets, probabilities, labels = np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]), ("fear", "anger")
        >>> figures = score(targets, probabilities), calibration_scores(targets, probabilities)
        >>> by_size = (SizeResult(48, 0, *figures, None),)
        >>> view = View("faces", "all", "argmax", "all", "trained", "image", labels, "images", {}, by_size)
        >>> evaluation = Evaluation("clean", (48,), labels, (view,), (), ())
        >>> print_evaluation(evaluation, ["only two faces."])  # doctest: +NORMALIZE_WHITESPACE
        faces: 2 faces; 95 % intervals over images
        ...
        warning: only two faces.
    """
    from rich.console import Console

    console = Console(emoji=False)
    if not quiet:
        _print_figures(console, evaluation)
    for warning in warnings:
        console.print(f"warning: {warning}", style="yellow", highlight=False, markup=False)


def _print_figures(console: "Console", evaluation: "Evaluation") -> None:
    """Print the tables of an evaluation."""
    from ekspresi.cli.table_style import new_table, titled
    from ekspresi.evaluation.results import WITHIN_FACTOR

    view = evaluation.headline
    n = view.by_size[0].scores.n
    unit = "faces" if view.level == "image" else "sequences"
    table = new_table()
    silent = view.by_size[0].selective is not None
    masked = evaluation.masked
    beside = ("masked*",) if masked is not None else ()
    counts = ("answered", "right\nthen") if silent else ()
    for heading in ("face", "accuracy", *beside, "macro-F1", "ECE", "NLL", *counts):
        table.add_column(heading, justify="right")
    for result in view.by_size:
        scores, calibration = result.scores, result.calibration
        table.add_row(
            f"{result.size_px} px",
            _text(scores.accuracy),
            *([] if masked is None else [f"{100 * masked.at(result.size_px).scores.accuracy.value:.1f}"]),
            _text(scores.macro_f1),
            f"{100 * calibration.ece:.1f}",
            f"{calibration.nll:.3f}",
            *_answered(result.selective),
        )
    console.print(titled(f"{view.name}: {n} {unit}; 95 % intervals over {view.resampled}", table))
    if masked is not None:
        flag = f"--labels {','.join(masked.labels)}"
        line = f"* accuracy over the labels that count, as 'ekspresi predict {flag}' answers"
        console.print(line, highlight=False, soft_wrap=True)
    if evaluation.prior is not None and evaluation.prior.estimates:
        console.print(titled("class prior estimated without labels, 95 % intervals, %", _prior_table(evaluation.prior)))
    if evaluation.effective_sizes:
        shares = ", ".join(f"{e.size_px} px {100 * e.within:.0f} %" for e in evaluation.effective_sizes)
        console.print(f"effective size estimated within a factor {WITHIN_FACTOR}: {shares}", highlight=False)
    if len(evaluation.views) > 1:
        small = 16 if 16 in evaluation.sizes_px else evaluation.sizes_px[-1]
        sizes = (evaluation.sizes_px[0], small)
        table = new_table()
        table.add_column("view")
        for heading in ("counted", *(f"{size} px" for size in sizes)):
            table.add_column(heading, justify="right")
        for each in evaluation.views:
            pairs = [each.at(size).scores for size in sizes]
            figures = [f"{100 * s.accuracy.value:.1f} / {100 * s.macro_f1.value:.1f}" for s in pairs]
            table.add_row(each.name, str(each.by_size[0].scores.n), *figures)
        console.print(titled("ways of counting: accuracy / macro-F1, %", table))
    for reason, count in view.excluded.items():
        console.print(f"left out: {count} {reason}")


def _prior_table(prior: "PriorReport") -> "Table":
    """Make a table of the estimated class prior by face size, beside the true frequencies."""
    from ekspresi.cli.table_style import new_table

    table = new_table()
    shown = prior.estimates[:1] + tuple(each for each in prior.estimates[1:] if each.size_px == 16)
    table.add_column("expression")
    for heading in ("true", *(f"{each.size_px} px" for each in shown)):
        table.add_column(heading, justify="right")
    for label, share in prior.true_shares.items():
        found = [each.estimate for each in shown]
        cells = [
            f"{100 * each.prior[label]:.1f} [{100 * each.low[label]:.1f}, {100 * each.high[label]:.1f}]"
            for each in found
        ]
        table.add_row(label, f"{100 * share:.1f}", *cells)
    return table


def _answered(selective: "SelectiveScores | None") -> list[str]:
    """Format the share of faces that get an answer, and the share of right ones among those."""
    if selective is None:
        return []
    return [
        f"{100 * selective.coverage:.1f}",
        "" if selective.precision is None else f"{100 * selective.precision:.1f}",
    ]


def _text(estimate: "Estimate") -> str:
    """Format an estimate with its interval, in percent."""
    value = f"{100 * estimate.value:.1f}"
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
