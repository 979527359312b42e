import sys

import numpy as np
import pytest

from ekspresi.errors import DatasetError, MissingExtraError
from ekspresi.training.sampling import class_weights, oversample


def test_oversampling_counts():
    targets = np.array([0] * 16 + [-1] * 3 + [1] * 4 + [2])
    rng = np.random.default_rng
    assert oversample(targets, "none", rng(0)).tolist() == list(range(24))
    balanced = oversample(targets, "balanced", rng(0))
    assert np.bincount(targets[balanced] + 1).tolist() == [3, 16, 16, 16]
    assert (np.diff(balanced) >= 0).all()
    assert set(balanced.tolist()) == set(range(24))
    assert np.bincount(targets[oversample(targets, "sqrt", rng(0))] + 1).tolist() == [3, 16, 8, 4]
    assert np.array_equal(balanced, oversample(targets, "balanced", rng(0)))
    assert not np.array_equal(balanced, oversample(targets, "balanced", rng(1)))


def test_an_unknown_method_is_refused():
    with pytest.raises(
        DatasetError, match=r"oversampling = 'smote': is not a known method\. Use one of none, balanced, sqrt"
    ):
        oversample(np.array([0, 1]), "smote", np.random.default_rng(0))


def test_without_the_sampler_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "imblearn.over_sampling", None)
    with pytest.raises(MissingExtraError, match=r"ekspresi\[train\]"):
        oversample(np.array([0, 0, 1]), "balanced", np.random.default_rng(0))
    assert oversample(np.array([0, 0, 1]), "none", np.random.default_rng(0)).tolist() == [0, 1, 2]


def test_class_weights():
    weights = class_weights(np.array([0, 0, 0, 1, -1]), 3)
    assert weights.dtype == np.float32
    assert weights.tolist() == pytest.approx([4 / 6, 2.0, 0.0])
    assert (weights[[0, 0, 0, 1]]).mean() == pytest.approx(1.0)
