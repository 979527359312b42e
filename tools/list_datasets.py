"""List the data sets that ekspresi reads, as their readers describe them.

In: ``INFO`` of each module in ``ekspresi/datasets/readers``. Out: Markdown; ``docs/build.py datasets`` puts it into
``docs/datasets.md``. Does not read any data.

    python tools/list_datasets.py
"""

from collections.abc import Iterator

from ekspresi.datasets.info import DatasetInfo
from ekspresi.datasets.registry import find_info, reader_names

HEADINGS = (
    "reader",
    "data set",
    "classes, in the data set's order",
    "faces",
    "official split",
    "subjects",
    "split leaks",
    "options",
    "terms",
    "get it from",
    "cite",
)


def read_infos() -> list[DatasetInfo]:
    """Collect the descriptions of all readers, by name."""
    return [info for name in reader_names() if (info := find_info(name)) is not None]


def table(infos: list[DatasetInfo]) -> str:
    """Write descriptions as one Markdown table."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *map(_cells, infos)]
    return "\n".join(f"|{'|'.join(line)}|" if line[0] == "---" else f"| {' | '.join(line)} |" for line in lines)


def _cells(info: DatasetInfo) -> tuple[str, ...]:
    cells = (
        f"`{info.name}`",
        info.title,
        ", ".join(info.labels) or "your own",
        info.faces,
        info.split,
        info.subjects,
        info.leaks,
        "; ".join(_options(info)) or "none",
        info.license,
        info.source,
        info.citation,
    )
    return tuple(cell.replace("|", "\\|") for cell in cells)


def _options(info: DatasetInfo) -> Iterator[str]:
    for name, option in info.options.items():
        yield f"`{name}`: {option.expects}"


if __name__ == "__main__":
    print(table(read_infos()))
