import pytest
from PIL import Image

from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import make_split
from ekspresi.errors import DatasetError
from tests.support.fake_datasets import JAFFE_NAMES, save_scene, write_jaffe


def test_posers_are_the_subjects(tmp_path):
    dataset = read(f"jaffe:{write_jaffe(tmp_path)}")
    assert dataset.names.tolist() == [f"{name}.tiff" for name in JAFFE_NAMES[:3]] + [
        "NA.NE1.199.tiff",
        "TM.SU2.191.tiff",
        "YM.FE4.70.tiff",
    ]
    assert [dataset.labels[code] for code in dataset.targets] == [
        "anger",
        "anger",
        "happiness",
        "neutral",
        "surprise",
        "fear",
    ]
    assert dataset.subjects.tolist() == ["KA", "KA", "KL", "NA", "TM", "YM"]
    assert all(60 < image.shape[0] == image.shape[1] < 160 for image in dataset.images)
    assert dataset.official is None
    split = make_split(dataset, "subject-holdout")
    assert sum(len(part) for part in split.by_name.values()) == 6


def test_pictures_that_are_not_of_jaffe_are_skipped(tmp_path):
    folder = write_jaffe(tmp_path)
    Image.new("L", (256, 256)).save(folder / "KA.AN3.41.tiff")
    save_scene(folder / "KA.XX3.42.tiff", 256, 256)
    (folder / "KA.DI1.43.tiff").write_bytes(b"II*\0")
    dataset = read(f"jaffe:{folder}")
    assert len(dataset) == 6
    text = "\n".join(dataset.skipped)
    assert len(dataset.skipped) == 3
    assert "KA.XX3.42.tiff: its name is not that of a picture of JAFFE" in text
    assert "KA.AN3.41.tiff: no face was found" in text
    assert "KA.DI1.43.tiff" in text


def test_folder_without_such_pictures_is_refused(tmp_path):
    save_scene(tmp_path / "portrait.tiff", 64, 64)
    with pytest.raises(DatasetError, match=r"no picture is named as KA\.AN1\.39\.tiff\. Give"):
        read(f"jaffe:{tmp_path}")
