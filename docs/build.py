"""Write the figures in ``docs`` and ``README.md`` from reports, measurements and the demo.

In: ``sections.toml`` beside this file, the templates beside it, and the files in ``runs/`` that the commands of the
sections make. Out: the marked parts of ``docs/results.md``, ``docs/model-card.md`` and ``README.md``, and the pictures
of the demo in ``docs/pictures``.

    python docs/build.py             every part whose files exist; the other parts are kept
    python docs/build.py NAME ...    these parts; stops before it writes any if a file is missing

A part is the text between ``<!-- NAME: written by docs/build.py -->`` and ``<!-- end -->``. A section's title, text and
commands belong to its part, so that they change only together with its figures. Needs the environment [dev].
"""

import argparse
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ekspresi.recognition.recognizer import Recognizer
from ekspresi.study.findings import HONEST, LEAKY, RARE
from ekspresi.study.report import PAPER
from filters import FILTERS, PROMISED

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = Path(__file__).with_name("sections.toml")
TEMPLATES = Path(__file__).with_name("templates")
END = "<!-- end -->"
DEMO_PICTURES = ("corridor.jpg", "astronaut.jpg", "strip.png", "explained.png")
_FENCE_OR_GAP = re.compile(r"(^```.*?^```$)|\n{3,}", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """Describe one part of a page. ``sections.toml`` explains the fields."""

    name: str
    template: str
    page: str = "docs/results.md"
    title: str = ""
    text: str = ""
    commands: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    partial: bool = False
    script: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def missing(self, root: Path) -> str | None:
        """Name a file that the part needs and that does not exist below ``root``."""
        absent = [pattern for pattern in self.files.values() if not _paths(root, pattern)]
        enough = not absent or (self.partial and len(absent) < len(self.files))
        return None if enough else absent[0]


def read_parts(path: Path = SECTIONS) -> tuple[Part, ...]:
    """Read the parts, in the order of the pages.

    Raises:
        TypeError: an entry has a key that ``Part`` does not have.
    """
    return tuple(Part(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["part"])


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> None:
    """Write the named parts, or all whose files exist.

    Args:
        arguments: names of parts; those of the command line if None.
        root: the folder of the pages and of ``runs/``.

    Raises:
        SystemExit: a name is not a part, a file of a named part is missing, or a page has no place for a part.
    """
    parts = {part.name: part for part in read_parts()}
    parser = argparse.ArgumentParser(description="Write the named parts of the docs, or all whose files exist.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(parts))
    names = parser.parse_args(arguments).names
    for name in names:
        if name not in parts:
            parser.exit(2, f"{name}: not a part. Name one of {', '.join(parts)}.\n")
        if missing := parts[name].missing(root):
            parser.exit(2, f"{name}: {missing} is missing, nothing was written. Run the commands that make it.\n")
    for part in parts.values():
        if names and part.name not in names:
            continue
        if missing := part.missing(root):
            print(f"kept: {part.name} (no {missing})")
            continue
        write(part, root, list(parts.values()))
        print(f"written: {part.name}", flush=True)


def write(part: Part, root: Path, parts: Sequence[Part]) -> None:
    """Put a part into its page.

    Raises:
        SystemExit: the page has no place for it.
    """
    content = render(part, root)
    path = root / part.page
    order = [other.name for other in parts if other.page == part.page and part.title]
    try:
        text = place(path.read_text(encoding="utf-8"), part.name, content, order)
    except ValueError as error:
        raise SystemExit(f"{part.page}: {error}") from error
    path.write_text(text, encoding="utf-8")


def render(part: Part, root: Path) -> str:
    """Fill a part's template with the content of its files.

    The template gets ``part``; each file by its name; ``loaded``, the files that exist, by name; ``printed``, what the
    part's script prints; and the constants of the paper and the study.

    Returns:
        Markdown without outer blank lines, and with single blank lines only, except in code.
    """
    loaded = {name: load(found) for name, pattern in part.files.items() if (found := _paths(root, pattern))}
    printed = run(part.script, [str(root / file) for file in part.files.values()], root) if part.script else ""
    if part.name == "demo":
        keep_pictures(root)
    text = environment().get_template("section.md.j2").render(**loaded, part=part, loaded=loaded, printed=printed)
    return _FENCE_OR_GAP.sub(lambda match: match[1] or "\n\n", text).strip()


def environment() -> Environment:
    """Make the Jinja environment of the templates. An unknown name in a template is an error."""
    made = Environment(  # Markdown, not HTML: nothing is escaped
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= FILTERS
    made.globals |= {"zip": zip, "promised": PROMISED, "paper": PAPER, "honest": HONEST, "leaky": LEAKY, "rare": RARE}
    return made


def load(paths: Sequence[Path]) -> Any:
    """Read the files of one name: JSON, all rows of CSV files, or a model file's provenance."""
    suffix = paths[0].suffix
    if suffix == ".csv":
        return [row for path in paths for row in _csv_rows(path)]
    if suffix == ".onnx":
        return Recognizer(paths[0]).metadata.provenance
    return json.loads(paths[0].read_text(encoding="utf-8"))


def _paths(root: Path, pattern: str) -> list[Path]:
    """Find the files of a pattern, 'part-2' before 'part-10'."""
    return sorted(root.glob(pattern), key=lambda path: (len(str(path)), path))


def _csv_rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def run(script: str, arguments: Sequence[str], root: Path) -> str:
    """Run a program of the repository and return what it prints, without the repository's path.

    Raises:
        subprocess.CalledProcessError: the program failed.
    """
    variables = {**os.environ, "COLUMNS": "110", "NO_COLOR": "1"}
    command = [sys.executable, script, *arguments]
    result = subprocess.run(command, cwd=root, env=variables, stdout=subprocess.PIPE, text=True, check=True)
    return result.stdout.replace(f"{root}/", "").strip()


def keep_pictures(root: Path) -> None:
    """Copy the pictures that the demo made to the docs."""
    (root / "docs" / "pictures").mkdir(parents=True, exist_ok=True)
    for name in DEMO_PICTURES:
        shutil.copy(root / "demo" / name, root / "docs" / "pictures" / name)


def place(text: str, name: str, content: str, order: Sequence[str]) -> str:
    """Put ``content`` between the markers of ``name`` in a page's text.

    Markers that the page does not have yet are put before the first part that follows ``name`` in ``order``, or at the
    end.

    Raises:
        ValueError: no such markers, and ``name`` is not in ``order``; or no end to them.
    """
    marker = first_marker(name)
    if marker in text:
        before, _, rest = text.partition(marker)
        old, end, after = rest.partition(END)
        if not end or "<!-- " in old:
            raise ValueError(f"the part '{name}' has no end. Put '{END}' behind it.")
        return f"{before}{marker}{content}\n{END}{after}"
    if name not in order:
        raise ValueError(f"no place for '{name}'. Put '{marker.strip()}' and '{END}' where it belongs.")
    following = [text.find(first_marker(other)) for other in order[order.index(name) + 1 :]]
    at = min((found for found in following if found >= 0), default=len(text))
    before, after = text[:at].rstrip("\n"), text[at:]
    return f"{before}\n\n{marker}{content}\n{END}\n" + (f"\n{after}" if after else "")


def first_marker(name: str) -> str:
    """Write the line that opens a part."""
    return f"<!-- {name}: written by docs/build.py -->\n"


if __name__ == "__main__":
    main()
