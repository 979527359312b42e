"""Check that faces keep their numbers: crossing, missed, low score, tiny and fast, many, at any frame rate."""

import sys
import time

import numpy as np
import pytest

from ekspresi.errors import ConfigError, MissingExtraError
from ekspresi.tracking.bytetrack import FRAME_S, HIGH_SCORE, LOST_S, Tracker, compute_step_s
from ekspresi.types import Face

LOW = HIGH_SCORE - 0.05


def at(x, y, side=20.0, score=0.99):
    return Face((x - side / 2, y - side / 2, x + side / 2, y + side / 2), score)


def test_update_faces_in_any_order_keep_numbers():
    tracker = Tracker()
    assert tracker.update([at(50, 50), at(200, 50), at(50, 200)], 0.0) == [1, 2, 3]
    assert tracker.update([at(52, 201), at(51, 50), at(198, 51)], 0.04) == [3, 1, 2]
    assert tracker.update([at(198, 51), at(90, 300), at(52, 50)], 0.08) == [2, 4, 1]
    assert tracker.active_tracks == {1, 2, 3, 4}


@pytest.mark.parametrize("side", [10.0, 24.0, 100.0])
def test_update_crossing_faces_keep_numbers(side):
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


def test_update_walker_hidden_for_a_while_keeps_number():
    tracker = Tracker()
    for frame in range(40):
        walker, hidden = at(100 + 4 * frame, 100), 15 <= frame < 25
        numbers = tracker.update([at(180, 130)] if hidden else [at(180, 130), walker], frame / 25)
        assert numbers == ([1] if hidden else [1, 2])


def test_update_absence_longer_than_lost_s_gives_new_number():
    tracker = Tracker()
    assert tracker.update([at(50, 50)], 0.0) == [1]
    assert tracker.update([], 0.04) == []
    assert tracker.update([at(50, 50)], 0.08) == [1]
    assert tracker.update([at(50, 50)], 0.08 + LOST_S) == [1]
    assert tracker.update([at(50, 50)], 0.08 + 2 * LOST_S + 0.01) == [2]
    assert tracker.update([], 10.0) == [] and tracker.active_tracks == frozenset()
    assert tracker.update([at(50, 50)], 10.0) == [3]


def test_update_low_score_continues_but_starts_no_track():
    tracker = Tracker()
    assert tracker.update([at(50, 50), at(300, 50, score=LOW)], 0.0) == [1, None]
    for frame in range(1, 50):
        assert tracker.update([at(50 + frame, 50, score=LOW), at(300, 50, score=LOW)], frame / 25) == [1, None]


def test_update_high_score_is_matched_before_low_score():
    tracker = Tracker()
    tracker.update([at(50, 50)], 0.0)
    assert tracker.update([at(50, 50, score=LOW), at(56, 50)], 0.04) == [None, 1]


def test_update_low_score_farther_away_is_not_matched():
    for score, expected in ((0.99, 1), (LOW, None)):
        tracker = Tracker()
        tracker.update([at(50, 50, 8)], 0.0)
        assert tracker.update([at(68, 50, 8, score)], 0.04) == [expected]


@pytest.mark.parametrize("side", [8.0, 12.0])
def test_update_tiny_faces_moving_past_their_width_keep_numbers(side):
    tracker = Tracker()
    for frame in range(30):
        faces = [at(30 + 1.3 * side * frame, 40, side), at(30, 300 + 1.2 * side * frame, side)]
        assert tracker.update(faces, frame / 15) == [1, 2]


def test_update_small_face_in_large_box_gets_new_number():
    tracker = Tracker()
    tracker.update([at(100, 100, 90)], 0.0)
    assert tracker.update([at(110, 100, 9)], 0.04) == [2]


@pytest.mark.parametrize("rate", [5, 12, 60])
def test_update_irregular_frame_times_keep_numbers(rate):
    rng = np.random.default_rng(1)
    tracker, time_s = Tracker(), 0.0
    for _ in range(60):  # two walk past each other at 60 px a second, at irregular times
        assert tracker.update([at(100 + 60 * time_s, 100), at(700 - 60 * time_s, 118)], time_s) == [1, 2]
        time_s += rng.uniform(0.3, 1.7) / rate


def test_update_after_gap_matches_predicted_position():
    tracker = Tracker()
    for frame in range(25):
        tracker.update([at(100 + 10 * frame, 100, 16)], frame / 25)
    # 0.8 s later the face is 200 px further on, and another face is at its old position.
    assert tracker.update([at(540, 100, 16), at(340, 100, 16)], 24 / 25 + 0.8) == [1, 2]


def test_compute_step_s_invalid_stamp_returns_default():
    assert compute_step_s(1.0, 1.5) == 0.5
    assert compute_step_s(1.0, 1.0) == 0.0
    for before, now in ((None, 1.0), (1.0, None), (None, None), (5.0, 1.0), (1.0, float("nan")), (1.0, float("inf"))):
        assert compute_step_s(before, now) == FRAME_S


@pytest.mark.parametrize("times", [[None] * 6, [90.0, 90.04, 0.0, 0.04, float("nan"), 0.08], [0.0] * 6])
def test_update_invalid_stamps_keep_the_track(times):
    tracker = Tracker()
    assert [tracker.update([at(50 + 2 * i, 50)], time_s) for i, time_s in enumerate(times)] == [[1]] * 6


def test_update_jump_ahead_loses_every_track():
    tracker = Tracker()
    tracker.update([at(50, 50)], 0.0)
    assert tracker.update([at(50, 50)], 1e18) == [2]
    assert tracker.update([at(50, 50)], 1e18) == [2]


def test_update_invalid_boxes_get_no_number():
    tracker = Tracker()
    nan = float("nan")
    bad = [Face((0, 0, 0, 10), 0.99), Face((10, 10, 5, 20), 0.99), Face((nan, 0, 10, 10), 0.99)]
    bad += [Face((0, 0, float("inf"), 10), 0.99), Face((0, 0, 10, 10), nan)]
    assert tracker.update([*bad, at(50, 50)], 0.0) == [None] * 5 + [1]
    assert tracker.update([at(50, 50), *bad], 0.04) == [1] + [None] * 5


def test_update_five_hundred_faces_is_fast_and_correct():
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


def test_update_long_video_keeps_memory_flat():
    tracker = Tracker()
    for frame in range(500):
        tracker.update([at(40 * i, 900 * (frame % 7), 20) for i in range(20)], frame * 0.5)
    assert len(tracker.active_tracks) <= 20 * 3


def test_tracker_without_scipy_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(MissingExtraError, match=r"tracking needs the extra \[video\]"):
        Tracker()


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_tracker_lost_s_not_positive_is_refused(seconds):
    with pytest.raises(ConfigError, match=r"lost_s: .* is not a duration\. Use a number of seconds above 0\."):
        Tracker(lost_s=seconds)


def test_unseen_boxes_missed_face_covers_true_position():
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


def test_unseen_boxes_lost_track_is_left_out():
    tracker = Tracker(lost_s=0.5)
    tracker.update([at(50, 50)], 0.0)
    for time_s, expected in ((0.0, 1), (0.3, 1), (0.5, 1), (0.51, 0), (0.6, 0)):
        assert tracker.update([], time_s) == []
        assert len(tracker.unseen_boxes()) == expected


def test_start_new_shot_old_faces_stay_hidden_under_no_number():
    tracker = Tracker()
    tracker.update([at(50, 50), at(200, 50)], 0.0)
    tracker.update([at(52, 50)], 0.04)
    tracker.start_new_shot()
    assert tracker.active_tracks == frozenset()
    assert tracker.update([at(54, 50), at(300, 200)], 0.08) == [3, 4]
    assert tracker.active_tracks == {3, 4}
    near, far = sorted(tracker.unseen_boxes())
    assert near[0] <= 44 and near[2] >= 64 and far[0] <= 190 and far[2] >= 210
    assert tracker.update([at(56, 50), at(300, 200)], 0.12) == [3, 4]
    for time_s, hidden in ((0.5, 2), (1.0, 2), (1.02, 1), (1.04, 1), (1.06, 0)):
        assert tracker.update([at(56, 50), at(300, 200)], time_s) == [3, 4]
        assert len(tracker.unseen_boxes()) == hidden


def test_start_new_shot_twice_keeps_old_faces_hidden():
    tracker = Tracker()
    tracker.update([at(50, 50)], 0.0)
    tracker.start_new_shot()
    tracker.update([], 0.04)  # a flash
    tracker.start_new_shot()
    assert tracker.update([], 0.08) == [] and len(tracker.unseen_boxes()) == 1
    assert tracker.update([at(50, 50, score=LOW)], 0.12) == [None]
    assert tracker.update([at(50, 50)], 0.16) == [2]


# Frames far apart.


@pytest.mark.parametrize("step", [0.9, 1.0, 1.5, 2.0, 2.002])
def test_update_steps_up_to_two_seconds_keep_numbers(step):
    rng = np.random.default_rng(4)
    tracker = Tracker()
    places = [(100, 100, 12), (300, 100, 24), (500, 300, 40), (300, 300, 16)]
    for frame in range(30):
        faces = [at(*(np.array(place[:2]) + rng.normal(0, 0.1 * place[2], 2)), place[2]) for place in places]
        missed = [] if frame % 7 else [1]  # once in a while
        numbers = tracker.update([face for i, face in enumerate(faces) if i not in missed or not frame], frame * step)
        assert numbers == [i + 1 for i in range(4) if i not in missed or not frame]


@pytest.mark.parametrize("step", [2.2, 3.0, 60.0])
def test_update_longer_steps_give_every_face_a_new_number(step):
    tracker = Tracker()
    found = [tracker.update([at(50, 50), at(200, 50)], frame * step) for frame in range(6)]
    assert found == [[2 * frame + 1, 2 * frame + 2] for frame in range(6)]


def test_update_gap_in_video_does_not_change_usual_step():
    tracker = Tracker()
    for frame in range(5):
        assert tracker.update([at(50, 50)], frame / 25) == [1]
    assert tracker.update([at(50, 50)], 0.16 + 1.5) == [2]
    assert tracker.update([at(50, 50)], 1.7) == [2]
    assert tracker.update([at(50, 50)], 3.3) == [3]


def test_update_next_person_gets_new_number():
    tracker = Tracker()
    for frame in range(6):
        tracker.update([at(100, 100, 24)], 2.0 * frame)
    # The first leaves; another comes, five widths away.
    assert tracker.update([at(250, 100, 24)], 12.0) == [2]


def test_update_crowd_at_one_frame_a_second_rarely_swaps():
    """Follow three still faces and passers-by of one to three widths a second; one face in twenty is missed."""
    handed = kept = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        tracker, owner = Tracker(), {}
        walkers = [(rng.uniform(0, 60), rng.uniform(1, 3) * rng.choice([-1, 1]), rng.uniform(50, 650)) for _ in "w" * 8]
        for second in range(60):
            here = {f"still {i}": at(200 + 350 * i + rng.normal(0, 2), 300 + rng.normal(0, 2), 30) for i in range(3)}
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


def test_tracker_first_track_sets_first_number():
    tracker = Tracker(first_track=8)
    assert tracker.update([at(50, 50), at(200, 50)], 0.0) == [8, 9]
    assert tracker.update([at(50, 50), at(200, 200)], 0.04) == [8, 10]
