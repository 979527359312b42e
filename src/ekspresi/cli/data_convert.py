"""``ekspresi data convert``: write a data set as one Parquet file.

In: a spec READER:PATH. Out: a file that the reader ``parquet`` reads. Does not know what the file holds.
"""

from pathlib import Path
from typing import Annotated

import typer

from ekspresi.cli.options import Overwrite
from ekspresi.errors import OutputError


def register(app: typer.Typer) -> None:
    """Add the command to the group ``data``."""
    app.command("convert")(_convert)


def _convert(
    spec: Annotated[
        str, typer.Argument(metavar="SPEC", help="Data set to convert, as READER:PATH, for example rafdb:data/RAF-DB.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT.parquet", help="File to write.", dir_okay=False)],
    overwrite: Overwrite = False,
) -> None:
    """Write a data set as one Parquet file: pictures, labels, votes, subjects, sequences and splits.

    The copy has the same faces, names and votes, so figures and fingerprint stay the same. The terms of the data set
    hold for the copy too.
    """
    from rich.console import Console
    from rich.markup import escape

    from ekspresi.datasets.parquet_files import write_dataset
    from ekspresi.datasets.registry import find_info, read
    from ekspresi.system.arrow import pyarrow
    from ekspresi.tables.overwrite import check_replaceable

    if out.suffix.lower() != ".parquet":
        raise OutputError(f"{out}: is not the name of a Parquet file. Use a name that ends in .parquet.")
    pyarrow()
    check_replaceable(out, overwrite=overwrite, choice="OUT.parquet")
    console = Console(highlight=False, emoji=False)
    with console.status(f"reading {escape(spec)} ..."):
        dataset = read(spec)
    source, target = Path(dataset.path).resolve(), out.resolve()
    if target == source or (dataset.name == "parquet" and target.parent == source):
        raise OutputError(f"{out}: is part of the data set that is read. Use a different OUT.parquet.")
    info = find_info(dataset.made_by)
    terms, citation = (info.license, info.citation) if info is not None else ("", "")
    with console.status(f"writing {escape(str(out))} ..."):
        write_dataset(dataset, out, terms, citation)
    if dataset.skipped:
        console.print(f"[yellow]skipped: {len(dataset.skipped):,}[/], the first of them:")
        for line in dataset.skipped[:3]:
            console.print(f"  {line}", markup=False)
    size_mb = out.stat().st_size / 1e6
    console.print(f"written: {out} ({len(dataset):,} faces, {size_mb:,.1f} MB)", soft_wrap=True, markup=False)
    console.print(f"read it as parquet:{out}; its terms: {terms}", soft_wrap=True, markup=False)
