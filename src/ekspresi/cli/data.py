"""``ekspresi data inspect``: count the faces of data sets, draw charts and audit leakage.

In: specs READER:PATH. Out: tables on the screen, PNG files in a folder. Does not know how leaks are found.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ekspresi.cli import data_convert, data_list
from ekspresi.cli.options import Overwrite
from ekspresi.errors import MissingExtraError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console

    from ekspresi.datasets.dataset import FaceDataset
    from ekspresi.datasets.leakage import Leak

_REASONS = {
    "exact": "same picture, byte for byte",
    "near": "same picture, nearly",
    "mirrored": "same picture, mirrored",
    "subject": "same subject",
    "sequence": "same sequence",
}


def register(app: typer.Typer) -> None:
    """Add the command group to the app."""
    group = typer.Typer(help="List, inspect and convert data sets.", no_args_is_help=True)
    group.callback()(_group)
    data_list.register(group)
    group.command("inspect")(_inspect)
    data_convert.register(group)
    app.add_typer(group, name="data")


def _group() -> None:
    """List, inspect and convert data sets."""


def _inspect(
    specs: Annotated[
        list[str],
        typer.Argument(
            metavar="SPEC...",
            help="Data sets to inspect, as READER:PATH, for example ckplus48:data/CK+48. Several are compared.",
        ),
    ],
    split: Annotated[
        str, typer.Option(metavar="PROTOCOL", help="Audit this split protocol too, for example subject-10fold.")
    ] = "",
    fold: Annotated[int, typer.Option(help="Audit this fold of subject-10fold or subject-halves.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the protocols that draw at random.", min=0)] = 0,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Write class charts and montages to this folder.", file_okay=False
        ),
    ] = Path("runs/inspect"),
    overwrite: Overwrite = False,
) -> None:
    """Count faces by class, split, subject and size, and find leaks between the sides of a split.

    The montage shows people of the data set: do not share it.
    """
    try:
        import matplotlib  # noqa: F401 (for the charts; a data set may take minutes to read before them)
    except ImportError as error:
        raise MissingExtraError("ekspresi data inspect", "eval") from error
    from rich.console import Console
    from rich.markup import escape

    from ekspresi.datasets.leakage import audit_datasets, audit_splits
    from ekspresi.datasets.overview import official_splits
    from ekspresi.datasets.registry import read
    from ekspresi.datasets.splits import FOLDS_OF, make_split, require_protocol
    from ekspresi.system.storage import ensure_folder

    if split:
        require_protocol(split, fold)
    ensure_folder(out)
    console = Console(highlight=False, emoji=False)
    datasets = []
    for number, spec in enumerate(specs, start=1):
        with console.status(f"reading {escape(spec)} ..."):
            datasets.append(read(spec))
        _print_counts(console, datasets[-1])
        _draw(console, datasets[-1], out, f"{number}-{datasets[-1].name}", overwrite)

    for dataset in datasets:
        name = escape(dataset.spec)
        sides = official_splits(dataset)
        if sides:
            with console.status("comparing the sides of the official split ..."):
                leaks = audit_splits(dataset, sides)
            _print_leaks(console, f"{name}, official split as published", leaks)
        if split:
            with console.status(f"comparing the sides of {split} ..."):
                chosen = make_split(dataset, split, fold, seed).by_name
                leaks = audit_splits(dataset, chosen)
            title = f"{name}, {split}, " + (f"fold {fold}" if split in FOLDS_OF else f"seed {seed}")
            _print_sides(console, dataset, chosen, title)
            _print_leaks(console, title, leaks)
        if not sides and not split:
            console.print(f"{name} has no official split. Audit a split protocol with --split.\n")
    for position, two in enumerate(datasets):
        for one in datasets[:position]:
            with console.status("comparing the data sets ..."):
                leaks = audit_datasets(one, two)
            _print_leaks(console, escape(f"{one.spec} and {two.spec}"), leaks)


def _print_counts(console: "Console", dataset: "FaceDataset") -> None:
    import numpy as np
    from rich.markup import escape

    from ekspresi.datasets.overview import official_splits, size_counts

    _print_sides(console, dataset, official_splits(dataset), f"{escape(dataset.spec)}: {len(dataset):,} faces")
    if dataset.subjects is None:
        console.print("subjects: unknown")
    else:
        _, per_subject = np.unique(dataset.subjects, return_counts=True)
        clips = "" if dataset.sequences is None else f"; {len(np.unique(dataset.sequences)):,} sequences"
        console.print(
            f"subjects: {len(per_subject):,}, with {per_subject.min()} to {per_subject.max()} images each "
            f"(median {np.median(per_subject):g}){clips}"
        )
    sizes = size_counts(dataset)
    often = ", ".join(f"{width} x {height} px ({count:,})" for (height, width), count in sizes.most_common(5))
    console.print(f"image sizes: {often}" + (f" and {len(sizes) - 5} more" if len(sizes) > 5 else ""))
    if dataset.skipped:
        console.print(f"[yellow]skipped: {len(dataset.skipped):,}[/], the first of them:")
        for line in dataset.skipped[:3]:
            console.print(f"  {line}", markup=False)


def _print_sides(console: "Console", dataset: "FaceDataset", sides: "dict[str, NDArray[np.int64]]", title: str) -> None:
    import numpy as np

    from ekspresi.cli.table_style import new_table
    from ekspresi.datasets.overview import class_counts

    console.print(f"[bold]{title}[/]", soft_wrap=True)
    table = new_table()
    table.add_column("class")
    everyone = np.arange(len(dataset)) if not sides else np.concatenate(list(sides.values()))
    columns = {**sides, "all": everyone}
    counted = {name: class_counts(dataset.targets[indices], dataset.labels) for name, indices in columns.items()}
    judged = dataset.other_votes.shape[1] > 0
    for name in columns:
        table.add_column(name, justify="right")
    if judged:
        table.add_column("all, by majority", justify="right")
    majority = class_counts(dataset.majority_targets[everyone], dataset.labels) if judged else {}
    for label in counted["all"]:
        cells = [f"{counts.get(label, 0):,}" for counts in counted.values()]
        table.add_row(label, *cells, *([f"{majority.get(label, 0):,}"] if judged else []))
    table.add_section()
    table.add_row("faces", *(f"{len(indices):,}" for indices in columns.values()), *([f"{len(everyone):,}"] * judged))
    console.print(table)


def _draw(console: "Console", dataset: "FaceDataset", out: Path, name: str, overwrite: bool) -> None:
    from ekspresi.datasets.overview import draw_class_chart, draw_montage
    from ekspresi.tables.overwrite import check_replaceable

    chart, montage = out / f"{name}-classes.png", out / f"{name}-montage.png"
    for file in (chart, montage):
        check_replaceable(file, overwrite=overwrite, choice="--out")
    draw_class_chart(dataset, chart)
    draw_montage(dataset, montage)
    console.print(f"drawn: {chart}, {montage}\n", soft_wrap=True, markup=False)


def _print_leaks(console: "Console", title: str, leaks: "list[Leak]") -> None:
    from rich.markup import escape

    from ekspresi.cli.table_style import ShortName, new_table
    from ekspresi.datasets.duplicates import KINDS

    if not any(leak.faces for leak in leaks):
        console.print(
            f"[green]{title}: clean. No picture, subject or sequence is on two sides.[/]\n",
            soft_wrap=True,
        )
        return
    console.print(f"[bold]Leakage: {title}[/]", soft_wrap=True)
    table = new_table()
    for heading in ("faces of", "known in", "why"):
        table.add_column(heading, no_wrap=heading == "why")
    for heading in ("faces", "share"):
        table.add_column(heading, justify="right")
    table.add_column("example")
    for leak in leaks:
        example = " = ".join(dict.fromkeys(leak.examples[0])) if leak.examples else ""
        table.add_row(
            ShortName(leak.split),
            ShortName(leak.other),
            _REASONS[leak.reason],
            f"{leak.faces:,}",
            f"{leak.share:.1%}",
            ShortName(example),
            style="red" if leak.faces else "dim",
        )
    console.print(table)
    # A face counts for one picture reason only, so these add up; subjects and sequences count the same faces again.
    known: dict[tuple[str, str, str], list[int]] = {}
    for leak in leaks:
        kind = "their picture" if leak.reason in KINDS else f"their {leak.reason}"
        sums = known.setdefault((leak.split, leak.other, kind), [0, leak.total])
        sums[0] += leak.faces
    (side, other, kind), (faces, total) = max(known.items(), key=lambda item: item[1][0] / max(1, item[1][1]))
    console.print(
        f"[bold red]{title} leaks[/]: of {faces:,} of {total:,} {escape(side)} faces ({faces / total:.1%}) {kind} is "
        f"known in {escape(other)}\n",
        soft_wrap=True,
    )
