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
    """Stands in for a training: leaves a mark, and a result; some jobs go wrong."""
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


class Told:
    """Remembers what it was told."""

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


def test_failures_are_told_in_a_line_and_the_rest_is_done(jobs: list[Job], tmp_path: Path) -> None:
    told = Told()
    some = [job for job in jobs if "fold6" not in job.name]
    failed = run_jobs(some, tmp_path, 2, told, work)
    assert set(failed) == {f"rmsprop/subject-10fold-seed0-fold{k}" for k in (3, 4, 5)}
    assert all("\n" not in line for line in failed.values())
    assert "is damaged. Train again" in failed[some[3].name]
    assert "RuntimeError: a bug" in failed[some[4].name] and "log.txt" in failed[some[4].name]
    assert "a bug" in (locate_job(some[4], tmp_path) / "log.txt").read_text()
    assert "signal 9" in failed[some[5].name]
    assert told.most == 2 and len(told.ends) == 9
    again = Told()
    run_jobs(some, tmp_path, 1, again, work)
    assert set(again.began) == set(failed)  # what is done is not done twice, what failed is tried again
    for job in some:
        assert len((locate_job(job, tmp_path) / "begun").read_text()) == (2 if job.name in failed else 1)


def test_a_folder_of_another_configuration_is_refused_and_the_others_go_on(jobs: list[Job], tmp_path: Path) -> None:
    config = locate_job(jobs[1], tmp_path) / "run" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(jobs[1].config.changed(epochs=7).to_toml())
    failed = run_jobs(jobs[:3], tmp_path, 1, Told(), work)
    assert set(failed) == {jobs[1].name}
    assert "another epochs. Remove that folder" in failed[jobs[1].name]
    assert (locate_job(jobs[2], tmp_path) / "result.json").exists()


def test_ctrl_c_ends_what_runs(jobs: list[Job], tmp_path: Path) -> None:
    class Impatient(Told):
        def on_wait(self) -> None:
            if (locate_job(jobs[6], tmp_path) / "begun").exists():
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_jobs([jobs[6]], tmp_path, 1, Impatient(), work)
    assert not (locate_job(jobs[6], tmp_path) / "result.json").exists()
    import multiprocessing

    assert not multiprocessing.active_children()


def test_what_a_kill_after_the_result_left_behind_is_removed(jobs: list[Job], tmp_path: Path) -> None:
    job = jobs[0]
    checkpoints = locate_job(job, tmp_path) / "run" / "checkpoints"
    checkpoints.mkdir(parents=True)
    (checkpoints / "last.ckpt").write_bytes(b"100 MB")
    (locate_job(job, tmp_path) / "result.json").write_text("{}")
    told = Told()
    assert not run_jobs([job], tmp_path, 1, told, work)
    assert not told.began and not checkpoints.exists() and checkpoints.parent.exists()
