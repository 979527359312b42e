"""Define the style of all tables on the screen.

In: headings and names. Out: empty Rich tables, and names that shorten themselves. Does not know about any command.
"""

from collections.abc import Iterator

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ekspresi.system.file_names import printable

_LEAST = 12
"""Letters of a name that a narrow screen still shows."""


def new_table() -> Table:
    """Make an empty table with one light rule below its headings.

    Example:
        >>> table = new_table()
        >>> table.add_column("faces")
        >>> table.add_row("12 px")
        >>> Console(width=20).print(table)
        faces
        ─────
        12 px
    """
    return Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False)


def titled(title: str, table: Table) -> Group:
    """Put a title above a table; unlike a title of Rich's, it may be wider than the table.

    Example:
        >>> Console(width=40).print(titled("accuracy of two faces", new_table()))
        accuracy of two faces
        <BLANKLINE>
    """
    return Group(Text(printable(title), style="bold"), table)


class ShortName:
    """Show a name in one line; where the column is narrow, an ellipsis replaces its middle.

    Example:
        >>> console = Console(width=16)
        >>> console.print(ShortName("S052_004_00000031.png"))
        S052_0…00031.png

    Attributes:
        name: in one line.
    """

    def __init__(self, name: str) -> None:
        """Hold a name.

        Args:
            name: shown as ``printable`` writes it.
        """
        self.name = printable(name)

    def __str__(self) -> str:
        return self.name

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        yield Text(shorten_middle(self.name, options.max_width), no_wrap=True)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        longest = cell_len(self.name)
        return Measurement(min(longest, _LEAST), longest).with_maximum(options.max_width)


def shorten_middle(name: str, width: int) -> str:
    """Replace the middle of a name by an ellipsis, and keep its beginning and more of its ending.

    Example:
        >>> shorten_middle("S052_004_00000031.png", 16), shorten_middle("a.png", 16)
        ('S052_0…00031.png', 'a.png')

    Args:
        name: one line.
        width: of the screen in letters; a wide letter takes two.
    """
    if cell_len(name) <= width:
        return name
    room = max(width - 1, 0)
    ending = _within(name[::-1], -(-room * 3 // 5))[::-1]
    return f"{_within(name, room - cell_len(ending))}…{ending}"


def _within(letters: str, width: int) -> str:
    """Return the first letters that fit in the width."""
    used = 0
    for number, letter in enumerate(letters):
        used += cell_len(letter)
        if used > width:
            return letters[:number]
    return letters
