import numpy as np
import pytest

from ekspresi.datasets.registry import read
from ekspresi.errors import DatasetError
from tests.support.fake_faces import texture, write_ferplus


@pytest.mark.parametrize("form", ["folders", "csv"])
def test_both_forms_give_the_same_faces(tmp_path, form):
    dataset = read(f"ferplus:{write_ferplus(tmp_path, form)}")
    assert dataset.names.tolist() == [
        *(f"fer000000{n}.png" for n in range(7)),
        "fer0000006.png#8",
        "fer0000007.png",
    ]
    seeds = [100, 101, 103, 104, 105, 106, 107, 107, 108]
    assert np.array_equal(dataset.images, np.stack([texture(seed) for seed in seeds]))
    assert dataset.official.tolist() == ["train"] * 4 + ["validation"] * 2 + ["test"] * 3
    assert dataset.votes[0].tolist() == [4, 0, 0, 1, 3, 2, 0, 0]
    assert dataset.other_votes[1].tolist() == [4, 0]
    assert dataset.targets.tolist() == [0, 1, 0, 3, 2, 0, 0, -1, 7]
    assert dataset.majority_targets.tolist() == [-1, 1, -1, 3, 2, -1, 0, -1, 7]
    assert dataset.skipped == ("fer2013new.csv row 2: names no image",)
    assert dataset.subjects is None


def test_a_lost_picture_is_reported(tmp_path):
    write_ferplus(tmp_path, "folders")
    (tmp_path / "FER2013Train" / "fer0000001.png").unlink()
    dataset = read(f"ferplus:{tmp_path}")
    assert len(dataset) == 8
    assert "fer0000001.png" not in dataset.names
    assert any("fer0000001.png" in line for line in dataset.skipped)
    assert dataset.targets.tolist() == [0, 0, 3, 2, 0, 0, -1, 7]


def test_a_row_with_bad_pixels_is_reported(tmp_path):
    write_ferplus(tmp_path, "csv")
    csv = tmp_path / "fer2013.csv"
    lines = csv.read_text().splitlines()
    lines[2] = "0,1 2 300,Training"
    csv.write_text("\n".join(lines))
    dataset = read(f"ferplus:{tmp_path}")
    assert "fer0000001.png" not in dataset.names
    assert any("fer2013.csv row 1" in line for line in dataset.skipped)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("contempt,unknown", "disdain,unknown", "column contempt missing"),
        ("PublicTest,", "Public,", "'Public' in the column Usage"),
        ("4,0,0,1,3,2", "four,0,0,1,3,2", "a vote is not a number"),
        ("4,0,0,1,3,2", "4,0,0,nan,3,2", r"row 0: 'nan' in the column sadness is not a number of votes"),
        ("4,0,0,1,3,2", "4,0,0,1,3,-2", r"row 0: '-2' in the column disgust is not a number of votes"),
        ("4,0,0,1,3,2", "4,inf,0,1,3,2", r"row 0: 'inf' in the column happiness is not a number of votes"),
        ("5,5,0,0,0,0,0,0,0,0", "5,5", "line 5 has 4 cells"),
    ],
)
def test_a_wrong_table_is_one_clear_line(tmp_path, old, new, message):
    table = write_ferplus(tmp_path, "folders") / "fer2013new.csv"
    table.write_text(table.read_text().replace(old, new))
    with pytest.raises(DatasetError, match=message) as error:
        read(f"ferplus:{tmp_path}")
    assert "fer2013new.csv" in str(error.value)
    assert "\n" not in str(error.value)


def test_pictures_must_stand_beside_the_votes(tmp_path):
    write_ferplus(tmp_path, "csv")
    (tmp_path / "fer2013.csv").unlink()
    with pytest.raises(DatasetError, match=r"no pictures beside fer2013new\.csv"):
        read(f"ferplus:{tmp_path}")


def test_a_filtered_fer2013_is_refused(tmp_path):
    csv = write_ferplus(tmp_path, "csv") / "fer2013.csv"
    csv.write_text("\n".join(csv.read_text().splitlines()[:-1]))
    with pytest.raises(DatasetError, match="do not line up"):
        read(f"ferplus:{tmp_path}")
