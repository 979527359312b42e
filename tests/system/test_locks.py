"""Locks between threads, processes and forked children: refused, waited for, ended with their process."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest

from ekspresi.errors import OutputError
from ekspresi.system.locks import exclusive_lock, wait_for_lock

HOLD = """
import sys, time
from pathlib import Path
from ekspresi.system.locks import exclusive_lock
with exclusive_lock(Path("rows.csv"), Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


def hold(lock: Path) -> AbstractContextManager[None]:
    return exclusive_lock(lock.with_name("rows.csv"), lock)


def refused(lock: Path) -> str:
    with pytest.raises(OutputError) as caught, hold(lock):
        pass
    return str(caught.value)


def in_child(work: Callable[[], object]) -> int:
    """Fork; the child works and ends without cleaning up."""
    child = os.fork()
    if child == 0:
        code = 1
        with suppress(BaseException):
            work()
            code = 0
        os._exit(code)
    return child


def test_exclusive_lock_while_held_names_the_process(tmp_path: Path) -> None:
    lock = tmp_path / ".rows.csv.lock"
    with hold(lock):
        problem = f"another run (process {os.getpid()}) is writing to it"
        for _ in range(2):  # a refused run leaves the number to the next
            began = time.monotonic()
            assert refused(lock) == f"{tmp_path / 'rows.csv'}: {problem}. Wait for its end, or use another name."
            assert time.monotonic() - began < 2
        with hold(tmp_path / ".other.lock"):
            assert lock.read_text() == str(os.getpid())
    assert list(tmp_path.iterdir()) == []


def test_exclusive_lock_after_a_kill_is_free(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "locked\n"
        assert f"(process {process.pid})" in refused(lock)
        process.send_signal(signal.SIGKILL)
    assert lock.read_text() == str(process.pid)
    with hold(lock):
        assert lock.read_text() == str(os.getpid())
    assert list(tmp_path.iterdir()) == []


def test_exclusive_lock_of_a_removed_file_is_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its owner let it go just then: the next run would lock another file."""
    lock, flock, calls = tmp_path / "lock", fcntl.flock, 0

    def removed_first(file: int, operation: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            lock.unlink()
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", removed_first)
    with hold(lock):
        assert calls == 2
        assert "another run" in refused(lock)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_locks_where_there_are_none_let_work(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fail)
    with hold(tmp_path / "lock"), hold(tmp_path / "lock"):
        pass
    assert list(tmp_path.iterdir()) == []
    with wait_for_lock(tmp_path / "lock"), wait_for_lock(tmp_path / "lock"):
        pass


def test_exclusive_lock_makes_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert f"there is no folder {tmp_path / 'nowhere'}" in refused(tmp_path / "nowhere" / "lock")
    assert f"{tmp_path / 'file'} is a file, not a folder. Write to" in refused(tmp_path / "file" / "lock")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_exclusive_lock_in_proc_names_the_folder(tmp_path: Path) -> None:
    assert "no file can be made in /proc" in refused(Path("/proc/lock"))


def test_exclusive_lock_leaves_a_link_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "lock").symlink_to(tmp_path / "precious")
    assert "cannot be written" in refused(tmp_path / "lock")
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize("locked", [hold, wait_for_lock])
def test_lock_is_not_kept_by_a_forked_child(
    locked: Callable[[Path], AbstractContextManager[None]], tmp_path: Path
) -> None:
    with locked(tmp_path / "lock"):
        child = in_child(lambda: time.sleep(60))
    try:
        ended = threading.Event()

        def take() -> None:
            with locked(tmp_path / "lock"):
                ended.set()

        threading.Thread(target=take, daemon=True).start()
        assert ended.wait(5)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.parametrize("locked", [hold, wait_for_lock])
def test_lock_outlives_a_forked_child_that_leaves_the_block(
    locked: Callable[[Path], AbstractContextManager[None]], tmp_path: Path
) -> None:
    lock = tmp_path / "lock"
    block = locked(lock)
    block.__enter__()
    child = in_child(lambda: block.__exit__(None, None, None))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert lock.read_text() == str(os.getpid())
    assert f"(process {os.getpid()})" in refused(lock)
    block.__exit__(None, None, None)
    with hold(lock):
        pass


def test_wait_for_lock_lets_threads_in_one_by_one(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with wait_for_lock(tmp_path / "lock"):
            inside += 1
            most = max(most, inside)
            time.sleep(0.01)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == 1 and inside == 0
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
