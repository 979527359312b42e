"""Blendshapes: sides joined, standardized, matched by name."""

from pathlib import Path

import numpy as np
import pytest

from ekspresi.errors import DatasetError
from ekspresi.training.blendshapes import read_blendshapes


def save(path: Path, values: "np.ndarray[tuple[int, int], np.dtype[np.float32]]") -> Path:
    names = ["browDownLeft", "jawOpen", "browDownRight", "_neutral"]
    np.savez(path, files=np.array(["b.png", "a.png", "c.png"]), names=np.array(names), values=values)
    return path


def test_read_blendshapes_joins_sides_and_matches_names(tmp_path: Path) -> None:
    values = np.array([[0.2, 0.5, 0.4, 0], [0.6, 0.9, 0.8, 0], [np.nan] * 4], np.float32)
    found = read_blendshapes(save(tmp_path / "shapes.npz", values), np.array(["a.png", "b.png", "c.png", "d.png"]))
    # The constant '_neutral' is dropped; what remains has mean 0 and standard deviation 1.
    np.testing.assert_allclose(found[:2], [[1, 1], [-1, -1]], rtol=1e-5)
    assert np.isnan(found[2:]).all() and found.shape == (4, 2)


def test_read_blendshapes_of_other_faces_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "shapes.npz", np.ones((3, 4), np.float32))
    with pytest.raises(DatasetError, match="holds none of the training faces"):
        read_blendshapes(path, np.array(["x.png"]))


def test_read_blendshapes_of_no_such_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("text")
    for path in (tmp_path / "text.npz", tmp_path / "none.npz"):
        with pytest.raises(DatasetError, match="is not a file of blendshapes"):
            read_blendshapes(path, np.array(["a"]))
