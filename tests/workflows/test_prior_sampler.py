"""Check that a run estimates its prior from its own faces, applies it everywhere, and keeps it when it resumes."""

import csv
import json
import logging
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image

from ekspresi.detection.whole_image import WholeImage
from ekspresi.errors import ConfigError, ModelError
from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.media.timestamps import Window
from ekspresi.pipeline.analyzer import Analyzer, AnalyzerConfig
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.recognition.prior_estimate import PriorEstimate
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import FrameResult
from ekspresi.workflows import prior_sampler
from ekspresi.workflows.options import PredictOptions, PredictResult, SilentListener
from ekspresi.workflows.predict import predict_sources
from ekspresi.workflows.prior_sampler import prior_note, read_prior_note, sample_prior
from ekspresi.workflows.source_reader import open_sources
from tests.support.clips import write_clip
from tests.support.gray_model import face, write_gray_model

TRUE_COUNTS = {"anger": 40, "fear": 15, "happiness": 15}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model that takes half of all faces for neutral before it sees them, and is a little unsure."""
    priors = (0.51, *(0.07,) * 7)
    calibration = SizeCalibration(
        (8.0, 48.0), (2.0, 2.0), (0.0, 0.0), 0.9, tuple(np.log(priors).tolist()), priors, 1.0, 6.0
    )
    return write_gray_model(
        tmp_path_factory.mktemp("model") / "m.onnx", FERPLUS_LABELS, calibration=calibration, believed_px=40
    )


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Draw faces of known shares, one in each picture."""
    folder, rng = tmp_path / "in", np.random.default_rng(0)
    folder.mkdir()
    for label, count in TRUE_COUNTS.items():
        for number in range(count):
            picture = Image.fromarray(face(FERPLUS_LABELS.index(label), 8, rng))
            picture.save(folder / f"{number:02}-{label}.png")
    return folder


class StopAfter(SilentListener):
    """End a run after so many frames, and count the progress of the sample."""

    def __init__(self, after: int | None = None) -> None:
        self.after, self.stop, self.samples = after, Event(), 0

    def on_sample(self, done: int, total: int) -> None:
        assert 0 <= done < total
        self.samples += 1

    def on_frame(self, result: FrameResult, number: int) -> None:
        if self.after is not None:
            self.after -= 1
            if not self.after:
                self.stop.set()


def run(
    source: object, model: Path, after: int | None = None, labels: tuple[str, ...] | None = None, **options: object
) -> tuple[PredictResult, StopAfter]:
    listener = StopAfter(after)
    config = AnalyzerConfig(model, "none", device="cpu", labels=labels)
    wanted = PredictOptions(estimate_prior=True, **options)  # type: ignore[arg-type]
    return predict_sources([str(source)], config, wanted, listener, listener.stop), listener


def rows_of(table: Path) -> dict[str, str]:
    """Map each source to the rest of its row."""
    return {Path(row["source"]).name: json.dumps(row) for row in csv.DictReader(table.open())}


def test_sample_prior_finds_the_shares_of_a_folder(model: Path, pictures: Path, tmp_path: Path) -> None:
    result, listener = run(pictures, model, out=tmp_path / "x.csv", page=tmp_path / "x.html")
    estimate = result.prior
    assert estimate is not None and estimate.faces == listener.samples == 70
    for label in FERPLUS_LABELS:
        share = TRUE_COUNTS.get(label, 0) / 70
        assert estimate.low[label] - 0.02 <= share <= estimate.high[label] + 0.02
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert f"auto, estimated from 70 faces: {estimate.describe()}" in page
    recognizer = Recognizer(model, prior=estimate.prior, device="cpu")
    for row in csv.DictReader((tmp_path / "x.csv").open()):
        crop = np.asarray(Image.open(row["source"]))
        expected = recognizer.predict([crop])[0].probabilities
        assert {k: float(row[f"p_{k}"]) for k in FERPLUS_LABELS} == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("outputs", [("out",), ("annotate",), ("out", "annotate")])
def test_resumed_run_keeps_the_prior_of_its_start(
    model: Path, pictures: Path, tmp_path: Path, outputs: tuple[str, ...]
) -> None:
    given = {"out": tmp_path / "x.csv", "annotate": tmp_path / "drawn"}
    chosen: dict[str, object] = {name: given[name] for name in outputs}
    first, _ = run(pictures, model, after=20, **chosen)
    assert first.stopped and first.prior is not None
    for path in sorted(pictures.iterdir())[30:]:  # the material changes: a second estimate would differ
        Image.fromarray(face(0, 8, np.random.default_rng(1))).save(path)
    second, listener = run(pictures, model, resume=True, **chosen)
    assert not second.stopped and listener.samples == 0 and second.prior == first.prior
    if "out" in outputs:
        whole, _ = run(pictures, model, out=tmp_path / "other.csv")
        assert whole.prior != first.prior
        assert len(rows_of(given["out"])) == 70 and rows_of(given["out"]) != rows_of(tmp_path / "other.csv")


def test_resume_with_another_prior_is_refused(model: Path, pictures: Path, tmp_path: Path) -> None:
    run(pictures, model, after=20, out=tmp_path / "x.csv")
    config, listener = AnalyzerConfig(model, "none", device="cpu"), StopAfter()
    wanted = PredictOptions(out=tmp_path / "x.csv", resume=True)
    with pytest.raises(ConfigError, match=r'prior \("auto", now "trained"\)'):
        predict_sources([str(pictures)], config, wanted, listener, listener.stop)


def test_few_faces_fall_back_and_stay_there_on_resume(
    model: Path, pictures: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    few = sorted(pictures.iterdir())[:20]
    for path in sorted(pictures.iterdir())[20:]:
        path.unlink()
    with caplog.at_level(logging.WARNING, logger="ekspresi"):
        result, _ = run(pictures, model, after=5, out=tmp_path / "x.csv", page=tmp_path / "x.html")
    assert result.prior is None and len(few) == 20
    assert [record.getMessage() for record in caplog.records] == [
        "prior: 20 faces in 20 independent groups are too few to estimate it. The prior 'trained' is used instead."
    ]
    assert "trained, because there were too few faces for auto" in (tmp_path / "x.html").read_text(encoding="utf-8")
    result, listener = run(pictures, model, out=tmp_path / "x.csv", resume=True)
    assert result.prior is None and listener.samples == 0


def test_stop_during_the_sample_ends_the_run_without_a_prior(model: Path, pictures: Path, tmp_path: Path) -> None:
    class StopAtOnce(StopAfter):
        def on_sample(self, done: int, total: int) -> None:
            self.stop.set()

    listener = StopAtOnce()
    wanted = PredictOptions(out=tmp_path / "x.csv", estimate_prior=True)
    config = AnalyzerConfig(model, "none", device="cpu")
    result = predict_sources([str(pictures)], config, wanted, listener, listener.stop)
    assert result.stopped and result.prior is None and not (tmp_path / "x.csv").exists()
    assert run(pictures, model, out=tmp_path / "x.csv")[0].prior is not None


def test_camera_and_bare_model_are_refused_before_work(model: Path, pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^camera:0: --prior auto reads the sources twice, and a live stream or"):
        run("camera:0", model)
    with pytest.raises(ConfigError, match="standard input can be read only once"):
        run("-", model)
    bare = write_gray_model(tmp_path / "bare.onnx", FERPLUS_LABELS)
    with pytest.raises(ModelError, match=r"bare\.onnx: has no calibration, so its prior cannot be changed"):
        run(pictures, bare)


def test_labels_restrict_the_estimate_too(model: Path, pictures: Path) -> None:
    result, _ = run(pictures, model, labels=("anger", "fear"))
    assert result.prior is not None
    assert result.prior.prior["happiness"] == result.prior.prior["neutral"] == 0
    assert {row.face.prediction.expression for row in result.rows if row.face.prediction} <= {"anger", "fear"}


def sampled(model: Path, sources: list[str], window: Window) -> tuple[PriorEstimate | None, StopAfter]:
    listener = StopAfter()
    analyzer = Analyzer(Recognizer(model, device="cpu"), WholeImage())
    return sample_prior(open_sources(sources, print), analyzer, window, listener, Event()), listener


def test_sample_prior_is_bounded(model: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prior_sampler, "SAMPLED_SOURCES", 60)
    monkeypatch.setattr(prior_sampler, "SAMPLED_FACES", 55)
    estimate, listener = sampled(model, [str(pictures)], Window())
    assert estimate is not None and (estimate.faces, listener.samples) == (55, 60)
    assert estimate.prior["anger"] == pytest.approx(40 / 70, abs=0.2)  # files and faces are drawn from all of the run


def test_sample_prior_of_a_video_reads_a_frame_a_second(model: Path, tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", 130)
    estimate, listener = sampled(model, [str(tmp_path / "a.mp4")], Window())
    assert estimate is None  # one track is one group
    assert 5 <= listener.samples <= 6


@pytest.mark.parametrize("damaged", [{"prior": {"shares": 3}}, {"prior": 7}, {"prior": [1]}])
def test_read_prior_note_damaged_is_refused(damaged: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="the prior in the checkpoint of this run is damaged"):
        read_prior_note(damaged)
    assert read_prior_note(prior_note(None)) is None
