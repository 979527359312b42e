import os

import numpy as np
import pytest

from ekspresi.datasets.registry import read
from ekspresi.errors import DatasetError
from tests.support.fake_faces import save, texture


@pytest.fixture
def tree(tmp_path):
    save(texture(0, 30, 20), tmp_path / "Happy" / "a.png")
    save(texture(1), tmp_path / "Happy" / "clip" / "b.png")
    save(texture(2, 10, 10), tmp_path / "bored" / "c.png")
    return tmp_path


def test_known_words_become_expressions_and_own_labels_stay(tree):
    dataset = read(f"folder:{tree}")
    assert dataset.labels == ("bored", "happiness")
    assert dataset.names.tolist() == ["Happy/a.png", "Happy/clip/b.png", "bored/c.png"]
    assert dataset.targets.tolist() == [1, 1, 0]
    assert [image.shape for image in dataset.images] == [(30, 20), (48, 48), (10, 10)]
    assert np.array_equal(dataset.images[0], texture(0, 30, 20))
    assert dataset.official is None
    assert dataset.subjects is None


def test_color_becomes_gray(tree):
    red = np.zeros((8, 8, 3), dtype=np.uint8)
    red[..., 0] = 200
    save(red, tree / "bored" / "red.png")
    dataset = read(f"folder:{tree}")
    image = dataset.images[dataset.names.tolist().index("bored/red.png")]
    assert image.shape == (8, 8)
    assert abs(int(image[0, 0]) - 0.299 * 200) <= 1


def test_sides(tmp_path):
    for side in ("train", "val", "test"):
        for name in ("anger", "fear"):
            save(texture(0), tmp_path / side / name / "x.png")
    dataset = read(f"folder:{tmp_path}")
    assert dict(zip(dataset.names.tolist(), dataset.official.tolist(), strict=True))["val/fear/x.png"] == "validation"
    (tmp_path / "joy").mkdir()
    with pytest.raises(DatasetError, match="'joy' is beside"):
        read(f"folder:{tmp_path}")


def test_subjects_and_sequences(tree):
    (tree / "subjects.csv").write_text(
        "file,subject,sequence\nHappy/a.png,ann,1\nHappy/clip/b.png,ann,\nbored\\c.png,bob,1\n"
    )
    dataset = read(f"folder:{tree}")
    assert dataset.subjects.tolist() == ["ann", "ann", "bob"]
    assert dataset.sequences.tolist() == ["ann/1", "ann/Happy/clip/b.png", "bob/1"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,subject\nHappy/a.png,ann\n", "no subject for 'Happy/clip/b.png' and 1 more"),
        ("file,person\nHappy/a.png,ann\n", "column subject missing"),
        ("file,subject\nHappy/a.png,a\nHappy/a.png,b\nHappy/clip/b.png,a\nbored/c.png,a\n", "has two rows"),
    ],
)
def test_a_wrong_subject_table_is_refused(tree, table, message):
    (tree / "subjects.csv").write_text(table)
    with pytest.raises(DatasetError, match=message):
        read(f"folder:{tree}")


def test_an_empty_class_is_reported_and_one_class_is_none(tree):
    (tree / "fear").mkdir()
    dataset = read(f"folder:{tree}")
    assert "fear: holds no pictures" in dataset.skipped[0]
    (tree / "bored" / "c.png").unlink()
    with pytest.raises(DatasetError, match="1 class folders with pictures"):
        read(f"folder:{tree}")


def test_only_bad_pictures(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.jpg").write_text("text")
    with pytest.raises(DatasetError, match="none of its 2 pictures can be read"):
        read(f"folder:{tmp_path}")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_to_itself_is_skipped_and_named(tree):
    (tree / "bored" / "loop.png").symlink_to("loop.png")
    (tree / "circle").symlink_to("circle")
    dataset = read(f"folder:{tree}")
    assert len(dataset) == 3
    (line,) = dataset.skipped
    assert "loop.png: cannot be opened" in line


@pytest.mark.skipif(os.name == "nt", reason="devices have no paths there")
def test_a_device_is_skipped_and_named(tree):
    (tree / "bored" / "device.png").symlink_to(os.devnull)
    dataset = read(f"folder:{tree}")
    assert len(dataset) == 3
    (line,) = dataset.skipped
    assert "device.png: is not a regular file" in line
