from pathlib import Path

import pytest

from ekspresi.datasets.registry import INFOS, OPTIONS, READERS, family, read
from ekspresi.errors import DatasetError
from tests.support.fake_faces import save, texture, write_ckplus48


def test_every_reader_is_described_under_its_name():
    assert list(INFOS) == list(READERS)


def test_read_names_the_data_set_after_its_spec(tmp_path, monkeypatch):
    folder = write_ckplus48(tmp_path / "CK+48")
    assert read(f"ckplus48:{folder}").spec == f"ckplus48:{folder}"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read("ckplus48:~/CK+48").path == str(folder)


def test_options_belong_to_readers():
    assert set(OPTIONS) <= set(READERS)


def test_family_of_the_readers_of_the_same_pictures_is_one():
    assert {family(name) for name in ("ckplus", "ckplus48", "ckextended")} == {"ckplus48"}
    assert family("ferplus") == family("fer2013") == "fer2013"
    assert family("folder") == "folder"


@pytest.mark.parametrize("spec", ["nosuch:x", "folder", "folder:", ":x", ""])
def test_read_wrong_spec_lists_the_readers(spec):
    with pytest.raises(DatasetError) as error:
        read(spec)
    assert all(name in str(error.value) for name in READERS)


def test_read_path_that_cannot_exist_is_named():
    for path in ("x" * 300, "~nobody-of-this-name/faces"):
        with pytest.raises(DatasetError) as error:
            read(f"folder:{path}")
        assert path in str(error.value)
        assert "\n" not in str(error.value)


def test_read_path_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="no such file or folder"):
        read(f"folder:{tmp_path / 'nowhere'}")


@pytest.mark.parametrize("method", ["iterdir", "exists", "is_file"])
def test_read_without_permission_names_the_reason(tmp_path, monkeypatch, method):
    for label in ("anger", "fear"):
        save(texture(0), tmp_path / label / "a.png")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, method, refuse)
    with pytest.raises(DatasetError, match=r"cannot be read \(Permission denied\)\. Check"):
        read(f"folder:{tmp_path}")


def test_read_reader_without_options_refuses_them(tmp_path):
    folder = write_ckplus48(tmp_path / "CK+48")
    for query in ("frames=3", ""):
        with pytest.raises(DatasetError, match=rf"^ckplus48: this reader takes no options\. Remove '[?]{query}'\.$"):
            read(f"ckplus48:{folder}?{query}")


def test_read_question_mark_may_be_part_of_a_path(tmp_path, monkeypatch):
    asked = []

    def reader(path, **arguments):
        asked.append((path, arguments))
        return read(f"ckplus48:{folder}")

    monkeypatch.setitem(READERS, "ckplus", reader)
    folder = write_ckplus48(tmp_path / "CK+48")
    odd = tmp_path / "what?frames=2"
    odd.mkdir()
    read(f"ckplus:{odd}")
    read(f"ckplus:{odd}?neutral=yes")
    assert asked == [(odd, {}), (odd, {"neutral": True})]
    # The plain folder beside it does not win over what is there by its whole name.
    (tmp_path / "what").mkdir()
    read(f"ckplus:{odd}")
    assert asked[-1] == (odd, {})
    read(f"ckplus:{tmp_path / 'what'}?frames=4")
    assert asked[-1] == (tmp_path / "what", {"frames": 4})


@pytest.mark.parametrize("path", ["nowhere?frames=3", "nowhere?", "?frames=3", "no?where?neutral=yes"])
def test_read_missing_path_with_options_is_named_first(path):
    with pytest.raises(DatasetError, match=r"no such file or folder\. Check the path in 'ckplus:") as error:
        read(f"ckplus:{path}")
    assert path in str(error.value)


def test_read_unknown_home_with_options_is_refused():
    with pytest.raises(DatasetError, match="no such home folder"):
        read("ckplus:~nobody-of-this-name/CK+?frames=3")
