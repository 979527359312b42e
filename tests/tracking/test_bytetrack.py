"""Faces keep their numbers: crossing, missed, unsure, tiny and fast, many, at any rate of frames."""

import sys
import time

import numpy as np
import pytest

from ekspresi.errors import ConfigError, MissingExtraError
from ekspresi.tracking import bytetrack
from ekspresi.tracking.bytetrack import FRAME_S, HIGH_SCORE, LOST_S, Tracker, step_s
from ekspresi.types import Face

LOW = HIGH_SCORE - 0.05


def at(x, y, side=20.0, score=0.99):
    return Face((x - side / 2, y - side / 2, x + side / 2, y + side / 2), score)


def test_each_face_keeps_its_number_whatever_the_order():
    tracker = Tracker()
    assert tracker.update([at(50, 50), at(200, 50), at(50, 200)], 0.0) == [1, 2, 3]
    assert tracker.update([at(52, 201), at(51, 50), at(198, 51)], 0.04) == [3, 1, 2]
    assert tracker.update([at(198, 51), at(90, 300), at(52, 50)], 0.08) == [2, 4, 1]
    assert tracker.live == {1, 2, 3, 4}


@pytest.mark.parametrize("side", [10.0, 24.0, 100.0])
def test_crossing_faces_keep_their_numbers(side):
    tracker = Tracker()
    rng = np.random.default_rng(0)
    found = []
    for frame in range(51):
        moved = (frame - 25) * 0.15 * side
        a, b = (
            at(300 + d + rng.normal(0, 0.3), 100 + rng.normal(0, 0.3) + up, side)
            for d, up in ((moved, 0), (-moved, side / 4))
        )
        found.append(tracker.update([a, b], frame / 25))
    assert all(numbers == [1, 2] for numbers in found)


def test_a_walker_behind_another_is_found_where_he_should_be():
    tracker = Tracker()
    for frame in range(40):
        walker, hidden = at(100 + 4 * frame, 100), 15 <= frame < 25
        numbers = tracker.update([at(180, 130)] if hidden else [at(180, 130), walker], frame / 25)
        assert numbers == ([1] if hidden else [1, 2])


def test_a_missed_frame_changes_nothing_and_a_long_absence_makes_another_number():
    tracker = Tracker()
    assert tracker.update([at(50, 50)], 0.0) == [1]
    assert tracker.update([], 0.04) == []
    assert tracker.update([at(50, 50)], 0.08) == [1]
    assert tracker.update([at(50, 50)], 0.08 + LOST_S) == [1]
    assert tracker.update([at(50, 50)], 0.08 + 2 * LOST_S + 0.01) == [2]
    assert tracker.update([], 10.0) == [] and tracker.live == frozenset()
    assert tracker.update([at(50, 50)], 10.0) == [3]


def test_a_face_of_low_score_keeps_its_track_and_begins_none():
    tracker = Tracker()
    assert tracker.update([at(50, 50), at(300, 50, score=LOW)], 0.0) == [1, None]
    for frame in range(1, 50):
        assert tracker.update([at(50 + frame, 50, score=LOW), at(300, 50, score=LOW)], frame / 25) == [1, None]


def test_sure_faces_are_matched_before_others():
    tracker = Tracker()
    tracker.update([at(50, 50)], 0.0)
    assert tracker.update([at(50, 50, score=LOW), at(56, 50)], 0.04) == [None, 1]


def test_an_unsure_face_must_lie_closer():
    for score, expected in ((0.99, 1), (LOW, None)):
        tracker = Tracker()
        tracker.update([at(50, 50, 8)], 0.0)
        assert tracker.update([at(68, 50, 8, score)], 0.04) == [expected]


@pytest.mark.parametrize("side", [8.0, 12.0])
def test_tiny_faces_that_move_by_more_than_their_width(side):
    tracker = Tracker()
    for frame in range(30):
        faces = [at(30 + 1.3 * side * frame, 40, side), at(30, 300 + 1.2 * side * frame, side)]
        assert tracker.update(faces, frame / 15) == [1, 2]


def test_a_small_face_does_not_continue_a_large_one():
    tracker = Tracker()
    tracker.update([at(100, 100, 90)], 0.0)
    assert tracker.update([at(110, 100, 9)], 0.04) == [2]


@pytest.mark.parametrize("rate", [5, 12, 60])
def test_speed_is_counted_in_seconds(rate):
    rng = np.random.default_rng(1)
    tracker, time_s = Tracker(), 0.0
    for _ in range(60):  # two walk towards each other and on, 60 px a second, at irregular times
        assert tracker.update([at(100 + 60 * time_s, 100), at(700 - 60 * time_s, 118)], time_s) == [1, 2]
        time_s += rng.uniform(0.3, 1.7) / rate


def test_after_a_gap_a_face_is_searched_for_where_its_speed_took_it():
    tracker = Tracker()
    for frame in range(25):
        tracker.update([at(100 + 10 * frame, 100, 16)], frame / 25)
    # 0.8 s later: 200 px further on; somebody else stands where it was.
    assert tracker.update([at(540, 100, 16), at(340, 100, 16)], 24 / 25 + 0.8) == [1, 2]


def test_steps_where_time_is_missing_or_absurd():
    assert step_s(1.0, 1.5) == 0.5
    assert step_s(1.0, 1.0) == 0.0
    for before, now in ((None, 1.0), (1.0, None), (None, None), (5.0, 1.0), (1.0, float("nan")), (1.0, float("inf"))):
        assert step_s(before, now) == FRAME_S


@pytest.mark.parametrize("times", [[None] * 6, [90.0, 90.04, 0.0, 0.04, float("nan"), 0.08], [0.0] * 6])
def test_missing_and_absurd_times_lose_no_track(times):
    tracker = Tracker()
    assert [tracker.update([at(50 + 2 * i, 50)], time_s) for i, time_s in enumerate(times)] == [[1]] * 6


def test_a_jump_ahead_loses_every_track():
    tracker = Tracker()
    tracker.update([at(50, 50)], 0.0)
    assert tracker.update([at(50, 50)], 1e18) == [2]
    assert tracker.update([at(50, 50)], 1e18) == [2]


def test_boxes_that_are_none_get_no_number():
    tracker = Tracker()
    nan = float("nan")
    bad = [Face((0, 0, 0, 10), 0.99), Face((10, 10, 5, 20), 0.99), Face((nan, 0, 10, 10), 0.99)]
    bad += [Face((0, 0, float("inf"), 10), 0.99), Face((0, 0, 10, 10), nan)]
    assert tracker.update([*bad, at(50, 50)], 0.0) == [None] * 5 + [1]
    assert tracker.update([at(50, 50), *bad], 0.04) == [1] + [None] * 5


def test_five_hundred_faces_are_quick_and_none_is_confused():
    rng = np.random.default_rng(2)
    places = np.stack(np.meshgrid(np.arange(25) * 40.0, np.arange(20) * 40.0), axis=-1).reshape(-1, 2)
    speeds = rng.uniform(-15, 15, places.shape)
    tracker = Tracker()
    started = time.process_time()
    for frame in range(10):
        shuffled = rng.permutation(500)
        where = places + speeds * frame / 25 + rng.normal(0, 0.4, places.shape)
        numbers = tracker.update([at(x, y, 12) for x, y in where[shuffled]], frame / 25)
        if frame == 0:
            number_of = dict(zip(shuffled.tolist(), numbers, strict=True))
        assert [number_of[i] for i in shuffled.tolist()] == numbers
    assert (time.process_time() - started) / 10 < 0.5


def test_the_memory_of_a_tracker_stays_flat():
    tracker = Tracker()
    for frame in range(500):
        tracker.update([at(40 * i, 900 * (frame % 7), 20) for i in range(20)], frame * 0.5)
    assert len(tracker.live) <= 20 * 3


def test_the_filter_is_kalmans():
    rng = np.random.default_rng(3)
    state = bytetrack._measured(np.array([[10.0, 20.0, 30.0, 44.0]]))
    motion = bytetrack._Motion.of(state)
    means, covariances = [], []
    for k in range(4):
        start = bytetrack._noise(bytetrack._INITIAL_SPEED_STD, state)[0, k]
        jitter = bytetrack._noise(bytetrack._MEASUREMENT_STD, state)[0, k]
        means.append(np.array([state[0, k], 0.0]))
        covariances.append(np.diag([jitter**2, start**2]))
    for step in (0.04, 0.1, 0.5, 0.04):
        motion.predict(step)
        unrest = bytetrack._noise(bytetrack._ACCELERATION_STD, motion.place)[0] ** 2
        seen = motion.place + rng.normal(0, 2, (1, 4))
        jitter = bytetrack._noise(bytetrack._MEASUREMENT_STD, seen)[0] ** 2
        for k in range(4):
            move = np.array([[1, step], [0, 1]])
            noise = unrest[k] * np.array([[step**3 / 3, step**2 / 2], [step**2 / 2, step]])
            mean, covariance = move @ means[k], move @ covariances[k] @ move.T + noise
            gain = covariance[:, 0] / (covariance[0, 0] + jitter[k])
            means[k] = mean + gain * (seen[0, k] - mean[0])
            covariances[k] = covariance - np.outer(gain, covariance[0])
        motion.correct(np.array([0]), seen)
        for k in range(4):
            np.testing.assert_allclose([motion.place[0, k], motion.speed[0, k]], means[k])
            np.testing.assert_allclose(motion.variances[:, 0, k], covariances[k][[0, 0, 1], [0, 1, 1]])


def test_a_tracker_without_scipy_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(MissingExtraError, match=r"tracking needs the extra \[video\]"):
        Tracker()


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_a_track_must_last(seconds):
    with pytest.raises(ConfigError, match="must be above 0"):
        Tracker(lost_s=seconds)


def test_faces_that_are_missed_are_expected_where_they_should_be():
    tracker = Tracker()
    for frame in range(20):
        tracker.update([at(100 + 4 * frame, 100), at(300, 300)], frame / 25)
        assert tracker.unseen_boxes() == []
    for frame in range(20, 40):
        assert tracker.update([at(300, 300)], frame / 25) == [2]
        ((x1, y1, x2, y2),) = tracker.unseen_boxes()
        true = at(100 + 4 * frame, 100).box_xyxy
        assert x1 <= true[0] and y1 <= true[1] and x2 >= true[2] and y2 >= true[3]
        assert max(x2 - x1, y2 - y1) < 60
    assert tracker.update([at(300, 300), at(100 + 4 * 40, 100)], 40 / 25) == [2, 1]
    assert tracker.unseen_boxes() == []


def test_a_missed_face_is_expected_for_as_long_as_its_track_lives():
    tracker = Tracker(lost_s=0.5)
    tracker.update([at(50, 50)], 0.0)
    for time_s, expected in ((0.0, 1), (0.3, 1), (0.5, 1), (0.51, 0), (0.6, 0)):
        assert tracker.update([], time_s) == []
        assert len(tracker.unseen_boxes()) == expected


def test_what_is_forgotten_is_not_continued_but_hidden_for_as_long_as_it_would_have_lived():
    tracker = Tracker()
    tracker.update([at(50, 50), at(200, 50)], 0.0)
    tracker.update([at(52, 50)], 0.04)
    tracker.start_new_shot()
    assert tracker.live == frozenset()
    assert tracker.update([at(54, 50), at(300, 200)], 0.08) == [3, 4]
    assert tracker.live == {3, 4}
    near, far = sorted(tracker.unseen_boxes())
    assert near[0] <= 44 and near[2] >= 64 and far[0] <= 190 and far[2] >= 210
    assert tracker.update([at(56, 50), at(300, 200)], 0.12) == [3, 4]
    for time_s, hidden in ((0.5, 2), (1.0, 2), (1.02, 1), (1.04, 1), (1.06, 0)):
        assert tracker.update([at(56, 50), at(300, 200)], time_s) == [3, 4]
        assert len(tracker.unseen_boxes()) == hidden


def test_two_cuts_in_a_row_show_nobody():
    tracker = Tracker()
    tracker.update([at(50, 50)], 0.0)
    tracker.start_new_shot()
    tracker.update([], 0.04)  # a flash
    tracker.start_new_shot()
    assert tracker.update([], 0.08) == [] and len(tracker.unseen_boxes()) == 1
    assert tracker.update([at(50, 50, score=LOW)], 0.12) == [None]
    assert tracker.update([at(50, 50)], 0.16) == [2]


# Frames that come seldom.


@pytest.mark.parametrize("step", [0.9, 1.0, 1.5, 2.0, 2.002])
def test_faces_that_stay_are_followed_in_steps_of_up_to_two_seconds(step):
    rng = np.random.default_rng(4)
    tracker = Tracker()
    places = [(100, 100, 12), (300, 100, 24), (500, 300, 40), (300, 300, 16)]
    for frame in range(30):
        faces = [at(*(np.array(place[:2]) + rng.normal(0, 0.1 * place[2], 2)), place[2]) for place in places]
        missed = [] if frame % 7 else [1]  # once in a while
        numbers = tracker.update([face for i, face in enumerate(faces) if i not in missed or not frame], frame * step)
        assert numbers == [i + 1 for i in range(4) if i not in missed or not frame]


@pytest.mark.parametrize("step", [2.2, 3.0, 60.0])
def test_in_longer_steps_each_face_counts_by_itself(step):
    tracker = Tracker()
    found = [tracker.update([at(50, 50), at(200, 50)], frame * step) for frame in range(6)]
    assert found == [[2 * frame + 1, 2 * frame + 2] for frame in range(6)]


def test_a_gap_in_a_video_is_no_step():
    tracker = Tracker()
    for frame in range(5):
        assert tracker.update([at(50, 50)], frame / 25) == [1]
    assert tracker.update([at(50, 50)], 0.16 + 1.5) == [2]
    assert tracker.update([at(50, 50)], 1.7) == [2]
    assert tracker.update([at(50, 50)], 3.3) == [3]


def test_a_number_is_not_handed_to_the_next_who_comes_by():
    tracker = Tracker()
    for frame in range(6):
        tracker.update([at(100, 100, 24)], 2.0 * frame)
    # One leaves; somebody comes, five widths away and then where the first was.
    assert tracker.update([at(250, 100, 24)], 12.0) == [2]


def test_people_who_cross_seldom_change_numbers():
    """Each second: three stand, others walk by at one to three widths a second; one face in twenty is missed."""
    handed = kept = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        tracker, owner = Tracker(), {}
        walkers = [(rng.uniform(0, 60), rng.uniform(1, 3) * rng.choice([-1, 1]), rng.uniform(50, 650)) for _ in "w" * 8]
        for second in range(60):
            here = {f"stands {i}": at(200 + 350 * i + rng.normal(0, 2), 300 + rng.normal(0, 2), 30) for i in range(3)}
            for i, (start, speed, y) in enumerate(walkers):
                x = (0 if speed > 0 else 1200) + 30 * speed * (second - start)
                if second >= start and 0 <= x <= 1200:
                    here[f"walks {i}"] = at(x, y, 30)
            seen = {name: face for name, face in here.items() if rng.random() > 0.05}
            for name, number in zip(seen, tracker.update(list(seen.values()), float(second)), strict=True):
                handed += owner.setdefault(number, name) != name
                kept += owner[number] == name
                owner[number] = name
    assert kept > 1500 and handed / kept < 0.01


def test_a_tracker_may_begin_at_another_number():
    tracker = Tracker(first=8)
    assert tracker.update([at(50, 50), at(200, 50)], 0.0) == [8, 9]
    assert tracker.update([at(50, 50), at(200, 200)], 0.04) == [8, 10]
