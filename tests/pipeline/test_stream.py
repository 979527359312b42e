"""Sources to rows: pictures as they are, videos followed, each file by itself, cameras let go of; all of it at once."""

import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image

import ekspresi
from ekspresi.pipeline import prefetch, stream
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Face, Frame, FrameResult, Prediction, Row
from tests.support.clips import write_clip
from tests.support.network_cameras import wait_until


class OneThatWalks:
    """A detector whose face moves three pixels to the right with every call."""

    def __init__(self) -> None:
        self.calls = 0

    def detect(self, image: np.ndarray) -> list[Face]:
        self.calls += 1
        x = 3.0 * self.calls
        return [Face((x, 10.0, x + 24.0, 34.0), 0.99)]


@pytest.fixture
def analyzer(tiny_model: Path) -> Analyzer:
    return Analyzer(Recognizer(tiny_model), OneThatWalks())


def frames_of(source: str, count: int, times: bool = True, gray: int = 100) -> Iterator[Frame]:
    for number in range(count):
        image = np.full((48, 96, 3), gray, dtype=np.uint8)
        yield Frame(source, number, number / 10 if times else None, image)


def rows_of(read: Iterator[Frame], analyzer: Analyzer) -> list[Row]:
    return [row for result in analyze_frames(read, analyzer) for row in result.rows]


def test_a_video_is_followed_and_each_file_begins_anew(analyzer: Analyzer) -> None:
    def both() -> Iterator[Frame]:
        yield from frames_of("a.mp4", 4)
        yield from frames_of("b.mp4", 3)

    rows = rows_of(both(), analyzer)
    assert [(row.source, row.frame, row.track) for row in rows] == [
        *(("a.mp4", number, 1) for number in range(4)),
        *(("b.mp4", number, 1) for number in range(3)),
    ]
    assert rows[1].time_s == 0.1
    # One frame gives back its own probabilities; several of the same face give more than one.
    alone = analyzer.analyze(np.full((48, 96, 3), 100, dtype=np.uint8))[0].prediction
    first, last = rows[0].face.prediction, rows[3].face.prediction
    assert alone is not None and first is not None and last is not None
    assert first.probabilities == pytest.approx(alone.probabilities, abs=1e-6)
    assert rows[4].face.prediction == first


def scene(seed: int, color: tuple[int, int, int] = (120, 110, 100)) -> np.ndarray:
    """A room with furniture of its own."""
    rng = np.random.default_rng(seed)
    image = np.full((96, 160, 3), color, dtype=np.uint8)
    for x, y, width, height in rng.integers((0, 0, 10, 8), (150, 90, 60, 50), (25, 4)):
        image[y : y + height, x : x + width] = rng.integers(0, 256, 3)
    return image


class OneThatStands:
    def detect(self, image: np.ndarray) -> list[Face]:
        return [Face((40.0, 30.0, 64.0, 54.0), 0.99)]


def test_tracks_and_beliefs_begin_anew_at_a_cut(tiny_model: Path) -> None:
    rooms = [scene(1)] * 4 + [scene(2)] * 3 + [np.zeros_like(scene(1))] + [scene(2)] * 2 + [scene(1)] * 2
    read = (Frame("a.mp4", number, number / 25, image) for number, image in enumerate(rooms))
    analyzer = Analyzer(Recognizer(tiny_model), OneThatStands())
    results = list(analyze_frames(read, analyzer, first_track=5))
    assert [result.rows[0].track for result in results] == [5] * 4 + [6] * 6 + [7] * 2
    for first in (0, 4, 10):  # one frame gives back its own probabilities
        alone = analyzer.analyze(rooms[first])[0].prediction
        believed = results[first].rows[0].face.prediction
        assert alone is not None and believed is not None
        assert believed.probabilities == pytest.approx(alone.probabilities, abs=1e-5)


def test_tracks_begin_anew_where_a_frame_says_so(tiny_model: Path) -> None:
    read = (Frame("camera:0", number, number / 25, scene(1), cut=number == 2) for number in range(5))
    results = analyze_frames(read, Analyzer(Recognizer(tiny_model), OneThatStands()))
    assert [result.rows[0].track for result in results] == [1, 1, 2, 2, 2]


def test_another_file_is_no_cut_in_the_one_before(tiny_model: Path) -> None:
    def both() -> Iterator[Frame]:
        for source, image in (("a.mp4", scene(1)), ("b.mp4", scene(2))):
            for number in range(3):
                yield Frame(source, number, number / 25, image)

    results = analyze_frames(both(), Analyzer(Recognizer(tiny_model), OneThatStands()))
    assert [result.rows[0].track for result in results] == [1] * 6


def test_after_a_cut_those_seen_before_are_hidden_for_a_second_more(tiny_model: Path) -> None:
    """If it was no cut, and they are missed, they are still there."""

    class Sometimes:
        def detect(self, image: np.ndarray) -> list[Face]:
            return OneThatStands().detect(image) if image[0, 0, 0] == 120 else []

    rooms = [scene(1)] * 3 + [scene(2, (121, 110, 100))] * 40
    read = (Frame("a.mp4", number, number / 25, image) for number, image in enumerate(rooms))
    results = list(analyze_frames(read, Analyzer(Recognizer(tiny_model), Sometimes())))
    for result in results[3 : 3 + 25]:
        ((x1, y1, x2, y2),) = result.hidden
        assert result.rows == () and x1 <= 40 and y1 <= 30 and x2 >= 64 and y2 >= 54
    assert all(result.hidden == () for result in results[3 + 25 :])


def test_pictures_have_neither_time_nor_track(analyzer: Analyzer) -> None:
    rows = rows_of(frames_of("a.png", 3, times=False), analyzer)
    assert [(row.time_s, row.track) for row in rows] == [(None, None)] * 3


def test_the_source_is_closed_when_the_rows_are(analyzer: Analyzer) -> None:
    closed = []

    def endless() -> Iterator[Frame]:
        try:
            while True:
                yield from frames_of("camera:0", 5)
        finally:
            closed.append(True)

    results = analyze_frames(endless(), analyzer)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert closed == [True] and threads() == []


def test_stream_reads_pictures_and_videos_of_a_folder(tmp_path: Path, tiny_model: Path) -> None:
    Image.fromarray(np.full((40, 40), 90, dtype=np.uint8)).save(tmp_path / "1.png")
    write_clip(tmp_path / "2.mp4", frames=5, rate=10)
    (tmp_path / "3.mp4").write_bytes(b"no video")
    refused: list[Exception] = []
    rows = list(ekspresi.stream(tmp_path, model=tiny_model, detector="none", every_s=0.2, refused=refused.append))
    assert [(Path(row.source).name, row.frame, row.track is None) for row in rows] == [
        ("1.png", 0, True),
        ("2.mp4", 0, False),
        ("2.mp4", 2, False),
        ("2.mp4", 4, False),
    ]
    assert len(refused) == 1 and "3.mp4" in str(refused[0])
    with pytest.raises(ekspresi.SourceError, match="no such file"):
        list(ekspresi.stream(tmp_path / "none.mp4", model=tiny_model))


def test_rows_can_be_written_as_they_are(analyzer: Analyzer) -> None:
    from ekspresi.tables.schema import row_values

    (row,) = rows_of(frames_of("a.mp4", 1), analyzer)
    values = row_values(replace(row, time_s=1.23456), analyzer.recognizer.labels)
    assert (values["track"], values["time_s"], values["frame"]) == (1, 1.235, 0)


# What overlaps.


@pytest.fixture(autouse=True)
def two_finders(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same on every machine."""
    monkeypatch.setattr(prefetch, "FINDERS", 2)
    monkeypatch.setattr(prefetch, "MOVING", 4)
    monkeypatch.setattr(prefetch, "STILL", 16)


class Finder:
    """A detector made of a function from the number that a frame shows (``numbered``) to its faces."""

    def __init__(self, find: Callable[[int], list[Face]]) -> None:
        self.find = find

    def detect(self, image: np.ndarray) -> list[Face]:
        return self.find(int(image[0, 0, 0]))


class Counting(Recognizer):
    """Notes how many crops it is given together; ``before`` is called with the crops before each answer."""

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


def numbered(count: int, times: bool = True, source: str = "a.mp4") -> Iterator[Frame]:
    """Frames whose gray is their number."""
    for number in range(count):
        image = np.full((48, 64, 3), number, dtype=np.uint8)
        yield Frame(source, number, number / 10 if times else None, image)
        del image


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(("reader", "finder"))]


def test_results_come_in_order_also_where_later_frames_are_found_sooner(tiny_model: Path) -> None:
    def find(number: int) -> list[Face]:
        time.sleep(0.02 * (number % 3 == 0))
        return one_face()

    results = list(analyze_frames(numbered(20), Analyzer(Recognizer(tiny_model), Finder(find))))
    assert [result.frame.number for result in results] == list(range(20))
    assert [int(result.frame.image[0, 0, 0]) for result in results] == list(range(20))
    assert all(row.frame == result.frame.number for result in results for row in result.rows)
    assert threads() == []


def test_results_are_those_of_one_frame_after_another(tiny_model: Path) -> None:
    def find(number: int) -> list[Face]:
        return [Face((5.0 * i, 3.0, 5.0 * i + 10 + number, 20.0 + number), 0.9) for i in range(number % 4)]

    generator = np.random.default_rng(0)
    images = [generator.integers(0, 256, (60, 80, 3), dtype=np.uint8) for _ in range(12)]
    for number, image in enumerate(images):
        image[0, 0, 0] = number
    analyzer = Analyzer(Recognizer(tiny_model), Finder(find))
    read = (Frame(f"{number}.png", 0, None, image) for number, image in enumerate(images))
    for result, image in zip(analyze_frames(read, analyzer), images, strict=True):
        expected = analyzer.analyze(image)
        assert [row.face.box_xyxy for row in result.rows] == [face.box_xyxy for face in expected]
        assert result.hidden == tuple(face.box_xyxy for face in expected)
        for row, face in zip(result.rows, expected, strict=True):
            assert row.face.prediction is not None and face.prediction is not None
            assert row.face.prediction.probabilities == pytest.approx(face.prediction.probabilities, abs=1e-5)


def test_the_faces_of_all_frames_that_are_ready_are_recognized_together(tiny_model: Path) -> None:
    others, found = Event(), []

    def find(number: int) -> list[Face]:
        found.append(number)
        if len(found) == 10:
            others.set()
        if number == 0:
            assert others.wait(10)
            time.sleep(0.1)  # the last of the others is still being cut
        return one_face() * 2

    recognizer = Counting(tiny_model)
    results = list(analyze_frames(numbered(10, times=False), Analyzer(recognizer, Finder(find))))
    assert recognizer.batches == [20]
    assert [len(result.rows) for result in results] == [2] * 10


def test_a_batch_is_bounded_unless_one_frame_has_more(tiny_model: Path) -> None:
    faces = [
        Face((float(20 * x), float(20 * y), 20.0 * x + 15, 20.0 * y + 15), 0.99) for x in range(25) for y in range(20)
    ]

    def find(number: int) -> list[Face]:
        return faces if number == 3 else faces[:30]

    recognizer = Counting(tiny_model)
    results = list(analyze_frames(numbered(12, times=False), Analyzer(recognizer, Finder(find))))
    assert [len(result.rows) for result in results] == [30] * 3 + [500] + [30] * 8
    assert sum(recognizer.batches) == 11 * 30 + 500
    assert set(recognizer.batches) <= {30, 60, 500}


def test_five_hundred_faces_in_a_frame_are_followed(tiny_model: Path) -> None:
    faces = [Face((30.0 * x, 30.0 * y, 30.0 * x + 15, 30.0 * y + 15), 0.99) for x in range(25) for y in range(20)]
    for result in analyze_frames(numbered(3), Analyzer(Recognizer(tiny_model), Finder(lambda _: faces))):
        assert sorted(row.track or 0 for row in result.rows) == list(range(1, 501))
        assert len(result.hidden) == 500


def test_reading_finding_and_recognizing_overlap(tiny_model: Path) -> None:
    def slowly() -> Iterator[Frame]:
        for frame in numbered(16):
            time.sleep(0.03)
            yield frame

    def find(_: int) -> list[Face]:
        time.sleep(0.06)
        return one_face()

    recognizer = Counting(tiny_model, before=lambda crops: time.sleep(0.03 * len(crops)))
    began = time.monotonic()
    assert len(list(analyze_frames(slowly(), Analyzer(recognizer, Finder(find))))) == 16
    alone_s = 16 * (0.03 + 0.06 + 0.03)
    assert time.monotonic() - began < 0.6 * alone_s


def test_a_result_comes_while_the_next_frame_is_withheld(analyzer: Analyzer) -> None:
    more = Event()

    def camera() -> Iterator[Frame]:
        for frame in numbered(3):
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


# What is bounded.


def read_ahead(read: Iterator[Frame], seen: list[int]) -> Iterator[Frame]:
    for frame in read:
        seen.append(frame.number)
        yield frame


@pytest.mark.parametrize(("times", "most"), [(True, 4), (False, 16)])
def test_frames_in_flight_are_bounded(analyzer: Analyzer, times: bool, most: int) -> None:
    seen: list[int] = []
    results = analyze_frames(read_ahead(numbered(50, times), seen), analyzer)
    for taken in range(1, 4):
        next(results)
        assert wait_until(lambda taken=taken: len(seen) == taken - 1 + most)
        time.sleep(0.05)
        assert len(seen) == taken - 1 + most
    assert len(list(results)) == 47


@pytest.mark.parametrize(("frames_of_bytes", "most"), [(3.0, 3), (2.5, 3), (0.1, 1)])
def test_bytes_in_flight_are_bounded(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch, frames_of_bytes: float, most: int
) -> None:
    monkeypatch.setattr(prefetch, "BYTES", frames_of_bytes * 48 * 64 * 3)
    seen: list[int] = []
    results = analyze_frames(read_ahead(numbered(9, times=False), seen), analyzer)
    next(results)
    assert wait_until(lambda: len(seen) == most)
    time.sleep(0.05)
    assert len(seen) == most
    assert len(list(results)) == 8


def test_a_frame_is_let_go_while_the_next_is_waited_for(analyzer: Analyzer) -> None:
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


LONG_STREAM = """
import sys
import numpy as np
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.types import Face, Frame

class Walkers:
    def detect(self, image):
        x = 20.0 + float(image[0, 0, 0])
        return [Face((x, y, x + 24, y + 24), 0.99) for y in (20.0, 120.0, 220.0)] if x < 250 else []

def read():
    for number in range(3000):
        yield Frame("a.mp4", number, number / 25, np.full((360, 480, 3), number % 256, np.uint8))

def peak():
    # Not ru_maxrss: a process inherits it from the one that starts it.
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

rows = 0
for result in analyze_frames(read(), Analyzer(Recognizer(sys.argv[1]), Walkers())):
    rows += len(result.rows)
    if result.frame.number == 300:
        early = peak()
print(rows, peak() - early)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_stays_flat_over_a_long_stream(tiny_model: Path) -> None:
    command = [sys.executable, "-c", LONG_STREAM, str(tiny_model)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    rows, grown_kib = map(int, run.stdout.split())
    assert rows > 8000
    assert grown_kib < 10_000  # the frames after the first 300 are 1.4 GB


# What goes wrong.


def collect(results: Iterator[FrameResult]) -> tuple[list[int], Exception | None]:
    numbers = []
    try:
        for result in results:
            numbers.append(result.frame.number)
    except Exception as error:
        return numbers, error
    return numbers, None


def test_what_reading_raises_comes_after_what_was_read(tiny_model: Path) -> None:
    def find(_: int) -> list[Face]:
        time.sleep(0.02)
        return one_face()

    def broken() -> Iterator[Frame]:
        yield from numbered(5)
        raise ekspresi.SourceError("a.mp4: is cut off")

    numbers, error = collect(analyze_frames(broken(), Analyzer(Recognizer(tiny_model), Finder(find))))
    assert numbers == [0, 1, 2, 3, 4] and str(error) == "a.mp4: is cut off"
    assert threads() == []


def test_what_finding_raises_comes_in_order(tiny_model: Path) -> None:
    def find(number: int) -> list[Face]:
        time.sleep(0.02 * (number < 3))
        if number >= 3:
            raise ZeroDivisionError(number)
        return one_face()

    numbers, error = collect(analyze_frames(numbered(9), Analyzer(Recognizer(tiny_model), Finder(find))))
    assert numbers == [0, 1, 2] and isinstance(error, ZeroDivisionError) and error.args == (3,)
    assert threads() == []


def test_what_recognizing_raises_comes_in_order_also_out_of_a_batch(tiny_model: Path) -> None:
    def fail(crops: Sequence[np.ndarray]) -> None:
        if any(crop.max() == 4 for crop in crops):
            raise ekspresi.ModelError("answers with no numbers")

    def find(number: int) -> list[Face]:
        time.sleep(0.2 * (number == 0))  # so the others are ready with it
        return one_face()

    recognizer = Counting(tiny_model, fail)
    numbers, error = collect(analyze_frames(numbered(9, times=False), Analyzer(recognizer, Finder(find))))
    assert numbers == [0, 1, 2, 3] and isinstance(error, ekspresi.ModelError)
    assert recognizer.batches[0] > 1 and threads() == []


def test_frames_may_change_their_size(tiny_model: Path) -> None:
    class Middle:
        def detect(self, image: np.ndarray) -> list[Face]:
            height, width = image.shape[:2]
            return [Face((width / 2 - 8, height / 2 - 8, width / 2 + 8, height / 2 + 8), 0.99)]

    sizes = [(48, 64)] * 3 + [(480, 640)] * 3 + [(20, 20)] * 3
    read = (Frame("a.mp4", i, i / 10, np.full((*size, 3), 9, np.uint8)) for i, size in enumerate(sizes))
    results = list(analyze_frames(read, Analyzer(Recognizer(tiny_model), Middle())))
    assert [result.frame.image.shape[:2] for result in results] == sizes
    assert [result.rows[0].track for result in results] == [1, 1, 1, 2, 2, 2, 3, 3, 3]  # places cannot be compared
    assert results[3].rows[0].face.box_xyxy == (312.0, 232.0, 328.0, 248.0)


# What is hidden, and how tracks are counted.


def test_a_face_that_is_not_found_is_hidden_where_it_should_be(tiny_model: Path) -> None:
    def place(number: int) -> tuple[float, float, float, float]:
        return (5.0 + 4 * number, 10.0, 25.0 + 4 * number, 30.0)

    def find(number: int) -> list[Face]:
        return [Face(place(number), 0.99)] if number < 10 else []

    results = list(analyze_frames(numbered(30), Analyzer(Recognizer(tiny_model), Finder(find))))
    for result in results[:10]:
        assert result.hidden == (result.rows[0].face.box_xyxy,)
    for result in results[10:18]:  # frames are 0.1 s apart
        (hidden,) = result.hidden
        x1, y1, x2, y2 = place(result.frame.number)
        assert result.rows == () and hidden[0] <= x1 and hidden[1] <= y1 and hidden[2] >= x2 and hidden[3] >= y2
        assert hidden[2] - hidden[0] < 60
    assert all(result.hidden == () for result in results[21:])


def test_numbers_of_tracks_go_on_where_a_video_is_taken_up_again(analyzer: Analyzer) -> None:
    def both() -> Iterator[Frame]:
        yield from frames_of("a.mp4", 2)
        yield from frames_of("b.mp4", 2)

    results = list(analyze_frames(both(), analyzer, first_track=7))
    assert [row.track for result in results for row in result.rows] == [7, 7, 1, 1]


# How it ends.


def test_an_iterator_that_is_never_asked_starts_nothing(analyzer: Analyzer) -> None:
    seen: list[int] = []
    results = analyze_frames(read_ahead(numbered(5), seen), analyzer)
    assert threads() == [] and seen == []
    results.close()  # type: ignore[attr-defined]


def waiting(stop: Event, closed: Event) -> Iterator[Frame]:
    """A camera that gives one frame and then none, as ``live_frames`` waits."""
    try:
        yield from numbered(1)
        while not stop.is_set():
            time.sleep(0.01)
    finally:
        closed.set()


def test_stop_ends_all_threads_also_while_nothing_comes(analyzer: Analyzer) -> None:
    stop, closed = Event(), Event()
    results = analyze_frames(waiting(stop, closed), analyzer, stop=stop)
    next(results)
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    assert list(results) == []
    assert time.monotonic() - began < 2 and closed.is_set() and threads() == []


@pytest.mark.parametrize("own", [True, False])
def test_rows_that_are_closed_end_a_camera_that_is_silent(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    closed, stop = Event(), Event()
    monkeypatch.setattr(stream, "read_frames", lambda source, *, stop, **_: waiting(stop, closed))
    rows = ekspresi.stream("rtsp://camera/1", model=tiny_model, detector="none", stop=stop if own else None)
    next(rows)
    began = time.monotonic()
    rows.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 1.5 and closed.is_set() and threads() == []
    assert not stop.is_set()  # it is the user's, who may have other uses for it


def test_the_users_stop_ends_the_rows(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, stop = Event(), Event()
    monkeypatch.setattr(stream, "read_frames", lambda source, *, stop, **_: waiting(stop, closed))
    rows = ekspresi.stream("rtsp://camera/1", model=tiny_model, detector="none", stop=stop)
    next(rows)
    threading.Timer(0.2, stop.set).start()
    assert list(rows) == []
    assert closed.is_set() and threads() == []


def test_threads_that_hang_do_not_hold_up_the_end(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "_PARTING_S", 0.1)
    free = Event()

    def hanging() -> Iterator[Frame]:
        yield from numbered(2)
        free.wait(10)

    def find(number: int) -> list[Face]:
        if number == 1:
            free.wait(10)
        return one_face()

    results = analyze_frames(hanging(), Analyzer(Recognizer(tiny_model), Finder(find)))
    next(results)
    began = time.monotonic()
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 2
    free.set()
    assert wait_until(lambda: threads() == [])


def test_frames_in_flight_are_left_where_it_is_stopped(analyzer: Analyzer) -> None:
    stop = Event()
    numbers = []
    for result in analyze_frames(numbered(200), analyzer, stop=stop):
        numbers.append(result.frame.number)
        if result.frame.number == 5:
            stop.set()
    assert numbers == list(range(6)) and threads() == []


INTERRUPTED = """
import signal, sys, time
import numpy as np
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.detection.whole_image import WholeImage
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.types import Frame

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts with & ignore it

def camera():
    for number in range(100_000):
        yield Frame("camera:0", number, number / 25, np.zeros((48, 48, 3), np.uint8))
        time.sleep(0.01 if number < 20 else 0.5)

for result in analyze_frames(camera(), Analyzer(Recognizer(sys.argv[1]), WholeImage())):
    print(result.frame.number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_ends_the_process(tiny_model: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tiny_model)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None and run.stderr is not None
        for _ in range(5):
            run.stdout.readline()
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=20)[1]
    assert time.monotonic() - began < 5
    assert said.rstrip().endswith("KeyboardInterrupt") and run.returncode in (-signal.SIGINT, 130)
