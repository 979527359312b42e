"""Make frame results, for tests of summaries."""

from collections.abc import Sequence

import numpy as np

from ekspresi.types import Face, Frame, FrameResult, Prediction, Row

LABELS = ("neutral", "happiness", "surprise")
SIZE = (64, 48)


def belief(expression="happiness", confidence=0.8, *, face_px=20.0, effective_px=16.0, abstained=False) -> Prediction:
    shares = dict.fromkeys(LABELS, (1 - confidence) / 2) | {expression: confidence}
    return Prediction(expression, confidence, shares, face_px, effective_px, abstained)


def seen(
    beliefs: Sequence[Prediction],
    time_s: float | None = 0.0,
    *,
    tracks: Sequence[int | None] | None = None,
    source: str = "a.mp4",
    image: np.ndarray | None = None,
) -> FrameResult:
    if image is None:
        image = np.full((SIZE[1], SIZE[0], 3), 90, dtype=np.uint8)
    tracks = range(1, len(beliefs) + 1) if tracks is None and time_s is not None else tracks
    tracks = [None] * len(beliefs) if tracks is None else tracks
    boxes = [(20.0, 10.0, 20.0 + one.face_px, 10.0 + one.face_px) for one in beliefs]
    rows = tuple(
        Row(source, 0, time_s, track, Face(box, 0.9, None, one))
        for track, box, one in zip(tracks, boxes, beliefs, strict=True)
    )
    return FrameResult(Frame(source, 0, time_s, image), rows, tuple(boxes))
