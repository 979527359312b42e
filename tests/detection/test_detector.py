"""The names of detectors, and the one that finds nothing but the image itself."""

import math
import subprocess
import sys

import pytest

from ekspresi.detection.detector import DETECTORS, make_detector
from ekspresi.detection.mtcnn import MtcnnDetector
from ekspresi.errors import ConfigError


def test_make_detector_of_each_name_makes_it() -> None:
    assert DETECTORS == ("mtcnn", "yunet", "none")
    for name in ("mtcnn", "none"):
        assert callable(make_detector(name).detect)
    made = make_detector("mtcnn", min_face_px=20)
    assert isinstance(made, MtcnnDetector) and made.min_face_px == 20


def test_make_detector_of_bad_arguments_is_one_line() -> None:
    with pytest.raises(ConfigError, match=r"'haar': is not a detector\. Use mtcnn, yunet, none or yunet:PATH\."):
        make_detector("haar")
    for size in (0, -5, math.nan, math.inf):
        with pytest.raises(ConfigError, match=r"--min-face-px .*at least 1"):
            make_detector("mtcnn", min_face_px=size)


def test_make_detector_loads_no_onnxruntime() -> None:
    code = "import sys, ekspresi.detection.detector as d; d.make_detector('mtcnn'); print('onnxruntime' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
