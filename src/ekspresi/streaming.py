"""Any source -> rows, live: frames are read, faces found, recognised, and, in what moves, followed.

In: what the user named, or frames; an ``Analyzer``. Out: what was found in each frame, as it comes. Knows nothing of
where rows go.

Stages overlap. One thread reads, a few find faces, each in a frame of its own, and whoever asks for results recognises
the faces of all frames that are ready, in one batch, and follows them in order:

    read -> [frames in flight] -> find, find -> [in order] -> recognise together -> track, fuse -> yield

What is in flight is bounded, by number and by bytes, so memory does not grow with the length or the pictures of a
source, and a camera's frames do not pile up before they are seen.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Condition, Event, Thread

import numpy as np
from numpy.typing import NDArray

from ekspresi.analysis import Analyzer, shared_analyzer
from ekspresi.errors import EkspresiError
from ekspresi.frames import frames
from ekspresi.fusion import Fusion
from ekspresi.recognition import Recognizer, cpus
from ekspresi.tracking import Tracker
from ekspresi.types import Analyzed, Face, Frame, Row

FINDERS = min(cpus(), 4)
"""Threads that find faces."""
MOVING = FINDERS + 2
"""Frames of a video or camera in flight: one with each finder, one to come, one that is being recognised. More would
only make a camera's rows later."""
STILL = 8 * FINDERS
"""Pictures in flight: the more are ready together, the larger are the batches."""
BYTES = 64_000_000
"""No further frame is read while those in flight have this many bytes: 3 frames of 4K, one of 100 megapixels."""
CROPS = 64
"""Crops that are recognised together, at most, unless one frame has more."""

_LOOK_S = 0.1
"""How often ``stop`` is looked at while nothing is ready."""
_PARTING_S = 2.0
"""How long threads are waited for at the end. One that searches a large picture, or hangs in the network, ends when it
is done with that; who is asked to stop has seconds, not more, to close files."""


def stream(
    source: str | os.PathLike[str] | int,
    *,
    model: str | os.PathLike[str] | None = None,
    detector: str = "mtcnn",
    min_face_px: float = 12,
    even_prior: bool = False,
    every_s: float | None = None,
    start_s: float = 0.0,
    end_s: float | None = None,
    stop: Event | None = None,
    refused: Callable[[EkspresiError], None] | None = None,
) -> Iterator[Row]:
    """A picture, folder, glob, video, webcam or network camera -> its faces, a row each, as they are seen.

    In videos and cameras faces are followed: ``track`` says which are the same, and a face's ``prediction`` is what all
    frames of its track say together up to now (``fusion``). In pictures ``track`` and ``time_s`` are None. Videos and
    cameras need the extra [video]. Close the iterator, or set ``stop``, to leave a camera.

    Args:
        source: what to read, see ``frames.frames``.
        model: an ONNX file made by ``ekspresi export``; None for the bundled one.
        detector: 'mtcnn', 'yunet', 'yunet:PATH', or 'none' where each frame is one face crop.
        min_face_px: width in pixels of the smallest face to search for.
        even_prior: hold all expressions equally likely beforehand, see ``Recognizer``.
        every_s: one frame in each stretch of this many seconds; None for all.
        start_s: from here on, seconds since the first frame.
        end_s: up to here; None for no end.
        stop: reading ends where it is set.
        refused: is told what cannot be read, and reading goes on; None to raise. It is called by the thread that
            reads, which is ahead of the rows.

    Raises:
        SourceError, ImageError, ModelError, ConfigError, MissingExtraError: see ``frames.frames`` and ``analyze``.
    """
    analyzer = shared_analyzer(model, detector, min_face_px, even_prior)
    halt = _Halt(stop)
    read = frames(source, every_s=every_s, start_s=start_s, end_s=end_s, stop=halt, refused=refused)
    return _rows(read, analyzer, halt)


def analyzed(
    read: Iterator[Frame], analyzer: Analyzer, *, stop: Event | None = None, first_track: int = 1
) -> Iterator[Analyzed]:
    """Frames -> what is found in each of them, in order, each as soon as it and all before it are ready.

    ``read`` is asked, and in the end closed, by a thread of its own, ahead of the results: the next frame of a camera
    is not waited for. Tracks begin anew where another file does: ``source`` and ``track`` together name a face.
    Predictions are those of single frames taken together in batches, so that they may differ from ``analyze`` in the
    last digits.

    All threads have ended when the iterator has: by itself, closed, by ``stop``, by an exception. Only one that hangs
    in ``read``, or searches a very large picture, is left to end alone after two seconds; where ``read`` waits for a
    camera that is silent, give it the same ``stop`` and set it.

    Args:
        read: frames, see ``frames.frames``.
        analyzer: what finds and recognises. Its detector is called by several threads at once.
        stop: the end, from outside; what is in flight then is left.
        first_track: number of the first track of the first video, for one that is taken up again; further videos
            begin at 1.

    Raises:
        What ``read`` or the analysis of a frame raises, after the results of all frames before.
    """
    flow, following = _Flow(), _Following(analyzer.recognizer, first_track)
    threads = [Thread(target=_read, args=(read, flow), name="reader", daemon=True)]
    threads += [Thread(target=_find, args=(flow, analyzer), name=f"finder {n}", daemon=True) for n in range(FINDERS)]
    for thread in threads:
        thread.start()
    try:
        while not (stop is not None and stop.is_set()):
            jobs = flow.take(_LOOK_S)
            if jobs is None:
                return
            for job, faces in _recognised(jobs, analyzer):
                result = following.analyzed(job.frame, faces)
                yield result
                del result  # a frame is held by whoever asked for it, no longer by us
                flow.release(job)
                if stop is not None and stop.is_set():
                    return
    finally:
        flow.halt()
        until = time.monotonic() + _PARTING_S
        for thread in threads:
            thread.join(max(until - time.monotonic(), 0))


def _rows(read: Iterator[Frame], analyzer: Analyzer, halt: "_Halt") -> Iterator[Row]:
    results = analyzed(read, analyzer, stop=halt)
    try:
        for result in results:
            yield from result.rows
    finally:
        halt.set()  # a reader that waits for a silent camera looks at it
        results.close()  # type: ignore[attr-defined] # it is a generator


class _Halt(Event):
    """An event that is also set where another one is."""

    def __init__(self, other: Event | None) -> None:
        super().__init__()
        self._other = other

    def is_set(self) -> bool:
        return super().is_set() or (self._other is not None and self._other.is_set())


class _Following:
    """Faces of one frame after another -> tracks and what they say; each file by itself."""

    def __init__(self, recognizer: Recognizer, first_track: int) -> None:
        self._recognizer = recognizer
        self._first_track = first_track
        self._source: str | None = None
        self._tracker: Tracker | None = None
        self._fusion: Fusion | None = None

    def analyzed(self, frame: Frame, faces: list[Face]) -> Analyzed:
        tracks: list[int | None] = [None] * len(faces)
        hidden = [face.box_xyxy for face in faces]
        if frame.time_s is not None:
            if self._tracker is None or self._fusion is None or frame.source != self._source:
                self._source, self._tracker = frame.source, Tracker(first=self._first_track)
                self._fusion = Fusion(self._recognizer.metadata.calibration, self._recognizer.even_prior)
                self._first_track = 1
            tracks = self._tracker.update(faces, frame.time_s)
            faces = self._fusion.update(faces, tracks, frame.time_s)
            hidden += self._tracker.unseen_boxes()
        found = zip(faces, tracks, strict=True)
        rows = tuple(Row(frame.source, frame.number, frame.time_s, track, face) for face, track in found)
        return Analyzed(frame, rows, tuple(hidden))


@dataclass(slots=True, eq=False)
class _Job:
    """A frame in flight; ``faces`` and ``crops``, or ``error``, are there when it is ``done``."""

    frame: Frame
    faces: list[Face] = field(default_factory=list)
    crops: list[NDArray[np.uint8]] = field(default_factory=list)
    error: BaseException | None = None
    done: bool = False


class _Flow:
    """The frames in flight, and the one place where threads wait for each other."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._unsearched: deque[_Job] = deque()
        self._ordered: deque[_Job] = deque()  # not yet taken
        self._frames = self._bytes = 0  # in flight: read, and not yet released
        self._most = STILL
        self._halted = self._ended = False
        self._error: BaseException | None = None

    def room(self) -> bool:
        """Wait until another frame may be read; False where none is wanted any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._halted or (self._frames < self._most and self._bytes < BYTES))
            return not self._halted

    def put(self, frame: Frame) -> None:
        with self._changed:
            job = _Job(frame)
            self._unsearched.append(job)
            self._ordered.append(job)
            self._frames += 1
            self._bytes += frame.image.nbytes
            self._most = STILL if frame.time_s is None else MOVING
            self._changed.notify_all()

    def end(self, error: BaseException | None) -> None:
        """No frame will come after those that were put."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def unsearched(self) -> _Job | None:
        """Wait for a frame to search; None where there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._halted or self._unsearched or self._ended)
            return None if self._halted or not self._unsearched else self._unsearched.popleft()

    def searched(self, job: _Job) -> None:
        with self._changed:
            job.done = True
            self._changed.notify_all()

    def take(self, patience_s: float) -> deque[_Job] | None:
        """The frames that are ready, in order, as many as make a batch; none where none is in time; None at the end.

        Raises:
            What the next frame in order, or the end, was put with.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ordered[0].done if self._ordered else self._ended, patience_s)
            jobs: deque[_Job] = deque()
            crops = 0
            while self._ordered and self._ordered[0].done and self._ordered[0].error is None:
                crops += len(self._ordered[0].crops)
                if jobs and crops > CROPS:
                    break
                jobs.append(self._ordered.popleft())
            if jobs:
                return jobs
            error = self._ordered[0].error if self._ordered else self._error
            if error is not None:
                raise error
            return None if self._ended and not self._ordered else jobs

    def release(self, job: _Job) -> None:
        """A frame is in flight no longer."""
        with self._changed:
            self._frames -= 1
            self._bytes -= job.frame.image.nbytes
            self._changed.notify_all()

    def halt(self) -> None:
        """All threads shall end."""
        with self._changed:
            self._halted = True
            self._changed.notify_all()


def _read(read: Iterator[Frame], flow: _Flow) -> None:
    """The reader's thread."""
    error: BaseException | None = None
    try:
        while flow.room():
            frame = next(read, None)
            if frame is None:
                break
            flow.put(frame)
            del frame  # else it would be held while room is waited for
    except BaseException as wrong:  # raised where results are asked for, else nobody would see it
        error = wrong
    finally:
        try:
            close = getattr(read, "close", None)
            if close is not None:
                close()
        except BaseException as wrong:
            error = error or wrong
        flow.end(error)


def _find(flow: _Flow, analyzer: Analyzer) -> None:
    """A finder's thread."""
    while (job := flow.unsearched()) is not None:
        try:
            job.faces = analyzer.detector.detect(job.frame.image)
            job.crops = analyzer.crops(job.frame.image, job.faces)
        except BaseException as error:  # raised where results are asked for, in order
            job.error = error
        flow.searched(job)
        del job


def _recognised(jobs: deque[_Job], analyzer: Analyzer) -> Iterator[tuple[_Job, list[Face]]]:
    """Frames that are ready -> each with its faces recognised; where that fails, those before it come first."""
    try:
        faces = _together(jobs, analyzer)
    except Exception:
        if len(jobs) == 1:
            raise
        while jobs:  # one by one, to find the one that fails
            job = jobs.popleft()
            yield job, analyzer.recognised(job.faces, job.crops)
        return
    while jobs:
        yield jobs.popleft(), faces.popleft()


def _together(jobs: Sequence[_Job], analyzer: Analyzer) -> deque[list[Face]]:
    """Frames -> the faces of each, recognised in one batch."""
    found = [face for job in jobs for face in job.faces]
    faces = iter(analyzer.recognised(found, [crop for job in jobs for crop in job.crops]))
    return deque([next(faces) for _ in job.faces] for job in jobs)
