"""Define the values that ekspresi passes on; every field has a unit.

In: nothing. Out: frozen dataclasses. Does not know about files, models or screens.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # annotations need no import at run time
    import numpy as np
    from numpy.typing import NDArray


Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the original image; x to the right, y down, x2 and y2 exclusive."""

PriorName = Literal["trained", "uniform"]
"""Class prior by its name: the frequencies of the training data, or all classes alike."""

PriorShares = tuple[tuple[str, float], ...]
"""Class prior by pairs (label, share), in the order of the labels' names; shares are above 0 and sum to 1."""

Prior = PriorName | PriorShares
"""Class prior: a name, or shares of a user's own; labels without a share are never answered."""

Device = Literal["auto", "cpu", "cuda"]
"""Processor that runs the networks: 'auto' takes an NVIDIA GPU where ONNX Runtime can use one, else the CPU."""

UNSURE = "unsure"
"""The answer where the model abstains."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Hold the recognizer's prediction for one crop.

    Attributes:
        expression: the most probable label of the model, also where it abstains; ``answer`` respects that.
        confidence: its probability, 0..1.
        probabilities: label -> probability, in the model's label order; sums to 1.
        face_px: side of the crop in pixels before any enlargement (the shorter side, where it is not square).
        effective_px: pixels of side that the crop's detail needs, up to the largest side of the network's input
            (48 for the bundled model); None where the model does not estimate it.
        abstained: the face is too small, or the confidence too low; ``expression`` is then only a guess.

    Example:
        >>> Prediction("happiness", 0.9, {"happiness": 0.9, "neutral": 0.1}, face_px=24.0).abstained
        False
    """

    expression: str
    confidence: float
    probabilities: dict[str, float]
    face_px: float
    effective_px: float | None = None
    abstained: bool = False

    @property
    def answer(self) -> str:
        """Return the expression, or 'unsure' where the model abstains: what tables, screen and pictures show.

        >>> Prediction("fear", 0.6, {"fear": 0.6, "anger": 0.4}, face_px=9.0, abstained=True).answer
        'unsure'
        """
        return UNSURE if self.abstained else self.expression


@dataclass(frozen=True, slots=True)
class Face:
    """Hold one detected face.

    Attributes:
        box_xyxy: the detector's box, pixels of the original image; may reach past its edges.
        score: the detector's confidence, 0..1.
        landmarks: left eye, right eye, nose, left and right corner of the mouth as the viewer sees them,
            (5, 2) x and y in pixels; None where the detector gives none.
        prediction: of the recognizer; None before recognition.

    Example:
        >>> Face(box_xyxy=(10.0, 10.0, 34.0, 40.0), score=0.98).prediction is None
        True
    """

    box_xyxy: Box
    score: float
    landmarks: tuple[tuple[float, float], ...] | None = None
    prediction: Prediction | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Hold one line of a results table: one face in one frame.

    Attributes:
        source: path or address of the image.
        frame: frame number from 0; 0 for still images, and the number of the page in a file of pages.
        time_s: seconds since the start of a video; None for still images.
        track: number of the track the face belongs to; None where faces are not tracked.
        face: box, score and prediction.
        face_number: from 1 in its picture or frame, the largest face first.
        annotated: path of the picture or film that marks the face; None where none is written.

    Example:
        >>> Row("a.jpg", frame=0, time_s=None, track=None, face=Face((0.0, 0.0, 8.0, 8.0), 1.0)).frame
        0
    """

    source: str
    frame: int
    time_s: float | None
    track: int | None
    face: Face
    face_number: int = 1
    annotated: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Hold one picture of a source: a still image, or a frame of a video, animation or camera.

    Attributes:
        source: path of the file, or address of the camera without its user and password.
        number: frame or page number from 0, as decoded: skipped frames count too; 0 for still images.
        time_s: seconds since the start, rising from frame to frame; None for still images.
        image: uint8 (H, W, 3) RGB, turned upright; its size may change from frame to frame.
        cut: a new shot begins with this frame, whatever it shows: the first frame after a camera was lost.
        pixel_aspect: width of a pixel over its height. Faces are found in square pixels, and boxes count the pixels
            of ``image``.
        pages_follow: further pages of the same file follow; False for all but the pages of a TIFF file.

    Example:
        >>> import numpy as np
        >>> Frame("a.jpg", number=0, time_s=None, image=np.zeros((6, 8, 3), np.uint8)).image.shape
        (6, 8, 3)
    """

    source: str
    number: int
    time_s: float | None
    image: "NDArray[np.uint8]"
    cut: bool = False
    pixel_aspect: float = 1.0
    pages_follow: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """Hold one frame and its faces.

    Attributes:
        frame: the picture, its source, number and time.
        rows: a row for each face, largest first; empty where there is none.
        hidden: boxes to hide where faces must not be seen: those of all rows, and the expected boxes of faces that
            a video or camera showed a moment ago but that were not found in this frame.

    Example:
        >>> import numpy as np
        >>> FrameResult(Frame("a.jpg", 0, None, np.zeros((6, 8, 3), np.uint8)), rows=(), hidden=()).rows
        ()
    """

    frame: Frame
    rows: tuple[Row, ...]
    hidden: tuple[Box, ...]
