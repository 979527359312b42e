"""Image, levels and a network -> faces: the network looks at one tile after another.

In: an RGB image, where to look (``tiling``), and a function that finds faces in a picture. Out: faces in pixels of the
image, largest first. Knows nothing of the network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ekspresi.detection.tiling import Array, Level, cut_by_seam
from ekspresi.imaging.boxes import area, nms
from ekspresi.types import Face

SEAM_PX = 4.0
"""A box that ends nearer than this to a seam, in pixels of the level, may be half a face."""
SAME_FACE = 0.7
"""Two boxes that share more than this of the smaller one are one face, found on two tiles or two levels."""


@dataclass(frozen=True, slots=True)
class Finds:
    """What a network found in one picture.

    Attributes:
        boxes: x1, y1, x2, y2, float32 (n, 4), in pixels of the picture; may reach past its edges.
        scores: 0..1, float32 (n,).
        landmarks: x and y of the five points of ``Face.landmarks``, float32 (n, 5, 2).
    """

    boxes: Array
    scores: Array
    landmarks: Array


Find = Callable[[NDArray[np.uint8], float], Finds]
"""A part of the image, RGB uint8 (h, w, 3), and the scale to look at it -> finds in pixels of that part."""


def search(image: NDArray[np.uint8], levels: Sequence[Level], find: Find) -> list[Face]:
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
