"""Take a whole image as one face.

In: a picture that is already a face crop. Out: one face. Does not know about what the picture shows.
"""

import numpy as np
from numpy.typing import NDArray

from ekspresi.types import Face


class WholeImage:
    """Detect nothing: take each face crop as one face.

    Example:
        >>> WholeImage().detect(np.zeros((40, 30, 3), np.uint8))[0].box_xyxy
        (0.0, 0.0, 30.0, 40.0)
    """

    def detect(self, image: NDArray[np.uint8]) -> list[Face]:
        """Return one face with score 1.0 whose box is the whole image, uint8 (H, W, 3)."""
        height, width = image.shape[:2]
        return [Face(box_xyxy=(0.0, 0.0, float(width), float(height)), score=1.0)]

    def search_from(self, min_face_px: float) -> "WholeImage":
        """Return the same: the whole image is a face of any width."""
        return self
