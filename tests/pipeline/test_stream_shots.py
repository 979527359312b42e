"""Check where tracks and beliefs start over, and which boxes are hidden."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Face, Frame
from tests.pipeline.streams import ScriptedDetector, StillFace, draw_room, gray_frames, numbered_frames, rows_of


def test_analyze_frames_each_video_starts_new_tracks(analyzer: Analyzer) -> None:
    def both() -> Iterator[Frame]:
        yield from gray_frames("a.mp4", 4)
        yield from gray_frames("b.mp4", 3)

    rows = rows_of(both(), analyzer)
    assert [(row.source, row.frame, row.track) for row in rows] == [
        *(("a.mp4", number, 1) for number in range(4)),
        *(("b.mp4", number, 1) for number in range(3)),
    ]
    assert rows[1].time_s == 0.1
    # One frame keeps its own probabilities; several frames of the same face change them.
    alone = analyzer.analyze(np.full((48, 96, 3), 100, dtype=np.uint8))[0].prediction
    first, last = rows[0].face.prediction, rows[3].face.prediction
    assert alone is not None and first is not None and last is not None
    assert first.probabilities == pytest.approx(alone.probabilities, abs=1e-6)
    assert rows[4].face.prediction == first


def test_analyze_frames_new_shot_starts_tracks_and_beliefs(tiny_model: Path) -> None:
    rooms = (
        [draw_room(1)] * 4
        + [draw_room(2)] * 3
        + [np.zeros_like(draw_room(1))]
        + [draw_room(2)] * 2
        + [draw_room(1)] * 2
    )
    read = (Frame("a.mp4", number, number / 25, image) for number, image in enumerate(rooms))
    analyzer = Analyzer(Recognizer(tiny_model), StillFace())
    results = list(analyze_frames(read, analyzer, first_track=5))
    assert [result.rows[0].track for result in results] == [5] * 4 + [6] * 6 + [7] * 2
    for first in (0, 4, 10):  # one frame keeps its own probabilities
        alone = analyzer.analyze(rooms[first])[0].prediction
        believed = results[first].rows[0].face.prediction
        assert alone is not None and believed is not None
        assert believed.probabilities == pytest.approx(alone.probabilities, abs=1e-5)


def test_analyze_frames_frame_marked_cut_starts_new_tracks(tiny_model: Path) -> None:
    read = (Frame("camera:0", number, number / 25, draw_room(1), cut=number == 2) for number in range(5))
    results = analyze_frames(read, Analyzer(Recognizer(tiny_model), StillFace()))
    assert [result.rows[0].track for result in results] == [1, 1, 2, 2, 2]


def test_analyze_frames_another_file_is_not_a_new_shot(tiny_model: Path) -> None:
    def both() -> Iterator[Frame]:
        for source, image in (("a.mp4", draw_room(1)), ("b.mp4", draw_room(2))):
            for number in range(3):
                yield Frame(source, number, number / 25, image)

    results = analyze_frames(both(), Analyzer(Recognizer(tiny_model), StillFace()))
    assert [result.rows[0].track for result in results] == [1] * 6


def test_analyze_frames_new_shot_hides_old_faces_a_second_more(tiny_model: Path) -> None:
    """Hide them, because they are still there if the boundary was a mistake."""

    class Sometimes:
        def detect(self, image: np.ndarray) -> list[Face]:
            return StillFace().detect(image) if image[0, 0, 0] == 120 else []

    rooms = [draw_room(1)] * 3 + [draw_room(2, (121, 110, 100))] * 40
    read = (Frame("a.mp4", number, number / 25, image) for number, image in enumerate(rooms))
    results = list(analyze_frames(read, Analyzer(Recognizer(tiny_model), Sometimes())))
    for result in results[3 : 3 + 25]:
        ((x1, y1, x2, y2),) = result.hidden
        assert result.rows == () and x1 <= 40 and y1 <= 30 and x2 >= 64 and y2 >= 54
    assert all(result.hidden == () for result in results[3 + 25 :])


def test_analyze_frames_frame_size_may_change(tiny_model: Path) -> None:
    class Middle:
        def detect(self, image: np.ndarray) -> list[Face]:
            height, width = image.shape[:2]
            return [Face((width / 2 - 8, height / 2 - 8, width / 2 + 8, height / 2 + 8), 0.99)]

    sizes = [(48, 64)] * 3 + [(480, 640)] * 3 + [(20, 20)] * 3
    read = (Frame("a.mp4", i, i / 10, np.full((*size, 3), 9, np.uint8)) for i, size in enumerate(sizes))
    results = list(analyze_frames(read, Analyzer(Recognizer(tiny_model), Middle())))
    assert [result.frame.image.shape[:2] for result in results] == sizes
    assert [result.rows[0].track for result in results] == [1, 1, 1, 2, 2, 2, 3, 3, 3]  # positions cannot be compared
    assert results[3].rows[0].face.box_xyxy == (312.0, 232.0, 328.0, 248.0)


def test_analyze_frames_missed_face_is_hidden_where_expected(tiny_model: Path) -> None:
    def place(number: int) -> tuple[float, float, float, float]:
        return (5.0 + 4 * number, 10.0, 25.0 + 4 * number, 30.0)

    def find(number: int) -> list[Face]:
        return [Face(place(number), 0.99)] if number < 10 else []

    results = list(analyze_frames(numbered_frames(30), Analyzer(Recognizer(tiny_model), ScriptedDetector(find))))
    for result in results[:10]:
        assert result.hidden == (result.rows[0].face.box_xyxy,)
    for result in results[10:18]:  # frames are 0.1 s apart
        (hidden,) = result.hidden
        x1, y1, x2, y2 = place(result.frame.number)
        assert result.rows == () and hidden[0] <= x1 and hidden[1] <= y1 and hidden[2] >= x2 and hidden[3] >= y2
        assert hidden[2] - hidden[0] < 60
    assert all(result.hidden == () for result in results[21:])


def test_analyze_frames_first_track_counts_for_first_video_only(analyzer: Analyzer) -> None:
    def both() -> Iterator[Frame]:
        yield from gray_frames("a.mp4", 2)
        yield from gray_frames("b.mp4", 2)

    results = list(analyze_frames(both(), analyzer, first_track=7))
    assert [row.track for result in results for row in result.rows] == [7, 7, 1, 1]
