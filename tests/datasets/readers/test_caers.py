import shutil

import pytest
from PIL import Image

from ekspresi.datasets.registry import find_info, read
from ekspresi.errors import DatasetError
from tests.support.fake_datasets import write_caers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_caers(tmp_path_factory.mktemp("CAER") / "CAER-S")


def test_largest_faces_are_read_from_the_folder_and_above(folder):
    dataset = read(f"caers:{folder.parent}")
    assert len(dataset) == 14
    first = dataset.names.tolist().index("CAER-S/test/Anger/0001.png")
    assert (dataset.labels[dataset.targets[first]], dataset.official[first]) == ("anger", "test")
    assert all(40 < image.shape[0] == image.shape[1] < 110 for image in dataset.images)
    assert read(f"caers:{folder}").fingerprint != dataset.fingerprint  # the names differ
    assert find_info("caers").split_leaks_subjects


def test_frames_without_a_face_are_skipped(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "CAER-S")
    Image.new("RGB", (356, 200)).save(tmp_path / "CAER-S" / "test" / "Sad" / "0006.png")
    dataset = read(f"caers:{tmp_path}")
    assert len(dataset) == 13
    assert len(dataset.skipped) == 1 and "Sad/0006.png: no face was found" in dataset.skipped[0]


def test_missing_sides_and_classes_are_named(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "faces")
    (copy / "train" / "Bored").mkdir()
    with pytest.raises(DatasetError, match="train/Bored: unknown class"):
        read(f"caers:{copy}")
    shutil.rmtree(copy / "test")
    with pytest.raises(DatasetError, match="contains no train/ and test/ with class folders"):
        read(f"caers:{copy}")
