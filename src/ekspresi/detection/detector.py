"""Define the protocol of detectors, and make them by name.

In: an RGB image. Out: faces with boxes, largest first, without predictions. Does not know about crops, expressions or
image files. To add a detector, write a class with ``detect`` in its own file, and add its name to ``DETECTORS`` and
``make_detector``.
"""

import math
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ekspresi.errors import ConfigError
from ekspresi.types import Device, Face

DETECTORS = ("mtcnn", "yunet", "none")
"""Names of all detectors."""


class Detector(Protocol):
    """Find faces in images.

    Example:
        >>> detector: Detector = make_detector("none")
        >>> len(detector.detect(np.zeros((40, 30, 3), np.uint8)))
        1
    """

    def detect(self, image: NDArray[np.uint8]) -> list[Face]:
        """Return the faces of an RGB image, uint8 (H, W, 3), largest first; an empty list where there is none."""
        ...


class SizedDetector(Detector, Protocol):
    """Find faces from a width on; the detectors of ``make_detector`` do.

    Example:
        >>> detector: SizedDetector = make_detector("mtcnn", 12)
        >>> detector.search_from(40).detect(np.zeros((40, 30, 3), np.uint8))
        []
    """

    def search_from(self, min_face_px: float) -> "SizedDetector":
        """Return a detector that searches for faces from this width in pixels, with the same networks."""
        ...


def make_detector(name: str, min_face_px: float = 12, device: Device = "auto") -> SizedDetector:
    """Make the detector of a name; its weights are loaded at the first image.

    Args:
        name: 'mtcnn'; 'yunet', which uses OpenCV and downloads its network at the first image; 'yunet:PATH', which
            uses that file; or 'none', which takes the whole image as one face, for face crops.
        min_face_px: width in pixels of the smallest face to search for; 'none' ignores it.
        device: 'auto', 'cpu' or 'cuda'; only 'mtcnn' uses it, the others run on the CPU.

    Raises:
        ConfigError: the name is unknown, or the width is not a number of at least 1.
        MissingExtraError: OpenCV is not installed, for 'yunet'.
        ModelError: the file of 'yunet:PATH' does not exist.

    Example:
        >>> make_detector("none").detect(np.zeros((40, 30, 3), np.uint8))[0].score
        1.0
    """
    if not 1 <= min_face_px < math.inf:  # nan is neither below nor above 1
        raise ConfigError(f"--min-face-px {min_face_px:g}: must be a number of at least 1. Give a width in pixels.")
    if name == "mtcnn":
        from ekspresi.detection.mtcnn import MtcnnDetector

        return MtcnnDetector(min_face_px, device=device)
    kind, colon, path = name.partition(":")
    if kind == "yunet" and (path or not colon):
        from ekspresi.detection.yunet import YunetDetector

        return YunetDetector(min_face_px, Path(path).expanduser() if path else None)
    if name == "none":
        from ekspresi.detection.whole_image import WholeImage

        return WholeImage()
    raise ConfigError(f"'{name}': is not a detector. Use {', '.join(DETECTORS)} or yunet:PATH.")
