"""Image -> faces: one protocol, a file for each detector.

In: an RGB image. Out: faces with boxes, largest first, without predictions. Knows nothing of crops,
expressions or pictures' files. A new detector is a class with ``detect`` in a file of its own and a line in
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
"""Names that ``make_detector`` knows."""


class Detector(Protocol):
    """Anything that finds faces."""

    def detect(self, image: NDArray[np.uint8]) -> list[Face]:
        """RGB image, uint8 (H, W, 3) -> its faces, largest first; an empty list where there is none."""
        ...


def make_detector(name: str, min_face_px: float = 12, device: Device = "auto") -> Detector:
    """A detector's name -> the detector; its weights are loaded at the first image.

    Args:
        name: 'mtcnn' finds faces; 'yunet' finds them with OpenCV and a network that is downloaded at the first image,
            'yunet:PATH' with that file; 'none' takes the whole image as one face, for pictures that are crops.
        min_face_px: width in pixels of the smallest face to search for; 'none' ignores it.
        device: 'auto', 'cpu' or 'cuda'; 'mtcnn' alone heeds it, OpenCV and 'none' use the CPU.

    Raises:
        ConfigError: an unknown name, or a width that is no number from 1.
        MissingExtraError: 'yunet' without OpenCV.
        ModelError: no file at the path of 'yunet:PATH'.
    """
    if not 1 <= min_face_px < math.inf:  # nan is neither below nor above 1
        raise ConfigError(f"smallest face of {min_face_px} px: must be at least 1")
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
    raise ConfigError(f"unknown detector '{name}'; known are {', '.join(DETECTORS)}, and yunet:PATH")
