"""Explain a face: run the model on it at falling sizes and draw the results.

In: a crop and a recognizer. Out: a Pillow image. Knows nothing of files and screens.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.imaging.degradations import SIZES_PX
from ekspresi.recognition.explanation import at_sizes
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.visualization.size_strip import draw_sizes


def strip(recognizer: Recognizer, crop: NDArray[np.uint8], sizes: Sequence[int] = SIZES_PX) -> Image.Image:
    """One face crop -> a picture of it at falling sizes, with what the recognizer believes at each.

    Args:
        recognizer: whose belief is shown.
        crop: uint8 (H, W), (H, W, 1) or (H, W, 3) RGB; where sizes are above its own it is shown as it is, once.
        sizes: sides of the square in pixels, shrunk by area averaging.
    """
    return draw_sizes(at_sizes(recognizer, crop, sizes))
