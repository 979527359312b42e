"""Check tracks and beliefs without threads; ``test_stream_shots`` checks the same within a stream."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ekspresi.pipeline.track_state import TrackState
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Face, Frame

IMAGE = np.zeros((60, 80, 3), np.uint8)


@pytest.fixture
def recognizer(tiny_model: Path) -> Recognizer:
    return Recognizer(tiny_model)


def track_state(recognizer: Recognizer, first_track: int = 1) -> TrackState:
    return TrackState(recognizer.metadata.calibration, recognizer.log_prior, first_track)


@pytest.fixture
def face(recognizer: Recognizer) -> Face:
    return Face((10.0, 10.0, 40.0, 40.0), 0.99, prediction=recognizer.predict([np.full((30, 30), 90, np.uint8)])[0])


def test_update_frames_in_order_keep_the_track(recognizer: Recognizer, face: Face) -> None:
    state = track_state(recognizer, 7)
    results = [state.update(Frame("a", number, number / 10, IMAGE), [face]) for number in range(3)]
    assert [result.rows[0].track for result in results] == [7, 7, 7]
    assert [result.rows[0].face_number for result in results] == [1, 1, 1]


def test_update_frame_without_time_has_no_tracks(recognizer: Recognizer, face: Face) -> None:
    (row,) = track_state(recognizer).update(Frame("a.jpg", 0, None, IMAGE), [face]).rows
    assert row.track is None
    assert row.face == face


def test_update_missing_face_stays_hidden(recognizer: Recognizer, face: Face) -> None:
    state = track_state(recognizer)
    for number in range(3):
        state.update(Frame("a", number, number / 25, IMAGE), [face])
    lost = state.update(Frame("a", 3, 3 / 25, IMAGE), [])
    assert lost.rows == ()
    assert len(lost.hidden) == 1


def test_update_boxes_count_the_stored_pixels(recognizer: Recognizer, face: Face) -> None:
    frame = replace(Frame("a", 0, 0.0, IMAGE), pixel_aspect=2.0)
    (row,) = track_state(recognizer).update(frame, [face]).rows
    assert row.face.box_xyxy == (5.0, 10.0, 20.0, 40.0)
