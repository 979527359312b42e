import shutil

import pytest

from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import make_split
from ekspresi.errors import DatasetError
from tests.support.fake_datasets import save_drawn, write_sfew


def test_aligned_faces_of_both_sides_are_read(tmp_path):
    dataset = read(f"sfew:{write_sfew(tmp_path)}")
    assert (len(dataset), dataset.images.shape) == (14, (14, 181, 143))
    first = dataset.names.tolist().index("Val_Aligned_Faces/Sad/ValFilm_000519245_00000005.png")
    assert (dataset.labels[dataset.targets[first]], dataset.official[first]) == ("sadness", "test")
    assert dataset.sequences[first] == "ValFilm_000519245"
    assert set(dataset.official.tolist()) == {"train", "test"}


def test_newer_alignment_below_the_sides_is_preferred(tmp_path):
    folder = write_sfew(tmp_path)
    shutil.copytree(folder / "Val_Aligned_Faces", folder / "Val" / "Val_Aligned_Faces_new")
    (folder / "Train").mkdir()
    shutil.move(folder / "Train_Aligned_Faces", folder / "Train" / "Train_Aligned_Faces")
    names = read(f"sfew:{folder}").names.tolist()
    assert names[0].startswith("Train/Train_Aligned_Faces/Angry/")
    assert names[-1].startswith("Val/Val_Aligned_Faces_new/Surprise/")


def test_whole_frames_give_their_largest_face(tmp_path):
    dataset = read(f"sfew:{write_sfew(tmp_path, 'frames')}")
    assert len(dataset) == 14
    assert all(60 < image.shape[0] == image.shape[1] < 200 for image in dataset.images)


def test_validation_is_cut_from_training(tmp_path):
    folder = write_sfew(tmp_path)
    for seed in range(20):
        save_drawn(folder / "Train_Aligned_Faces" / "Angry" / f"More_00000{seed:04d}_00000001.png", seed, 143, 181)
    split = make_split(read(f"sfew:{folder}"), "official")
    assert {name: len(part) for name, part in split.by_name.items()} == {"train": 25, "validation": 2, "test": 7}


def test_other_names_leave_sequences_unknown(tmp_path):
    folder = write_sfew(tmp_path)
    save_drawn(folder / "Train_Aligned_Faces" / "Angry" / "image.png", 0, 143, 181)
    dataset = read(f"sfew:{folder}")
    assert (len(dataset), dataset.sequences) == (15, None)


def test_missing_sides_and_classes_are_named(tmp_path):
    folder = write_sfew(tmp_path)
    shutil.rmtree(folder / "Val_Aligned_Faces" / "Fear")
    with pytest.raises(DatasetError, match="Val_Aligned_Faces: no pictures of fear"):
        read(f"sfew:{folder}")
    shutil.rmtree(folder / "Val_Aligned_Faces")
    with pytest.raises(DatasetError, match="no Train and Val with class folders, aligned or whole"):
        read(f"sfew:{folder}")
