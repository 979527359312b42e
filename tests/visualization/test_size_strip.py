"""Check what a size strip shows."""

import numpy as np

from ekspresi.recognition.explanation import Reduced
from ekspresi.visualization.size_strip import draw_sizes
from tests.visualization.test_image_annotator import prediction, rgb_of


def test_draw_sizes_shows_abstention_and_effective_size() -> None:
    def sheet(**fields: object) -> np.ndarray:
        reduced = Reduced(np.full((16, 16), 90, np.uint8), prediction(**fields))
        return np.asarray(draw_sizes([reduced])).astype(int)

    head, verdict = np.s_[:60, -(288 + 40) :], np.s_[66 + 288 + 10 : 66 + 288 + 60, -(288 + 40) :]
    sure, unsure, sized = sheet(), sheet(abstained=True), sheet(effective_px=11.0)
    assert (sure[verdict].min(), unsure[verdict].min()) == (rgb_of("#14171C")[0], rgb_of("#5A626D")[0])
    np.testing.assert_array_equal(unsure[verdict], sheet(abstained=True, confidence=0.5)[verdict])
    np.testing.assert_array_equal(sure[verdict], sized[verdict])
    right = np.s_[:60, -200:]
    assert (sure[right] == 255).all()
    assert (sized[right] < 255).any()
    assert (sized[head] != sheet(effective_px=12.0)[head]).any()
