"""List the properties of pictures and videos that ekspresi handles or refuses, as the tests state them.

In: the marker ``input_row`` of tests. Out: Markdown; ``docs/build.py inputs`` puts it into ``docs/inputs.md``. Does not
run the tests.

A test that shows how a property is treated has one of these markers:

    @pytest.mark.input_row("pictures", "alpha", "Blended with white, as in a browser.")
    @pytest.mark.input_row("videos", "damage", "Readable frames are kept.", reported="is damaged in … places")
    @pytest.mark.input_row("pictures", "HEIC", refused="cannot be read here. Convert it to JPEG or PNG.")

A test with ``reported`` or ``refused`` gets these words as a pattern from the fixture ``stated_words``; '…' matches any
text.

    python tools/list_inputs.py
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
MARKER = "input_row"
KINDS = ("pictures", "videos")
_IN_ORDER = ("kind", "name", "handling")


@dataclass(frozen=True, slots=True)
class InputRow:
    """Hold one property of an input and how it is treated.

    Attributes:
        kind: one of ``KINDS``.
        name: of the property.
        handling: what ekspresi does, in whole sentences; empty where it refuses the input.
        reported: part of a message that accompanies an input that is read.
        refused: part of the error of an input that is not read.
        test: file, and function, that show it.
    """

    kind: str
    name: str
    handling: str = ""
    reported: str = ""
    refused: str = ""
    test: str = ""


def read_rows(tests: Path = TESTS) -> list[InputRow]:
    """Read the markers of all test files below a folder, sorted by kind and property.

    Raises:
        ValueError: a marker is not made of literals, names an unknown kind, or neither handles nor refuses; or two
            markers describe the same property.
    """
    rows = [row for path in sorted(tests.rglob("test_*.py")) for row in _rows_of(path)]
    rows.sort(key=lambda row: (KINDS.index(row.kind), row.name.lower()))
    for row, following in pairwise(rows):
        if (row.kind, row.name) == (following.kind, following.name):
            raise ValueError(f"{row.name}: two rows, by {row.test} and {following.test}. Remove one.")
    return rows


def table(rows: list[InputRow]) -> str:
    """Write rows as Markdown: for each kind what is handled, and what is refused in which words."""
    return "\n\n".join(part for kind in KINDS for part in _parts(kind, [row for row in rows if row.kind == kind]))


def _rows_of(path: Path) -> Iterator[InputRow]:
    """Read the markers of each function of a file, also those of its parameters."""
    functions = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
    for function in functions:
        for decorator in function.decorator_list:
            for call in ast.walk(decorator):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == MARKER:
                    yield _row(call, f"{path.name}::{function.name}")


def _row(call: ast.Call, test: str) -> InputRow:
    try:
        texts = dict(zip(_IN_ORDER, map(ast.literal_eval, call.args), strict=False))
        row = InputRow(**texts, **{each.arg or "": ast.literal_eval(each.value) for each in call.keywords}, test=test)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{test}: its {MARKER} cannot be read ({error}). Give literal texts.") from error
    if row.kind not in KINDS:
        raise ValueError(f"{test}: '{row.kind}' is no kind of input. Name one of {', '.join(KINDS)}.")
    if bool(row.handling) == bool(row.refused):
        raise ValueError(f"{test}: '{row.name}' must be handled or refused. Give one of the two texts.")
    return row


def _parts(kind: str, rows: list[InputRow]) -> Iterator[str]:
    handled = [f"| {row.name} | {_handling(row)} |" for row in rows if row.handling]
    refused = [f"| {row.name} | *{row.refused}* |" for row in rows if row.refused]
    yield f"## {kind.capitalize()}"
    if handled:
        yield "\n".join(["| property | what ekspresi does |", "|---|---|", *handled])
    if refused:
        yield "\n".join([f"These {kind} are refused:", "", "| property | message |", "|---|---|", *refused])


def _handling(row: InputRow) -> str:
    return f"{row.handling} Reported as: *{row.reported}*" if row.reported else row.handling


if __name__ == "__main__":
    print(table(read_rows()))
