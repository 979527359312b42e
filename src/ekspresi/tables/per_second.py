"""Rows of every frame -> one row a track and second.

In: the rows of frame after frame, and how far the run has come with each. Out: of each track the last row in each
second of video time, which says what all frames of the track say together up to then; and how far the run has come
with what is handed out. Knows nothing of files, and nothing of how tracks were found.
"""

import math
from collections.abc import Sequence

from ekspresi.tables.checkpoint import Position
from ekspresi.types import Row


class PerSecondAggregator:
    """Hands on the rows of a second when a later frame shows that it is over; holds no more than those.

    Faces of videos that belong to no track (the detector is not sure of them) are left out. Pictures, which have no
    time, pass as they are.

    A run that goes on must begin with the first frame of a second that was not handed out whole, or that second would
    stand in the table twice. So ``add`` gives back the place to remember, which is never within a second.
    """

    def __init__(self) -> None:
        """Begin without rows."""
        self._second: tuple[int, int] | None = None  # number of the source, second in it
        self._last: dict[int, Row] = {}  # by track, in the order of their last appearance
        self._place: Position | None = None

    def add(self, rows: Sequence[Row], position: Position, time_s: float | None) -> tuple[list[Row], Position | None]:
        """The rows of the next frame -> rows to write now, in the order of their frames, and how far they reach.

        Args:
            rows: of one frame; none where it shows no face.
            position: how far the run has come with this frame.
            time_s: of this frame, seconds since the start of its video; None for a picture.

        Returns:
            Rows, and the place that is reached when they are written: the end of a second, or a picture; None where
            nothing new is.
        """
        second = None if time_s is None else (position.number, math.floor(time_s))
        before, reached = self._place, None
        done: list[Row] = []
        if second != self._second:
            done, reached = self.flush(), before
        self._second = second
        if second is None:
            self._place = None
            return [*done, *rows], position
        self._place = position
        for row in rows:
            if row.track is not None:
                self._last.pop(row.track, None)
                self._last[row.track] = row
        return done, reached

    def flush(self) -> list[Row]:
        """The rows of the second that is open: the source has ended, or the run is stopped.

        Where it is stopped, write them without telling the table that a place is reached: the second is recognized
        again when the run goes on.
        """
        done, self._last = list(self._last.values()), {}
        self._second = self._place = None
        return done
