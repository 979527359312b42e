"""``benchmarks/large_dataset.py``: the pictures that it makes."""

import numpy as np
import pytest

import large_dataset
from ekspresi.datasets.registry import read
from ekspresi.expressions import FERPLUS_LABELS


def test_both_forms_hold_the_same_pictures(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(large_dataset, "COPIED", 40)
    large_dataset.write_folder(tmp_path / "folder", 170)
    large_dataset.write_parquet(tmp_path / "x.parquet", 170)
    folder, table = read(f"folder:{tmp_path / 'folder'}"), read(f"parquet:{tmp_path / 'x.parquet'}")
    assert set(folder.labels) == set(table.labels) == set(FERPLUS_LABELS)
    order = np.argsort([name.rpartition("/")[2] for name in folder.names.tolist()])
    np.testing.assert_array_equal(folder.digests[order], table.digests)
    np.testing.assert_array_equal(folder.official[order], table.official)
    assert (table.official == "test").sum() == 17
    copies = table.digests == table.digests[0]
    assert np.flatnonzero(copies).tolist() == [0, 9, 49, 89, 129, 169]  # a training picture, and its copies in test
