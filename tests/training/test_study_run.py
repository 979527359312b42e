"""A tiny study for real: killed, started again, a checkpoint damaged; and a folder fine-tuned into a model."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

import ekspresi
from ekspresi.datasets.registry import read
from ekspresi.study.config import load_study
from ekspresi.study.jobs import locate_job
from ekspresi.study.plan import plan_arm_jobs, plan_trials
from ekspresi.study.run import run_study

STUDY = """
data = "ckplus48:{data}"
other_data = "folder:{other}"
[recipe]
init = "bundled"
input_px = 32
batch_size = 32
epochs = 4
ema_decay = 0.5
drop_path = 0.0
low_res_share = 0.3
validation_px = [48, 16]
[rates]
rmsprop = [1e-5, 1e-3]
[[arms]]
name = "rmsprop"
optimizer = "rmsprop"
[[arms]]
name = "random"
optimizer = "rmsprop"
init = "random"
learning_rate = 1e-3
protocols = ["paper-split", "subject-10fold"]
"""


class Watching:
    """Counts what is begun and what ends."""

    def __init__(self) -> None:
        self.began: list[str] = []

    def on_plan(self, jobs, processes) -> None:
        pass

    def on_start(self, job) -> None:
        self.began.append(job.name)

    def on_end(self, job, failure, seconds) -> None:
        assert failure is None or "damaged" in failure, failure

    def on_wait(self) -> None:
        pass


def test_a_killed_study_goes_on_and_a_damaged_job_does_not_stop_the_others(ck_tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for label in ("happy", "anger"):
        (other / label).mkdir(parents=True)
        for path in sorted((ck_tree / label).glob("*.png"))[:6]:
            (other / label / path.name).write_bytes(path.read_bytes())
    config, root = tmp_path / "tiny.toml", tmp_path / "study"
    config.write_text(STUDY.format(data=ck_tree, other=other))
    study = load_study(config)
    study = replace(study, folds=(0, 5))
    tried = plan_trials(study)
    assert len(tried) == 4
    # The command itself, killed with all its processes once a trial is done and another has a checkpoint.
    process = subprocess.Popen(
        [sys.executable, "-m", "ekspresi", "study", str(config), "--out", str(root), "--jobs", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    first = locate_job(tried[0].job, root) / "result.json"
    deadline = time.monotonic() + 300
    while not first.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    made = first.stat().st_mtime_ns
    # A checkpoint that was cut off: its job fails in a line, the others are done.
    victim = plan_arm_jobs(study, {("rmsprop", 0): 1e-3, ("rmsprop", 1): 1e-3})[0].job
    watching = Watching()
    outcome = run_study(study, root, 2, watching)
    assert not outcome.study.failures
    assert first.stat().st_mtime_ns == made and tried[0].job.name not in watching.began
    assert [(arm.arm, arm.protocol, arm.jobs, arm.missing) for arm in outcome.study.arms] == [
        ("rmsprop", "subject-10fold", 2, 0),
        ("random", "paper-split", 1, 0),
        ("random", "subject-10fold", 2, 0),
    ]
    best = outcome.study.arms[0]
    assert best.image.by_size[0].scores.n == 84  # two folds of two people, seven classes, three frames
    assert best.image.by_size[0].scores.accuracy.value > 0.3  # 1 in 7 is chance
    chosen = {(each.half, each.rate) for each in outcome.study.tuning if each.chosen}
    assert chosen == {(0, 1e-3), (1, 1e-3)}  # the other rate moves nothing
    assert outcome.study.other["random"]["labels"] == ["anger", "happiness"]
    assert outcome.study.reverse["data"] == "ckplus48"
    assert json.loads((root / "study.json").read_text())["made"]["folds"] == [0, 5]
    assert not list(root.glob("jobs/**/*.ckpt"))
    # The same again does nothing.
    again = Watching()
    run_study(study, root, 2, again)
    assert not again.began
    # A job that had just begun, with a checkpoint that is damaged.
    folder = locate_job(victim, root)
    (folder / "result.json").unlink()
    (folder / "run" / "checkpoints").mkdir()
    (folder / "run" / "checkpoints" / "last.ckpt").write_bytes(b"cut")
    record = json.loads((folder / "run" / "run.json").read_text())
    del record["epochs_done"]
    (folder / "run" / "run.json").write_text(json.dumps(record))
    broken = run_study(study, root, 2, Watching())
    assert set(broken.study.failures) == {victim.name}
    assert "last.ckpt: is damaged" in broken.study.failures[victim.name]
    assert len(broken.study.arms) == 3


def test_a_plan_says_how_faces_are_split_and_trains_small_sets_longer(ck_tree: Path, tmp_path: Path) -> None:
    from ekspresi.training.finetune import plan_finetuning

    dataset = read(f"ckplus48:{ck_tree}")
    known = plan_finetuning(dataset)
    assert (known.config.split, known.config.epochs) == ("subject-holdout", 30)  # 7 x 48 faces are 5 steps an epoch
    assert known.config.init == "bundled" and known.config.oversampling == "balanced"
    unknown = plan_finetuning(replace(dataset, subjects=None, sequences=None))
    assert unknown.config.split == "paper-split" and "figures flatter" in unknown.reason
    official = plan_finetuning(
        replace(dataset, official=np.resize(["train", "train", "validation", "test"], len(dataset)))
    )
    assert official.config.split == "official"
    votes = np.zeros_like(dataset.votes)
    votes[:, 0] = 10
    with pytest.raises(ekspresi.DatasetError, match="faces of one class only"):
        plan_finetuning(replace(dataset, votes=votes))


def test_finetune_makes_a_model_with_labels_of_its_own(ck_tree: Path, tmp_path: Path) -> None:
    faces, out = tmp_path / "faces", tmp_path / "mine"
    for label, name in (("happy", "cheerful"), ("surprise", "astonished"), ("anger", "grumpy")):
        (faces / name).mkdir(parents=True)
        for path in (ck_tree / label).glob("*.png"):
            (faces / name / path.name).write_bytes(path.read_bytes())
    rows = [f"{path.relative_to(faces)},{path.name[:4]}" for path in sorted(faces.rglob("*.png"))]
    (faces / "subjects.csv").write_text("\n".join(["file,subject", *rows]) + "\n")
    line = [sys.executable, "-m", "ekspresi", "finetune", f"folder:{faces}", "--out", str(out), "--no-gallery"]
    result = subprocess.run(line, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"})
    assert result.returncode == 0, result.stderr
    assert "each of the 20 people is in one part only" in result.stdout
    recognizer = ekspresi.Recognizer(out / "model.onnx")
    assert recognizer.labels == ("astonished", "cheerful", "grumpy")
    assert recognizer.metadata.provenance["split"]["protocol"] == "subject-holdout"
    dataset = read(f"folder:{faces}")
    test = np.flatnonzero(np.isin(dataset.subjects, dataset.subjects[:3]))
    answers = [p.expression for p in recognizer.predict([dataset.images[i] for i in test])]
    assert np.mean([a == dataset.labels[dataset.targets[i]] for a, i in zip(answers, test, strict=True)]) > 0.8
    report = json.loads((out / "report.json").read_text())
    assert not report["provenance"]["warnings"]
    again = subprocess.run(line, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr  # goes on from what is there
