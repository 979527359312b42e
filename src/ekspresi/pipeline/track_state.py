"""Track the faces of frames, and fuse the predictions of each track.

In: frames in order, and the faces of each with their own predictions. Out: rows with tracks and fused predictions.
Does not know how faces were found, or who waits for the rows.
"""

import numpy as np
from numpy.typing import NDArray

from ekspresi.imaging.pixel_shape import stored_result
from ekspresi.pipeline.fusion import FusionByTrack
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.tracking.bytetrack import Tracker
from ekspresi.tracking.shot_boundaries import ShotBoundaryDetector
from ekspresi.types import Face, Frame, FrameResult, Row


class TrackState:
    """Track faces and fuse their predictions, separately for each file and shot.

    Example:
        >>> from ekspresi.recognition.recognizer import Recognizer
        >>> recognizer, crop = Recognizer(), np.full((24, 24), 90, np.uint8)
        >>> state = TrackState(recognizer.metadata.calibration, recognizer.log_prior)
        >>> face = Face((8.0, 8.0, 32.0, 32.0), 0.99, prediction=recognizer.predict([crop])[0])
        >>> frames = [Frame("camera:0", i, i / 25, np.zeros((48, 48, 3), np.uint8)) for i in range(2)]
        >>> [state.update(frame, [face]).rows[0].track for frame in frames]
        [1, 1]
    """

    def __init__(
        self, calibration: SizeCalibration | None, log_prior: NDArray[np.float64], first_track: int = 1
    ) -> None:
        """Begin without tracks.

        Args:
            calibration: of the model that made the predictions; None where it has none.
            log_prior: float64 (K,), logarithm of the class prior that the predictions contain.
            first_track: number of the first track of the first file; later files start at 1.
        """
        self._calibration, self._log_prior = calibration, log_prior
        self._first_track = first_track
        self._source: str | None = None
        self._boundaries = ShotBoundaryDetector()
        self._tracker: Tracker | None = None
        self._fusion: FusionByTrack | None = None

    def update(self, frame: Frame, faces: list[Face]) -> FrameResult:
        """Return the rows of the next frame.

        Args:
            frame: of the same source as the frame before, with a later time, or of another source. Faces of frames
                without a time are not tracked.
            faces: found in it, largest first, each with its own prediction; boxes in square pixels.
        """
        tracks: list[int | None] = [None] * len(faces)
        hidden = [face.box_xyxy for face in faces]
        if frame.time_s is not None:
            if self._tracker is None or self._fusion is None or frame.source != self._source:
                self._source, self._boundaries = frame.source, ShotBoundaryDetector()
                self._tracker = Tracker(first_track=self._first_track)
                self._fusion = FusionByTrack(self._calibration, self._log_prior)
                self._first_track = 1
            if self._boundaries.update(frame.image) or frame.cut:
                self._tracker.start_new_shot()  # new numbers also start new beliefs
            tracks = self._tracker.update(faces, frame.time_s)
            faces = self._fusion.update(faces, tracks, frame.time_s)
            hidden += self._tracker.unseen_boxes()
        rows = tuple(
            Row(frame.source, frame.number, frame.time_s, track, face, number)
            for number, (face, track) in enumerate(zip(faces, tracks, strict=True), start=1)
        )
        return stored_result(FrameResult(frame, rows, tuple(hidden)))
