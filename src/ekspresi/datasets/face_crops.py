"""Frames that show a person -> the crop of the face, remembered between runs.

In: the path of a frame. Out: a uint8 (side, side) gray crop at the frame's own resolution. Knows no data set and no
labels.

A crop is found again by all that decides it: the bytes of the frame, the detector's networks, ``METHOD`` and the
crop convention; not by where the frame lies or what asked for it. Unlike the other memories, these hold pixels of
people: they lie in a folder of their own, ``faces`` in ``downloads.cache_folder()``, that its owner alone may look
into. It is safe to delete at any time.
"""

import hashlib
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.cache import load_cached, save_cached
from ekspresi.detection.detector import make_detector
from ekspresi.errors import ImageError
from ekspresi.imaging.cropping import CropConvention
from ekspresi.imaging.images import load_image, require_regular
from ekspresi.system.assets import ASSETS
from ekspresi.system.downloads import cache_folder

MIN_FACE_PX = 60
"""Width in pixels of the smallest face searched for: the person of a laboratory's frame fills much of it, and
looking for faces of 12 px there takes twenty times as long and moves the box by 3 px at most."""

METHOD = f"largest face that MTCNN finds from {MIN_FACE_PX} px"
"""The method in words; a memory of crops keyed by it forgets what an older method cut."""

_NO_FACE = np.zeros((0, 0), dtype=np.uint8)


class FaceCropper:
    """Frame files -> crops; the detector's networks are loaded at the first frame that is not remembered."""

    def __init__(self) -> None:
        self._convention = CropConvention()
        self._detector = make_detector("mtcnn", MIN_FACE_PX)
        key = hashlib.sha256(f"{METHOD}; {self._convention!r}".encode())
        for network in sorted(ASSETS.glob("mtcnn-*.onnx")):
            key.update(hashlib.sha256(network.read_bytes()).digest())
        self._key = key.digest()

    def __call__(self, path: Path) -> NDArray[np.uint8]:
        """A frame's file -> gray crop of its face, uint8 (side, side), never resized.

        Of several faces the largest is taken: the frame is of one person, and what the detector takes for another
        face, a pattern of the clothes say, is smaller.

        Raises:
            ImageError: the file is no picture that can be read, or shows no face.
            ModelError: the detector's networks are missing or damaged.
        """
        file = cache_folder() / "faces" / f"{_digest(path, self._key)[:32]}.npz"
        crop = _recalled(file)
        if crop is None:
            image = load_image(path)
            found = self._detector.detect(image)
            crop = self._convention.crop(image, found[0].box_xyxy) if found else _NO_FACE
            with suppress(OSError):
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            save_cached(file, crop=crop)
        if crop.size == 0:
            raise ImageError(f"{path}: no face was found in it; check whether it shows one")
        return crop


def _digest(path: Path, key: bytes) -> str:
    digest = hashlib.sha256(key)
    try:
        require_regular(path)
        digest.update(path.read_bytes())
    except FileNotFoundError:
        raise ImageError(f"{path}: no such file; copy the frame again from its origin") from None
    except OSError as error:
        raise ImageError(f"{path}: cannot be opened ({error.strerror}); check its permissions") from error
    return digest.hexdigest()


def _recalled(file: Path) -> NDArray[np.uint8] | None:
    arrays = load_cached(file, "crop")
    if arrays is None or arrays[0].dtype != np.uint8 or arrays[0].ndim != 2:
        return None
    return np.asarray(arrays[0], dtype=np.uint8)
