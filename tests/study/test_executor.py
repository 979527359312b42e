"""Jobs in processes: nothing twice, nothing lost, one failure does not stop the rest."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from ekspresi.errors import ConfigError
from ekspresi.study.config import StudyConfig
from ekspresi.study.executor import run_jobs
from ekspresi.study.jobs import Job, locate_job
from ekspresi.study.plan import plan_arm_jobs


def work(job: Job, root: Path, threads: int) -> None:
    """Replace a training: leave a mark and a result; some jobs fail."""
    folder = locate_job(job, root)
    with (folder / "begun").open("a") as file:
        file.write("x")
    if "fold3" in job.name:
        raise ConfigError(f"{folder}: last.ckpt: is damaged. Train again into a new folder")
    if "fold4" in job.name:
        raise RuntimeError("a bug\nof two lines")
    if "fold5" in job.name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "fold6" in job.name:
        time.sleep(600)
    (folder / "result.json").write_text(json.dumps({"threads": threads}))


class Recorder:
    """Remember the progress of the jobs."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.ends: dict[str, str | None] = {}
        self.most = self.running = 0

    def on_plan(self, jobs: object, processes: int) -> None:
        pass

    def on_start(self, job: Job) -> None:
        self.began.append(job.name)
        self.running += 1
        self.most = max(self.most, self.running)

    def on_end(self, job: Job, failure: str | None, seconds: float) -> None:
        self.ends[job.name] = failure
        self.running -= seconds > 0

    def on_wait(self) -> None:
        pass


@pytest.fixture
def jobs(study: StudyConfig) -> list[Job]:
    rates = {(name, half): 1e-3 for name in ("rmsprop", "adam") for half in (0, 1)}
    return [each.job for each in plan_arm_jobs(study, rates) if each.protocol == "subject-10fold"][:10]


def test_run_jobs_names_failures_and_finishes_the_rest(jobs: list[Job], tmp_path: Path) -> None:
    recorder = Recorder()
    some = [job for job in jobs if "fold6" not in job.name]
    failed = run_jobs(some, tmp_path, 2, recorder, work)
    assert set(failed) == {f"rmsprop/subject-10fold-seed0-fold{k}" for k in (3, 4, 5)}
    assert all("\n" not in line for line in failed.values())
    assert "is damaged. Train again" in failed[some[3].name]
    assert "RuntimeError: a bug" in failed[some[4].name] and "log.txt" in failed[some[4].name]
    assert "a bug" in (locate_job(some[4], tmp_path) / "log.txt").read_text()
    assert "signal 9" in failed[some[5].name]
    assert recorder.most == 2 and len(recorder.ends) == 9
    again = Recorder()
    run_jobs(some, tmp_path, 1, again, work)
    assert set(again.began) == set(failed)  # what is done is not done twice, what failed is tried again
    for job in some:
        assert len((locate_job(job, tmp_path) / "begun").read_text()) == (2 if job.name in failed else 1)


def test_run_jobs_skips_a_folder_of_another_configuration(jobs: list[Job], tmp_path: Path) -> None:
    config = locate_job(jobs[1], tmp_path) / "run" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(jobs[1].config.changed(epochs=7).to_toml())
    failed = run_jobs(jobs[:3], tmp_path, 1, Recorder(), work)
    assert set(failed) == {jobs[1].name}
    assert "another epochs. Remove that folder" in failed[jobs[1].name]
    assert (locate_job(jobs[2], tmp_path) / "result.json").exists()


def test_run_jobs_ends_processes_at_ctrl_c(jobs: list[Job], tmp_path: Path) -> None:
    class Impatient(Recorder):
        def on_wait(self) -> None:
            if (locate_job(jobs[6], tmp_path) / "begun").exists():
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_jobs([jobs[6]], tmp_path, 1, Impatient(), work)
    assert not (locate_job(jobs[6], tmp_path) / "result.json").exists()
    import multiprocessing

    assert not multiprocessing.active_children()


def test_run_jobs_removes_checkpoints_of_finished_jobs(jobs: list[Job], tmp_path: Path) -> None:
    job = jobs[0]
    checkpoints = locate_job(job, tmp_path) / "run" / "checkpoints"
    checkpoints.mkdir(parents=True)
    (checkpoints / "last.ckpt").write_bytes(b"100 MB")
    (locate_job(job, tmp_path) / "result.json").write_text("{}")
    recorder = Recorder()
    assert not run_jobs([job], tmp_path, 1, recorder, work)
    assert not recorder.began and not checkpoints.exists() and checkpoints.parent.exists()
