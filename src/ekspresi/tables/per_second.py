"""Reduce the rows of every frame to one row per track and second.

In: the rows of each frame in order, and the position of the run after it. Out: the last row of each track in each
second of video time, which combines all frames of the track so far; and the position of the run after these rows.
Does not know about files, nor about tracking.
"""

import math
from collections.abc import Sequence

from ekspresi.tables.checkpoint import Position
from ekspresi.types import Row


class PerSecondAggregator:
    """Hold the rows of one second; return them when a later frame shows that the second is over.

    Video faces without a track (low-score detections) are left out. Pictures have no time; their rows pass unchanged.

    A resumed run must begin with the first frame of an unfinished second, or the table would hold that second twice.
    So ``add`` returns the position to save, which is never within a second.

    >>> from ekspresi.types import Face
    >>> rows = [Row("a.mp4", frame, frame / 2, 1, Face((0, 0, 9, 9), 1.0)) for frame in range(3)]
    >>> seconds = PerSecondAggregator()
    >>> for row in rows:
    ...     done, _ = seconds.add([row], Position("a.mp4", 0, row.frame, False), row.time_s)
    >>> [row.frame for row in done], [row.frame for row in seconds.flush()]
    ([1], [2])
    """

    def __init__(self) -> None:
        """Begin without rows."""
        self._second: tuple[int, int] | None = None  # number of the source, second in it
        self._last: dict[int, Row] = {}  # by track, in the order of their last appearance
        self._position: Position | None = None

    def add(self, rows: Sequence[Row], position: Position, time_s: float | None) -> tuple[list[Row], Position | None]:
        """Add the rows of the next frame; return the rows to write now, and the position after them.

        Args:
            rows: of one frame; empty where it shows no face.
            position: the run's position after this frame.
            time_s: of this frame, seconds since the start of its video; None for a picture.

        Returns:
            Rows in the order of their frames, and the run's position after they are written: the end of a second, or
            a picture; None where the position does not change.
        """
        second = None if time_s is None else (position.number, math.floor(time_s))
        before, committed = self._position, None
        done: list[Row] = []
        if second != self._second:
            done, committed = self.flush(), before
        self._second = second
        if second is None:
            self._position = None
            return [*done, *rows], position
        self._position = position
        for row in rows:
            if row.track is not None:
                self._last.pop(row.track, None)
                self._last[row.track] = row
        return done, committed

    def flush(self) -> list[Row]:
        """Return the rows of the unfinished second, at the end of the source or of a stopped run.

        A stopped run writes them without a commit: the resumed run recognizes that second again.
        """
        done, self._last = list(self._last.values()), {}
        self._second = self._position = None
        return done
