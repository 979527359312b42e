"""Any source -> rows, live: frames are read, faces found, recognized, and, in what moves, followed.

In: what the user named, or frames; an ``Analyzer``. Out: what was found in each frame, as it comes. Knows nothing of
where rows go.

Reading, finding and recognizing overlap (``prefetch``): whoever asks for results recognizes the faces of all frames
that are ready, in one batch, and follows them in order.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from threading import Event

from ekspresi.errors import EkspresiError
from ekspresi.media.frames import read_frames
from ekspresi.pipeline.analyzer import Analyzer, shared_analyzer
from ekspresi.pipeline.fusion import FusionByTrack
from ekspresi.pipeline.prefetch import DetectionPrefetcher, PendingFrame
from ekspresi.recognition.recognizer import Recognizer, prior_from
from ekspresi.system.forks import in_one_process
from ekspresi.tracking.bytetrack import Tracker
from ekspresi.tracking.shot_boundaries import ShotBoundaryDetector
from ekspresi.types import Device, Face, Frame, FrameResult, Prior, Row

_LOOK_S = 0.1
"""How often ``stop`` is looked at while nothing is ready."""


@in_one_process
def stream(
    source: str | os.PathLike[str] | int,
    *,
    model: str | os.PathLike[str] | None = None,
    detector: str = "mtcnn",
    min_face_px: float = 12,
    prior: Prior = "trained",
    device: Device = "auto",
    even_prior: bool | None = None,
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
        source: a picture, a folder or a glob of pictures and videos, a video; a webcam, as 0 or 'camera:0'; an address,
            rtsp:// or http://. More about each stands at ``ekspresi.media.frames.read_frames``.
        model: an ONNX file made by ``ekspresi export``; None for the bundled one.
        detector: 'mtcnn', 'yunet', 'yunet:PATH', or 'none' where each frame is one face crop.
        min_face_px: width in pixels of the smallest face to search for.
        prior: 'trained' or 'uniform', see ``Recognizer``.
        device: 'auto', 'cpu' or 'cuda', see ``system.onnx_runtime``.
        even_prior: deprecated; use ``prior``.
        every_s: one frame in each stretch of this many seconds; None for all. Up to 2 s faces are followed from one
            to the next; beyond that each face of each frame is a track of its own.
        start_s: from here on, seconds since the first frame.
        end_s: up to here; None for no end.
        stop: reading ends where it is set.
        refused: is told what cannot be read, and reading goes on; None to raise. It is called by the thread that
            reads, which is ahead of the rows.

    Raises:
        SourceError, ImageError, ModelError, ConfigError, MissingExtraError: see ``frames.read_frames`` and ``analyze``.
        SourceError: a forked child asks for more rows of what its parent began. It can call ``stream`` itself.
    """
    analyzer = shared_analyzer(model, detector, min_face_px, prior_from(prior, even_prior), device)
    halt = _Halt(stop)
    read = read_frames(source, every_s=every_s, start_s=start_s, end_s=end_s, stop=halt, refused=refused)
    return _rows(read, analyzer, halt)


@in_one_process
def analyze_frames(
    read: Iterator[Frame], analyzer: Analyzer, *, stop: Event | None = None, first_track: int = 1
) -> Iterator[FrameResult]:
    """Frames -> what is found in each of them, in order, each as soon as it and all before it are ready.

    ``read`` is asked, and in the end closed, by a thread of its own, ahead of the results: the next frame of a camera
    is not waited for. Tracks begin anew where another file does: ``source`` and ``track`` together name a face; and
    with further numbers at each cut (``shot_boundaries``) and where a camera that was lost is reached again.
    Predictions are those of single frames taken together in batches, so that they may differ from ``analyze`` in the
    last digits.

    All threads have ended when the iterator has: by itself, closed, by ``stop``, by an exception. Only one that hangs
    in ``read``, or searches a very large picture, is left to end alone after two seconds; where ``read`` waits for a
    camera that is silent, give it the same ``stop`` and set it.

    Args:
        read: frames, see ``frames.read_frames``.
        analyzer: what finds and recognizes. Its detector is called by several threads at once.
        stop: the end, from outside; what is in flight then is left.
        first_track: number of the first track of the first video, for one that is taken up again; further videos
            begin at 1.

    Raises:
        What ``read`` or the analysis of a frame raises, after the results of all frames before.
        SourceError: a forked child asks for more of what its parent began.
    """
    flow, following = DetectionPrefetcher(read, analyzer), _TrackState(analyzer.recognizer, first_track)
    try:
        while not (stop is not None and stop.is_set()):
            ready = flow.next_batch(_LOOK_S)
            if ready is None:
                return
            for found, faces in _recognize(ready, analyzer):
                result = following.update(found.frame, faces)
                yield result
                flow.done(found)
                del found, result  # a frame is held by whoever asked for it, not by us while the next one is waited for
                if stop is not None and stop.is_set():
                    return
    finally:
        flow.close()


def _rows(read: Iterator[Frame], analyzer: Analyzer, halt: "_Halt") -> Iterator[Row]:
    results = analyze_frames(read, analyzer, stop=halt)
    try:
        for result in results:
            rows = result.rows
            del result  # its picture is not held while the next one is read
            yield from rows
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


class _TrackState:
    """Faces of one frame after another -> tracks and what they say; each file, and each scene of it, by itself."""

    def __init__(self, recognizer: Recognizer, first_track: int) -> None:
        self._recognizer = recognizer
        self._first_track = first_track
        self._source: str | None = None
        self._cuts = ShotBoundaryDetector()
        self._tracker: Tracker | None = None
        self._fusion: FusionByTrack | None = None

    def update(self, frame: Frame, faces: list[Face]) -> FrameResult:
        tracks: list[int | None] = [None] * len(faces)
        hidden = [face.box_xyxy for face in faces]
        if frame.time_s is not None:
            if self._tracker is None or self._fusion is None or frame.source != self._source:
                self._source, self._cuts, self._tracker = (
                    frame.source,
                    ShotBoundaryDetector(),
                    Tracker(first_track=self._first_track),
                )
                self._fusion = FusionByTrack(self._recognizer.metadata.calibration, self._recognizer.prior)
                self._first_track = 1
            if self._cuts.update(frame.image) or frame.cut:
                self._tracker.start_new_shot()  # new numbers, and so new beliefs
            tracks = self._tracker.update(faces, frame.time_s)
            faces = self._fusion.update(faces, tracks, frame.time_s)
            hidden += self._tracker.unseen_boxes()
        found = zip(faces, tracks, strict=True)
        rows = tuple(Row(frame.source, frame.number, frame.time_s, track, face) for face, track in found)
        return FrameResult(frame, rows, tuple(hidden))


def _recognize(ready: deque[PendingFrame], analyzer: Analyzer) -> Iterator[tuple[PendingFrame, list[Face]]]:
    """Frames that are ready -> each with its faces recognized; where that fails, those before it come first."""
    try:
        faces = _together(ready, analyzer)
    except Exception:
        if len(ready) == 1:
            raise
        while ready:  # one by one, to find the one that fails
            found = ready.popleft()
            yield found, analyzer.recognize(found.faces, found.crops)
        return
    while ready:
        yield ready.popleft(), faces.popleft()


def _together(ready: Sequence[PendingFrame], analyzer: Analyzer) -> deque[list[Face]]:
    """Frames -> the faces of each, recognized in one batch."""
    unknown = [face for found in ready for face in found.faces]
    faces = iter(analyzer.recognize(unknown, [crop for found in ready for crop in found.crops]))
    return deque([next(faces) for _ in found.faces] for found in ready)
