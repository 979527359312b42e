import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekspresi.errors import ConfigError
from ekspresi.media.timestamps import TICK_S, CameraClock, FileClock, Window

stamps = st.lists(st.none() | st.floats(-1e12, 1e12), min_size=1, max_size=40)


def times(*stamps: float | None, step: float = 0.04, length: float | None = None) -> list[float]:
    clock = FileClock(step, length)
    return [round(clock(stamp), 6) for stamp in stamps]


def test_file_clock_of_uneven_stamps_keeps_them() -> None:
    assert times(10.0, 10.01, 10.3, 10.31, 45.0) == [0.0, 0.01, 0.3, 0.31, 35.0]


def test_file_clock_without_stamps_adds_the_step() -> None:
    assert times(None, None, None) == [0.0, 0.04, 0.08]
    assert times(5.0, None, 5.1, None) == [0.0, 0.04, 0.1, 0.14]
    assert times(None, 7.0, 7.1) == [0.0, 0.04, 0.14]


def test_file_clock_of_small_slips_adds_ticks() -> None:
    assert times(0.0, 0.04, 0.04, 0.08) == [0.0, 0.04, 0.041, 0.08]
    assert times(0.0, 0.5, 0.1, 0.2, 0.6) == [0.0, 0.5, 0.501, 0.502, 0.6]


def test_file_clock_of_a_new_count_continues() -> None:
    assert times(0.0, 5.0, 0.0, 0.1, 0.2) == [0.0, 5.0, 5.04, 5.14, 5.24]


def test_file_clock_of_one_wrong_stamp_shifts_nothing() -> None:
    assert times(0.0, 0.1, 1e9, 0.3, 0.4) == [0.0, 0.1, 0.14, 0.3, 0.4]
    assert times(100.0, 100.1, 0.0, 100.3, 100.4) == [0.0, 0.1, 0.14, 0.3, 0.4]


def test_file_clock_leap_depends_on_the_stated_length() -> None:
    assert times(0.0, 3000.0) == [0.0, 3000.0]
    assert times(0.0, 3000.0, length=10.0) == [0.0, 0.04]
    assert times(0.0, 3000.0, length=4000.0) == [0.0, 3000.0]
    assert times(0.0, 5000.0) == [0.0, 0.04]
    assert times(0.0, 50_000.0, 50_000.04, length=50_000.0) == [0.0, 50_000.0, 50_000.04]  # woken by motion
    mad = 1e6  # the length is made of it
    assert times(0.0, 0.04, mad, 0.12, length=mad) == [0.0, 0.04, 0.08, 0.12]
    assert times(0.0, 0.04, mad, mad + 0.04, length=mad) == [0.0, 0.04, 0.08, 0.12]


def test_file_clock_with_zero_begins_later() -> None:
    clock = FileClock(0.04, zero_s=1.5)
    assert [clock(9001.5), clock(9001.6)] == pytest.approx([9000.0, 9000.1])


@given(stamps)
def test_file_clock_of_any_stamps_rises(stamps: list[float | None]) -> None:
    found = times(*stamps)
    assert found[0] == 0.0
    assert all(after - before >= TICK_S * 0.99 for before, after in pairwise(found))


def test_camera_clock_follows_stamps_near_the_clock() -> None:
    now = 100.0
    clock = CameraClock(lambda: now)
    found = []
    for arrival, stamp in ((100.0, 7.0), (100.3, 7.1), (100.31, 7.2), (100.32, 7.3)):
        now = arrival
        found.append(clock(stamp))
    assert found == pytest.approx([0.0, 0.1, 0.2, 0.3])
    now = 110.0
    clock.start_connection()
    assert [clock(0.0), clock(0.04)] == pytest.approx([10.0, 10.04])
    now = 111.0
    assert clock(9e9) == pytest.approx(11.0)  # mad: from now on the clock
    now = 111.5
    assert clock(1.5) == pytest.approx(11.5)
    assert clock(None) == pytest.approx(11.5 + TICK_S)
    now = 120.0
    clock.start_connection()
    assert [clock(None), clock(7.0), clock(None), clock(7.5)] == pytest.approx([20.0, 20.001, 20.002, 20.5])


@given(stamps)
def test_camera_clock_of_any_stamps_rises(stamps: list[float | None]) -> None:
    clock = CameraClock(lambda: 5.0)
    found = [clock(stamp) for stamp in stamps]
    assert found[0] == 0.0
    assert all(after - before >= TICK_S * 0.99 for before, after in pairwise(found))


def chosen(window: Window, rate: float, seconds: float) -> list[float]:
    wanted = window.chooser()
    return [n / rate for n in range(int(seconds * rate)) if wanted(n / rate)]


def test_window_selects_the_first_of_each_interval() -> None:
    assert chosen(Window(), 10, 0.5) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert chosen(Window(every_s=0.1), 10, 0.5) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert chosen(Window(every_s=0.2), 30, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    assert chosen(Window(every_s=0.25), 10, 1) == pytest.approx([0, 0.3, 0.5, 0.8])
    assert chosen(Window(start_s=0.2, end_s=0.4), 10, 1) == pytest.approx([0.2, 0.3])
    assert chosen(Window(every_s=0.2, start_s=0.3), 10, 1) == pytest.approx([0.3, 0.5, 0.7, 0.9])


def test_window_selects_one_frame_per_interval() -> None:
    wanted = Window(every_s=1.0).chooser()
    assert [wanted(t) for t in (0.0, 0.9, 5.0, 5.5, 6.1, 6.2)] == [True, False, True, False, True, False]


@pytest.mark.parametrize(
    "limits",
    [
        {"every_s": 0.0},
        {"every_s": -1.0},
        {"every_s": math.nan},
        {"start_s": -1.0},
        {"start_s": math.nan},
        {"start_s": 2.0, "end_s": 2.0},
        {"end_s": math.nan},
    ],
)
def test_window_that_selects_nothing_is_refused(limits: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="must be"):
        Window(**limits)
