"""Find faces with five landmarks by YuNet, one small network in OpenCV; needs the extra [yunet].

In: an RGB image. Out: faces, largest first. Does not know about crops or expressions.

W. Wu, H. Peng, S. Yu: YuNet: A Tiny Millisecond-level Face Detector, Machine Intelligence Research 20, 2023. The
network finds faces about 10 to 300 px wide. Added here: small faces are enlarged first, large frames are searched in
tiles, and larger faces are found on levels that are four times smaller each. Boxes are moved up a little, to where
the crop convention expects a face.

The model file is not part of ekspresi. OpenCV Zoo publishes it under the MIT license. It was trained on WIDER Face,
whose pictures are for research. Any file of the same network works. The numbers below were chosen with the file of
its makers, ``yunet_n_dynamic.onnx``, which is larger.

Boxes are continuous: pixel i covers i to i + 1, x2 and y2 are exclusive.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ekspresi.detection import tiling
from ekspresi.detection.tiling import Detections, PyramidLevel, detect_tiled
from ekspresi.errors import MissingExtraError, ModelError
from ekspresi.system.downloads import REMOTE_FILES, download_verified
from ekspresi.system.forks import PerProcess
from ekspresi.types import Face

if TYPE_CHECKING:
    import cv2

MODEL = REMOTE_FILES["face_detection_yunet_2026may.onnx"]
"""Its weights are those of face_detection_yunet_2023mar.onnx; the input may have any size."""

FACE_PX = 40.0  # width that the smallest face is enlarged to: found 86 of 96 faces 24 px wide where 32 found 79
MAX_ENLARGEMENT = 4.0  # more only blurs
TILE_PX = 1024  # width of a tile on its level: bounds memory at about 150 MB
OVERLAP_PX = 192  # of tiles on their level; on the next level, COARSER times smaller, this is 48 px
COARSER = 4.0
LAST_PX = 320  # the largest face on the last level
LEAST_SCORE = 0.65  # 0.6 takes twice as many prints and textures for faces, 0.7 misses more faces of 12 px
# In longer sides of the box. On FER+ Training faces in surroundings as in tools/fit_crop_margin.py the median shift_y
# of its boxes is -0.022 (mirrored, 354 faces) and -0.027 (gray, 358), where the convention has 0.008; their scale is
# 0.961 and 0.986, where it has 0.95: left as it is.
SHIFT_Y = -0.03
OVERLAP = 0.3  # of two boxes of one face within a tile, OpenCV's own
MOST_FACES = 5000  # in a tile, before that overlap is judged


class YunetDetector:
    """Find faces by YuNet in OpenCV; without a path, the first image downloads the network.

    Works after a fork; pickles by its configuration.

    Attributes:
        min_face_px: width in pixels of the smallest face to search for; smaller ones may still be found.
        path: the model file; None for OpenCV Zoo's, kept in the cache.

    Example:
        >>> YunetDetector(min_face_px=20).path is None
        True
    """

    def __init__(self, min_face_px: float = 12, path: Path | None = None) -> None:
        """Check that OpenCV and the file exist, before the first image.

        Raises:
            MissingExtraError: OpenCV is not installed.
            ModelError: the file does not exist.
        """
        if find_spec("cv2") is None:
            raise MissingExtraError("the detector 'yunet'", "yunet")
        if path is not None and not path.is_file():
            raise ModelError(f"{path}: no such file. Check the path, or get it from {MODEL.url}.")
        self.min_face_px = min_face_px
        self.path = path
        self._network: PerProcess[cv2.FaceDetectorYN] | None = None
        self._turn = PerProcess(Lock)  # the network holds the size of its input

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.min_face_px, self.path and self.path.absolute())

    def detect(self, image: NDArray[np.uint8]) -> list[Face]:
        """Return the faces of an RGB image, uint8 (H, W, 3) of any size, largest first.

        Boxes and landmarks are in pixels of the image and may reach past its edges.

        Raises:
            ModelError: the model file cannot be downloaded, or does not hold YuNet.
        """
        with self._turn():
            return detect_tiled(image, yunet_levels(image.shape[1], image.shape[0], self.min_face_px), self._find)

    def search_from(self, min_face_px: float) -> "YunetDetector":
        """Return a detector that searches for faces from this width in pixels, with the same network."""
        other = object.__new__(type(self))
        other.__dict__ = {**self.__dict__, "min_face_px": min_face_px}
        return other

    def _find(self, part: NDArray[np.uint8], scale: float) -> Detections:
        """Return the detections in a part of an image, RGB uint8 (h, w, 3), searched at a scale, in its pixels."""
        network = self._loaded()
        import cv2

        height, width = part.shape[:2]
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        picture = cv2.cvtColor(part if scale == 1 else cv2.resize(part, size, interpolation=way), cv2.COLOR_RGB2BGR)
        try:
            network.setInputSize(size)
            found = network.detect(picture)[1]
        except cv2.error as error:
            raise _not_yunet_error(self.path, error) from error
        rows = np.empty((0, 15), np.float32) if found is None else np.asarray(found, dtype=np.float32)
        unit = np.array([width / size[0], height / size[1]], dtype=np.float32)
        corners = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
        corners[:, 1::2] += SHIFT_Y * rows[:, 2:4].max(axis=1, keepdims=True, initial=0)
        return Detections(corners * np.tile(unit, 2), rows[:, 14], rows[:, 4:14].reshape(-1, 5, 2) * unit)

    def _loaded(self) -> "cv2.FaceDetectorYN":
        if self._network is None:
            self._network = PerProcess(
                partial(_load, *_read(self.path))
            )  # the bytes are kept: a forked child makes the same network
        return self._network()


def yunet_levels(width: int, height: int, min_face_px: float) -> list[PyramidLevel]:
    """Plan the levels and tiles for the sizes of an image and of the smallest face, in pixels.

    Example:
        >>> [round(level.scale, 2) for level in yunet_levels(640, 480, min_face_px=20)]
        [2.0, 0.5]
    """
    scale = min(FACE_PX / min_face_px, MAX_ENLARGEMENT)
    return tiling.levels(width, height, scale, side_px=TILE_PX, overlap_px=OVERLAP_PX, step=COARSER, last_px=LAST_PX)


def _read(path: Path | None) -> tuple[Path, NDArray[np.uint8]]:
    """Return a model file and its bytes; None for OpenCV Zoo's file."""
    file = path or download_verified(MODEL, instead="give its path as 'yunet:PATH'")
    try:
        weights = np.fromfile(file, dtype=np.uint8)  # bytes, because OpenCV opens no path with letters beyond ASCII
    except OSError as error:
        raise ModelError(f"{file}: cannot be read ({error.strerror}). Check its permissions.") from error
    if weights[:7].tobytes() == b"version":
        raise ModelError(f"{file}: is a Git LFS pointer, not the network. Get it from {MODEL.url}.")
    return file, weights


def _load(file: Path, weights: NDArray[np.uint8]) -> "cv2.FaceDetectorYN":
    import cv2

    try:
        with _quiet():
            return cv2.FaceDetectorYN.create(
                "onnx", weights, np.empty(0, np.uint8), (LAST_PX, LAST_PX), LEAST_SCORE, OVERLAP, MOST_FACES
            )
    except cv2.error as error:
        raise _not_yunet_error(file, error) from error


def _not_yunet_error(path: Path | None, error: Exception) -> ModelError:
    reason = " ".join(str(error).split()).rpartition(" error: ")[2][:120]
    return ModelError(f"{path or MODEL.name}: cannot be run as YuNet by OpenCV ({reason}). Get it from {MODEL.url}.")


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence OpenCV 5, which warns on stderr at every load that targets are not supported."""
    import cv2

    log: Any = cv2.utils.logging
    before = log.getLogLevel()
    log.setLogLevel(2)  # errors
    try:
        yield
    finally:
        log.setLogLevel(before)
