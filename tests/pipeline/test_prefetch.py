"""Check the bounds on frames in flight and on batches."""

import time
from pathlib import Path

import pytest

from ekspresi.pipeline import prefetch
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.types import Face
from tests.pipeline.streams import CountingRecognizer, ScriptedDetector, numbered_frames, read_ahead
from tests.support.network_cameras import wait_until


def test_next_batch_is_bounded_unless_one_frame_has_more(tiny_model: Path) -> None:
    faces = [
        Face((float(20 * x), float(20 * y), 20.0 * x + 15, 20.0 * y + 15), 0.99) for x in range(25) for y in range(20)
    ]

    def find(number: int) -> list[Face]:
        return faces if number == 3 else faces[:30]

    recognizer = CountingRecognizer(tiny_model)
    results = list(analyze_frames(numbered_frames(12, times=False), Analyzer(recognizer, ScriptedDetector(find))))
    assert [len(result.rows) for result in results] == [30] * 3 + [500] + [30] * 8
    assert sum(recognizer.batches) == 11 * 30 + 500
    assert set(recognizer.batches) <= {30, 60, 500}


@pytest.mark.parametrize(("times", "most"), [(True, 4), (False, 16)])
def test_prefetcher_frames_in_flight_are_bounded(analyzer: Analyzer, times: bool, most: int) -> None:
    seen: list[int] = []
    results = analyze_frames(read_ahead(numbered_frames(50, times), seen), analyzer)
    for taken in range(1, 4):
        next(results)
        assert wait_until(lambda taken=taken: len(seen) == taken - 1 + most)
        time.sleep(0.05)
        assert len(seen) == taken - 1 + most
    assert len(list(results)) == 47


@pytest.mark.parametrize(("frames_of_bytes", "most"), [(3.0, 3), (2.5, 3), (0.1, 1)])
def test_prefetcher_bytes_in_flight_are_bounded(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch, frames_of_bytes: float, most: int
) -> None:
    monkeypatch.setattr(prefetch, "MAX_BYTES", frames_of_bytes * 48 * 64 * 3)
    seen: list[int] = []
    results = analyze_frames(read_ahead(numbered_frames(9, times=False), seen), analyzer)
    next(results)
    assert wait_until(lambda: len(seen) == most)
    time.sleep(0.05)
    assert len(seen) == most
    assert len(list(results)) == 8
