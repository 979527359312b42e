import pytest

from ekspresi.datasets.reader_options import WHOLE_NUMBER, YES_OR_NO, arguments_from
from ekspresi.errors import DatasetError

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
