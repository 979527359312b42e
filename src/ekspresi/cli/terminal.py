"""What is said to a person at a terminal.

In: messages and file names. Out: single lines that are safe to print. Knows no command.
"""

import os
import sys
from collections.abc import Sequence


def printable(text: str) -> str:
    """Any text -> one line without control characters, which file names may hold."""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))


def error_line(error: BaseException | str) -> str:
    """An error, or one of its problems -> the line that tells it."""
    return f"error: {printable(str(error))}"


def skipped_line(skipped: Sequence[str]) -> str:
    """A line for each file or row that a data set was read without -> the one line that tells of them."""
    return f"skipped: {len(skipped):,} files or rows; first: {printable(skipped[0])}"


def tell(line: str) -> None:
    """Print one line to standard error, whatever its encoding can hold."""
    encoding = sys.stderr.encoding or "ascii"
    print(line.encode(encoding, "replace").decode(encoding), file=sys.stderr)


def stdout_is_lost() -> bool:
    """Whether standard output takes no more lines, as on a full disk.

    If so it is turned away from there, or the interpreter would fail once more on what it still holds at its end.
    """
    try:
        print(flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False
