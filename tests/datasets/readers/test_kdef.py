import pytest

from ekspresi.datasets.registry import read
from ekspresi.errors import DatasetError
from tests.support.fake_datasets import save_scene, write_kdef


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_kdef(tmp_path_factory.mktemp("KDEF"))


def test_straight_faces_of_both_sessions_share_their_subject(folder):
    dataset = read(f"kdef:{folder}")
    assert dataset.names.tolist() == ["AF01/AF01ANS.JPG", "BF01/BF01AFS.JPG", "BM31/BM31SUS.JPG"]
    assert [dataset.labels[code] for code in dataset.targets] == ["anger", "fear", "surprise"]
    assert dataset.subjects.tolist() == ["F01", "F01", "M31"]
    assert all(150 < image.shape[0] == image.shape[1] < 350 for image in dataset.images)
    assert dataset.skipped == ()


def test_angles_add_half_and_full_profiles(folder):
    half = read(f"kdef:{folder}?angles=half")
    assert half.names.tolist()[0:2] == ["AF01/AF01ANS.JPG", "AM31/AM31HAHL.JPG"]
    assert (len(half), half.skipped) == (4, ())
    whole = read(f"kdef:{folder}?angles=all")
    assert len(whole) == 4
    assert len(whole.skipped) == 1 and "AM31SAFR.JPG: no face was found" in whole.skipped[0]


def test_wrong_angle_is_refused(folder):
    with pytest.raises(DatasetError, match=r"'angles=left' is not a valid option\. Use straight, half or all\."):
        read(f"kdef:{folder}?angles=left")


def test_other_names_are_skipped_or_refused(tmp_path):
    save_scene(tmp_path / "AF31V.JPG", 100, 100)
    with pytest.raises(DatasetError, match=r"no picture of these angles is named as AF01ANS\.JPG"):
        read(f"kdef:{tmp_path}")
    save_scene(tmp_path / "af02nes.jpg", 562, 762)
    dataset = read(f"kdef:{tmp_path}")
    assert dataset.subjects.tolist() == ["F02"]
    assert dataset.skipped == (f"{tmp_path}/AF31V.JPG: its name is not that of a picture of KDEF, as in AF01ANS.JPG",)
