"""Image -> faces with predictions: the pipeline that every surface calls.

In: a picture as path, bytes or array. Out: its faces, largest first, each with what the recognizer believes.
Knows nothing of where pictures come from or where results go.
"""

import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ekspresi.detection.detector import Detector, make_detector
from ekspresi.detection.whole_image import WholeImage
from ekspresi.imaging.cropping import gray
from ekspresi.imaging.images import as_rgb
from ekspresi.recognition.pretrained import bundled_model
from ekspresi.recognition.recognizer import Recognizer, prior_from
from ekspresi.types import Face, Prior

ImageInput = str | os.PathLike[str] | bytes | NDArray[np.uint8]
"""A path, the bytes of a picture file, or a uint8 array (H, W), (H, W, 1) or (H, W, 3) RGB."""


class Analyzer:
    """A recognizer and a detector that work together.

    Works after a fork; pickles by its configuration, with a detector of your own where that pickles too.

    Attributes:
        recognizer: crops -> predictions.
        detector: image -> faces.
    """

    def __init__(self, recognizer: Recognizer | None = None, detector: Detector | None = None) -> None:
        """Pair them.

        Args:
            recognizer: None for one with the bundled model.
            detector: None for MTCNN.

        Raises:
            ModelError: the bundled model is missing.
        """
        self.recognizer = Recognizer() if recognizer is None else recognizer
        self.detector = _default_detector() if detector is None else detector

    def analyze(self, image: ImageInput) -> list[Face]:
        """A picture -> its faces, each with a ``prediction``, largest first.

        Each face is cropped as the model's file says; its ``face_px`` is the side of that square in pixels.
        Where the detector is 'none' the whole picture is the crop, as it is.

        Raises:
            ImageError: the picture cannot be decoded.
            TypeError, ValueError: an array of another type or shape.
        """
        rgb = as_rgb(image)
        faces = self.detector.detect(rgb)
        return self.recognize(faces, self.crops(rgb, faces))

    def crops(self, image: NDArray[np.uint8], faces: Sequence[Face]) -> list[NDArray[np.uint8]]:
        """A picture, uint8 (H, W, 3) RGB, and its faces -> the crops that are judged, gray uint8 (H, W) each."""
        convention = self.recognizer.metadata.crop
        if isinstance(self.detector, WholeImage):
            return [gray(image, luma=convention.luma) for _ in faces]
        return [convention.crop(image, face.box_xyxy) for face in faces]

    def recognize(self, faces: Sequence[Face], crops: Sequence[NDArray[np.uint8]]) -> list[Face]:
        """Faces, of one picture or of many, and the crop of each (``crops``) -> the same faces with predictions."""
        predictions = self.recognizer.predict(crops) if faces else []
        return [replace(face, prediction=prediction) for face, prediction in zip(faces, predictions, strict=True)]

    def recognised(self, faces: Sequence[Face], crops: Sequence[NDArray[np.uint8]]) -> list[Face]:
        """Deprecated: use ``recognize``."""
        warnings.warn("recognised is deprecated: use recognize.", DeprecationWarning, stacklevel=2)
        return self.recognize(faces, crops)


def analyze(
    image: ImageInput,
    *,
    model: str | os.PathLike[str] | None = None,
    detector: str = "mtcnn",
    min_face_px: float = 12,
    prior: Prior = "trained",
    even_prior: bool | None = None,
) -> list[Face]:
    """A picture -> its faces, each with a ``prediction``; the models are loaded at the first call and kept.

    Args:
        image: a path, the bytes of a picture file, or a uint8 array (H, W), (H, W, 1) or (H, W, 3) RGB.
        model: an ONNX file made by ``ekspresi export``; None for the bundled one.
        detector: 'mtcnn', 'yunet', 'yunet:PATH', or 'none' where the picture is a face crop already.
        min_face_px: width in pixels of the smallest face to search for.
        prior: 'trained' or 'uniform', see ``Recognizer``.
        even_prior: deprecated; use ``prior``.

    Raises:
        ImageError, ModelError, ConfigError: the picture, the model file or the detector's name is not usable.
    """
    return shared_analyzer(model, detector, min_face_px, prior_from(prior, even_prior)).analyze(image)


def shared_analyzer(model: str | os.PathLike[str] | None, detector: str, min_face_px: float, prior: Prior) -> Analyzer:
    """The analyzer that ``analyze`` uses for these settings; loaded at the first call and kept.

    Raises:
        ModelError, ConfigError: see ``analyze``.
    """
    path = bundled_model() if model is None else Path(model).resolve()
    changed = path.stat().st_mtime_ns if path.exists() else 0
    return _analyzer(path, changed, detector, min_face_px, prior)


@lru_cache(maxsize=4)
def _analyzer(model: Path, _changed: int, name: str, min_face_px: float, prior: Prior) -> Analyzer:
    """Kept until the model file changes."""
    return Analyzer(Recognizer(model, prior=prior), make_detector(name, min_face_px))


def _default_detector() -> Detector:
    return make_detector("mtcnn")
