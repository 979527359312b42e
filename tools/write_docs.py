"""Reports, measurements and the demo -> the figures in ``docs`` and ``README.md``: nobody types a figure.

In: files in ``runs/``, where the commands of ``results_pages`` put them. Out: the marked parts of ``docs/results.md``,
``docs/model-card.md`` and ``README.md``, and the demo's pictures in ``docs/pictures``.

    python tools/write_docs.py             every part whose files are there; the others stay as they stand
    python tools/write_docs.py NAME ...    these parts; stops before writing any where a file is missing

A part stands between ``<!-- NAME: written by tools/write_docs.py -->`` and ``<!-- end -->``, a section with its title,
text and commands, so that these change only together with its figures.

    write_docs.py          this: which parts there are, what is missing, markers
    results_pages.py       the sections' names, texts, commands and files
    results_parts.py       files -> the content of a part
    results_tables.py      reports -> tables
    results_study.py       the study's figures -> its section
    results_video.py       detectors, frames fused, videos -> their tables
    results_peers.py       reports -> the bundled model beside other tools, whose figures are constants
    results_measured.py    what is measured as it is written: the demo, time and size of a command
"""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import results_measured as measured
import results_pages as pages
import results_parts as parts

ROOT = Path(__file__).resolve().parents[1]
RESULTS, README, CARD = "docs/results.md", "README.md", "docs/model-card.md"
END = "<!-- end -->"
BODIES: dict[str, Callable[[pages.Section], Iterator[str]]] = {
    "bundled": parts.bundled,
    "paper": parts.paper,
    "aims": parts.aims,
    "peers": parts.beside,
    "ablation": parts.ablation,
    "ablation-short": parts.ablation_short,
    "study": parts.study,
    "suites": parts.suites,
    "speed": parts.speed,
    "int8": parts.int8,
    "finding": parts.finding,
    "crops": parts.crops,
    "fused": parts.fused,
    "cuts": parts.cuts,
    "videos": parts.videos,
    "command": lambda _: measured.command_cost(),
}


@dataclass(frozen=True)
class Part:
    """What stands between two markers.

    Attributes:
        name: in its first marker, and on the command line.
        page: the file it stands in.
        content: makes its lines.
        files: what it is made of, below the repository; none where it is measured as it is written.
        partial: one of the files is enough.
    """

    name: str
    page: str
    content: Callable[[], Iterable[str]]
    files: tuple[str, ...] = ()
    partial: bool = False

    @property
    def missing(self) -> str | None:
        """A file that it cannot be made without and that is not there."""
        absent = [file for file in self.files if not (ROOT / file).exists()]
        enough = not absent or (self.partial and len(absent) < len(self.files))
        return None if enough else absent[0]


def section_lines(section: pages.Section) -> Iterator[str]:
    """A section: title, text, commands, and what its files say."""
    yield from (f"## {section.title}", "")
    if section.text:
        yield from (section.text, "")
    if section.commands:
        yield from ("```sh", *section.commands, "```", "")
    yield from BODIES[section.kind](section)


PARTS = (
    *(
        Part(section.name, RESULTS, partial(section_lines, section), section.files, section.partial)
        for section in pages.SECTIONS
    ),
    Part(
        "figures",
        README,
        partial(parts.readme_figures, parts.BUNDLED),
        tuple(section.files[0] for section in parts.BUNDLED),
    ),
    Part("figures-study", README, parts.readme_study, (pages.STUDY,)),
    Part("demo", README, measured.demo_output),
    Part("card", CARD, parts.card, (pages.ON_FERPLUS, pages.ON_CKPLUS)),
    Part("cost", CARD, parts.training_cost, (parts.START, parts.RECORD)),
)


def main() -> None:
    """Write the parts that are named, or all that can be written."""
    parser = argparse.ArgumentParser(description="Write the named parts of the docs, or all whose files are there.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(part.name for part in PARTS))
    names = parser.parse_args().names
    by_name = {part.name: part for part in PARTS}
    for name in names:
        if name not in by_name:
            parser.exit(2, f"{name}: no such part; there are {', '.join(by_name)}\n")
        if missing := by_name[name].missing:
            parser.exit(2, f"{name}: cannot be written, there is no {missing}; nothing was written\n")
    for part in PARTS:
        if names and part.name not in names:
            continue
        if part.missing:
            print(f"kept as it stands: {part.name} (no {part.missing})")
            continue
        write(part)
        print(f"written: {part.name}", flush=True)


def write(part: Part) -> None:
    """Put a part's content into its page.

    Raises:
        SystemExit: the page has no place for it.
    """
    content = "\n".join(part.content()).strip()
    path = ROOT / part.page
    order = [section.name for section in pages.SECTIONS] if part.page == RESULTS else []
    try:
        text = placed(path.read_text(encoding="utf-8"), part.name, content, order)
    except ValueError as error:
        raise SystemExit(f"{part.page}: {error}") from error
    path.write_text(text, encoding="utf-8")


def placed(text: str, name: str, content: str, order: Sequence[str]) -> str:
    """A page's text with ``content`` between the markers of ``name``.

    Where they are not there yet, they come before the first part that follows ``name`` in ``order``, else to the end.

    Raises:
        ValueError: no such markers, and ``name`` is not in ``order``; or no end to them.
    """
    marker = first_marker(name)
    if marker in text:
        before, _, rest = text.partition(marker)
        old, end, after = rest.partition(END)
        if not end or "<!-- " in old:
            raise ValueError(f"the part '{name}' has no '{END}'")
        return f"{before}{marker}{content}\n{END}{after}"
    if name not in order:
        raise ValueError(f"has no markers for '{name}'")
    following = [text.find(first_marker(other)) for other in order[order.index(name) + 1 :]]
    at = min((found for found in following if found >= 0), default=len(text))
    before, after = text[:at].rstrip("\n"), text[at:]
    return f"{before}\n\n{marker}{content}\n{END}\n" + (f"\n{after}" if after else "")


def first_marker(name: str) -> str:
    """The line that opens a part."""
    return f"<!-- {name}: written by tools/write_docs.py -->\n"


if __name__ == "__main__":
    main()
