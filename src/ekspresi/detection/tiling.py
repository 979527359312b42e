"""Frame size -> tiles that are searched one by one; boxes of many tiles -> each face once.

In: sizes, or an image and a function that finds faces in a part of it. Out: levels and tiles, or the faces of the
image. Knows nothing of networks.

A network finds faces between a smallest and a largest size, and needs memory for every pixel it sees. So a frame is
looked at on levels of falling scale. A level that is too large for one look is cut into overlapping tiles: a face
that is smaller than the overlap lies wholly in one of them, wherever the seams run. What is larger is seen on the
next level, where it is smaller by ``step``. Boxes that a seam cuts are dropped, and what two tiles or two levels
found is merged by non-maximum suppression.
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
    """A rectangle of a frame, in whole pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class PyramidLevel:
    """One look at the frame.

    Attributes:
        scale: pixels of the network's picture a pixel of the frame; above 1 enlarges.
        tiles: rectangles of the frame, all of one size, that cover it.
    """

    scale: float
    tiles: tuple[Tile, ...]


def tiles(width: int, height: int, side: int, overlap: int) -> list[Tile]:
    """A frame's size -> tiles of at most ``side`` pixels that cover it, row by row.

    All have one size, and neighbors share at least ``overlap`` pixels: every box of at most that width and height
    lies wholly in one of them.

    Raises:
        ValueError: an overlap that leaves no step from tile to tile.
    """
    if not 0 <= overlap < side:
        raise ValueError(f"an overlap of {overlap} px leaves no step between tiles of {side} px")
    tile_width, lefts = _cuts(width, side, overlap)
    tile_height, tops = _cuts(height, side, overlap)
    return [Tile(left, top, left + tile_width, top + tile_height) for top in tops for left in lefts]


def _cuts(length: int, side: int, overlap: int) -> tuple[int, list[int]]:
    """One axis -> the tiles' length there, as short as their number allows, and where they start."""
    if length <= side:
        return length, [0]
    count = ceil((length - overlap) / (side - overlap))
    shortest = ceil((length + (count - 1) * overlap) / count)
    return shortest, [min(i * (shortest - overlap), length - shortest) for i in range(count)]


def levels(
    width: int, height: int, scale: float, *, side_px: int, overlap_px: int, step: float, last_px: int
) -> list[PyramidLevel]:
    """A frame's size -> the levels to look at, finest first; at least one.

    Args:
        width: of the frame, in pixels.
        height: the same downwards.
        scale: of the finest level.
        side_px: largest side of a tile in pixels of its level: bounds memory.
        overlap_px: what neighbors share, in pixels of their level.
        step: how much smaller each level is than the one before. A face of ``overlap_px / step`` pixels on the next
            level must still be large enough to be found there.
        last_px: the first level whose longer side is at most this is the last; at most ``side_px``.
    """
    found = []
    while True:
        side, overlap = max(int(side_px / scale), 2), ceil(overlap_px / scale)
        found.append(PyramidLevel(scale, tuple(tiles(width, height, side, min(overlap, side - 1)))))
        if max(width, height) * scale <= last_px:
            return found
        scale /= step


def cut_by_seam(boxes: Array, tile: Tile, width: int, height: int, margin: float) -> NDArray[np.bool_]:
    """Boxes (n, 4) found in a tile -> which of them (n,) come within ``margin`` of a seam or cross it.

    Boxes and margin are in pixels of the frame, whose size is given. The frame's own edges are no seams. A box that
    is cut here and is not larger than the overlap less twice the margin is whole in a neighbor.
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
    """What a network found in one picture.

    Attributes:
        boxes: x1, y1, x2, y2, float32 (n, 4), in pixels of the picture; may reach past its edges.
        scores: 0..1, float32 (n,).
        landmarks: x and y of the five points of ``Face.landmarks``, float32 (n, 5, 2).
    """

    boxes: Array
    scores: Array
    landmarks: Array


DetectPart = Callable[[NDArray[np.uint8], float], Detections]
"""A part of the image, RGB uint8 (h, w, 3), and the scale to look at it -> finds in pixels of that part."""


def detect_tiled(image: NDArray[np.uint8], levels: Sequence[PyramidLevel], find: DetectPart) -> list[Face]:
    """RGB image, uint8 (H, W, 3), and where to look -> its faces, largest first."""
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
