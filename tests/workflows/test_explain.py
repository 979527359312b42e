from pathlib import Path

import numpy as np

from ekspresi.imaging.degradations import SIZES_PX
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.visualization.palette import COLORS
from ekspresi.workflows.explain import draw_size_strip
from tests.visualization.test_image_annotator import has_color


def test_strip_shows_each_size(tiny_model: Path) -> None:
    recognizer = Recognizer(tiny_model)
    crop = np.random.default_rng(2).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    six, two = draw_size_strip(recognizer, crop), draw_size_strip(recognizer, crop, sizes=(48, 8))
    assert (six.width - two.width) % (len(SIZES_PX) - 2) == 0
    assert six.height == two.height
    panel = np.asarray(two)[66 : 66 + 288, -(288 + 40) : -40]
    assert (panel[:36, :36] == panel[0, 0]).all(), "a pixel of 8 px is a square of 36"
    assert not (panel[:36, :37] == panel[0, 0]).all()
    (belief,) = recognizer.predict([panel[::36, ::36, 0].copy()])
    assert has_color(np.asarray(two)[66 + 288 :, -(288 + 40) :], COLORS[belief.expression])


def test_strip_does_not_enlarge(tiny_model: Path) -> None:
    crop = np.random.default_rng(2).integers(0, 256, (12, 12), dtype=np.uint8)
    own_and_eight = draw_size_strip(Recognizer(tiny_model), crop)
    assert own_and_eight.width == draw_size_strip(Recognizer(tiny_model), crop, sizes=(12, 8)).width, (
        "12 px is shown once"
    )
