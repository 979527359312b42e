"""Run the jobs of a study, several at once, each in its own process.

In: jobs, a folder, a number of processes. Out: the failed jobs with a reason of one line each. A ``JobListener``
hears of every start and end. A failed job does not stop the others. Ctrl-C stops all; the next start resumes them.
Does not know what a job does.
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
from ekspresi.study.jobs import Job, cleanup, is_done, locate_job, run_job
from ekspresi.system.storage import ensure_folder

_PRELOADED = ["ekspresi.study.jobs", "ekspresi.training.export", "ekspresi.evaluation.evaluate"]
"""Modules loaded once, in the process from which all jobs are forked, because torch takes seconds to load."""

_POLL_S = 0.5
"""Longest wait between two looks at the processes, seconds."""


class JobListener(Protocol):
    """Receive the progress of the jobs.

    A class of your own needs these four members and no base class:

        >>> class Quiet:
        ...     def on_plan(self, jobs, processes): pass
        ...     def on_start(self, job): pass
        ...     def on_end(self, job, failure, seconds): print(job.name, failure)
        ...     def on_wait(self): pass
        >>> listener: JobListener = Quiet()
    """

    def on_plan(self, jobs: Sequence[Job], processes: int) -> None:
        """Receive the jobs about to run and how many run at once."""

    def on_start(self, job: Job) -> None:
        """Receive a job that a process has started."""

    def on_end(self, job: Job, failure: str | None, seconds: float) -> None:
        """Receive a job that ended, with its failure in one line or None; 0 seconds for a job of an earlier run."""

    def on_wait(self) -> None:
        """Receive a sign of life about every half second."""


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
    """Run all jobs that are not done.

    Args:
        jobs: the jobs, in the order of their start.
        root: the study's folder.
        processes: number of jobs at once; the machine's threads are divided among them.
        listener: receives the progress.
        work: function that a process calls with the job, ``root`` and its number of threads.

    Returns:
        Name of each failed job -> reason in one line.

    Raises:
        KeyboardInterrupt: the user pressed Ctrl-C; all processes have ended.

        >>> class Quiet:
        ...     def on_plan(self, jobs, processes): print(len(jobs), "jobs")
        >>> run_jobs([], Path("study"), 2, Quiet())
        0 jobs
        {}
    """
    listener.on_plan(jobs, processes)
    failed: dict[str, str] = {}
    waiting: list[Job] = []
    for job in jobs:
        try:
            done = is_done(job, root)
        except EkspresiError as error:
            failed[job.name] = str(error)
            listener.on_end(job, str(error), 0.0)
            continue
        if done:
            cleanup(job, root)
            listener.on_end(job, None, 0.0)
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
                (locate_job(job, root) / "error.txt").unlink(missing_ok=True)
                process = context.Process(target=_process, args=(work, job, root, threads), daemon=True)
                process.start()
                running.append(_Running(job, process, time.monotonic()))
                listener.on_start(job)
            ended = wait([each.process.sentinel for each in running], timeout=_POLL_S)
            listener.on_wait()
            for each in [one for one in running if one.process.sentinel in ended]:
                running.remove(each)
                each.process.join()
                failure = _failure(each, root)
                if failure is not None:
                    failed[each.job.name] = failure
                listener.on_end(each.job, failure, time.monotonic() - each.since)
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
    """Work on a job in its process; write output to log.txt and the reason of a failure to error.txt."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends this process
    folder = locate_job(job, root)
    try:
        ensure_folder(folder)
        log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        work(job, root, threads)
    except EkspresiError as error:
        (folder / "error.txt").write_text(str(error), encoding="utf-8", errors="backslashreplace")
        raise SystemExit(2) from None
    except Exception as error:
        traceback.print_exc()
        line = f"{type(error).__name__}: {error}".splitlines()[0]
        (folder / "error.txt").write_text(f"{folder}: {line}. See {folder / 'log.txt'}.", encoding="utf-8")
        raise SystemExit(1) from None


def _failure(ended: _Running, root: Path) -> str | None:
    code, folder = ended.process.exitcode, locate_job(ended.job, root)
    if code == 0:
        return None
    if code is not None and code < 0:
        return f"{folder}: its process was killed (signal {-code}), perhaps for memory. Start the study again."
    try:
        return (folder / "error.txt").read_text(encoding="utf-8")
    except OSError:
        return f"{folder}: its process ended with code {code}. See log.txt in that folder."
