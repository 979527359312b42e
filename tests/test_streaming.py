"""Sources to rows: pictures as they are, videos followed, each file by itself, cameras let go of."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ekspresi
from clips import write_clip
from ekspresi.analysis import Analyzer
from ekspresi.recognition import Recognizer
from ekspresi.streaming import analyzed
from ekspresi.types import Face, Frame, Row


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


def frames_of(source: str, count: int, times: bool = True, grey: int = 100) -> Iterator[Frame]:
    for number in range(count):
        image = np.full((48, 96, 3), grey, dtype=np.uint8)
        yield Frame(source, number, number / 10 if times else None, image)


def rows_of(read: Iterator[Frame], analyzer: Analyzer) -> list[Row]:
    return [row for result in analyzed(read, analyzer) for row in result.rows]


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

    results = analyzed(endless(), analyzer)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert closed == [True]


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
    from ekspresi.outputs import row_values

    (row,) = rows_of(frames_of("a.mp4", 1), analyzer)
    values = row_values(replace(row, time_s=1.23456), analyzer.recognizer.labels)
    assert (values["track"], values["time_s"], values["frame"]) == (1, 1.235, 0)
