"""Size estimates on faces that were shrunk and enlarged again."""

import numpy as np
import pytest

from ekspresi.evaluation import effective_size
from ekspresi.evaluation.effective_size import FACES, enlarge_again, measure_effective_sizes
from ekspresi.evaluation.evaluate import evaluate
from tests.evaluation.made_up_faces import dataset_of


def test_measure_effective_sizes_on_enlarged_faces(calibrated, recognizer):
    dataset = dataset_of([("fear", "fear")] * 5)
    evaluation = evaluate(calibrated, dataset, np.arange(5), sizes=(48, 16, 12, 8))
    found = {e.size_px: (e.within, e.median_px, e.n) for e in evaluation.effective_sizes}
    assert found == {48: (0.0, 16.0, 5), 16: (1.0, 16.0, 5), 12: (1.0, 16.0, 5), 8: (0.0, 16.0, 5)}
    assert evaluate(recognizer, dataset, np.arange(5), sizes=(48,)).effective_sizes == ()


def test_measure_effective_sizes_skips_sizes_above_all_faces(calibrated):
    dataset = dataset_of([("fear", "fear")] * 4, side=20)
    found = measure_effective_sizes(calibrated, dataset, np.arange(4), [48, 20, 16])
    assert [(each.size_px, each.n) for each in found] == [(20, 4), (16, 4)]


def test_measure_effective_sizes_counts_only_the_given_faces(calibrated, monkeypatch):
    dataset = dataset_of([("fear", "fear")] * 12)
    assert measure_effective_sizes(calibrated, dataset, np.arange(7), [16])[0].n == 7
    assert FACES == 1000
    monkeypatch.setattr(effective_size, "FACES", 5)
    assert measure_effective_sizes(calibrated, dataset, np.arange(7), [16])[0].n == 5


def test_measure_effective_sizes_hides_the_size_of_the_crop(calibrated, monkeypatch):
    """The model sees crops whose sides do not depend on the size to which the face was shrunk."""
    seen = []

    def look(crops):
        seen.append([crop.shape for crop in crops])
        return np.zeros((len(crops), 8)), np.full(len(crops), 16.0)

    monkeypatch.setattr(calibrated, "logits", look)
    measure_effective_sizes(calibrated, dataset_of([("fear", "fear")] * 30), np.arange(30), [40, 8])
    for shapes in seen:
        sides = {height for height, width in shapes if height == width}
        assert len(sides) > 10 and min(sides) >= 48 and max(sides) <= 112


@pytest.mark.parametrize("side", [8, 48, 60])
def test_enlarge_again_keeps_the_mean_and_the_gray_range(side):
    crop = np.random.default_rng(1).integers(60, 180, (side, side), dtype=np.uint8)
    rng = np.random.default_rng(0)
    for _ in range(20):
        enlarged = enlarge_again(crop, rng)
        assert enlarged.dtype == np.uint8 and 48 <= enlarged.shape[0] == enlarged.shape[1] <= 112
        assert enlarged.mean() == pytest.approx(crop.mean(), abs=6)


def test_enlarge_again_of_a_seed_is_reproducible():
    crop = np.arange(64, dtype=np.uint8).reshape(8, 8)
    first, second, other = (enlarge_again(crop, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first, second) and not np.array_equal(first, other)
