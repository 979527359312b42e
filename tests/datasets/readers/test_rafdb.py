import shutil

import pytest

from ekspresi.datasets.registry import read
from ekspresi.errors import DatasetError
from tests.support.fake_datasets import write_rafdb, write_rafdb_folders

LABELS = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")


@pytest.mark.parametrize("below", [".", "basic"])
def test_release_is_read_from_basic_and_from_above(tmp_path, below):
    write_rafdb(tmp_path / below)
    dataset = read(f"rafdb:{tmp_path}")
    assert dataset.labels == LABELS
    assert [LABELS[code] for code in dataset.targets] == ["sadness", "happiness", "neutral", "surprise", "anger"]
    assert dataset.official.tolist() == ["train", "train", "train", "test", "test"]
    assert dataset.names.tolist()[:2] == ["train_00001.jpg", "train_00002.jpg"]
    assert dataset.images.shape == (5, 100, 100)
    assert dataset.subjects is None


def test_originals_are_cut_by_their_boxes(tmp_path):
    folder = write_rafdb(tmp_path, "original")
    (folder / "Annotation" / "boundingbox" / "test_0001_boundingbox.txt").write_text("100 50 180")
    (folder / "Annotation" / "boundingbox" / "test_0002_boundingbox.txt").unlink()
    dataset = read(f"rafdb:{folder}")
    assert dataset.images.shape == (3, 90, 90)
    assert len(dataset.skipped) == 2
    assert all("is not a file of four numbers" in line for line in dataset.skipped)


def test_aligned_faces_are_preferred_and_missing_ones_skipped(tmp_path):
    folder = write_rafdb(tmp_path)
    write_rafdb(tmp_path / "more", "original")
    shutil.move(tmp_path / "more" / "Image" / "original", folder / "Image" / "original")
    (folder / "Image" / "aligned" / "train_00002_aligned.jpg").unlink()
    dataset = read(f"rafdb:{folder}")
    assert dataset.names.tolist() == ["train_00001.jpg", "train_00003.jpg", "test_0001.jpg", "test_0002.jpg"]
    assert len(dataset.skipped) == 1 and "train_00002_aligned.jpg: no such file" in dataset.skipped[0]


@pytest.mark.parametrize("below", [".", "DATASET"])
def test_folders_of_codes_are_read(tmp_path, below):
    write_rafdb_folders(tmp_path / "faces" / below)
    dataset = read(f"rafdb:{tmp_path / 'faces'}")
    assert len(dataset) == 28
    name = dataset.names.tolist().index(f"{'' if below == '.' else 'DATASET/'}test/6/test_61_aligned.jpg")
    assert (dataset.labels[dataset.targets[name]], dataset.official[name]) == ("anger", "test")


@pytest.mark.parametrize("line", ["train_00009.jpg 8", "train_00009.jpg 0", "valid_00009.jpg 1"])
def test_wrong_line_of_the_list_is_named(tmp_path, line):
    folder = write_rafdb(tmp_path)
    with (folder / "EmoLabel" / "list_patition_label.txt").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(DatasetError, match=rf"line 6, '{line}', is not a train or test picture with a code 1\.\.7"):
        read(f"rafdb:{folder}")


def test_missing_parts_are_named(tmp_path):
    folder = write_rafdb(tmp_path / "a")
    shutil.rmtree(folder / "Image")
    with pytest.raises(DatasetError, match="no folder Image/aligned or Image/original"):
        read(f"rafdb:{folder}")
    tree = write_rafdb_folders(tmp_path / "b")
    shutil.rmtree(tree / "test" / "7")
    with pytest.raises(DatasetError, match="no pictures of neutral"):
        read(f"rafdb:{tree}")
    shutil.rmtree(tree / "test")
    with pytest.raises(DatasetError, match=r"contains neither EmoLabel/list_patition_label\.txt nor train/ and test/"):
        read(f"rafdb:{tree}")


def test_unknown_class_folder_is_refused(tmp_path):
    tree = write_rafdb_folders(tmp_path / "b")
    (tree / "train" / "8").mkdir()
    with pytest.raises(DatasetError, match=r"train/8: unknown class\. Use only the classes surprise, fear"):
        read(f"rafdb:{tree}")
