"""A tiny study for real: killed, started again, and a checkpoint damaged."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ekspresi.study.config import load_study
from ekspresi.study.jobs import locate_job
from ekspresi.study.plan import plan_arm_jobs, plan_trials
from ekspresi.study.run import run_study

pytest.importorskip("torch")
pytestmark = pytest.mark.train

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


def test_run_study_resumes_after_a_kill(ck_tree: Path, tmp_path: Path) -> None:
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
