"""The values that flow through ekspresi; every field with its unit.

In: nothing. Out: frozen dataclasses. Knows nothing of files, models or screens.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # words weigh nothing
    import numpy as np
    from numpy.typing import NDArray


Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the original image; x to the right, y down, x2 and y2 exclusive."""

Prior = Literal["trained", "uniform"]
"""How likely expressions are before a face is seen: as frequent as in the training data, or all alike."""

Device = Literal["auto", "cpu", "cuda"]
"""Processor that runs the networks: 'auto' takes an NVIDIA GPU where ONNX Runtime can use one, else the CPU."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the recognizer believes about one crop.

    Attributes:
        expression: the most probable label of the model.
        confidence: its probability, 0..1.
        probabilities: label -> probability, in the model's label order; sums to 1.
        face_px: side of the crop in pixels before any enlargement (the shorter side, where it is not square).
        effective_px: how many pixels of side the crop really carries, up to the largest side that the network sees
            (48 for the bundled model); None where the model cannot tell.
        abstained: the face is too small or the belief too weak to answer; ``expression`` is then only a guess.
    """

    expression: str
    confidence: float
    probabilities: dict[str, float]
    face_px: float
    effective_px: float | None = None
    abstained: bool = False


@dataclass(frozen=True, slots=True)
class Face:
    """One face found in an image.

    Attributes:
        box_xyxy: the detector's box, pixels of the original image; may reach past its edges.
        score: the detector's confidence, 0..1.
        landmarks: left eye, right eye, nose, left and right corner of the mouth as seen by the viewer,
            (5, 2) x and y in pixels; None where the detector gives none.
        prediction: the recognizer's belief; None before recognition.
    """

    box_xyxy: Box
    score: float
    landmarks: tuple[tuple[float, float], ...] | None = None
    prediction: Prediction | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a results table: one face in one frame.

    Attributes:
        source: path or address of the image.
        frame: frame number from 0; 0 for still images.
        time_s: seconds since the start of a video; None for still images.
        track: number of the track the face belongs to; None where faces are not tracked.
        face: where the face is, with its prediction.
    """

    source: str
    frame: int
    time_s: float | None
    track: int | None
    face: Face


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source: a still, or one moment of a video or camera.

    Attributes:
        source: path of the file, or address of the camera without its user and password.
        number: frame number from 0, as decoded: frames that are passed over count too; 0 for still images.
        time_s: seconds since the start, rising from frame to frame; None for still images.
        image: uint8 (H, W, 3) RGB, turned upright; its size may change from frame to frame.
        cut: what is seen begins anew with this frame, whatever it looks like: the first after a camera was lost.
    """

    source: str
    number: int
    time_s: float | None
    image: "NDArray[np.uint8]"
    cut: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """One frame and what was found in it.

    Attributes:
        frame: the picture, its source, number and time.
        rows: a row for each face, largest first; empty where there is none.
        hidden: boxes to hide where faces must not be seen: those of all rows, and where faces that a video or camera
            showed a moment ago, but that were not found in this frame, should be.
    """

    frame: Frame
    rows: tuple[Row, ...]
    hidden: tuple[Box, ...]
