"""Write the list of sources beside the table of a prediction run.

In: the result of the run and its table. Out: a file. Does not know how statuses
are found, nor what the file looks like.
"""

from pathlib import Path

from ekspresi.tables.overwrite import check_replaceable
from ekspresi.tables.resumable import ResumableTable
from ekspresi.tables.source_list import source_list_path, write_source_list
from ekspresi.workflows.options import DRAWN, PredictResult


def check_source_list_target(table: Path, *, overwrite: bool = False) -> None:
    """Check before hours of work that the list of a table replaces no file of another maker.

    Raises:
        OutputError: it would, or cannot be written.

    Example:
        >>> check_source_list_target(Path("a-new-table.csv"))
    """
    check_replaceable(source_list_path(table), overwrite=overwrite, choice="--out")


def write_run_source_list(result: PredictResult, table: ResumableTable, out: Path) -> None:
    r"""Write the list of the sources of a run; ``result.written`` gets its path.

    Pictures that ekspresi drew are no sources, so the list leaves them out. Sources that do not exist are in it.

    Args:
        result: of the run.
        table: of the run, after its end.
        out: path of the table, as the user named it.

    Raises:
        OutputError: the file cannot be written.

    Example:
        >>> import tempfile
        >>> from ekspresi.tables.resumable import resumable_table
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     out = Path(folder, "faces.csv")
        ...     with resumable_table(out, ("fear",), ["a.png"], {}, resume=False) as table:
        ...         table.write([])
        ...     write_run_source_list(PredictResult(), table, out)
        ...     source_list_path(out).read_text().splitlines()[1:]
        ['a.png\tno face\t0\t']
    """
    unread = {each.source: each.reason for each in result.unread if each.reason != DRAWN}
    partial = {each.source: each.reason for each in result.partial}
    path = source_list_path(out)
    write_source_list(path, table.source_statuses(unread, partial))
    result.written.append(path)
