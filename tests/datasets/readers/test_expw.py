import shutil

import numpy as np
import pytest
from PIL import Image

from ekspresi.datasets.registry import read
from ekspresi.errors import DatasetError
from tests.support.fake_datasets import EXPW_LINES, write_expw


@pytest.fixture
def folder(tmp_path):
    return write_expw(tmp_path)


def add(folder, line):
    (folder / "label" / "label.lst").write_text("\n".join([*EXPW_LINES, line]) + "\n")


def test_faces_are_cut_by_top_left_right_bottom(folder):
    dataset = read(f"expw:{folder}")
    assert dataset.names.tolist() == ["angry_actor_13.jpg#0", "angry_actor_13.jpg#1", "surprise_crowd_7.jpg#0"]
    assert [dataset.labels[code] for code in dataset.targets] == ["anger", "neutral", "surprise"]
    assert [image.shape for image in dataset.images] == [(80, 80), (50, 50), (100, 100)]
    picture = np.asarray(Image.open(folder / "image" / "origin" / "surprise_crowd_7.jpg").convert("L"))
    cut = dataset.images[2].astype(int)
    assert np.abs(cut - picture[40:140, 40:140]).max() <= 1
    assert dataset.official is None and dataset.subjects is None


@pytest.mark.parametrize("place", ["image", "origin"])
def test_pictures_may_lie_elsewhere(folder, place):
    shutil.move(folder / "image" / "origin", folder / "moved")
    shutil.rmtree(folder / "image")
    shutil.move(folder / "moved", folder / place)
    shutil.move(folder / "label" / "label.lst", folder / "label.lst")
    assert len(read(f"expw:{folder}")) == 3


def test_rows_that_cannot_be_read_are_skipped(folder):
    add(folder, EXPW_LINES[0])
    (folder / "image" / "origin" / "surprise_crowd_7.jpg").write_bytes(b"no picture")
    dataset = read(f"expw:{folder}")
    assert len(dataset) == 2
    assert "angry_actor_13.jpg#0: has 2 entries; the first is used" in dataset.skipped
    assert any("surprise_crowd_7.jpg" in line for line in dataset.skipped)


@pytest.mark.parametrize("line", ["a.jpg 0 20 30 110 100 44.5 7", "a.jpg 0 20 x 110 100 44.5 0"])
def test_wrong_line_is_named(folder, line):
    add(folder, line)
    with pytest.raises(DatasetError, match=r"line 4 has no box of four numbers and code 0\.\.6\. Copy"):
        read(f"expw:{folder}")


def test_missing_parts_are_named(folder):
    shutil.rmtree(folder / "image")
    with pytest.raises(DatasetError, match=r"no folder image/origin\. Unpack"):
        read(f"expw:{folder}")
    shutil.rmtree(folder / "label")
    with pytest.raises(DatasetError, match=r"no label/label\.lst\. Give"):
        read(f"expw:{folder}")
