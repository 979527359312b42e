import numpy as np
import pytest

from ekspresi.datasets.overview import official_splits
from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import make_split
from ekspresi.errors import DatasetError
from ekspresi.evaluation.views import select_counted_labels
from ekspresi.expressions import FERPLUS_LABELS
from tests.support.fake_faces import pixel_cell, texture

LABELS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt")


@pytest.fixture
def csv(tmp_path):
    usages = ["Training"] * 6 + ["PublicTest", "PrivateTest"]
    rows = [f"{code},{pixel_cell(texture(code))},{usage}" for code, usage in enumerate(usages)]
    (tmp_path / "ckextended.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    return tmp_path / "ckextended.csv"


def test_reads_the_csv_itself_and_its_folder(csv):
    dataset = read(f"ckextended:{csv.parent}")
    assert dataset.name == "ckextended"
    assert dataset.labels == LABELS
    assert dataset.targets.tolist() == list(range(8))
    assert dataset.official.tolist() == ["train"] * 6 + ["validation", "test"]
    assert np.array_equal(dataset.images, np.stack([texture(code) for code in range(8)]))
    assert dataset.names.tolist()[-1] == "row00007"
    assert (dataset.subjects, dataset.sequences, dataset.skipped) == (None, None, ())
    again = read(f"ckextended:{csv}")
    assert again.fingerprint == dataset.fingerprint
    assert again.spec == f"ckextended:{csv}"


def test_it_can_be_split_as_published_but_not_by_subject(csv):
    dataset = read(f"ckextended:{csv}")
    assert [len(side) for side in official_splits(dataset).values()] == [6, 1, 1]
    assert make_split(dataset, "official").test.tolist() == [7]
    for protocol in ("subject-10fold", "subject-holdout"):
        with pytest.raises(DatasetError, match="its subjects are unknown, so it cannot be split by subject"):
            make_split(dataset, protocol)


def test_all_eight_labels_count():
    assert select_counted_labels(FERPLUS_LABELS, LABELS) == FERPLUS_LABELS


def test_bad_rows_are_reported(csv):
    lines = csv.read_text().splitlines()
    lines[3] = "2,1 2 3,Training"
    csv.write_text("\n".join(lines))
    dataset = read(f"ckextended:{csv}")
    assert dataset.targets.tolist() == [0, 1, 3, 4, 5, 6, 7]
    assert [line.split(":")[0] for line in dataset.skipped] == ["ckextended.csv row 2"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("emotion,pixels", "emotion,faces", "column pixels missing"),
        ("\n7,", "\n8,", r"'8' in the column emotion is not one of the codes 0\.\.7"),
        ("PrivateTest", "Private", "'Private' in the column Usage"),
    ],
)
def test_a_wrong_csv_is_one_clear_line(csv, old, new, message):
    csv.write_text(csv.read_text().replace(old, new))
    with pytest.raises(DatasetError, match=message):
        read(f"ckextended:{csv}")


def test_a_folder_without_the_csv(tmp_path):
    with pytest.raises(DatasetError, match=r"ckextended\.csv: no such file"):
        read(f"ckextended:{tmp_path}")


def test_it_is_not_read_as_fer2013(csv):
    with pytest.raises(DatasetError, match=r"'7' in the column emotion is not one of the codes 0\.\.6"):
        read(f"fer2013:{csv}")
