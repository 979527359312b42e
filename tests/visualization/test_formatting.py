"""Check how numbers are written."""

import pytest

from ekspresi.visualization.formatting import format_clock, format_percent


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "<1%"),
        (1e-9, "<1%"),
        (0.0049, "<1%"),
        (0.005, "<1%"),
        (0.0051, "1%"),
        (0.126, "13%"),
        (0.9949, "99%"),
        (0.9951, ">99%"),
        (1.0, ">99%"),
    ],
)
def test_format_percent_never_rounds_to_certainty(probability: float, text: str) -> None:
    assert format_percent(probability) == text


@pytest.mark.parametrize(
    ("time_s", "tenths", "text"),
    [
        (0, False, "0:00"),
        (59.6, False, "1:00"),
        (59.94, True, "0:59.9"),
        (59.96, True, "1:00.0"),
        (5.3, True, "0:05.3"),
        (3725, False, "1:02:05"),
        (90000, False, "25:00:00"),
    ],
)
def test_format_clock_shows_hours_and_tenths(time_s: float, tenths: bool, text: str) -> None:
    assert format_clock(time_s, tenths) == text
