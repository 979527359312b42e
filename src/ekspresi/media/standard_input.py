"""Read one picture from standard input.

In: the bytes that another program writes to this one. Out: uint8 (H, W, 3) RGB. Does not know about files.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ekspresi.errors import ImageError, SourceError
from ekspresi.imaging.images import as_rgb

STDIN = Path("-")
"""The source that names standard input; a file of this name is given as ``./-``."""

MAX_BYTES = 1 << 29
"""Largest picture file that is read from standard input: 512 MiB."""


def read_stdin() -> NDArray[np.uint8]:
    """Read the picture in standard input to its end, as uint8 (H, W, 3) RGB, upright.

    Raises:
        SourceError: standard input is a terminal or closed, or holds more than ``MAX_BYTES``.
        ImageError: the bytes cannot be decoded, see ``as_rgb``.

    Example:
        >>> import io
        >>> from unittest.mock import patch
        >>> with patch("sys.stdin", io.TextIOWrapper(io.BytesIO(b"P5 2 1 255 ab"))):
        ...     read_stdin().shape
        (1, 2, 3)
    """
    if sys.stdin is None or sys.stdin.isatty():
        remedy = "Pipe a picture into it, as in: cat photo.jpg | ekspresi predict -"
        raise SourceError(f"{STDIN}: standard input holds no picture. {remedy}")
    content = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise SourceError(f"{STDIN}: standard input holds more than {MAX_BYTES >> 20} MiB. Give the path of a file.")
    try:
        return as_rgb(content)
    except ImageError as error:
        raise ImageError(f"{STDIN}: {str(error).partition(': ')[2]}") from error
