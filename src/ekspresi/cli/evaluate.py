"""``ekspresi evaluate``: a model file and a data set -> a table, ``report.json`` and ``report.html``.

In: flags. Out: figures by face size on the screen, the two reports in a folder. No logic of its own but
choosing which faces the headline and the views beside it are about.
"""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ekspresi.cli.options import Overwrite
from ekspresi.cli.terminal import skipped_line
from ekspresi.errors import ConfigError, MissingExtraError
from ekspresi.imaging.suites import SUITES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ekspresi.datasets.dataset import FaceDataset
    from ekspresi.evaluation.results import Evaluation
    from ekspresi.metrics.calibration import SelectiveScores
    from ekspresi.metrics.classification import Estimate

EVERY_FACE = "all"
"""Protocol of a data set the model has never seen: nothing is split, every face is measured."""

_SIDES = ("test", "validation")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("evaluate")(evaluate_model)


def evaluate_model(
    spec: Annotated[str, typer.Argument(help="Data set, READER:PATH, as in `ekspresi data inspect`.")],
    model: Annotated[Path | None, typer.Option(help="Model file (.onnx); the bundled one by default.")] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Protocol, or 'all' to measure every face. By default that of the model's training, if "
            "it was on this data set; else the official one; else all."
        ),
    ] = None,
    fold: Annotated[int | None, typer.Option(help="Fold of the protocol; the model's own, or 0.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the protocol; the model's own, or 0.")] = None,
    side: Annotated[str | None, typer.Option(help="test (default) or validation.")] = None,
    suite: Annotated[
        str, typer.Option(help=f"How faces are shrunk: {', '.join(SUITES)}; all of them synthetic.")
    ] = "clean",
    out: Annotated[Path | None, typer.Option(help="Folder of the reports; a new one in runs/.")] = None,
    gallery: Annotated[
        bool,
        typer.Option(help="Show the most confident mistakes: faces of the data set, not to be passed on."),
    ] = True,
    overwrite: Overwrite = False,
) -> None:
    """Measure a model at every face size: accuracy, F1, intervals, calibration; needs the extra [eval].

    Writes report.json and one self-contained report.html.
    """
    try:
        from ekspresi.evaluation.evaluate import evaluate
        from ekspresi.evaluation.provenance import EvaluationRequest, provenance_of, trained_split
        from ekspresi.evaluation.report import report_files, write_report
    except ImportError as error:
        raise MissingExtraError("ekspresi evaluate", "eval") from error
    from ekspresi.datasets.registry import read
    from ekspresi.recognition.recognizer import Recognizer
    from ekspresi.system.storage import ensure_folder
    from ekspresi.tables.overwrite import check_replaceable

    if suite not in SUITES:
        raise ConfigError(f"--suite {suite}: must be one of {', '.join(SUITES)}")
    recognizer = Recognizer(model)
    dataset = read(spec)
    if dataset.skipped:
        typer.echo(skipped_line(dataset.skipped))
    trained = trained_split(recognizer.metadata, dataset)
    faces = _choose(dataset, trained or {}, split, fold, seed, side)
    folder = out or _next_folder(dataset.name)
    ensure_folder(folder)
    for file in report_files(folder):
        check_replaceable(file, overwrite=overwrite, choice="--out")
    evaluation = _with_progress(
        lambda progress: evaluate(
            recognizer,
            dataset,
            faces.indices,
            suite=suite,
            subset=faces.name,
            further=faces.further,
            progress=progress,
        )
    )
    parts = ["ekspresi", "evaluate", spec, *(["--model", str(model)] if model else [])]
    parts += ["--split", faces.protocol]
    if faces.protocol != EVERY_FACE:
        parts += ["--fold", str(faces.fold), "--seed", str(faces.seed), "--side", faces.side]
    parts += ["--suite", suite] if suite != "clean" else []
    asked = EvaluationRequest(faces.protocol, faces.fold, faces.seed, faces.side, shlex.join(parts))
    provenance = provenance_of(recognizer, dataset, asked)
    _print(evaluation, provenance.warnings)
    for path in write_report(evaluation, provenance, folder, dataset if gallery else None):
        typer.echo(path)


@dataclass(frozen=True, slots=True)
class _Faces:
    """The faces to measure: the headline's, and others beside them by name."""

    name: str
    indices: "NDArray[np.int64]"
    further: "dict[str, NDArray[np.int64]]"
    protocol: str
    fold: int = 0
    seed: int = 0
    side: str = EVERY_FACE


def _choose(
    dataset: "FaceDataset",
    trained: dict[str, Any],
    split: str | None,
    fold: int | None,
    seed: int | None,
    side: str | None,
) -> _Faces:
    import numpy as np

    from ekspresi.datasets.protocols import PROTOCOLS
    from ekspresi.datasets.splits import make_split

    protocol = split or trained.get("protocol") or (EVERY_FACE if dataset.official is None else "official")
    if protocol not in (EVERY_FACE, *PROTOCOLS):
        raise ConfigError(f"--split {protocol}: must be one of {', '.join((EVERY_FACE, *PROTOCOLS))}")
    if side not in (None, *_SIDES):
        raise ConfigError(f"--side {side}: must be one of {', '.join(_SIDES)}")
    if protocol == EVERY_FACE:
        if (fold, seed, side) != (None, None, None):
            raise ConfigError("--fold, --seed and --side belong to a protocol: with 'all', every face is measured")
        return _Faces("all faces", np.arange(len(dataset)), {}, protocol)
    own = trained if trained.get("protocol") == protocol else {}
    fold = own.get("fold", 0) if fold is None else fold
    seed = own.get("seed", 0) if seed is None else seed
    side = side or "test"
    made = make_split(dataset, protocol, fold=fold, seed=seed)
    indices = made.sides[side]
    name, further = side, {}
    if protocol == "official" and dataset.official is not None:
        published = np.flatnonzero(dataset.official == side)
        if len(published) != len(indices):
            name, further = f"{side}, de-duplicated", {f"{side}, as published": published}
    return _Faces(name, indices, further, protocol, fold, seed, side)


def _next_folder(reader: str) -> Path:
    number = 1
    while (folder := Path("runs") / f"{reader}-evaluation-{number}").exists():
        number += 1
    return folder


def _with_progress(work: Any) -> "Evaluation":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("recognizing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True, emoji=False), transient=True) as bar:
        task = bar.add_task("", total=None)
        done: Evaluation = work(lambda n, total: bar.update(task, completed=n, total=total))
    return done


def _print(evaluation: "Evaluation", warnings: tuple[str, ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    from ekspresi.evaluation.results import WITHIN_FACTOR

    console = Console(emoji=False)
    view = evaluation.headline
    n = view.by_size[0].scores.n
    unit = "faces" if view.level == "image" else "sequences"
    table = Table(title=f"{view.name}: {n} {unit}; 95 % intervals over {view.resampled}")
    silent = view.by_size[0].selective is not None
    for heading in ("face", "accuracy", "macro-F1", "ECE", "NLL", *(("answered", "right then") if silent else ())):
        table.add_column(heading, justify="right")
    for result in view.by_size:
        scores, calibration = result.scores, result.calibration
        table.add_row(
            f"{result.size_px} px",
            _text(scores.accuracy),
            _text(scores.macro_f1),
            f"{100 * calibration.ece:.1f}",
            f"{calibration.nll:.3f}",
            *_answered(result.selective),
        )
    console.print(table)
    if evaluation.effective_sizes:
        shares = ", ".join(f"{e.size_px} px {100 * e.within:.0f} %" for e in evaluation.effective_sizes)
        console.print(f"effective size told within a factor {WITHIN_FACTOR}: {shares}", highlight=False)
    if len(evaluation.views) > 1:
        small = 16 if 16 in evaluation.sizes_px else evaluation.sizes_px[-1]
        sizes = (evaluation.sizes_px[0], small)
        table = Table(title="ways of counting: accuracy / macro-F1, %")
        table.add_column("view")
        for heading in ("counted", *(f"{size} px" for size in sizes)):
            table.add_column(heading, justify="right")
        for each in evaluation.views:
            pairs = [each.at(size).scores for size in sizes]
            figures = [f"{100 * s.accuracy.value:.1f} / {100 * s.macro_f1.value:.1f}" for s in pairs]
            table.add_row(each.name, str(each.by_size[0].scores.n), *figures)
        console.print(table)
    for reason, count in view.excluded.items():
        console.print(f"left out: {count} {reason}")
    for warning in warnings:
        console.print(f"warning: {warning}", style="yellow")


def _answered(selective: "SelectiveScores | None") -> list[str]:
    """How many faces get an answer, and how many of those are right."""
    if selective is None:
        return []
    return [
        f"{100 * selective.coverage:.1f}",
        "" if selective.precision is None else f"{100 * selective.precision:.1f}",
    ]


def _text(estimate: "Estimate") -> str:
    value = f"{100 * estimate.value:.1f}"
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
