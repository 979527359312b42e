"""Pairs of arms, tested against each other, with p-values that can be computed by hand."""

from dataclasses import replace

import numpy as np
import pytest

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.imaging.degradations import SIZES_PX
from ekspresi.study.comparison import compare_arms
from ekspresi.study.config import StudyConfig
from ekspresi.study.findings import Study
from ekspresi.study.results import Pooled


def test_compare_arms_tests_pairs_that_differ_in_one_key(figures: Study) -> None:
    found = {(each.key, each.first, each.second, each.size_px): each for each in figures.comparisons}
    assert set(found) == {
        (key, "rmsprop", other, size)
        for key, other in (("optimizer", "adam"), ("oversampling", "no-oversampling"))
        for size in (48, 16)
    }
    plain = found["oversampling", "rmsprop", "no-oversampling", 48]
    assert (plain.n, plain.only_first, plain.only_second) == (80, 20, 0)
    assert plain.p == pytest.approx(2 / 2**20) and plain.p_corrected == pytest.approx(4 / 2**20)
    assert plain.difference == 0.25
    assert found["optimizer", "rmsprop", "adam", 48].p == 1.0


def test_compare_arms_tests_the_first_seed_only(dataset: FaceDataset, study: StudyConfig) -> None:
    everyone = np.arange(len(dataset))
    right = np.eye(4)[dataset.targets] * 0.6 + 0.1
    wrong = np.eye(4)[(dataset.targets + 1) % 4] * 0.6 + 0.1
    pooled = Pooled(
        np.concatenate([everyone, everyone]),
        np.repeat([3, 8], len(dataset)),
        np.stack([np.concatenate([right, wrong])] * len(SIZES_PX)),
    )
    other = replace(pooled, probabilities=np.stack([np.concatenate([wrong, right])] * len(SIZES_PX)))
    one, two = (replace(arm, seeds=(3, 8)) for arm in study.arms[:2])
    each = compare_arms([(one, pooled), (two, other)], dataset)[0]
    assert (each.n, each.only_first, each.only_second) == (80, 80, 0)
