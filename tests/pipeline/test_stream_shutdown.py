"""Check that a stream ends with all its threads, however it is left."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

import ekspresi
from ekspresi.pipeline import prefetch, stream
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Face, Frame
from tests.pipeline.streams import (
    ScriptedDetector,
    gray_frames,
    numbered_frames,
    one_face,
    read_ahead,
    silent_camera,
    worker_threads,
)
from tests.support.network_cameras import wait_until


def test_analyze_frames_close_closes_the_source(analyzer: Analyzer) -> None:
    closed = []

    def endless() -> Iterator[Frame]:
        try:
            while True:
                yield from gray_frames("camera:0", 5)
        finally:
            closed.append(True)

    results = analyze_frames(endless(), analyzer)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert closed == [True] and worker_threads() == []


def test_analyze_frames_unused_iterator_starts_nothing(analyzer: Analyzer) -> None:
    seen: list[int] = []
    results = analyze_frames(read_ahead(numbered_frames(5), seen), analyzer)
    assert worker_threads() == [] and seen == []
    results.close()  # type: ignore[attr-defined]


def test_analyze_frames_stop_ends_threads_of_silent_camera(analyzer: Analyzer) -> None:
    stop, closed = Event(), Event()
    results = analyze_frames(silent_camera(stop, closed), analyzer, stop=stop)
    next(results)
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    assert list(results) == []
    assert time.monotonic() - began < 2 and closed.is_set() and worker_threads() == []


@pytest.mark.parametrize("own", [True, False])
def test_stream_close_ends_a_silent_camera(tiny_model: Path, monkeypatch: pytest.MonkeyPatch, own: bool) -> None:
    closed, stop = Event(), Event()
    monkeypatch.setattr(stream, "read_frames", lambda source, *, stop, **_: silent_camera(stop, closed))
    rows = ekspresi.stream("rtsp://camera/1", model=tiny_model, detector="none", stop=stop if own else None)
    next(rows)
    began = time.monotonic()
    rows.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 1.5 and closed.is_set() and worker_threads() == []
    assert not stop.is_set()  # the event belongs to the user, who may use it elsewhere


def test_stream_stop_ends_a_silent_camera(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, stop = Event(), Event()
    monkeypatch.setattr(stream, "read_frames", lambda source, *, stop, **_: silent_camera(stop, closed))
    rows = ekspresi.stream("rtsp://camera/1", model=tiny_model, detector="none", stop=stop)
    next(rows)
    threading.Timer(0.2, stop.set).start()
    assert list(rows) == []
    assert closed.is_set() and worker_threads() == []


def test_analyze_frames_close_does_not_await_hanging_threads(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "_JOIN_TIMEOUT_S", 0.1)
    free = Event()

    def hanging() -> Iterator[Frame]:
        yield from numbered_frames(2)
        free.wait(10)

    def find(number: int) -> list[Face]:
        if number == 1:
            free.wait(10)
        return one_face()

    results = analyze_frames(hanging(), Analyzer(Recognizer(tiny_model), ScriptedDetector(find)))
    next(results)
    began = time.monotonic()
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 2
    free.set()
    assert wait_until(lambda: worker_threads() == [])


def test_analyze_frames_stop_discards_frames_in_flight(analyzer: Analyzer) -> None:
    stop = Event()
    numbers = []
    for result in analyze_frames(numbered_frames(200), analyzer, stop=stop):
        numbers.append(result.frame.number)
        if result.frame.number == 5:
            stop.set()
    assert numbers == list(range(6)) and worker_threads() == []


INTERRUPTED = """
import signal, sys, time
import numpy as np
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.detection.whole_image import WholeImage
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.types import Frame

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell makes background commands ignore it

def camera():
    for number in range(100_000):
        yield Frame("camera:0", number, number / 25, np.zeros((48, 48, 3), np.uint8))
        time.sleep(0.01 if number < 20 else 0.5)

for result in analyze_frames(camera(), Analyzer(Recognizer(sys.argv[1]), WholeImage())):
    print(result.frame.number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_analyze_frames_ctrl_c_ends_the_process(tiny_model: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tiny_model)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None and run.stderr is not None
        for _ in range(5):
            run.stdout.readline()
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        errors = run.communicate(timeout=20)[1]
    assert time.monotonic() - began < 5
    assert errors.rstrip().endswith("KeyboardInterrupt") and run.returncode in (-signal.SIGINT, 130)
