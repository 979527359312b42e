"""Animations and pages in a run: every frame has a row, also where the run is stopped and resumed."""

import csv
from pathlib import Path
from threading import Event

import av
import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import EkspresiError
from ekspresi.pipeline.analyzer import AnalyzerConfig
from ekspresi.types import FrameResult
from ekspresi.workflows.options import PredictOptions, PredictResult
from ekspresi.workflows.predict import predict_sources
from tests.support.network_cameras import http_camera


class StopAfter:
    """Listener that stops the run after a number of frames."""

    def __init__(self, frames: int | None) -> None:
        self.left, self.stop = frames, Event()

    def on_start(self, sources: int, done: int, camera: bool) -> None:
        pass

    def on_frame(self, result: FrameResult, number: int) -> None:
        self.left = None if self.left is None else self.left - 1
        if self.left == 0:
            self.stop.set()

    def on_error(self, error: EkspresiError) -> None:
        raise error


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    first, *others = (Image.fromarray(rng.integers(0, 256, (48, 48), dtype=np.uint8)) for _ in range(4))
    target = tmp_path / "in"
    target.mkdir()
    moments = [first.copy() for _ in others]
    for number, moment in enumerate(moments):  # frames that are alike would be merged
        moment.paste(255, (number, 0, number + 4, 4))
    first.save(target / "a.gif", save_all=True, append_images=moments, duration=100)
    first.save(target / "b.png")
    first.save(target / "c.tif", save_all=True, append_images=others)
    first.save(target / "d.png")
    return target


def predict(source: Path | str, model: Path, options: PredictOptions, after: int | None = None) -> PredictResult:
    listener = StopAfter(after)
    config = AnalyzerConfig(model, "none", device="cpu")
    return predict_sources([str(source)], config, options, listener, listener.stop)


def rows_of(table: Path) -> list[tuple[str, str, str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    return [(Path(row["source"]).name, row["frame"], row["time_s"], row["track"]) for row in found]


def test_predict_sources_numbers_frames_of_picture_files(folder: Path, tiny_model: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "drawn"
    result = predict(folder, tiny_model, PredictOptions(out=tmp_path / "x.csv", annotate=drawn))
    assert rows_of(tmp_path / "x.csv") == [
        *(("a.gif", str(number), f"{number / 10}", "1") for number in range(4)),
        ("b.png", "0", "", ""),
        *(("c.tif", str(number), "", "") for number in range(4)),
        ("d.png", "0", "", ""),
    ]
    assert (result.sources_read, result.faces, result.errors) == (4, 6, [])
    names = ["a.gif.mp4", "b.png", *(f"c.tif-frame{number}.png" for number in (1, 2, 3)), "c.tif.png", "d.png"]
    assert sorted(path.name for path in drawn.glob("[!.]*")) == names
    with av.open(drawn / "a.gif.mp4") as film:
        assert [round(float(frame.time), 2) for frame in film.decode(video=0)] == [0, 0.1, 0.2, 0.3]


@pytest.mark.parametrize("summary", [False, True])
@pytest.mark.parametrize("after", [2, 5, 6, 8, 9])
def test_predict_sources_resumed_has_each_page_once(
    after: int, summary: bool, folder: Path, tiny_model: Path, tmp_path: Path
) -> None:
    predict(folder, tiny_model, PredictOptions(out=tmp_path / "whole.csv", summary=summary))
    out = tmp_path / "x.csv"
    assert predict(folder, tiny_model, PredictOptions(out=out, summary=summary), after).stopped
    assert not predict(folder, tiny_model, PredictOptions(out=out, summary=summary, resume=True)).stopped
    assert [row[:3] for row in rows_of(out)] == [row[:3] for row in rows_of(tmp_path / "whole.csv")]
    assert predict(folder, tiny_model, PredictOptions(out=out, summary=summary, resume=True)).complete


def test_predict_sources_of_a_photo_behind_an_address(folder: Path, tiny_model: Path, tmp_path: Path) -> None:
    with http_camera(folder) as host:
        options = PredictOptions(out=tmp_path / "x.csv", annotate=tmp_path / "drawn")
        result = predict(f"http://{host}/b.png", tiny_model, options)
    assert rows_of(tmp_path / "x.csv") == [("b.png", "0", "", "")]
    assert result.faces == 1 and not result.errors
    assert [path.suffix for path in (tmp_path / "drawn").glob("[!.]*")] == [".png"]
