"""No detection: image -> one face that is the whole image.

In: a picture that already is a face crop. Out: one face. Knows nothing of what the picture shows.
"""

import numpy as np
from numpy.typing import NDArray

from ekspresi.types import Face


class WholeImage:
    """The detector for face crops: everything is one face."""

    def detect(self, image: NDArray[np.uint8]) -> list[Face]:
        """Image, uint8 (H, W, 3) -> one face with score 1.0 whose box is the whole image."""
        height, width = image.shape[:2]
        return [Face(box_xyxy=(0.0, 0.0, float(width), float(height)), score=1.0)]
