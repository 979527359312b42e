"""Print single lines for people at a terminal.

In: messages and file names. Out: lines that are safe to print. Does not know about any command.
"""

import codecs
import io
import os
import sys
from collections.abc import Sequence

from ekspresi.system.file_names import escape_character, printable

_ERRORS = "ekspresi"
"""Name under which Python knows how characters outside an encoding are written."""
_SIMILAR = {"─": "-", "━": "-", "╸": "-", "╺": "-", "│": "|", "…": "...", "–": "-", "·": "*", "×": "x", "•": "*"}
"""What stands for characters that ekspresi and Rich print themselves."""


def accept_any_character() -> None:
    """Make standard output and standard error take every character, whatever their encoding.

    A character outside the encoding is printed as in file names, see ``printable``, or as a similar one.

    Example:
        >>> from unittest.mock import patch
        >>> with patch("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii")) as stdout:
        ...     accept_any_character()
        ...     print("é.jpg…", end="", flush=True)
        >>> stdout.buffer.getvalue()
        b'<u+00e9>.jpg...'
    """
    codecs.register_error(_ERRORS, _escape)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_SIMILAR.get(character) or escape_character(character) for character in lacking), error.end


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
    """Print a line to standard error.

    Example:
        >>> from contextlib import redirect_stderr
        >>> with redirect_stderr(sys.stdout):
        ...     print_to_stderr("error: x.jpg: is empty")
        error: x.jpg: is empty
    """
    print(line, file=sys.stderr)


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
