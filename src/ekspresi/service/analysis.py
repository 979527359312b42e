"""Find and recognize the faces of pictures for requests, without blocking the event loop.

In: the bytes of pictures, and the choices of a request. Out: faces with predictions. Pictures are decoded, searched and
cropped on the threads of a ``WorkQueue``. The network runs on the crops of all requests in a ``Gatherer``. Does not
know about HTTP.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from ekspresi.detection.detector import SizedDetector
from ekspresi.detection.whole_image import WholeImage
from ekspresi.errors import ConfigError, ImageError, ImageSizeError
from ekspresi.imaging.picture_files import DecodedFrame, decode_frames
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.recognition.priors import check_labels
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.service.bodies import Upload
from ekspresi.service.choices import Choices
from ekspresi.service.gatherer import Gatherer, PreparedCrops
from ekspresi.service.problems import RequestError
from ekspresi.service.settings import ServiceSettings
from ekspresi.service.work_queue import WorkQueue
from ekspresi.system.file_names import printable
from ekspresi.types import Face, Prediction


@dataclass(frozen=True, slots=True, eq=False)
class FoundFaces:
    """Hold the faces of a picture before recognition.

    Example:
        >>> FoundFaces(8, 6, (), PreparedCrops(np.zeros((0, 1, 64, 64), np.float32), np.zeros(0)), ()).notes
        ()

    Attributes:
        width: of the picture in pixels.
        height: of the picture in pixels.
        faces: without predictions, largest first.
        crops: of the faces, in the same order.
        notes: sentences on what was left out.
    """

    width: int
    height: int
    faces: tuple[Face, ...]
    crops: PreparedCrops
    notes: tuple[str, ...]


class Analysis:
    """Answer pictures and crops within the limits of the settings.

    Example:
        >>> import asyncio
        >>> from pathlib import Path
        >>> analysis = Analysis(ServiceSettings(), Recognizer(device="cpu"), WholeImage())
        >>> picture = Upload("a.png", Path("examples/astronaut.jpg").read_bytes())
        >>> found = asyncio.run(analysis.find(picture, min_face_px=12))
        >>> found.width, found.height, len(found.faces)
        (512, 512, 1)
        >>> analysis.close()

    Attributes:
        settings: limits.
        recognizer: prepares crops and calibrates answers.
        detector: finds faces from ``min_face_px`` of the settings.
        pictures: threads that decode and detect.
        gatherer: batches crops.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        recognizer: Recognizer,
        detector: SizedDetector,
        gatherer: Gatherer | None = None,
        observe: Callable[[Sequence[Prediction]], None] = lambda predictions: None,
    ) -> None:
        """Combine a recognizer and a detector.

        Args:
            settings: limits.
            recognizer: with any prior; requests choose theirs.
            detector: from the least width of the settings.
            gatherer: runs the network of the recognizer; None for one with default limits.
            observe: is called with the predictions of each request.
        """
        self.settings, self.recognizer = settings, recognizer
        self.detector, self._whole = detector, WholeImage()
        self.pictures = WorkQueue("pictures", settings.picture_threads, settings.max_waiting_pictures)
        self.gatherer = gatherer or Gatherer(recognizer.run_network)
        self._observe = observe

    async def find(self, picture: Upload, min_face_px: float) -> FoundFaces:
        """Find the faces of a picture; of an animation or a file of pages in the first frame.

        Raises:
            RequestError: the picture cannot be read, is too large, shows too many faces, or too many pictures wait.
        """
        return (await self.find_in_frame(picture, min_face_px))[1]

    async def find_in_frame(self, picture: Upload, min_face_px: float) -> tuple[NDArray[np.uint8], FoundFaces]:
        """Find the faces of a picture; return its pixels too, uint8 (H, W, 3) RGB.

        Raises:
            RequestError: see ``find``.
        """
        return await self.pictures.run(self._find, picture, min_face_px)

    async def prepare(self, crops: Sequence[Upload]) -> FoundFaces:
        """Decode face crops; each counts as one face that fills it. Width and height are those of the first.

        Raises:
            RequestError: a crop cannot be read, together they are too large, or too many pictures wait.
        """
        return await self.pictures.run(self._prepare, crops)

    async def prepare_arrays(self, crops: Sequence[NDArray[np.uint8]]) -> PreparedCrops:
        """Prepare crops, uint8 (H, W), (H, W, 1) or (H, W, 3) RGB.

        Raises:
            RequestError: too many pictures wait.
        """
        return await self.pictures.run(self._prepare_arrays, crops)

    async def predict(self, crops: PreparedCrops, choices: Choices) -> list[Prediction]:
        """Predict crops, in order.

        Raises:
            RequestError: a label is unknown, or too many crops wait.
        """
        if not len(crops):
            return []
        allowed = self.check_choices(choices)
        logits, sizes = await self.gatherer.run(crops)
        batch = self.recognizer.calibrate(logits, sizes, choices.prior, allowed)
        predictions = self.recognizer.as_predictions(batch, crops.face_px.tolist())
        self._observe(predictions)
        return predictions

    async def recognize(self, found: FoundFaces, choices: Choices) -> list[Face]:
        """Add a prediction to each face.

        Raises:
            RequestError: see ``predict``.
        """
        predictions = await self.predict(found.crops, choices)
        return [replace(face, prediction=each) for face, each in zip(found.faces, predictions, strict=True)]

    def check_choices(self, choices: Choices) -> NDArray[np.bool_]:
        """Check the choices of a request; mark the labels that may be answered, bool (K,).

        Raises:
            RequestError: a label is unknown, fewer than two are chosen, the width is below that of the settings, or the
                model's prior cannot be changed.
        """
        if choices.prior != "trained" and self.recognizer.metadata.calibration is None:
            problem = "the model has no calibration, so its prior cannot be changed"
            raise RequestError("invalid-request", f"prior {choices.prior}: {problem}. Leave prior out.")
        if choices.min_face_px < self.settings.min_face_px:
            least = f"{self.settings.min_face_px:g}"
            detail = f"min_face_px {choices.min_face_px:g}: is below {least}, the least here. Give {least} or more."
            raise RequestError("invalid-request", detail)
        try:
            return check_labels(choices.labels, self.recognizer.labels)
        except ConfigError as error:
            raise RequestError("invalid-request", str(error)) from None

    def close(self) -> None:
        """Finish what was taken, and end the threads."""
        self.pictures.close()
        self.gatherer.close()

    def _find(self, picture: Upload, min_face_px: float) -> tuple[NDArray[np.uint8], FoundFaces]:
        frame = self._decode(picture, self.settings.max_pixels)
        analyzer = Analyzer(self.recognizer, self.detector.search_from(min_face_px))
        faces = analyzer.detector.detect(frame.image)
        if len(faces) > self.settings.max_faces:
            what = f"shows {len(faces)} faces, more than {self.settings.max_faces}"
            fix = "Cut it into parts, or search for larger faces with min_face_px"
            raise RequestError("too-many-faces", f"{picture.name}: {what}. {fix}.")
        found = self._found([frame], faces, analyzer.crops(frame.image, faces), _notes([picture], [frame]))
        return frame.image, found

    def _prepare(self, crops: Sequence[Upload]) -> FoundFaces:
        left, frames = self.settings.max_pixels, []
        for crop in crops:
            frames.append(self._decode(crop, left))
            left = max(left - frames[-1].image.shape[0] * frames[-1].image.shape[1], 0)
        faces = [face for frame in frames for face in self._whole.detect(frame.image)]
        return self._found(frames, faces, [frame.image for frame in frames], _notes(crops, frames))

    def _found(
        self,
        frames: Sequence[DecodedFrame],
        faces: Sequence[Face],
        crops: Sequence[NDArray[np.uint8]],
        notes: tuple[str, ...],
    ) -> FoundFaces:
        height, width = frames[0].image.shape[:2]
        return FoundFaces(width, height, tuple(faces), self._prepare_arrays(crops), notes)

    def _prepare_arrays(self, crops: Sequence[NDArray[np.uint8]]) -> PreparedCrops:
        sides = np.array([min(crop.shape[:2]) for crop in crops], dtype=np.float64)
        return PreparedCrops(self.recognizer.prepare(crops), sides)

    def _decode(self, picture: Upload, max_pixels: int) -> DecodedFrame:
        try:
            with closing(decode_frames(BytesIO(picture.content), picture.name, max_pixels)) as frames:  # type: ignore[type-var]
                return next(frames)
        except ImageSizeError as error:
            raise RequestError("too-many-pixels", str(error)) from None
        except ImageError as error:
            raise RequestError("unreadable-picture", str(error)) from None


def _notes(pictures: Sequence[Upload], frames: Sequence[DecodedFrame]) -> tuple[str, ...]:
    """Say which pictures have more frames than the first, which is used."""
    return tuple(
        f"{printable(picture.name)}: has several frames, of which only the first is used. Send each as a picture."
        for picture, frame in zip(pictures, frames, strict=True)
        if not frame.is_last
    )
