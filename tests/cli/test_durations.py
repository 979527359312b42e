import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from ekspresi.cli.durations import seconds
from ekspresi.visualization.formatting import format_clock


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.2s", 0.2), ("200ms", 0.2), ("90", 90), ("1m30s", 90), ("1m 30s", 90), ("1:30", 90), ("1:02:03.5", 3723.5),
        ("2h", 7200), ("5min", 300), (".5", 0.5), ("1.s", 1), (" 3 S ", 3), ("0", 0),
    ],
)  # fmt: skip
def test_lengths_of_time_as_people_type_them(text: str, value: float) -> None:
    assert seconds(text, "--end") == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "s", "-1", "1x", "1s30m", "30s30s", "1:75", "nan", "inf", "1e3", "1,5s", "1m30"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"is not a duration\. Examples: 0\.2s, 200ms, 1m30s, 1:30\.") as error:
        seconds(text, "--every")
    assert error.value.param_hint == "--every"


@given(st.integers(0, 359_999))
def test_what_is_shown_can_be_typed_again(whole: int) -> None:
    assert seconds(format_clock(whole), "--start") == whole
