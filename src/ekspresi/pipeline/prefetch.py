"""Frames one after another -> frames whose faces are found, in the same order, several at a time.

In: an iterator of frames, an ``Analyzer``. Out: each frame with its faces and their crops, not yet recognized. Knows
nothing of expressions, tracks, or where frames come from.

One thread reads, a few find faces, each in a frame of its own, and whoever asks takes what is ready:

    read -> [frames in flight] -> find, find -> [in order] -> take

What is in flight is bounded, by number and by bytes, so memory does not grow with the length or the pictures of a
source, and a camera's frames do not pile up before they are seen.
"""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Condition, Thread

import numpy as np
from numpy.typing import NDArray

from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.system.onnx_runtime import cpus
from ekspresi.types import Face, Frame

FINDERS = min(cpus(), 4)
"""Threads that find faces."""
MOVING = FINDERS + 2
"""Frames of a video or camera in flight: one with each finder, one to come, one that is being recognized. More would
only make a camera's rows later."""
STILL = 8 * FINDERS
"""Pictures in flight: the more are ready together, the larger are the batches."""
BYTES = 64_000_000
"""No further frame is read while those in flight have this many bytes: 3 frames of 4K, one of 100 megapixels."""
CROPS = 64
"""Crops that are taken together, at most, unless one frame has more."""

_PARTING_S = 2.0
"""How long threads are waited for at the end. One that searches a large picture, or hangs in the network, ends when it
is done with that; who is asked to stop has seconds, not more, to close files."""


@dataclass(slots=True, eq=False)
class PendingFrame:
    """A frame in flight.

    Attributes:
        frame: the frame.
        faces: found in it, largest first, without predictions.
        crops: of the faces, gray uint8 (H, W) each.
        done: both are there, or ``error``.
        error: what finding them raised.
    """

    frame: Frame
    faces: list[Face] = field(default_factory=list)
    crops: list[NDArray[np.uint8]] = field(default_factory=list)
    done: bool = False
    error: BaseException | None = None


class DetectionPrefetcher:
    """The frames in flight, and the one place where threads wait for each other."""

    def __init__(self, read: Iterator[Frame], analyzer: Analyzer) -> None:
        """Start to read and to find.

        Args:
            read: frames; the reader's thread asks it and, in the end, closes it.
            analyzer: its detector is called by several threads at once.
        """
        self._changed = Condition()
        self._unsearched: deque[PendingFrame] = deque()
        self._ordered: deque[PendingFrame] = deque()  # not yet taken
        self._frames = self._bytes = 0  # in flight: read, and not yet released
        self._most = STILL
        self._halted = self._ended = False
        self._error: BaseException | None = None
        self._threads = [Thread(target=self._read, args=(read,), name="reader", daemon=True)]
        for number in range(FINDERS):
            self._threads.append(Thread(target=self._find, args=(analyzer,), name=f"finder {number}", daemon=True))
        for thread in self._threads:
            thread.start()

    def next_batch(self, patience_s: float) -> deque[PendingFrame] | None:
        """The frames that are ready, in order, as many as make a batch; none where none is in time; None at the end.

        Each is to be given to ``done``.

        Raises:
            What finding faces in the next frame, or reading the one after the last, raised.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ordered[0].done if self._ordered else self._ended, patience_s)
            ready: deque[PendingFrame] = deque()
            crops = 0
            while self._ordered and self._ordered[0].done and self._ordered[0].error is None:
                crops += len(self._ordered[0].crops)
                if ready and crops > CROPS:
                    break
                ready.append(self._ordered.popleft())
            if ready:
                return ready
            error = self._ordered[0].error if self._ordered else self._error
            if error is not None:
                raise error
            return None if self._ended and not self._ordered else ready

    def done(self, found: PendingFrame) -> None:
        """A frame that was taken is in flight no longer."""
        with self._changed:
            self._frames -= 1
            self._bytes -= found.frame.image.nbytes
            self._changed.notify_all()

    def close(self) -> None:
        """Leave what is in flight, and wait for the threads to end, at most ``_PARTING_S``."""
        with self._changed:
            self._halted = True
            self._changed.notify_all()
        until = time.monotonic() + _PARTING_S
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))

    def _read(self, read: Iterator[Frame]) -> None:
        """The reader's thread."""
        error: BaseException | None = None
        try:
            while self._room():
                frame = next(read, None)
                if frame is None:
                    break
                self._put(frame)
                del frame  # else it would be held while room is waited for
        except BaseException as wrong:  # raised where frames are taken, else nobody would see it
            error = wrong
        try:
            close = getattr(read, "close", None)
            if close is not None:
                close()
        except BaseException as wrong:
            error = error or wrong
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def _room(self) -> bool:
        """Wait until another frame may be read; False where none is wanted any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._halted or (self._frames < self._most and self._bytes < BYTES))
            return not self._halted

    def _put(self, frame: Frame) -> None:
        with self._changed:
            found = PendingFrame(frame)
            self._unsearched.append(found)
            self._ordered.append(found)
            self._frames += 1
            self._bytes += frame.image.nbytes
            self._most = STILL if frame.time_s is None else MOVING
            self._changed.notify_all()

    def _find(self, analyzer: Analyzer) -> None:
        """A finder's thread."""
        while (found := self._next_unsearched()) is not None:
            try:
                found.faces = analyzer.detector.detect(found.frame.image)
                found.crops = analyzer.crops(found.frame.image, found.faces)
            except BaseException as error:  # raised where frames are taken, in order
                found.error = error
            with self._changed:
                found.done = True
                self._changed.notify_all()
            del found

    def _next_unsearched(self) -> PendingFrame | None:
        """Wait for a frame to search; None where there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._halted or self._unsearched or self._ended)
            return None if self._halted or not self._unsearched else self._unsearched.popleft()
