"""Crop the face of a person from a frame, and cache the crop between runs.

In: the path of a frame. Out: a uint8 (S, S) gray crop at the frame's own resolution. Does not know about data sets
or labels.

The key of a cached crop is everything that decides it: the bytes of the frame, the detector's networks, ``METHOD`` and
the crop convention; not the path of the frame. Unlike other caches, this one holds pixels of people. So its folder,
``faces`` in ``downloads.cache_folder()``, is readable only by its owner. It is safe to delete at any time.
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
"""Minimum width in pixels of a face. The person of a laboratory's frame fills much of it, and a search for faces of
12 px there takes twenty times as long and moves the box by 3 px at most."""

METHOD = "largest face that MTCNN finds from {} px"
"""The method in words; as part of the cache's key it invalidates the crops of an older method."""

_NO_FACE = np.zeros((0, 0), dtype=np.uint8)


class FaceCropper:
    """Crop faces from frame files; load the detector's networks at the first frame that is not cached.

    >>> FaceCropper()(Path("absent.png"))
    Traceback (most recent call last):
    ekspresi.errors.ImageError: absent.png: no such file. Copy the frame again from its origin.
    """

    def __init__(self, min_face_px: int = MIN_FACE_PX) -> None:
        """Prepare the crops of a data set.

        Args:
            min_face_px: minimum width in pixels of a face.
        """
        self._min_face_px = min_face_px
        self._convention = CropConvention()
        self._detector = make_detector("mtcnn", min_face_px)
        key = hashlib.sha256(f"{METHOD.format(min_face_px)}; {self._convention!r}".encode())
        for network in sorted(ASSETS.glob("mtcnn-*.onnx")):
            key.update(hashlib.sha256(network.read_bytes()).digest())
        self._key = key.digest()

    def __reduce__(self) -> "tuple[type[FaceCropper], tuple[int]]":
        return FaceCropper, (self._min_face_px,)  # workers of a data loader load their own networks

    def __call__(self, path: Path) -> NDArray[np.uint8]:
        """Crop the largest face of a frame's file, uint8 (S, S) gray, never resized.

        The frame shows one person. False detections, such as a pattern of the clothes, are smaller.

        Raises:
            ImageError: the file is not a readable picture, or shows no face.
            ModelError: the detector's networks are missing or damaged.
        """
        file = cache_folder() / "faces" / f"{_digest(path, self._key)[:32]}.npz"
        crop = _load_crop(file)
        if crop is None:
            image = load_image(path)
            found = self._detector.detect(image)
            crop = self._convention.crop(image, found[0].box_xyxy) if found else _NO_FACE
            with suppress(OSError):
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            save_cached(file, crop=crop)
        if crop.size == 0:
            raise ImageError(f"{path}: no face was found. Check whether the picture shows one.")
        return crop


def _digest(path: Path, key: bytes) -> str:
    digest = hashlib.sha256(key)
    try:
        require_regular(path)
        digest.update(path.read_bytes())
    except FileNotFoundError:
        raise ImageError(f"{path}: no such file. Copy the frame again from its origin.") from None
    except OSError as error:
        raise ImageError(f"{path}: cannot be opened ({error.strerror}). Check its permissions.") from error
    return digest.hexdigest()


def _load_crop(file: Path) -> NDArray[np.uint8] | None:
    arrays = load_cached(file, "crop")
    if arrays is None or arrays[0].dtype != np.uint8 or arrays[0].ndim != 2:
        return None
    return np.asarray(arrays[0], dtype=np.uint8)
