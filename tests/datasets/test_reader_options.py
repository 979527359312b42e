import pytest

from ekspresi.datasets.reader_options import WHOLE_NUMBER, YES_OR_NO, arguments_from
from ekspresi.datasets.registry import OPTIONS, READERS, read
from ekspresi.errors import DatasetError
from tests.support.fake_faces import write_ckplus48

DECLARED = {"frames": WHOLE_NUMBER, "neutral": YES_OR_NO}


def test_a_query_becomes_arguments():
    assert arguments_from("frames=12&neutral=no", DECLARED, "made") == {"frames": 12, "neutral": False}
    assert arguments_from("neutral=yes", DECLARED, "made") == {"neutral": True}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "frame=3",
            r"^made: unknown option 'frame=3'\. Use frames \(a whole number from 1\), neutral \(yes or no\)\.$",
        ),
        ("", r"^made: unknown option ''\."),
        ("frames=3&", r"^made: unknown option ''\."),
        ("frames=3&frames=4", r"^made: the option frames is given twice in .*\. Keep one\.$"),
        ("frames=0", r"^made: 'frames=0' is not a valid option\. Use a whole number from 1\.$"),
        ("frames=-1", r"a whole number from 1\.$"),
        ("frames=3.0", r"a whole number from 1\.$"),
        ("frames=²", r"a whole number from 1\.$"),
        ("frames", r"a whole number from 1\.$"),
        ("frames=" + "9" * 5000, r"a whole number from 1\.$"),
        ("neutral=maybe", r"^made: 'neutral=maybe' is not a valid option\. Use yes or no\.$"),
        ("neutral=Yes", r"yes or no\.$"),
    ],
)
def test_a_wrong_query_is_one_clear_line(query, message):
    with pytest.raises(DatasetError, match=message):
        arguments_from(query, DECLARED, "made")


def test_a_reader_without_options_says_so(tmp_path):
    folder = write_ckplus48(tmp_path / "CK+48")
    for query in ("frames=3", ""):
        with pytest.raises(DatasetError, match=rf"^ckplus48: this reader takes no options\. Remove '[?]{query}'\.$"):
            read(f"ckplus48:{folder}?{query}")


def test_options_belong_to_readers():
    assert set(OPTIONS) <= set(READERS)


def test_a_question_mark_may_be_part_of_a_path(tmp_path, monkeypatch):
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
def test_a_path_that_is_not_there_is_named_first(path):
    with pytest.raises(DatasetError, match=r"no such file or folder\. Check the path in 'ckplus:") as error:
        read(f"ckplus:{path}")
    assert path in str(error.value)


def test_nobodys_home_with_options():
    with pytest.raises(DatasetError, match="no such home folder"):
        read("ckplus:~nobody-of-this-name/CK+?frames=3")
