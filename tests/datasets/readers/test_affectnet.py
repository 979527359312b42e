import pickle
import shutil

import numpy as np
import pytest

from ekspresi.datasets.registry import read
from ekspresi.errors import DatasetError
from tests.support.fake_datasets import write_affectnet_lists, write_affectnet_sets

LABELS = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")


@pytest.fixture
def lists(tmp_path):
    return write_affectnet_lists(tmp_path)


@pytest.fixture
def sets(tmp_path):
    return write_affectnet_sets(tmp_path)


def test_lists_give_eight_classes_cut_by_their_boxes(lists):
    dataset = read(f"affectnet:{lists}")
    assert dataset.labels == LABELS
    assert dataset.targets.tolist() == [*range(8), *range(8)]
    assert dataset.official.tolist() == ["train"] * 8 + ["test"] * 8
    assert dataset.images.shape == (16, 70, 70)
    assert dataset.names[0] == "1/100f.jpg"
    assert dataset.skipped == (
        "training.csv: 1 labelled 'no face' left out",
        "training.csv: 1 labelled 'none' left out",
        "training.csv: 1 labelled 'uncertain' left out",
        *(f"validation.csv: 1 labelled '{word}' left out" for word in ("no face", "none", "uncertain")),
    )


def test_lists_and_pictures_may_lie_in_one_folder(lists):
    shutil.move(lists / "Manually_Annotated" / "Manually_Annotated_Images", lists)
    for name in ("training.csv", "validation.csv"):
        shutil.move(lists / "Manually_Annotated_file_lists" / name, lists)
    assert len(read(f"affectnet:{lists}")) == 16


def test_seven_classes_leave_out_contempt(lists, tmp_path):
    dataset = read(f"affectnet:{lists}?classes=7")
    assert (dataset.labels, len(dataset)) == (LABELS[:7], 14)
    assert "training.csv: 1 labelled 'contempt' left out" in dataset.skipped
    with pytest.raises(DatasetError, match=r"'classes=6' is not a valid option\. Use 7 or 8\."):
        read(f"affectnet:{lists}?classes=6")


def test_rows_that_cannot_be_read_are_skipped(lists):
    table = lists / "Manually_Annotated_file_lists" / "training.csv"
    lines = table.read_text().splitlines()
    lines[1] = lines[1].replace("20,10,60,70", "20,10,NULL,70")
    lines[2] = lines[2].replace("20,10,60,70", "500,10,60,70")
    table.write_text("\n".join(lines))
    (lists / "Manually_Annotated" / "Manually_Annotated_Images" / "1" / "102f.jpg").unlink()
    dataset = read(f"affectnet:{lists}")
    assert len(dataset) == 13
    text = "\n".join(dataset.skipped)
    assert "training.csv row 0: the face box is not four numbers" in text
    assert "101f.jpg: the face box 500,10,560,80 holds none of its 100 x 100 pixels" in text
    assert "102f.jpg: no such file" in text


def test_missing_column_code_and_pictures_are_named(lists):
    table = lists / "Manually_Annotated_file_lists" / "training.csv"
    text = table.read_text()
    table.write_text(text.replace(",10,0.5", ",11,0.5"))
    with pytest.raises(DatasetError, match=r"training\.csv: row 10: '11' is not a code 0\.\.10\. Copy"):
        read(f"affectnet:{lists}")
    table.write_text(text.replace("face_x", "x"))
    with pytest.raises(DatasetError, match="column face_x missing"):
        read(f"affectnet:{lists}")
    shutil.rmtree(lists / "Manually_Annotated")
    with pytest.raises(DatasetError, match="no folder Manually_Annotated_Images"):
        read(f"affectnet:{lists}")
    shutil.rmtree(lists / "Manually_Annotated_file_lists")
    with pytest.raises(DatasetError, match=r"contains neither training\.csv nor train_set/"):
        read(f"affectnet:{lists}")


def test_sets_are_read_by_their_annotations(sets):
    dataset = read(f"affectnet:{sets}")
    assert np.bincount(dataset.targets).tolist() == [3] * 8
    assert dataset.images.shape == (24, 224, 224)
    position = dataset.names.tolist().index("train_set/images/12.jpg")
    assert (dataset.labels[dataset.targets[position]], dataset.official[position]) == ("fear", "train")
    assert (dataset.official == "test").sum() == 8
    assert len(read(f"affectnet:{sets}?classes=7")) == 21


def test_annotation_may_be_a_number(sets):
    annotations = sets / "train_set" / "annotations"
    np.save(annotations / "0_exp.npy", np.int64(6))
    np.save(annotations / "1_exp.npy", np.float64(6))
    dataset = read(f"affectnet:{sets}")
    for number in (0, 1):
        position = dataset.names.tolist().index(f"train_set/images/{number}.jpg")
        assert dataset.labels[dataset.targets[position]] == "anger"


class _Trap:
    def __reduce__(self):
        return pytest.fail, ("the annotation was unpickled",)


def test_annotations_that_cannot_be_read_are_skipped(sets):
    annotations = sets / "train_set" / "annotations"
    (annotations / "0_exp.npy").write_bytes(pickle.dumps(_Trap()))
    np.save(annotations / "1_exp.npy", np.array([_Trap()], dtype=object), allow_pickle=True)
    np.save(annotations / "2_exp.npy", np.zeros(3))
    (annotations / "3_exp.npy").unlink()
    (annotations / "4_exp.npy").write_bytes(b"")
    dataset = read(f"affectnet:{sets}")
    assert len(dataset) == 19
    assert len(dataset.skipped) == 5
    assert all("_exp.npy: is not a file of one number" in line and "\n" not in line for line in dataset.skipped)


def test_set_without_a_part_or_with_a_wrong_code_is_refused(sets):
    np.save(sets / "val_set" / "annotations" / "3_exp.npy", np.array("12"))
    with pytest.raises(DatasetError, match=r"3_exp\.npy: '12' is not a code 0\.\.10"):
        read(f"affectnet:{sets}")
    shutil.rmtree(sets / "val_set" / "annotations")
    with pytest.raises(DatasetError, match="val_set: no folder annotations"):
        read(f"affectnet:{sets}")
