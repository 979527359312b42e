"""``ekspresi data list``: show which data sets ekspresi reads, and under which terms one gets them.

In: names of readers, or none for all. Out: a table, or all that is known of some. Does not read any data.
"""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ekspresi.datasets.info import DatasetInfo


def register(app: typer.Typer) -> None:
    """Add the command to the group ``data``."""
    app.command("list")(_list)


def _list(
    readers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[READER]...", help="Show all that is known of these, such as rafdb."),
    ] = None,
) -> None:
    """List the data sets that can be read: classes, size, split, subjects, leaks and terms.

    ekspresi ships and downloads no data set. With the name of a reader it shows options, terms, where to get the data,
    and what to cite.
    """
    from rich.console import Console

    from ekspresi.datasets.registry import find_info, reader_names
    from ekspresi.errors import DatasetError

    console = Console(highlight=False, emoji=False)
    infos = []
    for name in readers or reader_names():
        info = find_info(name)
        if info is None:
            raise DatasetError(f"'{name}': unknown reader. Name one of {', '.join(reader_names())}.")
        infos.append(info)
    if readers:
        for info in infos:
            _print_whole(console, info)
    else:
        _print_table(console, infos)


def _print_table(console: "Console", infos: "list[DatasetInfo]") -> None:
    from ekspresi.cli.table_style import new_table

    table = new_table()
    table.add_column("reader", no_wrap=True)
    table.add_column("classes", justify="right", no_wrap=True)
    table.add_column("faces", justify="right", no_wrap=True)
    table.add_column("official split")
    table.add_column("subjects", no_wrap=True)
    table.add_column("leaks", no_wrap=True)
    table.add_column("terms")
    for info in infos:
        classes = str(len(info.labels)) if info.labels else "own"
        table.add_row(info.name, classes, info.faces, info.split, info.subjects, info.leaks, info.license)
    console.print(table)
    console.print("\nThe name of a reader after the command shows more: options, where to get the data, what to cite.")


def _print_whole(console: "Console", info: "DatasetInfo") -> None:
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    rows = {
        "classes": ", ".join(info.labels) or "your own",
        "faces": info.faces,
        "official split": info.split,
        "subjects": info.subjects,
        "split leaks": info.leaks,
        "options": "; ".join(f"{name}: {option.expects}" for name, option in info.options.items()) or "none",
        "terms": info.license,
        "get it from": info.source,
        "cite": info.citation,
    }
    for name, text in rows.items():
        table.add_row(name, text)
    console.print(f"[bold]{info.name}[/]: {info.title}")
    console.print(table)
    console.print()
