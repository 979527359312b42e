"""Any source -> rows, live: frames are read, faces found, recognised, and, in what moves, followed.

In: what the user named, an ``Analyzer``. Out: a ``Row`` for each face of each frame, as it comes. Knows nothing of
where rows go.
"""

import os
from collections.abc import Callable, Iterator
from threading import Event

from ekspresi.analysis import Analyzer, shared_analyzer
from ekspresi.errors import EkspresiError
from ekspresi.frames import frames
from ekspresi.fusion import Fusion
from ekspresi.tracking import Tracker
from ekspresi.types import Frame, Row


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
        refused: is told what cannot be read, and reading goes on; None to raise.

    Raises:
        SourceError, ImageError, ModelError, ConfigError, MissingExtraError: see ``frames.frames`` and ``analyze``.
    """
    analyzer = shared_analyzer(model, detector, min_face_px, even_prior)
    read = frames(source, every_s=every_s, start_s=start_s, end_s=end_s, stop=stop, refused=refused)
    return rows_of(read, analyzer)


def rows_of(read: Iterator[Frame], analyzer: Analyzer) -> Iterator[Row]:
    """Frames -> rows; tracks begin anew where another file does. Closing it closes ``read``."""
    recognizer = analyzer.recognizer
    followed: str | None = None
    tracker: Tracker | None = None
    fusion: Fusion | None = None
    try:
        for frame in read:
            faces = analyzer.analyze(frame.image)
            tracks: list[int | None] = [None] * len(faces)
            if frame.time_s is not None:
                if tracker is None or fusion is None or frame.source != followed:
                    followed, tracker = frame.source, Tracker()
                    fusion = Fusion(recognizer.metadata.calibration, recognizer.even_prior)
                tracks = tracker.update(faces, frame.time_s)
                faces = fusion.update(faces, tracks, frame.time_s)
            for face, track in zip(faces, tracks, strict=True):
                yield Row(frame.source, frame.number, frame.time_s, track, face)
    finally:
        close = getattr(read, "close", None)
        if close is not None:
            close()
