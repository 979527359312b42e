"""Detect and recognize the faces of one picture.

In: a picture as path, bytes, file object, Pillow image or array. Out: its faces, largest first, each with a prediction.
Does not know where pictures come from, or where results go.
"""

import hashlib
import logging
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ekspresi.detection.detector import Detector, make_detector
from ekspresi.detection.whole_image import WholeImage
from ekspresi.errors import ModelError
from ekspresi.imaging.cropping import gray
from ekspresi.imaging.images import ImageInput, as_rgb
from ekspresi.recognition.pretrained import bundled_model
from ekspresi.recognition.priors import PriorInput, prior_from
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Device, Face, Prior

_LOG = logging.getLogger(__name__)


class Analyzer:
    """Combine a detector with a recognizer.

    It works after a fork, and pickles by its configuration; a detector of your own must pickle for that.

    Example:
        >>> from ekspresi.detection.whole_image import WholeImage
        >>> (face,) = Analyzer(detector=WholeImage()).analyze(np.full((24, 24), 90, np.uint8))
        >>> face.box_xyxy, face.prediction.face_px
        ((0.0, 0.0, 24.0, 24.0), 24.0)

    Attributes:
        recognizer: predicts the expressions of crops.
        detector: detects faces in images.
    """

    def __init__(self, recognizer: Recognizer | None = None, detector: Detector | None = None) -> None:
        """Combine them.

        Args:
            recognizer: None for one with the bundled model.
            detector: None for MTCNN.

        Raises:
            ModelError: the bundled model is missing.
            TypeError: the recognizer or the detector is of another type, such as a name.
        """
        if recognizer is not None and not isinstance(recognizer, Recognizer):
            what = f"the recognizer is a {type(recognizer).__name__}, not a Recognizer"
            raise TypeError(f"{what}. Give ekspresi.Recognizer(...), or None for the bundled model.")
        if detector is not None and (isinstance(detector, type) or not callable(getattr(detector, "detect", None))):
            what = f"the detector is a {type(detector).__name__}, which has no method detect"
            remedy = "Give one made by make_detector(...) of ekspresi.detection.detector"
            raise TypeError(f"{what}. {remedy}, or use ekspresi.AnalyzerConfig(detector=...).build().")
        self.recognizer = Recognizer() if recognizer is None else recognizer
        self.detector = make_detector("mtcnn") if detector is None else detector

    def analyze(self, image: ImageInput) -> list[Face]:
        """Detect the faces of a picture and predict the expression of each.

        The model file defines how faces are cropped; ``face_px`` is the side of that square in pixels. With the
        detector 'none' the whole picture is the crop.

        Args:
            image: a path; the bytes of a picture file; a file object opened in binary mode; a Pillow image of any
                mode, turned upright by its EXIF data; a uint8 array (H, W), (H, W, 1) or (H, W, 3) RGB. Of an
                animation or a file of pages the first frame; ``stream`` reads all.

        Returns:
            The faces, largest first, each with a ``prediction``.

        Raises:
            ImageError: the picture cannot be decoded.
            TypeError, ValueError: the image has another type, or the array is not uint8 (H, W), (H, W, 1) or (H, W, 3).

        Warns:
            UserWarning: the picture has several frames.
        """
        rgb = as_rgb(image)
        faces = self.detector.detect(rgb)
        return self.recognize(faces, self.crops(rgb, faces))

    def crops(self, image: ImageInput, faces: Sequence[Face]) -> list[NDArray[np.uint8]]:
        """Crop the faces of a picture.

        Args:
            image: as for ``analyze``.
            faces: detected in it.

        Returns:
            Gray crops, uint8 (H, W), one for each face.

        Raises:
            ImageError, TypeError, ValueError: as for ``analyze``.
        """
        convention, image = self.recognizer.metadata.crop, as_rgb(image)
        if isinstance(self.detector, WholeImage):
            return [gray(image, luma=convention.luma) for _ in faces]
        return [convention.crop(image, face.box_xyxy) for face in faces]

    def recognize(self, faces: Sequence[Face], crops: Sequence[NDArray[np.uint8]]) -> list[Face]:
        """Add a prediction to each face.

        Args:
            faces: of one or several pictures.
            crops: of the faces (``crops``), in the same order.
        """
        predictions = self.recognizer.predict(crops) if faces else []
        return [replace(face, prediction=prediction) for face, prediction in zip(faces, predictions, strict=True)]

    def recognised(self, faces: Sequence[Face], crops: Sequence[NDArray[np.uint8]]) -> list[Face]:
        """Deprecated: use ``recognize``."""
        warnings.warn("recognised is deprecated: use recognize.", DeprecationWarning, stacklevel=2)
        return self.recognize(faces, crops)


@dataclass(frozen=True, slots=True)
class AnalyzerConfig:
    """Describe an analyzer; the command line, a service and a cluster build theirs from it.

    It is hashable and pickles, so other processes can build their own analyzer from it.

    Example:
        >>> config = AnalyzerConfig(detector="none", device="cpu")
        >>> config.build().analyze(np.zeros((24, 24, 3), np.uint8))[0].prediction.face_px
        24.0
        >>> config.fingerprint() == AnalyzerConfig(detector="none", prior="uniform").fingerprint()
        False

    Attributes:
        model: an ONNX file made by ``ekspresi export``; None for the bundled one.
        detector: 'mtcnn', 'yunet', 'yunet:PATH', or 'none' where a picture is one face crop.
        min_face_px: width of the smallest face to detect, in pixels.
        prior: 'trained', 'uniform', or pairs (label, share), see ``Recognizer``; a mapping becomes pairs.
        device: 'auto', 'cpu' or 'cuda', see ``system.onnx_runtime``.
        labels: at least two labels that may be answered; None for all.
        strict: answer only above the strict thresholds, see ``Recognizer``.

    Raises:
        ConfigError: a share of the prior is not valid.
    """

    model: Path | None = None
    detector: str = "mtcnn"
    min_face_px: float = 12
    prior: PriorInput = "trained"
    device: Device = "auto"
    labels: tuple[str, ...] | None = None
    strict: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.prior, str):
            object.__setattr__(self, "prior", prior_from(self.prior, None))
        if self.labels is not None:
            object.__setattr__(self, "labels", tuple(self.labels))

    def build(self) -> Analyzer:
        """Load the model and make the detector.

        Raises:
            ModelError, ConfigError, MissingExtraError: see ``Recognizer`` and ``make_detector``.
        """
        _LOG.info("detector: %s, faces from %g px; prior: %s", self.detector, self.min_face_px, self.prior)
        recognizer = Recognizer(
            self.model, prior=self.prior, device=self.device, labels=self.labels, strict=self.strict
        )
        return Analyzer(recognizer, make_detector(self.detector, self.min_face_px, self.device))

    def fingerprint(self) -> dict[str, str | float | list[str]]:
        """Map each setting that affects answers to its value: equal fingerprints mean equal answers.

        Files count by their content (SHA-256), not by their path. The device is left out: it changes only the last
        digits of a probability, and a run may be resumed on another machine. A test holds
        that every other field is here.

        Raises:
            ModelError: a file is missing or cannot be read.
        """
        kind, colon, path = self.detector.partition(":")
        detector = f"{kind}:{_sha256(Path(path).expanduser())}" if colon else kind
        checked = prior_from(self.prior, None)
        prior = checked if isinstance(checked, str) else [f"{label}={share!r}" for label, share in checked]
        return {
            "model": _sha256(bundled_model() if self.model is None else self.model),
            "detector": detector,
            "min-face-px": self.min_face_px,
            "prior": prior,
            # Older runs have none of these settings.
            **({} if self.labels is None else {"labels": sorted(self.labels)}),
            **({"strict": "true"} if self.strict else {}),
        }


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}). Check its path and permissions.") from error


def analyze(
    image: ImageInput,
    *,
    model: str | os.PathLike[str] | None = None,
    detector: str = "mtcnn",
    min_face_px: float = 12,
    prior: PriorInput = "trained",
    labels: Sequence[str] | None = None,
    device: Device = "auto",
    even_prior: bool | None = None,
) -> list[Face]:
    """Detect the faces of a picture and predict the expression of each.

    The models are loaded at the first call and kept.

    Example:
        >>> faces = analyze("examples/astronaut.jpg")
        >>> [face.prediction.answer for face in faces]
        ['happiness']

    Args:
        image: a path, the bytes of a picture file, a file object opened in binary mode, a Pillow image, or a uint8
            array (H, W), (H, W, 1) or (H, W, 3) RGB, see ``Analyzer.analyze``.
        model: an ONNX file made by ``ekspresi export``; None for the bundled one.
        detector: 'mtcnn', 'yunet', 'yunet:PATH', or 'none' where the picture is one face crop.
        min_face_px: width of the smallest face to detect, in pixels.
        prior: 'trained', 'uniform', or label -> share, see ``Recognizer``.
        labels: at least two labels that may be answered; None for all.
        device: 'auto', 'cpu' or 'cuda', see ``system.onnx_runtime``.
        even_prior: deprecated; use ``prior``.

    Returns:
        The faces, largest first, each with a ``prediction``.

    Raises:
        ImageError, ModelError, ConfigError: the picture, the model file, the detector or the device cannot be used.
    """
    prior = prior_from(prior, even_prior)
    return shared_analyzer(model, detector, min_face_px, prior, device, labels).analyze(image)


def shared_analyzer(
    model: str | os.PathLike[str] | None,
    detector: str,
    min_face_px: float,
    prior: Prior,
    device: Device,
    labels: Sequence[str] | None = None,
) -> Analyzer:
    """Return the analyzer that ``analyze`` uses; it is built at the first call and kept.

    Example:
        >>> first, second = (shared_analyzer(None, "none", 12, "trained", "cpu") for _ in range(2))
        >>> first is second
        True

    Args:
        model: an ONNX file made by ``ekspresi export``; None for the bundled one.
        detector: see ``analyze``.
        min_face_px: width of the smallest face to detect, in pixels.
        prior: as checked by ``prior_from``.
        device: 'auto', 'cpu' or 'cuda'.
        labels: labels that may be answered; None for all.

    Raises:
        ModelError, ConfigError: see ``analyze``.
    """
    path = bundled_model() if model is None else Path(model).resolve()
    changed = path.stat().st_mtime_ns if path.exists() else 0
    chosen = None if labels is None else tuple(labels)
    return _build_once(AnalyzerConfig(path, detector, min_face_px, prior, device, chosen), changed)


@lru_cache(maxsize=4)
def _build_once(config: AnalyzerConfig, _changed: int) -> Analyzer:
    """Build an analyzer, and keep it until the model file changes."""
    return config.build()
