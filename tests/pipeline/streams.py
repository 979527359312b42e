"""Detectors, recognizers and frames whose behavior a test can set."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

import numpy as np

from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Face, Frame, FrameResult, Prediction, Row


class WalkingFace:
    """Detect a face that moves three pixels to the right with every call."""

    def __init__(self) -> None:
        self.calls = 0

    def detect(self, image: np.ndarray) -> list[Face]:
        self.calls += 1
        x = 3.0 * self.calls
        return [Face((x, 10.0, x + 24.0, 34.0), 0.99)]


class StillFace:
    """Detect a face that never moves."""

    def detect(self, image: np.ndarray) -> list[Face]:
        return [Face((40.0, 30.0, 64.0, 54.0), 0.99)]


class ScriptedDetector:
    """Detect what a function returns for the number that a frame shows (``numbered_frames``)."""

    def __init__(self, find: Callable[[int], list[Face]]) -> None:
        self.find = find

    def detect(self, image: np.ndarray) -> list[Face]:
        return self.find(int(image[0, 0, 0]))


class CountingRecognizer(Recognizer):
    """Record the number of crops in each batch; call ``before`` with the crops before each answer."""

    def __init__(self, model: Path, before: Callable[[Sequence[np.ndarray]], None] = lambda crops: None) -> None:
        super().__init__(model, threads=1)
        self.batches: list[int] = []
        self._before = before

    def predict(self, crops: Sequence[np.ndarray]) -> list[Prediction]:  # type: ignore[override]
        self.batches.append(len(crops))
        self._before(crops)
        return super().predict(crops)


def one_face(_: int = 0) -> list[Face]:
    return [Face((10.0, 10.0, 30.0, 30.0), 0.99)]


def gray_frames(source: str, count: int, times: bool = True, gray: int = 100) -> Iterator[Frame]:
    for number in range(count):
        image = np.full((48, 96, 3), gray, dtype=np.uint8)
        yield Frame(source, number, number / 10 if times else None, image)


def numbered_frames(count: int, times: bool = True, source: str = "a.mp4") -> Iterator[Frame]:
    """Yield frames whose gray level is their number."""
    for number in range(count):
        image = np.full((48, 64, 3), number, dtype=np.uint8)
        yield Frame(source, number, number / 10 if times else None, image)
        del image


def rows_of(read: Iterator[Frame], analyzer: Analyzer) -> list[Row]:
    return [row for result in analyze_frames(read, analyzer) for row in result.rows]


def draw_room(seed: int, color: tuple[int, int, int] = (120, 110, 100)) -> np.ndarray:
    """Draw a room whose furniture depends on the seed."""
    rng = np.random.default_rng(seed)
    image = np.full((96, 160, 3), color, dtype=np.uint8)
    for x, y, width, height in rng.integers((0, 0, 10, 8), (150, 90, 60, 50), (25, 4)):
        image[y : y + height, x : x + width] = rng.integers(0, 256, 3)
    return image


def worker_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(("reader", "detector"))]


def read_ahead(read: Iterator[Frame], seen: list[int]) -> Iterator[Frame]:
    for frame in read:
        seen.append(frame.number)
        yield frame


def collect(results: Iterator[FrameResult]) -> tuple[list[int], Exception | None]:
    numbers = []
    try:
        for result in results:
            numbers.append(result.frame.number)
    except Exception as error:
        return numbers, error
    return numbers, None


def silent_camera(stop: Event, closed: Event) -> Iterator[Frame]:
    """Yield one frame and then wait for ``stop``, as ``live_frames`` does."""
    try:
        yield from numbered_frames(1)
        while not stop.is_set():
            time.sleep(0.01)
    finally:
        closed.set()
