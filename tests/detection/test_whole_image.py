"""The whole image as one face."""

import numpy as np

from ekspresi.detection.detector import make_detector


def test_whole_image_detects_the_whole_image() -> None:
    (face,) = make_detector("none").detect(np.zeros((30, 20, 3), dtype=np.uint8))
    assert face.box_xyxy == (0.0, 0.0, 20.0, 30.0)
    assert face.score == 1.0
    assert face.landmarks is None and face.prediction is None
