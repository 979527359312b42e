"""Check that sources of all kinds become rows, as one frame after another would, in bounded memory."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ekspresi
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Face, Frame
from tests.pipeline.streams import (
    ScriptedDetector,
    gray_frames,
    numbered_frames,
    rows_of,
)
from tests.support.clips import write_clip


def test_stream_folder_reads_pictures_and_videos(tmp_path: Path, tiny_model: Path) -> None:
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


def test_analyze_frames_stills_have_neither_time_nor_track(analyzer: Analyzer) -> None:
    rows = rows_of(gray_frames("a.png", 3, times=False), analyzer)
    assert [(row.time_s, row.track) for row in rows] == [(None, None)] * 3


def test_analyze_frames_rows_fit_the_table_schema(analyzer: Analyzer) -> None:
    from ekspresi.tables.schema import row_values

    (row,) = rows_of(gray_frames("a.mp4", 1), analyzer)
    values = row_values(replace(row, time_s=1.23456), analyzer.recognizer.labels)
    assert (values["track"], values["time_s"], values["frame"]) == (1, 1.235, 0)


def test_analyze_frames_results_equal_those_of_analyze(tiny_model: Path) -> None:
    def find(number: int) -> list[Face]:
        return [Face((5.0 * i, 3.0, 5.0 * i + 10 + number, 20.0 + number), 0.9) for i in range(number % 4)]

    generator = np.random.default_rng(0)
    images = [generator.integers(0, 256, (60, 80, 3), dtype=np.uint8) for _ in range(12)]
    for number, image in enumerate(images):
        image[0, 0, 0] = number
    analyzer = Analyzer(Recognizer(tiny_model), ScriptedDetector(find))
    read = (Frame(f"{number}.png", 0, None, image) for number, image in enumerate(images))
    for result, image in zip(analyze_frames(read, analyzer), images, strict=True):
        expected = analyzer.analyze(image)
        assert [row.face.box_xyxy for row in result.rows] == [face.box_xyxy for face in expected]
        assert [row.face_number for row in result.rows] == list(range(1, len(expected) + 1))
        assert result.hidden == tuple(face.box_xyxy for face in expected)
        for row, face in zip(result.rows, expected, strict=True):
            assert row.face.prediction is not None and face.prediction is not None
            assert row.face.prediction.probabilities == pytest.approx(face.prediction.probabilities, abs=1e-5)


def test_analyze_frames_five_hundred_faces_are_tracked(tiny_model: Path) -> None:
    faces = [Face((30.0 * x, 30.0 * y, 30.0 * x + 15, 30.0 * y + 15), 0.99) for x in range(25) for y in range(20)]
    for result in analyze_frames(
        numbered_frames(3), Analyzer(Recognizer(tiny_model), ScriptedDetector(lambda _: faces))
    ):
        assert sorted(row.track or 0 for row in result.rows) == list(range(1, 501))
        assert len(result.hidden) == 500


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
    # Not ru_maxrss: a process inherits that from its parent.
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

rows = 0
for result in analyze_frames(read(), Analyzer(Recognizer(sys.argv[1]), Walkers())):
    rows += len(result.rows)
    if result.frame.number == 300:
        early = peak()
print(rows, peak() - early)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_analyze_frames_long_stream_keeps_memory_flat(tiny_model: Path) -> None:
    command = [sys.executable, "-c", LONG_STREAM, str(tiny_model)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    rows, grown_kib = map(int, run.stdout.split())
    assert rows > 8000
    assert grown_kib < 10_000  # the frames after the first 300 are 1.4 GB
