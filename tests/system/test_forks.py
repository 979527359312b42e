"""What works in a forked child, and what pickles into a spawned one; a child that hangs fails its test."""

import gc
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ekspresi
from ekspresi.detection.detector import Detector, make_detector
from ekspresi.detection.mtcnn import MtcnnDetector
from ekspresi.detection.whole_image import WholeImage
from ekspresi.detection.yunet import YunetDetector
from ekspresi.errors import SourceError
from ekspresi.imaging.images import load_image
from ekspresi.media.frames import read_frames
from ekspresi.pipeline.analyzer import Analyzer, analyze
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.forks import PerProcess
from tests.support.clips import write_clip
from tests.support.fake_yunet import write_fake_yunet

PATIENCE_S = 60.0
"""A child needs about a second; a busy machine is no failure."""

CORRIDOR = Path(__file__).parents[2] / "examples" / "corridor.jpg"
"""A picture with so many faces that MTCNN's threads share the work."""

forks = pytest.mark.skipif(sys.platform != "linux", reason="forks, which other systems' own libraries do not bear")
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def told(work: Callable[[], Any], kind: str = "fork") -> Any:
    """What a function gives, or raises, in a child."""
    context = multiprocessing.get_context(kind)
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=tell, args=(work, there))
    child.start()
    try:
        assert here.poll(PATIENCE_S), "the child does not answer"
        answer = here.recv()
        child.join(PATIENCE_S)
        assert child.exitcode == 0, "the child does not end"
    finally:
        child.kill()
        child.join()
    return answer


def tell(work: Callable[[], Any], there: Connection) -> None:
    try:
        there.send(work())
    except Exception as error:
        there.send(error)


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[list[int]]:
    """A thread that does the same again and again; the list grows with each time."""
    done, ended = [0], threading.Event()

    def run() -> None:
        while not ended.is_set():
            work()
            done.append(len(done))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield done
    finally:
        ended.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "the parent's thread hangs"


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return load_image(CORRIDOR)


@pytest.fixture(scope="module")
def yunet(tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("cv2", reason="extra [yunet]")
    return f"yunet:{write_fake_yunet(tmp_path_factory.mktemp('yunet') / 'fake.onnx')}"


@pytest.fixture(params=["mtcnn", "none", "yunet"])
def name(request: pytest.FixtureRequest) -> str:
    """A detector's name."""
    found: str = request.getfixturevalue("yunet") if request.param == "yunet" else request.param
    return found


def squares() -> np.ndarray:
    """A picture in which YuNet's stand-in finds two faces."""
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[40:64, 80:104] = picture[120:144, 200:224] = 255
    return picture


@forks
def test_analyzer_in_a_child_equals_its_parent(name: str, image: np.ndarray) -> None:
    seen = squares() if name.startswith("yunet") else image

    def work() -> list[ekspresi.Face]:
        return analyze(seen, detector=name, min_face_px=40)

    before = work()
    assert before
    assert told(work) == before
    assert told(lambda: told(work)) == before, "a child of the child"
    assert work() == before


@forks
@pytest.mark.parametrize("side", [None, 1000])
def test_analyzer_forked_during_a_run_answers(side: int | None, image: np.ndarray) -> None:
    seen, found_by = image, "mtcnn"
    if side is not None:  # a crop so large that NumPy would spread its products over threads
        seen, found_by = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8), "none"

    def work() -> list[ekspresi.Face]:
        return analyze(seen, detector=found_by, min_face_px=40)

    before = work()
    with meanwhile(work) as done:
        for turn in range(4):
            time.sleep(0.01 + 0.017 * turn)
            assert told(work) == before
        many = len(done)
        deadline = time.monotonic() + PATIENCE_S
        while len(done) < many + 2:
            assert time.monotonic() < deadline, "the parent's analysis hangs"
            time.sleep(0.01)


@forks
def test_analyzer_in_a_child_that_exits_does_not_hang() -> None:
    code = f"""
import os, ekspresi
recognizer = ekspresi.Recognizer()
before = ekspresi.analyze({str(CORRIDOR)!r}, min_face_px=40), recognizer.labels
if os.fork() == 0:
    del recognizer  # unused in the child
else:
    assert os.wait()[1] == 0
after = ekspresi.analyze({str(CORRIDOR)!r}, min_face_px=40), ekspresi.Recognizer().labels
assert after == before
print("done")
"""
    line = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
    run = subprocess.run(line, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=True)
    assert (run.stdout.split(), run.stderr) == (["done", "done"], "")


@forks
def test_recognizer_in_a_child_keeps_a_replaced_model(
    write_model: Callable[..., Path], tmp_path: Path, image: np.ndarray
) -> None:
    path = write_model(tmp_path / "model.onnx")
    analyzer = Analyzer(Recognizer(path), WholeImage())
    before = analyzer.analyze(image)
    path.write_bytes(b"no model")
    assert told(lambda: analyzer.analyze(image)) == before
    path.unlink()
    assert told(lambda: analyzer.analyze(image)) == before


@forks
def test_stream_begun_in_a_child_works(tmp_path: Path, tiny_model: Path) -> None:
    pytest.importorskip("av", reason="extra [video]")
    clip = write_clip(tmp_path / "clip.mp4")
    asked = {"model": tiny_model, "detector": "none"}
    before = list(ekspresi.stream(clip, **asked))
    assert before
    with_threads = ekspresi.stream(clip, **asked)
    next(with_threads)
    unbegun = ekspresi.stream(clip, **asked)
    assert told(lambda: list(ekspresi.stream(clip, **asked))) == before
    assert told(lambda: list(unbegun)) == before
    assert list(unbegun) == before
    assert [before[0], *with_threads][1:] == before[1:]


@forks
@pytest.mark.parametrize("kind", ["stream", "read_frames"])
def test_in_one_process_iterator_in_a_child_is_an_error(kind: str, tmp_path: Path, tiny_model: Path) -> None:
    pytest.importorskip("av", reason="extra [video]")
    clip = write_clip(tmp_path / "clip.mp4")
    begun = ekspresi.stream(clip, model=tiny_model, detector="none") if kind == "stream" else read_frames(clip)
    first = next(begun)

    def left() -> str:
        nonlocal begun
        if kind == "read_frames":
            begun.close()  # type: ignore[attr-defined] # it is a generator
        begun = iter(())
        gc.collect()
        return "left"

    error = told(lambda: next(begun))
    assert isinstance(error, SourceError)
    assert str(error).startswith(f"{kind}: ") and str(error).endswith(f"Call {kind} again in this process.")
    assert told(left) == "left"
    assert len([first, *begun]) > 1, "the parent's has not changed"


def test_per_process_in_each_process_makes_one() -> None:
    made = []
    own = PerProcess(lambda: made.append(os.getpid()) or len(made))
    assert (own(), own()) == (1, 1)
    ready = threading.Barrier(8)
    late = PerProcess(lambda: time.sleep(0.05) or object())

    def ask(found: list[object]) -> None:
        ready.wait()
        found.append(late())

    found: list[object] = []
    threads = [threading.Thread(target=ask, args=(found,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len({id(each) for each in found}) == 1


@forks
def test_per_process_in_a_child_keeps_the_parents() -> None:
    ended: list[int] = []

    class Thing:
        def __init__(self) -> None:
            self.process = os.getpid()

        def __del__(self) -> None:
            ended.append(self.process)

    used, unused = PerProcess(Thing), PerProcess(Thing)
    used(), unused()

    def child() -> tuple[bool, bool, bool]:
        nonlocal used, unused
        mine = used().process == os.getpid()
        used = unused = PerProcess(Thing)
        gc.collect()
        return mine, os.getppid() in ended, os.getpid() in ended

    assert told(child) == (True, False, True)
    used = unused = PerProcess(Thing)
    assert ended == [os.getpid()] * 2, "the parent destroys its own"


def test_per_process_after_an_error_tries_again() -> None:
    tries = []

    def make() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("not yet")
        return "made"

    own = PerProcess(make)
    with pytest.raises(ValueError, match="not yet"):
        own()
    assert own() == "made"


@forks
def test_per_process_during_a_fork_is_finished() -> None:
    begun, halves = threading.Event(), [0, 0]

    def make() -> str:
        halves[0] += 1
        begun.set()
        time.sleep(0.3)
        halves[1] += 1
        return "made"

    own = PerProcess(make)
    thread = threading.Thread(target=own)
    thread.start()
    begun.wait()
    assert told(lambda: tuple(halves)) == (1, 1)
    assert told(own) == "made"
    thread.join()


def test_analyzer_when_deleted_frees_session_and_threads(tiny_model: Path, image: np.ndarray) -> None:
    recognizer, found = Recognizer(tiny_model), MtcnnDetector(20)
    Analyzer(recognizer, found).analyze(image)
    threads = [thread for thread in threading.enumerate() if thread in found._pool()._threads]
    assert threads
    gone = [weakref.ref(recognizer._session), *(weakref.ref(network()) for network in found._networks.values())]
    del recognizer, found
    for thread in threads:
        thread.join(PATIENCE_S)
    assert [ref() for ref in gone] == [None] * 4
    assert not any(thread.is_alive() for thread in threads)


def test_analyzer_in_a_spawned_process_is_equal(name: str, image: np.ndarray) -> None:
    seen = squares() if name.startswith("yunet") else image
    analyzer = Analyzer(Recognizer(threads=1, prior="uniform"), make_detector(name, 40))
    before = analyzer.analyze(seen)
    assert before
    assert told(partial(analyzer.analyze, seen), "spawn") == before


@pytest.mark.parametrize("bundled", [True, False])
@pytest.mark.parametrize(("threads", "prior"), [(None, "trained"), (1, "trained"), (2, "uniform")])
def test_recognizer_pickles_by_its_configuration(
    bundled: bool,
    threads: int | None,
    prior: str,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not bundled and prior == "uniform":
        pytest.skip("the tiny model has no calibration")
    monkeypatch.chdir(tiny_model.parent)
    before = Recognizer(None if bundled else tiny_model.name, threads, prior)
    written = pickle.dumps(before)
    assert len(written) < 1000
    assert (b".onnx" in written) == (not bundled), "the bundled model is that of the package, wherever that lies"
    monkeypatch.chdir(tmp_path)
    after = pickle.loads(written)
    assert after.path == (before.path if bundled else tiny_model)
    crops = [np.random.default_rng(1).integers(0, 256, (30, 30), dtype=np.uint8)]
    assert after.predict(crops) == before.predict(crops)
    assert after.prior == prior
    count = after._session.get_session_options().intra_op_num_threads
    assert count == before._session.get_session_options().intra_op_num_threads
    assert threads is None or count == threads


def test_recognizer_subclass_pickles_as_itself(tiny_model: Path) -> None:
    assert type(pickle.loads(pickle.dumps(Other(tiny_model)))) is Other


class Other(Recognizer):
    """A user's own."""


def test_detectors_pickle_by_their_configuration(yunet: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path(yunet.partition(":")[2])
    monkeypatch.chdir(file.parent)
    found: list[Detector] = [MtcnnDetector(33, threads=3), YunetDetector(44, Path(file.name)), WholeImage()]
    for each in found:
        each.detect(squares())
    cascade, yu, whole = pickle.loads(pickle.dumps(found))
    assert (cascade.min_face_px, cascade.threads) == (33, 3)
    assert (yu.min_face_px, yu.path) == (44, file)
    assert isinstance(whole, WholeImage)
    for each, before in zip((cascade, yu, whole), found, strict=True):
        assert each.detect(squares()) == before.detect(squares())
