"""The names of detectors, and the one that finds nothing but the image itself."""

import math
import subprocess
import sys

import numpy as np
import pytest

from ekspresi.detection.detector import DETECTORS, make_detector
from ekspresi.detection.mtcnn import MtcnnDetector
from ekspresi.errors import ConfigError


def test_none_takes_the_whole_image_as_one_face() -> None:
    (face,) = make_detector("none").detect(np.zeros((30, 20, 3), dtype=np.uint8))
    assert face.box_xyxy == (0.0, 0.0, 20.0, 30.0)
    assert face.score == 1.0
    assert face.landmarks is None and face.prediction is None


def test_every_name_makes_a_detector() -> None:
    assert DETECTORS == ("mtcnn", "yunet", "none")
    for name in ("mtcnn", "none"):
        assert callable(make_detector(name).detect)
    made = make_detector("mtcnn", min_face_px=20)
    assert isinstance(made, MtcnnDetector) and made.min_face_px == 20


def test_unknown_name_and_impossible_size_are_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"'haar'.*mtcnn, yunet, none, and yunet:PATH"):
        make_detector("haar")
    for size in (0, -5, math.nan, math.inf):
        with pytest.raises(ConfigError, match="at least 1"):
            make_detector("mtcnn", min_face_px=size)


def test_onnxruntime_is_not_loaded_before_the_first_image() -> None:
    code = "import sys, ekspresi.detection.detector as d; d.make_detector('mtcnn'); print('onnxruntime' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
