"""Find faces with five landmarks by MTCNN, a cascade of three small networks.

In: an RGB image. Out: faces, largest first. Does not know about crops, expressions or how its networks were made
(``tools/convert_mtcnn.py``).

K. Zhang, Z. Zhang, Z. Li, Y. Qiao: Joint face detection and alignment using multitask cascaded convolutional
networks, IEEE Signal Processing Letters 23(10), 2016. P-Net scans every 12 x 12 window of an image pyramid. R-Net
judges and moves the remaining boxes at 24 x 24, and O-Net at 48 x 48, which adds the landmarks.

Changed here: the pyramid starts *above* the original size where faces are small. P-Net cannot see a face below 12 px,
and a face near 12 px only where a window happens to fit. Large frames are searched in tiles, and patches are resampled
with antialiasing.

Boxes are continuous: pixel i covers i to i + 1, x2 and y2 are exclusive.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache, partial
from math import sqrt
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.detection import tiling
from ekspresi.detection.pyramid import WINDOW_PX, build_pyramid, cut_patches, measure_pixel, shrink_to_means
from ekspresi.detection.tiling import Array, Detections, PyramidLevel, detect_tiled
from ekspresi.errors import ConfigError, ModelError
from ekspresi.imaging.boxes import nms
from ekspresi.system.assets import ASSETS
from ekspresi.system.forks import PerProcess
from ekspresi.system.onnx_runtime import create_session
from ekspresi.types import Device, Face

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

STRIDE_PX = 2  # step between its windows
MAX_ENLARGEMENT = 2.0  # 3 found 32 of 96 faces 8 px wide where 2 found 43 (benchmarks/detection.py), in twice the time
STRIP_PX = 65_536  # pixels P-Net sees at once: fits the cache, and bounds memory at about 100 bytes a pixel
OVERSIZE = 2.0  # windows a face of min_face_px spans on the first level: finds smaller ones too, 3 only costs time
LEAST_OVERSIZE = 1.0  # the same where a frame is large: as many of min_face_px, fewer of the smaller ones
FREE_PX = 3_000_000  # pixels of a first level that may be larger than LEAST_OVERSIZE asks for
TILE_PX = 1792  # width of a tile on its level: bounds memory
OVERLAP_PX = 384  # of tiles on their level; the next level, COARSER times smaller, starts at 192 of these pixels
COARSER = 8.0
DETAIL = 2.0  # pixels kept for R- and O-Net where P-Net sees one
THRESHOLDS = (0.6, 0.7, 0.7)  # least score after P-, R- and O-Net, as in the paper's code
MAX_PROPOSALS = 3000  # patches given to R-Net; a texture can propose tens of thousands
BATCH = 16  # patches a network sees at once: fits the cache; 64 is not faster, and takes 100 MB more in a crowd


class MtcnnDetector:
    """Find faces by the MTCNN cascade in ONNX Runtime; the networks are loaded at the first image.

    Works after a fork; pickles by its configuration.

    Attributes:
        min_face_px: width in pixels of the smallest face to search for; smaller ones may still be found.
        threads: CPU threads; each runs a network on its own strip or batch. Where threads of the caller search
            several pictures at once, each picture uses one thread.
        device: 'auto', 'cpu' or 'cuda', see ``system.onnx_runtime``.

    Example:
        >>> MtcnnDetector(min_face_px=20).detect(np.zeros((64, 64, 3), np.uint8))
        []
    """

    def __init__(self, min_face_px: float = 12, threads: int = 2, device: Device = "auto") -> None:
        self.min_face_px = min_face_px
        self.threads = threads
        self.device = device
        self._networks = {name: PerProcess(partial(_load, name, device)) for name in ("pnet", "rnet", "onet")}
        self._searches = PerProcess(_Searches)
        self._pool = PerProcess(partial(ThreadPoolExecutor, threads, thread_name_prefix="mtcnn"))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.min_face_px, self.threads, self.device)

    def detect(self, image: NDArray[np.uint8]) -> list[Face]:
        """Return the faces of an RGB image, uint8 (H, W, 3) of any size, largest first.

        Boxes and landmarks are in pixels of the image and may reach past its edges.

        Raises:
            ModelError: the bundled networks are missing or damaged.
        """
        with self._searches().one():
            return detect_tiled(image, mtcnn_levels(image.shape[1], image.shape[0], self.min_face_px), self._find)

    def search_from(self, min_face_px: float) -> "MtcnnDetector":
        """Return a detector that searches for faces from this width in pixels, with the same networks and threads."""
        other = object.__new__(type(self))
        other.__dict__ = {**self.__dict__, "min_face_px": min_face_px}
        return other

    def _find(self, part: NDArray[np.uint8], scale: float) -> Detections:
        """Return the detections in a part of an image, RGB uint8 (h, w, 3), whose first level has a scale."""
        factor = max(int(1 / (DETAIL * scale)), 1)
        levels = build_pyramid(shrink_to_means(part, factor), scale * factor)
        boxes, scores, landmarks = self._finish(levels, self._refine(levels, self._propose(levels)))
        return Detections(boxes * np.float32(factor), scores, landmarks * np.float32(factor))

    def _propose(self, levels: list[Image.Image]) -> Array:
        """Return the square proposals of P-Net (n, 4) in pixels of the original, the first of the levels."""
        boxes, scores = [np.empty((0, 4), np.float32)], [np.empty(0, np.float32)]
        for level in levels[1:]:
            offsets, faces = self._scan(np.asarray(level))
            rows, columns = np.nonzero(faces > THRESHOLDS[0])
            score = faces[rows, columns]
            corners = np.stack([columns, rows, columns, rows], axis=1).astype(np.float32) * STRIDE_PX
            corners[:, 2:] += WINDOW_PX
            moved = (corners + WINDOW_PX * offsets[:, rows, columns].T) * measure_pixel(levels[0], level)
            kept = nms(moved, score, 0.5)
            boxes.append(moved[kept])
            scores.append(score[kept])
        all_boxes, all_scores = np.concatenate(boxes), np.concatenate(scores)
        return _squared(all_boxes[nms(all_boxes, all_scores, 0.7)[:MAX_PROPOSALS]])

    def _scan(self, level: NDArray[np.uint8]) -> tuple[Array, Array]:
        """Run P-Net on RGB uint8 (H, W, 3) in strips; return offsets (4, h, w) and scores (h, w) of all windows."""
        height, width = level.shape[:2]
        rows = (height - 1) // 2 - 4
        step = max(STRIP_PX // (2 * width), 1)
        strips = []
        for top in range(0, rows, step):
            # Output row r depends on input rows 2 r to 2 r + 11; the last strip takes the rest.
            bottom = STRIDE_PX * (top + step) + WINDOW_PX - STRIDE_PX if top + step < rows else height
            strips.append(level[None, STRIDE_PX * top : bottom])
        offsets, scores = self._run("pnet", strips, axis=2)
        return offsets[0], scores[0, 1]

    def _refine(self, levels: list[Image.Image], boxes: Array) -> Array:
        """Return the square boxes that R-Net accepts, moved and squared (m, 4)."""
        offsets, faces = self._judge("rnet", cut_patches(levels, boxes, 24))
        scores = faces[:, 1]
        good = scores > THRESHOLDS[1]
        boxes, scores = _moved(boxes, offsets)[good], scores[good]
        return _squared(boxes[nms(boxes, scores, 0.7)])

    def _finish(self, levels: list[Image.Image], boxes: Array) -> tuple[Array, Array, Array]:
        """Return boxes (k, 4), scores (k,) and landmarks (k, 5, 2) of O-Net for square boxes."""
        offsets, points, faces = self._judge("onet", cut_patches(levels, boxes, 48))
        scores = faces[:, 1]
        sides = (boxes[:, 2:] - boxes[:, :2])[:, None]
        landmarks = boxes[:, None, :2] + sides * points.reshape(-1, 2, 5).transpose(0, 2, 1)
        boxes = _moved(boxes, offsets)
        good = np.flatnonzero(scores > THRESHOLDS[2])
        kept = good[nms(boxes[good], scores[good], 0.7, of_smaller=True)]
        return boxes[kept], scores[kept], landmarks[kept]

    def _judge(self, name: str, patches: NDArray[np.uint8]) -> list[Array]:
        """Run R- or O-Net on RGB uint8 (n, S, S, 3); n may be 0."""
        batches = [patches[i : i + BATCH] for i in range(0, max(len(patches), 1), BATCH)]
        return self._run(name, batches, axis=0)

    def _run(self, name: str, parts: list[NDArray[np.uint8]], axis: int) -> list[Array]:
        """Run a network on each part, RGB uint8 (n, H, W, 3); return its outputs, joined along an axis.

        Parts run in parallel, unless as many pictures are searched at once as there are threads.
        """
        session = self._networks[name]()
        spread = map if len(parts) == 1 or self._searches().now >= self.threads else self._pool().map
        results = spread(lambda part: session.run(None, {"image": _normalize(part)}), parts)
        return [np.concatenate(outputs, axis=axis) for outputs in zip(*results, strict=True)]


class _Searches:
    """Count the pictures that one detector searches at once."""

    def __init__(self) -> None:
        self.now = 0
        self._lock = Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._lock:
            self.now += 1
        try:
            yield
        finally:
            with self._lock:
                self.now -= 1


def mtcnn_levels(width: int, height: int, min_face_px: float) -> list[PyramidLevel]:
    """Plan the levels and tiles for the sizes of an image and of the smallest face, in pixels.

    The finest level makes the smallest face ``OVERSIZE`` windows wide, but enlarges at most ``MAX_ENLARGEMENT`` times
    and, beyond ``FREE_PX`` pixels, not above ``LEAST_OVERSIZE`` windows.

    Example:
        >>> [round(level.scale, 2) for level in mtcnn_levels(640, 480, min_face_px=24)]
        [1.0]
    """
    window = WINDOW_PX / min_face_px
    scale = min(OVERSIZE * window, max(LEAST_OVERSIZE * window, sqrt(FREE_PX / (width * height))), MAX_ENLARGEMENT)
    return tiling.levels(width, height, scale, side_px=TILE_PX, overlap_px=OVERLAP_PX, step=COARSER, last_px=TILE_PX)


def _moved(boxes: Array, offsets: Array) -> Array:
    """Move boxes (n, 4) by the network's offsets (n, 4), which are in box sides."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.asarray(boxes + offsets * np.tile(sides, 2), dtype=np.float32)


def _squared(boxes: Array) -> Array:
    """Return squares of the longer side around the centers of boxes (n, 4)."""
    centers = (boxes[:, :2] + boxes[:, 2:]) / 2
    halves = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True, initial=0) / 2
    return np.concatenate([centers - halves, centers + halves], axis=1)


def _normalize(pixels: NDArray[np.uint8]) -> Array:
    """Turn RGB pictures, uint8 (n, H, W, 3), into the networks' input, float32 (n, 3, H, W)."""
    return (pixels.transpose(0, 3, 1, 2).astype(np.float32) - np.float32(127.5)) * np.float32(1 / 128)


def _load(name: str, device: Device) -> "InferenceSession":
    # The detector runs strips and batches side by side. Threads inside a network would wait for each other at
    # every layer: many times slower where other programs want the processor too.
    # Every picture has its own pyramid sizes: an arena would keep the largest one's memory for good.
    asset = ASSETS / f"mtcnn-{name}.onnx"
    try:
        return create_session(_content(asset), threads=1, device=device, name=asset.name, keep_memory=False)
    except ConfigError:
        raise
    except Exception as error:  # ONNX Runtime's own exceptions share no public base
        message = f"{asset}: the face detector cannot be loaded ({error}). Reinstall ekspresi."
        raise ModelError(message) from error


@lru_cache(maxsize=3)
def _content(asset: Path) -> bytes:
    """Read a network's file once: a forked child uses it even where another ekspresi is installed meanwhile."""
    return asset.read_bytes()
