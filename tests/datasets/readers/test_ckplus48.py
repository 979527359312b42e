import shutil

import numpy as np
import pytest

from ekspresi.datasets.registry import read
from ekspresi.errors import DatasetError
from tests.support.fake_faces import save, texture, write_ckplus48


@pytest.fixture
def folder(tmp_path):
    return write_ckplus48(tmp_path / "CK+48")


def test_reads_classes_subjects_and_sequences(folder):
    dataset = read(f"ckplus48:{folder}")
    assert len(dataset) == 63
    assert dataset.labels == ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
    assert np.bincount(dataset.targets).tolist() == [9] * 7
    assert dataset.majority_targets.tolist() == dataset.targets.tolist()
    first = dataset.names.tolist().index("anger/S010_001_00000017.png")
    assert (dataset.subjects[first], dataset.sequences[first]) == ("S010", "S010_001")
    assert len(set(dataset.subjects)) == 12
    assert len(set(dataset.sequences)) == 21
    assert dataset.images.shape == (63, 48, 48)
    expected = texture(0)
    expected[:4, :4] = 17
    assert np.array_equal(dataset.images[first], expected)
    assert dataset.official is None
    assert dataset.skipped == ()


def test_a_missing_class_is_named(folder):
    shutil.rmtree(folder / "contempt")
    with pytest.raises(DatasetError, match="no pictures of contempt"):
        read(f"ckplus48:{folder}")


@pytest.mark.parametrize("name", ["bored", "neutral"])
def test_a_class_that_ckplus_does_not_have_is_named(folder, name):
    save(texture(1), folder / name / "S999_001_00000001.png")
    with pytest.raises(DatasetError, match=f"{name}: unknown class"):
        read(f"ckplus48:{folder}")


def test_two_folders_of_one_class_are_refused(folder):
    save(texture(1), folder / "happiness" / "S999_001_00000001.png")
    with pytest.raises(DatasetError, match="'happiness' and 'happy' mean happiness"):
        read(f"ckplus48:{folder}")


def test_bad_pictures_are_reported_and_the_rest_is_read(folder):
    (folder / "fear" / "S500_001_00000001.png").write_bytes(b"")
    (folder / "fear" / "S500_001_00000002.png").write_text("no picture")
    (folder / "fear" / "S500_001_00000003.png").write_bytes(
        (folder / "anger" / "S010_001_00000017.png").read_bytes()[:200]
    )
    save(texture(1), folder / "fear" / "portrait.png")
    dataset = read(f"ckplus48:{folder}")
    assert len(dataset) == 63
    assert len(dataset.skipped) == 4
    assert all("fear/" in line and "\n" not in line for line in dataset.skipped)


@pytest.mark.shared
def test_real_counts(shared):
    dataset = read(f"ckplus48:{shared / 'data' / 'CK+48'}")
    assert np.bincount(dataset.targets).tolist() == [135, 54, 177, 75, 207, 84, 249]
    assert (len(set(dataset.subjects)), len(set(dataset.sequences))) == (118, 327)
