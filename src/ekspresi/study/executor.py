"""Jobs -> processes: as many at once as asked for, each in a process of its own, until all have ended.

In: jobs, a folder, a number of processes. Out: which failed, and why, a line each; what happens on the way is told to
a ``ProgressListener``. A job that fails does not stop the others; Ctrl-C stops all, and the next start goes on from
there. Knows nothing of what a job does.
"""

import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Protocol

from ekspresi.errors import EkspresiError
from ekspresi.study.jobs import Job, cleanup, folder_of, is_done, run_job
from ekspresi.system.storage import ensure_folder

_PRELOADED = ["ekspresi.study.jobs", "ekspresi.training.export", "ekspresi.evaluation.evaluate"]
"""Loaded once, in the process that all jobs are forked from: torch takes seconds to load."""

_LOOK_S = 0.5


class JobListener(Protocol):
    """Who is told what becomes of the jobs."""

    def planned(self, jobs: Sequence[Job], processes: int) -> None:
        """More jobs are about to be run, so many at once."""

    def started(self, job: Job) -> None:
        """A process began to work on the job."""

    def ended(self, job: Job, failure: str | None, seconds: float) -> None:
        """The job is done, or failed for a reason of one line; 0 seconds for one that had been done before."""

    def waited(self) -> None:
        """Half a second went by."""


@dataclass(frozen=True, slots=True)
class _Running:
    job: Job
    process: Any
    since: float


def run_jobs(
    jobs: Sequence[Job],
    root: Path,
    processes: int,
    listener: JobListener,
    work: Callable[[Job, Path, int], None] = run_job,
) -> dict[str, str]:
    """Run all jobs that are not done -> name of each that failed, and why in a line.

    Args:
        jobs: in the order in which they are begun.
        root: the study's folder.
        processes: how many at once; the machine's threads are shared out among them.
        listener: is told of each.
        work: what a process does with a job.

    Raises:
        KeyboardInterrupt: after all processes were ended.
    """
    listener.planned(jobs, processes)
    failed: dict[str, str] = {}
    waiting: list[Job] = []
    for job in jobs:
        try:
            done = is_done(job, root)
        except EkspresiError as error:
            failed[job.name] = str(error)
            listener.ended(job, str(error), 0.0)
            continue
        if done:
            cleanup(job, root)
            listener.ended(job, None, 0.0)
        else:
            waiting.append(job)
    context = _context()
    threads = max(1, (os.cpu_count() or 1) // processes)
    running: list[_Running] = []
    waiting.reverse()
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                job = waiting.pop()
                (folder_of(job, root) / "error.txt").unlink(missing_ok=True)
                process = context.Process(target=_process, args=(work, job, root, threads), daemon=True)
                process.start()
                running.append(_Running(job, process, time.monotonic()))
                listener.started(job)
            ended = wait([each.process.sentinel for each in running], timeout=_LOOK_S)
            listener.waited()
            for each in [one for one in running if one.process.sentinel in ended]:
                running.remove(each)
                each.process.join()
                failure = _failure(each, root)
                if failure is not None:
                    failed[each.job.name] = failure
                listener.ended(each.job, failure, time.monotonic() - each.since)
    finally:
        for each in running:
            each.process.terminate()
        for each in running:
            each.process.join()
    return failed


def _context() -> Any:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _process(work: Callable[[Job, Path, int], None], job: Job, root: Path, threads: int) -> None:
    """What the process of a job does: work, its words into log.txt, the reason of a failure into error.txt."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends us
    folder = folder_of(job, root)
    try:
        ensure_folder(folder)
        log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        work(job, root, threads)
    except EkspresiError as error:
        (folder / "error.txt").write_text(str(error), encoding="utf-8")
        raise SystemExit(2) from None
    except Exception as error:
        traceback.print_exc()
        line = f"{type(error).__name__}: {error}".splitlines()[0]
        (folder / "error.txt").write_text(f"{line}; the rest stands in {folder / 'log.txt'}", encoding="utf-8")
        raise SystemExit(1) from None


def _failure(ended: _Running, root: Path) -> str | None:
    code, folder = ended.process.exitcode, folder_of(ended.job, root)
    if code == 0:
        return None
    if code is not None and code < 0:
        return f"{folder}: its process was ended from outside (signal {-code}; memory?); start the study again"
    try:
        return (folder / "error.txt").read_text(encoding="utf-8")
    except OSError:
        return f"{folder}: its process ended with code {code}; see log.txt there"
