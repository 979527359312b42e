"""Read one picture from standard input.

In: the bytes that another program writes to this one. Out: decoded frames. Does not know about files.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from ekspresi.errors import SourceError
from ekspresi.imaging.picture_files import DecodedFrame, decode_frames

STDIN = Path("-")
"""The source that names standard input; a file of this name is given as ``./-``."""

MAX_BYTES = 1 << 29
"""Largest picture file that is read from standard input: 512 MiB."""


def read_stdin() -> Iterator[DecodedFrame]:
    """Read the picture in standard input to its end; yield its frame, or those of an animation or of pages.

    Raises:
        SourceError: standard input is a terminal or closed, or holds more than ``MAX_BYTES``.
        ImageError: the bytes cannot be decoded, see ``decode_frames``.

    Example:
        >>> import io
        >>> from unittest.mock import patch
        >>> with patch("sys.stdin", io.TextIOWrapper(io.BytesIO(b"P5 2 1 255 ab"))):
        ...     [frame.image.shape for frame in read_stdin()]
        [(1, 2, 3)]
    """
    if sys.stdin is None or sys.stdin.isatty():
        remedy = "Pipe a picture into it, as in: cat photo.jpg | ekspresi predict -"
        raise SourceError(f"{STDIN}: standard input holds no picture. {remedy}")
    content = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise SourceError(f"{STDIN}: standard input holds more than {MAX_BYTES >> 20} MiB. Give the path of a file.")
    return decode_frames(BytesIO(content), str(STDIN))
