"""Read frames and detect their faces ahead, several frames at a time, in order.

In: an iterator of frames and an ``Analyzer``. Out: each frame with its faces and their crops, not yet recognized. Does
not know about expressions, tracks, or where frames come from.

One thread reads, a few detect, each in its own frame, and the caller takes what is ready:

    read -> [unsearched frames] -> detect, detect -> [frames in order] -> next_batch

The frames in flight are bounded, by number and by bytes. So memory does not grow with the length or the image size of a
source, and a camera's frames do not pile up.
"""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Condition, Thread

import numpy as np
from numpy.typing import NDArray

from ekspresi.imaging.pixel_shape import square_pixels
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.system.onnx_runtime import cpus
from ekspresi.types import Face, Frame

DETECTOR_THREADS = min(cpus(), 4)
"""Threads that detect faces."""
MAX_VIDEO_FRAMES = DETECTOR_THREADS + 2
"""Frames of a video or camera in flight: one in each thread, one waiting, one being recognized. More would only delay a
camera's rows."""
MAX_STILL_IMAGES = 8 * DETECTOR_THREADS
"""Still images in flight: the more are ready at once, the larger the batches."""
MAX_BYTES = 64_000_000
"""Reading pauses while the frames in flight have this many bytes: 3 frames of 4K, or one that is larger than that."""
MAX_CROPS = 64
"""Crops in one batch, at most, unless a single frame has more."""

_JOIN_TIMEOUT_S = 2.0
"""How long ``close`` waits for threads. One that searches a large image or hangs in the network ends by itself later; a
process that is asked to stop has only seconds to close its files."""


@dataclass(slots=True, eq=False)
class PendingFrame:
    """Hold a frame in flight.

    Example:
        >>> pending = PendingFrame(Frame("a.png", 0, None, np.zeros((8, 8, 3), np.uint8)))
        >>> pending.detected, pending.faces
        (False, [])

    Attributes:
        frame: the frame.
        faces: detected in it, largest first, without predictions; boxes in square pixels.
        crops: of the faces, gray uint8 (H, W) each.
        detected: whether ``faces`` and ``crops``, or ``error``, are set.
        error: the exception that detection raised.
    """

    frame: Frame
    faces: list[Face] = field(default_factory=list)
    crops: list[NDArray[np.uint8]] = field(default_factory=list)
    detected: bool = False
    error: BaseException | None = None


class DetectionPrefetcher:
    """Own the frames in flight, and all waiting between threads.

    Example:
        >>> from ekspresi.detection.whole_image import WholeImage
        >>> frames = (Frame(f"{i}.png", 0, None, np.zeros((8, 8, 3), np.uint8)) for i in range(3))
        >>> prefetcher, sources = DetectionPrefetcher(frames, Analyzer(detector=WholeImage())), []
        >>> while (batch := prefetcher.next_batch(patience_s=1.0)) is not None:
        ...     for pending in batch:
        ...         sources.append(pending.frame.source)
        ...         prefetcher.done(pending)
        >>> prefetcher.close()
        >>> sources
        ['0.png', '1.png', '2.png']
    """

    def __init__(self, read: Iterator[Frame], analyzer: Analyzer) -> None:
        """Start to read and to detect.

        Args:
            read: frames; the reader thread advances it and closes it at the end.
            analyzer: its detector is called by several threads at once.
        """
        self._changed = Condition()
        self._unsearched: deque[PendingFrame] = deque()
        self._in_order: deque[PendingFrame] = deque()  # read, not yet returned by next_batch
        self._frames = self._bytes = 0  # in flight: read, not yet passed to done
        self._max_frames = MAX_STILL_IMAGES
        self._closing = self._read_all = False
        self._read_error: BaseException | None = None
        self._threads = [Thread(target=self._read, args=(read,), name="reader", daemon=True)]
        for number in range(DETECTOR_THREADS):
            self._threads.append(Thread(target=self._detect, args=(analyzer,), name=f"detector {number}", daemon=True))
        for thread in self._threads:
            thread.start()

    def next_batch(self, patience_s: float) -> deque[PendingFrame] | None:
        """Return the frames that are ready, in order, as many as fit in a batch.

        Pass each of them to ``done`` after use.

        Args:
            patience_s: how long to wait for the next frame, in seconds.

        Returns:
            Empty where no frame is ready in time; None at the end of the source.

        Raises:
            BaseException: as detection in the next frame, or reading after the last frame, raised it.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._in_order[0].detected if self._in_order else self._read_all, patience_s)
            batch: deque[PendingFrame] = deque()
            crops = 0
            while self._in_order and self._in_order[0].detected and self._in_order[0].error is None:
                crops += len(self._in_order[0].crops)
                if batch and crops > MAX_CROPS:
                    break
                batch.append(self._in_order.popleft())
            if batch:
                return batch
            error = self._in_order[0].error if self._in_order else self._read_error
            if error is not None:
                raise error
            return None if self._read_all and not self._in_order else batch

    def done(self, pending: PendingFrame) -> None:
        """Release a frame that ``next_batch`` returned, so that another can be read."""
        with self._changed:
            self._frames -= 1
            self._bytes -= pending.frame.image.nbytes
            self._changed.notify_all()

    def close(self) -> None:
        """Discard the frames in flight, and wait at most ``_JOIN_TIMEOUT_S`` for the threads to end."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        until = time.monotonic() + _JOIN_TIMEOUT_S
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))

    def _read(self, read: Iterator[Frame]) -> None:
        """Run the reader thread."""
        error: BaseException | None = None
        try:
            while self._wait_for_room():
                frame = next(read, None)
                if frame is None:
                    break
                self._put(frame)
                del frame  # else this thread would hold it while waiting for room
        except BaseException as caught:  # next_batch raises it; in this thread it would be lost
            error = caught
        try:
            close = getattr(read, "close", None)
            if close is not None:
                close()
        except BaseException as caught:
            error = error or caught
        with self._changed:
            self._read_all, self._read_error = True, error
            self._changed.notify_all()

    def _wait_for_room(self) -> bool:
        """Wait until another frame may be read; return False on ``close``."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closing or (self._frames < self._max_frames and self._bytes < MAX_BYTES)
            )
            return not self._closing

    def _put(self, frame: Frame) -> None:
        with self._changed:
            pending = PendingFrame(frame)
            self._unsearched.append(pending)
            self._in_order.append(pending)
            self._frames += 1
            self._bytes += frame.image.nbytes
            self._max_frames = MAX_STILL_IMAGES if frame.time_s is None else MAX_VIDEO_FRAMES
            self._changed.notify_all()

    def _detect(self, analyzer: Analyzer) -> None:
        """Run a detector thread."""
        while (pending := self._next_unsearched()) is not None:
            try:
                image = square_pixels(pending.frame.image, pending.frame.pixel_aspect)
                pending.faces = analyzer.detector.detect(image)
                pending.crops = analyzer.crops(image, pending.faces)
                del image
            except BaseException as error:  # next_batch raises it when this frame is due
                pending.error = error
            with self._changed:
                pending.detected = True
                self._changed.notify_all()
            del pending

    def _next_unsearched(self) -> PendingFrame | None:
        """Wait for a frame to search; return None where none will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._unsearched or self._read_all)
            return None if self._closing or not self._unsearched else self._unsearched.popleft()
