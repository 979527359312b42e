"""The names of detectors, and the one that finds nothing but the image itself."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ekspresi.detection.detector import DETECTORS, make_detector
from ekspresi.detection.mtcnn import MtcnnDetector
from ekspresi.errors import ConfigError

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_make_detector_of_each_name_makes_it() -> None:
    assert DETECTORS == ("mtcnn", "yunet", "none")
    for name in ("mtcnn", "none"):
        assert callable(make_detector(name).detect)
    made = make_detector("mtcnn", min_face_px=20)
    assert isinstance(made, MtcnnDetector) and made.min_face_px == 20


def test_search_from_another_width_shares_the_networks() -> None:
    image = np.asarray(Image.open(EXAMPLES / "corridor.jpg").convert("RGB"))
    few = make_detector("mtcnn", 12).search_from(60)
    assert few.detect(image) == make_detector("mtcnn", 60).detect(image) and 0 < len(few.detect(image)) < 6
    made = make_detector("mtcnn", 12)
    assert isinstance(made, MtcnnDetector)
    assert made.search_from(60)._networks is made._networks and made.min_face_px == 12
    whole = make_detector("none")
    assert whole.search_from(60) is whole


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
