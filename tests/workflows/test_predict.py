"""A run that is stopped anywhere and gone on with gives what an unbroken one gives; pictures come before places."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import AccessError, EkspresiError
from ekspresi.media.timestamps import Window
from ekspresi.pipeline.analyzer import AnalyzerConfig
from ekspresi.tables.resumable import ResumableTable
from ekspresi.types import Frame, FrameResult
from ekspresi.workflows.annotation_writer import AnnotationWriter
from ekspresi.workflows.options import DRAWN, PredictOptions, PredictResult
from ekspresi.workflows.predict import predict_sources
from tests.support.clips import write_clip

Frames = list[tuple[str, int]]


class Stopping:
    """A watcher that asks the run to end after so many frames, and remembers them."""

    def __init__(self, after: int | None = None) -> None:
        self.after, self.stop = after, Event()
        self.frames: Frames = []
        self.errors: list[EkspresiError] = []
        self.camera: bool | None = None

    def on_start(self, sources: int, done: int, camera: bool) -> None:
        self.camera = camera

    def on_frame(self, result: FrameResult, number: int) -> None:
        self.frames.append((Path(result.frame.source).name, result.frame.number))
        if len(self.frames) == self.after:
            self.stop.set()

    def on_error(self, error: EkspresiError) -> None:
        self.errors.append(error)


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    rng = np.random.default_rng(0)
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "b.png", "e.png"):
        Image.fromarray(rng.integers(0, 256, (48, 48, 3), dtype=np.uint8)).save(folder / name)
    write_clip(folder / "c.mp4", 130)
    write_clip(folder / "d.mp4", 60)
    return [str(folder)]


@pytest.fixture
def predict(tiny_model: Path, sources: list[str]) -> Callable[..., tuple[PredictResult, Stopping]]:
    def go(wanted: PredictOptions, after: int | None = None) -> tuple[PredictResult, Stopping]:
        watcher = Stopping(after)
        return predict_sources(sources, AnalyzerConfig(tiny_model, "none"), wanted, watcher, watcher.stop), watcher

    return go


def places(table: Path) -> list[list[str]]:
    """Source, frame and time of each row: tracks are numbered anew where a run goes on, and beliefs differ a little."""
    return [line.split(",")[:3] for line in table.read_text().splitlines()[1:]]


@pytest.mark.parametrize("summary", [False, True])
@pytest.mark.parametrize("window", [Window(), Window(0.12, 0.3, 4.5)], ids=["all", "part"])
def test_stopped_anywhere_it_goes_on_with_every_row_once(
    predict: Callable[..., tuple[PredictResult, Stopping]], tmp_path: Path, summary: bool, window: Window
) -> None:
    whole = tmp_path / "whole.csv"
    outcome, unbroken = predict(PredictOptions(out=whole, summary=summary, window=window))
    assert (outcome.stopped, outcome.sources, unbroken.camera, unbroken.errors) == (False, 5, False, [])
    for after in (1, 2, 3, 17, 30, len(unbroken.frames) - 3):
        out = tmp_path / f"{after}.csv"
        outcome, first = predict(PredictOptions(out=out, summary=summary, window=window), after)
        assert outcome.stopped and first.frames == unbroken.frames[:after]
        outcome, second = predict(PredictOptions(out=out, summary=summary, window=window, resume=True))
        assert not outcome.stopped
        assert places(out) == places(whole)
        if not summary:
            assert [*first.frames, *second.frames] == unbroken.frames
        assert predict(PredictOptions(out=out, summary=summary, window=window, resume=True))[0].complete


def test_tracks_of_a_run_that_goes_on_are_no_earlier_ones(
    predict: Callable[..., tuple[PredictResult, Stopping]], tmp_path: Path
) -> None:
    out = tmp_path / "x.csv"
    predict(PredictOptions(out=out), 80)
    assert not predict(PredictOptions(out=out, resume=True))[0].stopped
    tracks = {}
    for line in out.read_text().splitlines()[1:]:
        source, frame, _, track = line.split(",")[:4]
        tracks.setdefault(Path(source).name, []).append((int(frame), track))
    assert {track for frame, track in tracks["c.mp4"] if frame < 78} == {"1"}
    assert {track for frame, track in tracks["c.mp4"] if frame >= 78} == {"2"}
    assert {track for _, track in tracks["d.mp4"]} == {"1"}


def test_annotations_are_written_before_positions_commit(
    predict: Callable[..., tuple[PredictResult, Stopping]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = []
    drawn, reached = AnnotationWriter.add, ResumableTable.commit

    def add(self: AnnotationWriter, result: FrameResult, taken_up: bool) -> Path | None:
        happened.append("drawn")
        return drawn(self, result, taken_up)

    def reach(self: ResumableTable, place: object) -> None:
        happened.append("reached")
        reached(self, place)  # type: ignore[arg-type]

    monkeypatch.setattr(AnnotationWriter, "add", add)
    monkeypatch.setattr(ResumableTable, "commit", reach)
    predict(PredictOptions(out=tmp_path / "x.csv", annotate=tmp_path / "o"), 5)
    assert happened == ["drawn", "reached"] * 5


def test_what_was_seen_before_an_error_is_told_and_written(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> Iterator[Frame]:
        picture = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
        for number in range(40):
            yield Frame("camera:0", number, number / 25, picture)
        raise AccessError("camera:0: refuses the password")

    monkeypatch.setattr("ekspresi.workflows.source_reader._frames", failing)
    watcher = Stopping()
    wanted = PredictOptions(out=tmp_path / "x.csv", summary=True)
    outcome = predict_sources(["camera:0"], AnalyzerConfig(tiny_model, "none"), wanted, watcher, watcher.stop)
    assert isinstance(outcome.error, AccessError) and not outcome.stopped
    assert outcome.summary is not None and outcome.summary.videos[0].frames == 40
    assert [row[1] for row in places(tmp_path / "x.csv")] == ["24", "39"]  # the last second too


@pytest.mark.parametrize("summary", [False, True])
def test_rows_name_the_annotated_file(
    predict: Callable[..., tuple[PredictResult, Stopping]], tmp_path: Path, summary: bool
) -> None:
    out, folder = tmp_path / "x.csv", tmp_path / "o"
    predict(PredictOptions(out=out, annotate=folder, summary=summary), 5)
    predict(PredictOptions(out=out, annotate=folder, summary=summary, resume=True))
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    shown = {(Path(row["source"]).name, int(row["frame"]) > 2): row["annotated"] for row in rows}
    assert {row["face"] for row in rows} == {"1"}
    for name in ("a.png", "b.png", "e.png", "d.mp4"):
        assert {path for (source, _), path in shown.items() if source == name} == {str(folder / name)}
    films = {path for (source, _), path in shown.items() if source == "c.mp4"}
    # Without a finished second the resumed run begins the film again.
    assert films == {str(folder / name) for name in (("c.mp4",) if summary else ("c.mp4", "c-2.mp4"))}
    assert all(Path(path).is_file() for path in shown.values())


def test_rows_without_annotate_name_no_file(
    predict: Callable[..., tuple[PredictResult, Stopping]], tmp_path: Path
) -> None:
    predict(PredictOptions(out=tmp_path / "x.csv"), 3)
    with (tmp_path / "x.csv").open(newline="") as file:
        assert {row["annotated"] for row in csv.DictReader(file)} == {""}


def test_resume_beside_sources_draws_each_source_once(
    predict: Callable[..., tuple[PredictResult, Stopping]], tmp_path: Path
) -> None:
    """What the first run drew is no source of the second, and keeps its name."""
    folder, drawn = tmp_path / "in", ["a-annotated.png", "b-annotated.png", "e-annotated.png"]
    first, _ = predict(PredictOptions(annotate=folder), 2)
    assert first.stopped and sorted(path.name for path in folder.glob("*-annotated*")) == drawn[:2]
    second, _ = predict(PredictOptions(annotate=folder, resume=True))
    assert not second.stopped and (second.done, second.sources) == (2, 5)
    films = ["c-annotated.mp4", "d-annotated.mp4"]
    assert sorted(path.name for path in folder.glob("*-annotated*")) == sorted([*drawn, *films])
    third, watcher = predict(PredictOptions(annotate=folder))
    assert third.sources == 5 and {name for name, _ in watcher.frames} == {"a.png", "b.png", "c.mp4", "d.mp4", "e.png"}
    assert [each.reason for each in third.unread] == [DRAWN] * 5
