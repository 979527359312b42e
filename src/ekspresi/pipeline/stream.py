"""Analyze any source as a stream of rows, while it is read.

In: a source that the user named, or frames, and an ``Analyzer``. Out: the faces of each frame, as soon as they are
known. Does not know where rows are written.

Reading, detection and recognition overlap (``prefetch``). The caller's thread recognizes the faces of all frames that
are ready in one batch, and tracks them in order.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from threading import Event

from ekspresi.errors import EkspresiError
from ekspresi.media.frames import read_frames
from ekspresi.pipeline.analyzer import Analyzer, shared_analyzer
from ekspresi.pipeline.prefetch import DetectionPrefetcher, PendingFrame
from ekspresi.pipeline.track_state import TrackState
from ekspresi.recognition.priors import PriorInput, prior_from
from ekspresi.system.forks import in_one_process
from ekspresi.types import Device, Face, Frame, FrameResult, Row

_POLL_S = 0.1
"""How often ``stop`` is checked while no frame is ready."""


@in_one_process
def stream(
    source: str | os.PathLike[str] | int,
    *,
    model: str | os.PathLike[str] | None = None,
    detector: str = "mtcnn",
    min_face_px: float = 12,
    prior: PriorInput = "trained",
    labels: Sequence[str] | None = None,
    device: Device = "auto",
    even_prior: bool | None = None,
    every_s: float | None = None,
    start_s: float = 0.0,
    end_s: float | None = None,
    stop: Event | None = None,
    refused: Callable[[EkspresiError], None] | None = None,
) -> Iterator[Row]:
    """Analyze a picture, folder, glob, video or camera, and yield a row for each face.

    In videos and cameras faces are tracked: ``track`` names the faces that belong together, and ``prediction`` combines
    all frames of the track so far (``fusion``). In pictures ``track`` and ``time_s`` are None. Videos and cameras need
    the extra [video]. To leave a camera, close the iterator or set ``stop``.

    Example:
        >>> for row in stream("examples/astronaut.jpg"):
        ...     print(row.source, row.track, row.face.prediction.answer)
        examples/astronaut.jpg None happiness

    Args:
        source: a picture or video; a folder or glob of them; a webcam, as 0 or 'camera:0'; an rtsp:// or http://
            address. ``ekspresi.media.frames.read_frames`` describes each.
        model: an ONNX file made by ``ekspresi export``; None for the bundled one.
        detector: 'mtcnn', 'yunet', 'yunet:PATH', or 'none' where each frame is one face crop.
        min_face_px: width of the smallest face to detect, in pixels.
        prior: 'trained', 'uniform', or label -> share, see ``Recognizer``.
        labels: at least two labels that may be answered; None for all.
        device: 'auto', 'cpu' or 'cuda', see ``system.onnx_runtime``.
        even_prior: deprecated; use ``prior``.
        every_s: read one frame in each interval of this many seconds; None for all frames. Beyond 2 s faces are not
            tracked: each detection gets its own track.
        start_s: start of the analysis, in seconds since the first frame.
        end_s: its end; None for the end of the source.
        stop: reading ends when this event is set.
        refused: called with the error of each file that cannot be read, by the reading thread, which is ahead of the
            rows. None raises the first error.

    Raises:
        SourceError, ImageError, ModelError, ConfigError, MissingExtraError: see ``read_frames`` and ``analyze``.
        SourceError: a forked child continues an iterator of its parent. It can call ``stream`` itself.
    """
    analyzer = shared_analyzer(model, detector, min_face_px, prior_from(prior, even_prior), device, labels)
    halt = _Halt(stop)
    read = read_frames(source, every_s=every_s, start_s=start_s, end_s=end_s, stop=halt, refused=refused)
    return _rows(read, analyzer, halt)


@in_one_process
def analyze_frames(
    read: Iterator[Frame], analyzer: Analyzer, *, stop: Event | None = None, first_track: int = 1
) -> Iterator[FrameResult]:
    """Analyze frames in order; yield each result once it and all earlier ones are ready.

    A separate thread reads ahead of the results and closes ``read`` at the end, so the next frame of a camera does not
    delay the current one. Tracks start over with each file: ``source`` and ``track`` together name a face. New numbers
    also start at each shot boundary (``shot_boundaries``) and after a lost camera reconnects. Predictions are computed
    in batches over several frames, so they may differ from ``analyze`` in the last digits.

    When the iterator ends, by itself, by ``close``, by ``stop`` or by an exception, its threads have ended. Only a
    thread that hangs in ``read`` or in a very large image is left after two seconds to end later. Where ``read`` waits
    for a silent camera, give it the same ``stop`` and set it.

    Example:
        >>> import numpy as np
        >>> from ekspresi.detection.whole_image import WholeImage
        >>> frames = (Frame("a.mp4", i, i / 25, np.zeros((32, 32, 3), np.uint8)) for i in range(2))
        >>> results = analyze_frames(frames, Analyzer(detector=WholeImage()))
        >>> [(result.frame.number, result.rows[0].track) for result in results]
        [(0, 1), (1, 1)]

    Args:
        read: frames, see ``ekspresi.media.frames.read_frames``.
        analyzer: detects and recognizes. Its detector is called by several threads at once.
        stop: results end when this event is set; frames in flight are discarded.
        first_track: number of the first track of the first video, to resume it; later videos start at 1.

    Raises:
        Exception: as ``read`` or the analysis of a frame raises it, after the results of all earlier frames.
        SourceError: a forked child continues an iterator of its parent.
    """
    recognizer = analyzer.recognizer
    tracks = TrackState(recognizer.metadata.calibration, recognizer.log_prior, first_track)
    prefetcher = DetectionPrefetcher(read, analyzer)
    try:
        while not (stop is not None and stop.is_set()):
            batch = prefetcher.next_batch(_POLL_S)
            if batch is None:
                return
            for pending, faces in _recognize(batch, analyzer):
                result = tracks.update(pending.frame, faces)
                yield result
                prefetcher.done(pending)
                del pending, result  # only the caller may hold a frame while the next one is awaited
                if stop is not None and stop.is_set():
                    return
    finally:
        prefetcher.close()


def _rows(read: Iterator[Frame], analyzer: Analyzer, halt: "_Halt") -> Iterator[Row]:
    results = analyze_frames(read, analyzer, stop=halt)
    try:
        for result in results:
            rows = result.rows
            del result  # frees its image while the next one is read
            yield from rows
    finally:
        halt.set()  # ends a reader that waits for a silent camera
        results.close()  # type: ignore[attr-defined] # it is a generator


class _Halt(Event):
    """Combine an event of the library with the user's: it is set where either is."""

    def __init__(self, other: Event | None) -> None:
        super().__init__()
        self._other = other

    def is_set(self) -> bool:
        return super().is_set() or (self._other is not None and self._other.is_set())


def _recognize(batch: deque[PendingFrame], analyzer: Analyzer) -> Iterator[tuple[PendingFrame, list[Face]]]:
    """Recognize the faces of a batch; yield the frames before a failing one first."""
    try:
        faces = _recognize_together(batch, analyzer)
    except Exception:
        if len(batch) == 1:
            raise
        while batch:  # one frame at a time, to find the failing one
            pending = batch.popleft()
            yield pending, analyzer.recognize(pending.faces, pending.crops)
        return
    while batch:
        yield batch.popleft(), faces.popleft()


def _recognize_together(batch: Sequence[PendingFrame], analyzer: Analyzer) -> deque[list[Face]]:
    """Recognize the faces of several frames in one batch; return those of each frame."""
    detected = [face for pending in batch for face in pending.faces]
    faces = iter(analyzer.recognize(detected, [crop for pending in batch for crop in pending.crops]))
    return deque([next(faces) for _ in pending.faces] for pending in batch)
