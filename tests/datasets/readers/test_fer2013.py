import shutil

import numpy as np
import pytest

from ekspresi.datasets.registry import read
from ekspresi.errors import DatasetError
from tests.support.fake_faces import pixel_cell, save, texture

LABELS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


def write_csv(folder):
    usages = ["Training"] * 5 + ["PublicTest", "PrivateTest"]
    rows = [f"{code},{pixel_cell(texture(code))},{usage}" for code, usage in enumerate(usages)]
    (folder / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    return folder / "fer2013.csv"


def write_folders(folder):
    for side in ("train", "test"):
        for code, name in enumerate(("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")):
            save(texture(code), folder / side / name / f"{side}_{code}.png")
    return folder


def test_reads_the_csv_itself_and_its_folder(tmp_path):
    csv = write_csv(tmp_path)
    dataset = read(f"fer2013:{tmp_path}")
    assert dataset.labels == LABELS
    assert dataset.targets.tolist() == list(range(7))
    assert dataset.official.tolist() == ["train"] * 5 + ["validation", "test"]
    assert np.array_equal(dataset.images, np.stack([texture(code) for code in range(7)]))
    assert read(f"fer2013:{csv}").fingerprint == dataset.fingerprint


def test_reads_the_folder_form(tmp_path):
    dataset = read(f"fer2013:{write_folders(tmp_path)}")
    assert dataset.labels == LABELS
    assert sorted(dataset.targets.tolist()) == sorted(list(range(7)) * 2)
    assert {"train", "test"} == set(dataset.official.tolist())
    assert dataset.targets[dataset.names.tolist().index("test/happy/test_3.png")] == 3


def test_bad_rows_are_reported(tmp_path):
    csv = write_csv(tmp_path)
    text = csv.read_text().splitlines()
    text[3] = "2,1 2 3,Training"
    text[4] = text[4].replace(",", ",x ", 1)
    csv.write_text("\n".join(text))
    dataset = read(f"fer2013:{tmp_path}")
    assert dataset.targets.tolist() == [0, 1, 4, 5, 6]
    assert [line.split(":")[0] for line in dataset.skipped] == ["fer2013.csv row 2", "fer2013.csv row 3"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("emotion,pixels", "emotion,faces", "column pixels missing"),
        ("\n6,", "\n7,", "'7' in the column emotion"),
        ("PrivateTest", "Private", "'Private' in the column Usage"),
    ],
)
def test_a_wrong_csv_is_one_clear_line(tmp_path, old, new, message):
    csv = write_csv(tmp_path)
    csv.write_text(csv.read_text().replace(old, new))
    with pytest.raises(DatasetError, match=message):
        read(f"fer2013:{tmp_path}")


def test_a_binary_csv_is_refused(tmp_path):
    (tmp_path / "fer2013.csv").write_bytes(b"\xff\xfe\x00\x01" * 9)
    with pytest.raises(DatasetError, match="cannot be read as csv"):
        read(f"fer2013:{tmp_path}")


def test_a_missing_or_unknown_class_folder_is_named(tmp_path):
    write_folders(tmp_path)
    shutil.move(tmp_path / "test" / "sad", tmp_path / "test" / "contempt")
    with pytest.raises(DatasetError, match="contempt: unknown class"):
        read(f"fer2013:{tmp_path}")
    shutil.rmtree(tmp_path / "test" / "contempt")
    with pytest.raises(DatasetError, match=r"test: no pictures of sadness"):
        read(f"fer2013:{tmp_path}")


def test_neither_form(tmp_path):
    with pytest.raises(DatasetError, match=r"neither fer2013\.csv nor"):
        read(f"fer2013:{tmp_path}")
