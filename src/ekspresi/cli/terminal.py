"""Print single lines for people at a terminal.

In: messages and file names. Out: lines that are safe to print. Does not know about any command.
"""

import os
import sys
from collections.abc import Sequence

from ekspresi.visualization.formatting import printable


def error_line(error: BaseException | str) -> str:
    """Format an error, or one of its problems, as a line.

    Example:
        >>> error_line("x.jpg: is empty (0 bytes).")
        'error: x.jpg: is empty (0 bytes).'
    """
    return f"error: {printable(str(error))}"


def skipped_line(skipped: Sequence[str]) -> str:
    """Summarize the files and rows that the reader of a data set left out.

    Example:
        >>> skipped_line(["a.png: is empty", "b.png: is text"])
        'skipped: 2 files or rows; first: a.png: is empty'
    """
    return f"skipped: {len(skipped):,} files or rows; first: {printable(skipped[0])}"


def print_to_stderr(line: str) -> None:
    """Print a line to standard error; characters outside its encoding become '?'.

    Example:
        >>> from contextlib import redirect_stderr
        >>> with redirect_stderr(sys.stdout):  # here a stream that takes ASCII only
        ...     print_to_stderr("café.jpg: is empty")
        caf?.jpg: is empty
    """
    encoding = sys.stderr.encoding or "ascii"
    print(line.encode(encoding, "replace").decode(encoding), file=sys.stderr)


def stdout_is_lost() -> bool:
    """Check whether standard output refuses lines, as on a full disk, and then discard what it still holds.

    Without that, the interpreter would fail once more when it flushes the rest at its exit. The check prints an empty
    line.

    Example:
        >>> stdout_is_lost()
        <BLANKLINE>
        False
    """
    try:
        print(flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False
