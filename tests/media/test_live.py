import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from threading import Event

import numpy as np
import pytest
from numpy.typing import NDArray

from ekspresi.errors import AccessError, EkspresiError, ImageError, SourceError
from ekspresi.imaging.pixel_shape import ShapedImage
from ekspresi.media import live
from ekspresi.media.live import LazyImage, Retries, live_frames
from ekspresi.media.timestamps import Window
from ekspresi.types import Frame

AT_ONCE = Retries(first_s=0.0, longest_s=0.0)
Connection = Iterator[tuple[float | None, LazyImage]]


def image(value: int = 0, size: int = 8) -> NDArray[np.uint8]:
    return np.full((size, size, 3), value % 256, dtype=np.uint8)


def camera(*connections: Callable[[], Connection] | Exception) -> Callable[[], Connection]:
    """Connections, one after another; an exception is one that fails."""
    left = list(connections)

    def connect() -> Connection:
        connection = left.pop(0)
        if isinstance(connection, Exception):
            raise connection
        return connection()

    return connect


def shots(count: int, fate: Exception | None = None, pause_s: float = 0.001) -> Callable[[], Connection]:
    """A connection of so many frames that then dies, or ends."""

    def connection() -> Connection:
        for number in range(count):
            yield number / 25, image(number)
            time.sleep(pause_s)
        if fate is not None:
            raise fate

    return connection


@pytest.fixture
def none_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue long enough for a slow machine."""
    monkeypatch.setattr(live, "QUEUE", 10_000)


def watch(
    connect: Callable[[], Connection],
    told: list[str] | None = None,
    retries: Retries = AT_ONCE,
    window: Window | None = None,
    stop: Event | None = None,
) -> Iterator[Frame]:
    def tell(error: EkspresiError) -> None:
        if told is not None:
            told.append(str(error))

    return live_frames(connect, "cam", window=window or Window(), stop=stop, refused=tell, retries=retries)


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("camera ")]


@pytest.mark.usefixtures("none_dropped")
def test_live_frames_have_number_and_time() -> None:
    frames = list(watch(camera(shots(5))))
    assert [frame.number for frame in frames] == list(range(5))
    assert [frame.time_s for frame in frames] == pytest.approx([n / 25 for n in range(5)])
    assert [int(frame.image[0, 0, 0]) for frame in frames] == list(range(5))
    assert {frame.source for frame in frames} == {"cam"}
    assert readers() == []


@pytest.mark.usefixtures("none_dropped")
def test_live_frames_after_a_loss_reports_and_reconnects() -> None:
    told: list[str] = []
    lost, gone = SourceError("cam: is lost (x). Check it."), ConnectionResetError(104, "Connection reset by peer")
    frames = list(watch(camera(shots(3, lost), gone, lost, shots(3, gone), shots(2)), told))
    assert [frame.number for frame in frames] == list(range(8))
    times = [frame.time_s for frame in frames]
    assert times == sorted(times) and len(set(times)) == 8
    assert told == [
        "cam: is lost (x). Check it. Retrying in 0 s.",
        "cam: lost (Connection reset by peer). Check the camera. Retrying in 0 s.",
        "cam: is lost (x). Check it. Retrying in 0 s.",
        "cam: lost (Connection reset by peer). Check the camera. Retrying in 0 s.",
    ]


@pytest.mark.usefixtures("none_dropped")
def test_live_frames_after_a_loss_begin_with_a_cut() -> None:
    lost = SourceError("lost")
    frames = list(watch(camera(shots(3, lost), lost, shots(0, lost), shots(2, lost), shots(2))))
    assert [frame.cut for frame in frames] == [False, False, False, True, False, True, False]


def test_live_frames_dropped_at_a_cut_keep_the_cut() -> None:
    more = Event()

    def damaged() -> NDArray[np.uint8]:
        raise ImageError("cam: a damaged picture")

    def first() -> Connection:
        yield 0.0, image()
        assert more.wait(10)
        raise SourceError("lost")

    def second() -> Connection:
        for number in range(10):
            yield number / 25, damaged if number == 8 else image()

    frames = watch(camera(first, second))
    assert next(frames).cut is False
    more.set()
    deadline = time.monotonic() + 10
    while readers() and time.monotonic() < deadline:  # all are read, and all but two dropped
        time.sleep(0.01)
    assert [(frame.number, frame.cut) for frame in frames] == [(10, True)]


@pytest.mark.usefixtures("none_dropped")
def test_live_frames_hides_words_of_unknown_errors() -> None:
    told: list[str] = []
    list(watch(camera(shots(1, OSError("rtsp://user:secret@cam/1")), shots(1)), told))
    assert told == ["cam: lost (OSError). Check the camera. Retrying in 0 s."]


def test_retries_pause_doubles_up_to_a_bound() -> None:
    retries = Retries(first_s=0.5, longest_s=30.0)
    assert [retries.pause_s(n) for n in (1, 2, 3, 6, 7, 8, 10_000)] == [0.5, 1.0, 2.0, 16.0, 30.0, 30.0, 30.0]


@pytest.mark.usefixtures("none_dropped")
def test_live_frames_after_a_frame_resets_the_pause() -> None:
    told: list[str] = []
    gone = SourceError("gone")
    retries = Retries(first_s=0.01, longest_s=1.0)
    list(watch(camera(shots(1, gone), gone, gone, shots(1, gone), shots(1)), told, retries))
    assert [line.split("Retrying in ")[1] for line in told] == ["0.01 s.", "0.02 s.", "0.04 s.", "0.01 s."]


def test_live_frames_without_an_answer_raises_at_once() -> None:
    told: list[str] = []
    with pytest.raises(SourceError, match="no answer"):
        list(watch(camera(SourceError("no answer")), told))
    with pytest.raises(SourceError, match="died young"):
        list(watch(camera(shots(0, SourceError("died young"))), told))
    assert told == [] and readers() == []


def test_live_frames_with_a_refused_password_ends() -> None:
    with pytest.raises(AccessError, match="refuses"):
        list(watch(camera(shots(2, SourceError("lost")), AccessError("refuses"))))


def test_live_frames_after_all_attempts_raises() -> None:
    told: list[str] = []
    gone = SourceError("gone")
    with pytest.raises(SourceError, match=r"cam: given up after 2 attempts\. Check"):
        list(watch(camera(shots(2, gone), gone, gone), told, Retries(0.0, 0.0, attempts=2)))
    assert len(told) == 2


def test_live_frames_too_late_are_never_made() -> None:
    made: list[int] = []

    def connection() -> Connection:
        for number in range(200):

            def make(number: int = number) -> ShapedImage:
                made.append(number)
                return image(number), 2.0

            yield number / 25, make
            time.sleep(0.001)

    numbers = []
    for frame in watch(camera(connection)):
        numbers.append(frame.number)
        assert frame.pixel_aspect == 2.0
        time.sleep(0.02)
    assert numbers == sorted(set(numbers)) == made
    assert numbers[-1] == 199
    assert len(numbers) < 60


@pytest.mark.usefixtures("none_dropped")
def test_live_frames_with_a_bad_picture_continues() -> None:
    told: list[str] = []

    def broken() -> NDArray[np.uint8]:
        raise ImageError("cam: too large")

    frames = list(watch(camera(lambda: iter([(0.0, broken), (0.1, image())])), told))
    assert [frame.number for frame in frames] == [1] and told == ["cam: too large"]


@pytest.mark.usefixtures("none_dropped")
def test_live_frames_may_change_size() -> None:
    def connection() -> Connection:
        for size in (8, 8, 16, 4):
            yield None, image(size=size)

    assert [frame.image.shape[0] for frame in watch(camera(connection))] == [8, 8, 16, 4]


@pytest.mark.usefixtures("none_dropped")
def test_live_frames_in_a_window_are_selected() -> None:
    def connection() -> Connection:
        for number in range(1000):
            yield number / 100, image()
            time.sleep(0.003)

    numbers = [frame.number for frame in watch(camera(connection), window=Window(0.1, 0.2, 0.5))]
    assert numbers == [20, 30, 40]
    assert readers() == []


def test_live_frames_while_lost_ends_with_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "DRIFT_S", 0.1)
    away = (SourceError("x: away") for _ in range(1000))
    began = time.monotonic()
    frames = live_frames(
        camera(shots(3, SourceError("x: lost")), *away),
        "cam",
        window=Window(end_s=0.3),
        retries=Retries(first_s=0.05, longest_s=30),
    )
    assert [frame.number for frame in frames][-1] == 2
    assert 0.3 <= time.monotonic() - began < 5
    assert not readers()


def endless(count: list[int], pause_s: float = 0.001) -> Callable[[], Connection]:
    def connection() -> Connection:
        try:
            while True:
                yield None, image()
                time.sleep(pause_s)
        finally:
            count.append(threading.get_ident())

    return connection


def test_live_frames_when_closed_closes_the_connection() -> None:
    closed: list[int] = []
    frames = watch(camera(endless(closed)))
    next(frames)
    assert len(readers()) == 1
    frames.close()  # type: ignore[attr-defined]
    assert readers() == []
    assert len(closed) == 1 and closed != [threading.get_ident()]


def test_live_frames_when_stopped_ends_without_a_frame() -> None:
    stop = Event()

    def silent() -> Connection:
        yield None, image()
        while not stop.is_set():
            time.sleep(0.01)

    frames = watch(camera(silent), stop=stop)
    next(frames)
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    assert list(frames) == []
    assert time.monotonic() - began < 2 and readers() == []


def test_live_frames_when_stopped_ends_a_long_pause() -> None:
    stop = Event()
    frames = watch(camera(shots(1, SourceError("gone"))), retries=Retries(60.0, 60.0), stop=stop)
    next(frames)
    threading.Timer(0.2, stop.set).start()
    assert list(frames) == []
    assert readers() == []


def test_live_frames_never_requested_starts_no_thread() -> None:
    watch(camera(AssertionError("was connected")))  # type: ignore[arg-type]
    assert readers() == []


def test_live_frames_with_a_bug_raises_it() -> None:
    with pytest.raises(ZeroDivisionError):
        list(watch(camera(shots(2, ZeroDivisionError()))))
    assert readers() == []


def test_live_frames_with_a_hanging_reader_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_JOIN_S", 0.1)
    free = Event()

    def hanging() -> Connection:
        yield None, image()
        free.wait(10)

    frames = watch(camera(hanging))
    next(frames)
    began = time.monotonic()
    frames.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 2
    free.set()
    for thread in readers():
        thread.join(5)
    assert readers() == []


LONG_RUN = """
import threading
import numpy as np
from ekspresi.errors import SourceError
from ekspresi.media.live import Retries, live_frames
from ekspresi.media.timestamps import Window

EACH, CONNECTIONS = 200, 51
opened = 0

def connect():
    global opened
    opened += 1
    if opened == 25:
        raise ConnectionRefusedError(111, "Connection refused")
    def shots(size=240 + 16 * (opened % 3)):
        for number in range(EACH):
            if number == 100 and opened % 10 == 0:
                stall.wait(0.05)
            yield number / 25, np.zeros((size, 320, 3), np.uint8)
        if opened < CONNECTIONS:
            raise SourceError("cam: is lost (simulated)")
    return shots()

def peak():
    # Not ru_maxrss: a process inherits it from the one that starts it.
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

stall, told, numbers, times, early = threading.Event(), [], [], [], None
for frame in live_frames(connect, "cam", window=Window(), refused=told.append, retries=Retries(0.002, 0.01)):
    numbers.append(frame.number)
    times.append(frame.time_s)
    if early is None and opened > 10:
        early = peak()
assert len(numbers) == len(set(numbers)) and numbers == sorted(numbers)
assert numbers[-1] == EACH * (CONNECTIONS - 1) - 1
assert times == sorted(times) and len(times) == len(set(times))
assert threading.active_count() == 1
print(opened, len(told), peak() - early)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_live_frames_with_fifty_losses_stay_unique() -> None:
    run = subprocess.run([sys.executable, "-c", LONG_RUN], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    opened, told, grown_kib = map(int, run.stdout.split())
    assert (opened, told) == (51, 50)
    assert grown_kib < 10_000  # the frames after the first ten connections are 1.9 GB
