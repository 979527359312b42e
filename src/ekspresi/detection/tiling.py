"""Search a frame in tiles on levels of falling scale, and merge the detections.

In: sizes, or an image and a function that finds faces in a part of it. Out: levels and tiles, or the faces of the
image. Does not know about networks.

A network finds faces between a smallest and a largest size, and needs memory for every pixel of its input. So a frame
is searched on levels of falling scale, and a large level is cut into overlapping tiles. A face that is smaller than
the overlap lies wholly in one tile. A larger face is found on the next level, where it is smaller by ``step``. Boxes
that a seam cuts are dropped. Non-maximum suppression merges the detections of all tiles and levels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ekspresi.imaging.boxes import area, nms
from ekspresi.types import Face

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tile:
    """Describe a rectangle of a frame, in whole pixels; right and bottom are exclusive.

    Example:
        >>> Tile(left=0, top=0, right=640, bottom=480).right
        640
    """

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class PyramidLevel:
    """Describe one scale at which a frame is searched.

    Attributes:
        scale: pixels of the network's input per pixel of the frame; above 1 enlarges.
        tiles: rectangles of the frame, all of one size, that cover it.

    Example:
        >>> PyramidLevel(0.5, (Tile(0, 0, 640, 480),)).scale
        0.5
    """

    scale: float
    tiles: tuple[Tile, ...]


def tiles(width: int, height: int, side: int, overlap: int) -> list[Tile]:
    """Cut a frame into tiles of at most ``side`` pixels, row by row.

    All tiles have one size, and neighbors share at least ``overlap`` pixels. Every box of at most that width and height
    lies wholly in one tile.

    Raises:
        ValueError: the overlap leaves no step from tile to tile.

    Example:
        >>> [(tile.left, tile.right) for tile in tiles(100, 50, side=60, overlap=20)]
        [(0, 60), (40, 100)]
    """
    if not 0 <= overlap < side:
        raise ValueError(f"an overlap of {overlap} px leaves no step between tiles of {side} px")
    tile_width, lefts = _cuts(width, side, overlap)
    tile_height, tops = _cuts(height, side, overlap)
    return [Tile(left, top, left + tile_width, top + tile_height) for top in tops for left in lefts]


def _cuts(length: int, side: int, overlap: int) -> tuple[int, list[int]]:
    """Return the shortest length of the tiles along one axis, and where they start."""
    if length <= side:
        return length, [0]
    count = ceil((length - overlap) / (side - overlap))
    shortest = ceil((length + (count - 1) * overlap) / count)
    return shortest, [min(i * (shortest - overlap), length - shortest) for i in range(count)]


def levels(
    width: int, height: int, scale: float, *, side_px: int, overlap_px: int, step: float, last_px: int
) -> list[PyramidLevel]:
    """Plan the levels at which a frame is searched, finest first; at least one.

    Args:
        width: of the frame, in pixels.
        height: of the frame, in pixels.
        scale: of the finest level.
        side_px: largest width or height of a tile in pixels of its level; bounds memory.
        overlap_px: overlap of neighbors, in pixels of their level.
        step: ratio of the scales of two levels. A face of ``overlap_px / step`` pixels on the next level must be
            large enough to be found there.
        last_px: the first level whose longer side is at most this is the last; at most ``side_px``.

    Example:
        >>> [level.scale for level in levels(800, 600, 1.0, side_px=512, overlap_px=64, step=4.0, last_px=512)]
        [1.0, 0.25]
    """
    found = []
    while True:
        side, overlap = max(int(side_px / scale), 2), ceil(overlap_px / scale)
        found.append(PyramidLevel(scale, tuple(tiles(width, height, side, min(overlap, side - 1)))))
        if max(width, height) * scale <= last_px:
            return found
        scale /= step


def cut_by_seam(boxes: Array, tile: Tile, width: int, height: int, margin: float) -> NDArray[np.bool_]:
    """Return which boxes (n, 4) of a tile come within ``margin`` of a seam or cross it, as bool (n,).

    Boxes and margin are in pixels of the frame, whose size is given. The frame's edges are not seams. A box that is cut
    here, and is at most the overlap less twice the margin, is whole in a neighbor.

    Example:
        >>> boxes = np.array([[2, 2, 20, 20], [40, 2, 59, 20]], np.float32)
        >>> cut_by_seam(boxes, Tile(0, 0, 60, 50), width=100, height=50, margin=4.0).tolist()
        [False, True]
    """
    seams = np.array([tile.left > 0, tile.top > 0, tile.right < width, tile.bottom < height])
    room = np.stack(
        [boxes[:, 0] - tile.left, boxes[:, 1] - tile.top, tile.right - boxes[:, 2], tile.bottom - boxes[:, 3]], axis=1
    )
    return np.asarray((seams & (room < margin)).any(axis=1))


SEAM_PX = 4.0
"""A box that ends nearer than this to a seam, in pixels of the level, may be half a face."""
SAME_FACE = 0.7
"""Two boxes that share more than this of the smaller one are one face, found on two tiles or two levels."""


@dataclass(frozen=True, slots=True)
class Detections:
    """Hold the detections of a network in one picture.

    Attributes:
        boxes: x1, y1, x2, y2, float32 (n, 4), in pixels of the picture; may reach past its edges.
        scores: 0..1, float32 (n,).
        landmarks: x and y of the five points of ``Face.landmarks``, float32 (n, 5, 2).

    Example:
        >>> Detections(np.zeros((2, 4), np.float32), np.ones(2, np.float32), np.zeros((2, 5, 2), np.float32)).scores
        array([1., 1.], dtype=float32)
    """

    boxes: Array
    scores: Array
    landmarks: Array


DetectPart = Callable[[NDArray[np.uint8], float], Detections]
"""Finds faces in a part of the image, RGB uint8 (h, w, 3), at a scale; the result is in pixels of that part."""


def detect_tiled(image: NDArray[np.uint8], levels: Sequence[PyramidLevel], find: DetectPart) -> list[Face]:
    """Search an RGB image, uint8 (H, W, 3), on levels; return its faces, largest first.

    Example:
        >>> def find(part, scale):
        ...     return Detections(np.float32([[8, 8, 24, 24]]), np.float32([0.9]), np.zeros((1, 5, 2), np.float32))
        >>> image = np.zeros((48, 64, 3), np.uint8)
        >>> [face.box_xyxy for face in detect_tiled(image, [PyramidLevel(1.0, (Tile(0, 0, 64, 48),))], find)]
        [(8.0, 8.0, 24.0, 24.0)]
    """
    height, width = image.shape[:2]
    boxes, scores, landmarks = [], [], []
    for level in levels:
        for tile in level.tiles:
            finds = find(image[tile.top : tile.bottom, tile.left : tile.right], level.scale)
            offset = np.array([tile.left, tile.top], dtype=np.float32)
            moved = finds.boxes + np.tile(offset, 2)
            whole = ~cut_by_seam(moved, tile, width, height, SEAM_PX / level.scale)
            boxes.append(moved[whole])
            scores.append(finds.scores[whole])
            landmarks.append(finds.landmarks[whole] + offset)
    all_boxes, all_scores, all_landmarks = (np.concatenate(parts) for parts in (boxes, scores, landmarks))
    kept = nms(all_boxes, all_scores, SAME_FACE, of_smaller=True)
    found = [
        Face(
            box_xyxy=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
            score=float(score),
            landmarks=tuple((float(x), float(y)) for x, y in points),
        )
        for box, score, points in zip(all_boxes[kept], all_scores[kept], all_landmarks[kept], strict=True)
    ]
    return sorted(found, key=lambda face: area(face.box_xyxy), reverse=True)
