"""Run ``ekspresi`` as a user who is not the superuser, so that file permissions count.

As a script: two commands as JSON, each a list of words. The first is run with all rights, so that all code is loaded:
the other user may not be able to read it. Then the rights are given up, and the second is run.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

NOBODY = 65534


@contextlib.contextmanager
def folder_of_all() -> Iterator[Path]:
    """Make a folder that every user may write to; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name).resolve()


def give_away(path: Path) -> None:
    """Give a file to the other user, if there is one."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


def as_other_user(before: Sequence[object], words: Sequence[object]) -> "subprocess.CompletedProcess[str]":
    """Run two commands of ``ekspresi``, the second as the other user; return its output.

    Skips the test if the machine allows no other user.
    """
    if sys.platform == "win32":
        pytest.skip("rights of files are others on Windows")
    commands = json.dumps([list(map(str, before)), list(map(str, words))])
    done = subprocess.run([sys.executable, __file__, commands], capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip("this process may not become another user")
    return done


def _run(words: list[str]) -> int:
    from ekspresi.cli import main

    sys.argv = ["ekspresi", *words]
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    raise AssertionError("main never returns")


def _give_up_rights() -> None:
    if os.geteuid():
        return
    try:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    except OSError:
        os._exit(77)


if __name__ == "__main__":
    first, second = json.loads(sys.argv[1])
    with contextlib.redirect_stdout(sys.stderr):
        if _run(first):
            sys.exit("the first command failed")
    _give_up_rights()
    sys.exit(_run(second))
