"""Write rows as CSV to an open stream, such as standard output.

In: ``Row`` values. Out: bytes in the stream, whole lines, flushed with every frame. Does not know about files: a stream
cannot be resumed, and keeps no checkpoint.
"""

from collections.abc import Sequence
from typing import BinaryIO

from ekspresi.tables.schema import csv_header, csv_lines
from ekspresi.types import Row


class StreamedTable:
    """Write the rows of a run to a stream.

    Example:
        >>> import io
        >>> stream = io.BytesIO()
        >>> StreamedTable(stream, ("fear",)).write([])
        >>> stream.getvalue()[:12]
        b'source,frame'
    """

    def __init__(self, stream: BinaryIO, labels: tuple[str, ...]) -> None:
        """Begin a table; nothing is written before the first ``write``.

        Args:
            stream: an open binary file; it is flushed, and not closed.
            labels: the model's labels, which name the last columns.
        """
        self._stream, self._labels = stream, labels
        self._begun = False

    def write(self, rows: Sequence[Row]) -> None:
        """Write the rows of one frame, the first time below the names of the columns.

        Raises:
            OSError: the stream takes no more; ``BrokenPipeError`` where its reader is gone.
        """
        header = b"" if self._begun else csv_header(self._labels)
        self._begun = True
        self._stream.write(header + csv_lines(rows, self._labels))
        self._stream.flush()
