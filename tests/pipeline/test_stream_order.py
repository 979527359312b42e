"""Check that work overlaps while results and errors keep the order of the frames."""

import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event

import numpy as np

import ekspresi
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Face, Frame, FrameResult
from tests.pipeline.streams import (
    CountingRecognizer,
    ScriptedDetector,
    collect,
    numbered_frames,
    one_face,
    worker_threads,
)
from tests.support.network_cameras import wait_until


def test_analyze_frames_faster_later_frames_keep_order(tiny_model: Path) -> None:
    def find(number: int) -> list[Face]:
        time.sleep(0.02 * (number % 3 == 0))
        return one_face()

    results = list(analyze_frames(numbered_frames(20), Analyzer(Recognizer(tiny_model), ScriptedDetector(find))))
    assert [result.frame.number for result in results] == list(range(20))
    assert [int(result.frame.image[0, 0, 0]) for result in results] == list(range(20))
    assert all(row.frame == result.frame.number for result in results for row in result.rows)
    assert worker_threads() == []


def test_analyze_frames_ready_frames_share_a_batch(tiny_model: Path) -> None:
    others, found = Event(), []

    def find(number: int) -> list[Face]:
        found.append(number)
        if len(found) == 10:
            others.set()
        if number == 0:
            assert others.wait(10)
            time.sleep(0.1)  # the last of the others is still being cut
        return one_face() * 2

    recognizer = CountingRecognizer(tiny_model)
    results = list(analyze_frames(numbered_frames(10, times=False), Analyzer(recognizer, ScriptedDetector(find))))
    assert recognizer.batches == [20]
    assert [len(result.rows) for result in results] == [2] * 10


def test_analyze_frames_reading_and_detection_overlap(tiny_model: Path) -> None:
    def slowly() -> Iterator[Frame]:
        for frame in numbered_frames(16):
            time.sleep(0.03)
            yield frame

    def find(_: int) -> list[Face]:
        time.sleep(0.06)
        return one_face()

    recognizer = CountingRecognizer(tiny_model, before=lambda crops: time.sleep(0.03 * len(crops)))
    began = time.monotonic()
    assert len(list(analyze_frames(slowly(), Analyzer(recognizer, ScriptedDetector(find))))) == 16
    alone_s = 16 * (0.03 + 0.06 + 0.03)
    assert time.monotonic() - began < 0.6 * alone_s


def test_analyze_frames_result_does_not_await_next_frame(analyzer: Analyzer) -> None:
    more = Event()

    def camera() -> Iterator[Frame]:
        for frame in numbered_frames(3):
            yield frame
            assert more.wait(10)
            more.clear()

    results = analyze_frames(camera(), analyzer)
    for number in range(3):
        began = time.monotonic()
        assert next(results).frame.number == number
        assert time.monotonic() - began < 5
        more.set()
    assert list(results) == []


def test_analyze_frames_frees_frame_while_awaiting_next(analyzer: Analyzer) -> None:
    more = Event()

    def camera() -> Iterator[Frame]:
        for number in range(3):
            yield Frame("camera:0", number, number / 10, np.full((48, 64, 3), number, dtype=np.uint8))
            assert more.wait(10)

    results = analyze_frames(camera(), analyzer)
    image = weakref.ref(next(results).frame.image)
    rest: list[FrameResult] = []
    asking = threading.Thread(target=lambda: rest.extend(results))
    asking.start()
    assert wait_until(lambda: image() is None)
    more.set()
    asking.join(10)
    assert len(rest) == 2


def test_analyze_frames_read_error_comes_after_all_results(tiny_model: Path) -> None:
    def find(_: int) -> list[Face]:
        time.sleep(0.02)
        return one_face()

    def broken() -> Iterator[Frame]:
        yield from numbered_frames(5)
        raise ekspresi.SourceError("a.mp4: is cut off")

    numbers, error = collect(analyze_frames(broken(), Analyzer(Recognizer(tiny_model), ScriptedDetector(find))))
    assert numbers == [0, 1, 2, 3, 4] and str(error) == "a.mp4: is cut off"
    assert worker_threads() == []


def test_analyze_frames_detection_error_comes_in_order(tiny_model: Path) -> None:
    def find(number: int) -> list[Face]:
        time.sleep(0.02 * (number < 3))
        if number >= 3:
            raise ZeroDivisionError(number)
        return one_face()

    numbers, error = collect(
        analyze_frames(numbered_frames(9), Analyzer(Recognizer(tiny_model), ScriptedDetector(find)))
    )
    assert numbers == [0, 1, 2] and isinstance(error, ZeroDivisionError) and error.args == (3,)
    assert worker_threads() == []


def test_analyze_frames_recognition_error_comes_in_order(tiny_model: Path) -> None:
    def fail(crops: Sequence[np.ndarray]) -> None:
        if any(crop.max() == 4 for crop in crops):
            raise ekspresi.ModelError("answers with no numbers")

    def find(number: int) -> list[Face]:
        time.sleep(0.2 * (number == 0))  # so the others are ready with it
        return one_face()

    recognizer = CountingRecognizer(tiny_model, fail)
    numbers, error = collect(
        analyze_frames(numbered_frames(9, times=False), Analyzer(recognizer, ScriptedDetector(find)))
    )
    assert numbers == [0, 1, 2, 3] and isinstance(error, ekspresi.ModelError)
    assert recognizer.batches[0] > 1 and worker_threads() == []
