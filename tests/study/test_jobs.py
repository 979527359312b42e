"""One job: its folder, its result and answers, damage to them, and a training for real."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import make_split
from ekspresi.errors import ConfigError
from ekspresi.imaging.degradations import SIZES_PX
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.study.jobs import (
    Job,
    cleanup,
    evaluate_on_other_data,
    is_done,
    load_answers,
    load_result,
    locate_job,
    run_job,
)
from ekspresi.training.config import TrainConfig, load_config
from tests.support.gray_model import face, write_gray_model

RESULT: dict[str, Any] = {"format": 1, "seconds": 9.0, "best": {"epoch": 2, "val_nll": 0.5}}


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job whose folder exists and is empty."""
    job = Job("adam/subject-10fold-seed0-fold3", TrainConfig(data="folder:faces"))
    locate_job(job, tmp_path).mkdir(parents=True)
    return job


def test_is_done_only_with_a_result_of_the_same_configuration(job: Job, tmp_path: Path) -> None:
    folder = locate_job(job, tmp_path)
    assert folder == tmp_path / "jobs" / "adam" / "subject-10fold-seed0-fold3"
    (folder / "run").mkdir()
    (folder / "run" / "config.toml").write_text(job.config.to_toml())
    assert not is_done(job, tmp_path)
    (folder / "result.json").write_text(json.dumps(RESULT))
    assert is_done(job, tmp_path)
    (folder / "run" / "config.toml").write_text(job.config.changed(epochs=3, fold=1).to_toml())
    with pytest.raises(ConfigError, match=r"was made with another fold, epochs\. Remove that folder"):
        is_done(job, tmp_path)


def test_load_result_returns_what_was_written(job: Job, tmp_path: Path) -> None:
    (locate_job(job, tmp_path) / "result.json").write_text(json.dumps(RESULT))
    assert load_result(job, tmp_path) == RESULT


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[]",
        json.dumps({**RESULT, "format": 2}),
        json.dumps({key: value for key, value in RESULT.items() if key != "seconds"}),
        json.dumps({**RESULT, "best": {}}),
        json.dumps({**RESULT, "best": None}),
    ],
)
def test_load_result_of_a_damaged_file_raises(job: Job, text: str | None, tmp_path: Path) -> None:
    file = locate_job(job, tmp_path) / "result.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=r"result\.json: is missing or damaged\. Remove .* and start the study"):
        load_result(job, tmp_path)


def test_load_answers_refuses_damage_and_other_shapes(job: Job, tmp_path: Path) -> None:
    file = locate_job(job, tmp_path) / "answers.npz"
    damaged = r"answers\.npz: is missing or damaged\. Remove"
    with pytest.raises(ConfigError, match=damaged):
        load_answers(job, tmp_path)
    probabilities = np.random.default_rng(0).random((len(SIZES_PX), 3, 7), dtype=np.float32)
    np.savez(file, indices=np.arange(3), probabilities=probabilities)
    answers = load_answers(job, tmp_path)
    np.testing.assert_array_equal(answers.indices, [0, 1, 2])
    np.testing.assert_array_equal(answers.probabilities, probabilities)
    np.savez(file, indices=np.arange(2), probabilities=probabilities)
    with pytest.raises(ConfigError, match=damaged):
        load_answers(job, tmp_path)
    np.savez(file, indices=np.array([None, None]), probabilities=probabilities)  # would need to be unpickled
    with pytest.raises(ConfigError, match=damaged):
        load_answers(job, tmp_path)


def test_cleanup_removes_checkpoints_and_keeps_the_rest(job: Job, tmp_path: Path) -> None:
    run = locate_job(job, tmp_path) / "run"
    for name in ("checkpoints/last.ckpt", "tensorboard/events", "metrics/part-1/metrics.csv"):
        (run / name).parent.mkdir(parents=True)
        (run / name).write_text("x")
    cleanup(job, tmp_path)
    assert [path.name for path in run.iterdir()] == ["metrics"]
    cleanup(job, tmp_path)  # a second time removes nothing more
    assert (run / "metrics" / "part-1" / "metrics.csv").exists()


def test_evaluate_on_other_data_counts_every_face(tmp_path: Path) -> None:
    labels, generator = ("anger", "fear"), np.random.default_rng(0)
    for code, label in enumerate(labels):
        (tmp_path / "faces" / label).mkdir(parents=True)
        for number in range(3):
            # One face of fear is as dark as anger.
            shown = 0 if number == 0 else code
            Image.fromarray(face(shown, 2, generator)).save(tmp_path / "faces" / label / f"{number}.png")
    recognizer = Recognizer(write_gray_model(tmp_path / "gray.onnx", labels))
    figures = evaluate_on_other_data(recognizer, f"folder:{tmp_path / 'faces'}")
    assert (figures["data"], figures["labels"], figures["faces"]) == ("folder", ["anger", "fear"], 6)
    assert list(figures["accuracy"]) == [str(size) for size in SIZES_PX]
    assert figures["accuracy"]["48"]["value"] == pytest.approx(5 / 6)
    assert figures["macro_f1"]["48"]["value"] == pytest.approx((6 / 7 + 4 / 5) / 2)


@pytest.mark.train
def test_run_job_trains_answers_and_runs_once(small: dict[str, object], tmp_path: Path) -> None:
    pytest.importorskip("torch")
    job = Job("tiny/fold0", load_config(None, {**small, "epochs": 1}))
    run_job(job, tmp_path, threads=1)
    folder = locate_job(job, tmp_path)
    assert is_done(job, tmp_path)
    result, answers = load_result(job, tmp_path), load_answers(job, tmp_path)
    assert result["epochs"] == 1 and result["config"]["epochs"] == 1 and result["other"] == {}
    test = make_split(read(job.config.data), "subject-10fold").test
    np.testing.assert_array_equal(answers.indices, test)
    np.testing.assert_allclose(answers.probabilities.sum(axis=-1), 1, atol=1e-5)
    assert not list(folder.glob("model.*")) and not (folder / "run" / "checkpoints").exists()
    written = (folder / "result.json").stat().st_mtime_ns
    run_job(job, tmp_path, threads=1)
    assert (folder / "result.json").stat().st_mtime_ns == written
