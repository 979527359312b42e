"""Run ``ekspresi serve`` in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass
class Served:
    process: "subprocess.Popen[str]"
    address: str
    printed: list[str]


@contextmanager
def serving(log: IO[str], *flags: str) -> Iterator[Served]:
    """Start a service at a free port; kill it at the end if it still runs."""
    command = [sys.executable, "-m", "ekspresi", "serve", "--port", "0", "--device", "cpu", *flags]
    source = str(Path(__file__).parents[2] / "src")
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, "PYTHONPATH": source}
    )
    try:
        assert process.stdout is not None
        printed = [process.stdout.readline().rstrip() for _ in range(5)]
        yield Served(process, printed[0].removeprefix("address: "), printed)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]
