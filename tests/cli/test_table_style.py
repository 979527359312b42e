"""Check the one style of tables, and names that do not fit."""

import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from ekspresi import cli
from ekspresi.cli.table_style import ShortName, new_table, shorten_middle, titled


def printed(name: str, width: int) -> list[str]:
    console = Console(width=width, color_system=None)
    table = new_table()
    table.add_column("picture")
    table.add_column("expression", no_wrap=True)
    table.add_row(ShortName(name), "happiness")
    with console.capture() as capture:
        console.print(table)
    return capture.get().splitlines()


@pytest.mark.parametrize("width", [1, 2, 9, 10, 24, 25])
def test_shorten_middle_fits_and_keeps_both_ends(width: int) -> None:
    name = "S052_004/S052_00000031.png"
    short = shorten_middle(name, width)
    assert cell_len(short) == width and short.count("…") == 1
    start, _, end = short.partition("…")
    assert name.startswith(start) and name.endswith(end) and len(end) >= len(start)


def test_shorten_middle_short_name_is_unchanged() -> None:
    assert shorten_middle("face.png", 8) == "face.png"


def test_shorten_middle_wide_letters_fit() -> None:
    short = shorten_middle("家族写真/二〇二四年夏休み.png", 15)
    assert cell_len(short) <= 15 and short.endswith(".png") and short.startswith("家")


def test_short_name_in_a_narrow_table_takes_one_line() -> None:
    lines = printed("holiday/" + "x" * 60 + "-0031.png", 40)
    assert len(lines) == 3, "heading, rule, one row"
    assert all(cell_len(line) <= 40 for line in lines)
    assert "…" in lines[2] and "-0031.png happiness" in lines[2]


def test_short_name_in_a_wide_table_is_whole() -> None:
    assert printed("holiday/0031.png", 80)[2].split() == ["holiday/0031.png", "happiness"]


def test_short_name_of_control_characters_is_printable() -> None:
    assert str(ShortName("a\x1b[31m.png")) == "a<1b>[31m.png"


def test_tables_of_all_commands_have_this_style() -> None:
    """Fail where a command makes a table of its own."""
    folder = Path(cli.__file__).parent
    own = [path.name for path in folder.glob("*.py") if re.search(r"\bTable\(", path.read_text(encoding="utf-8"))]
    assert own == ["table_style.py"]


def test_titled_long_title_is_not_wrapped_at_the_table() -> None:
    console = Console(width=60, color_system=None)
    with console.capture() as capture:
        console.print(titled("PrivateTest: 3,226 faces; 95 % intervals", new_table()))
    assert capture.get().splitlines()[0] == "PrivateTest: 3,226 faces; 95 % intervals"
