"""Name the processor and the versions of packages.

In: names of packages. Out: text for reports. Knows nothing of figures.
"""

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Names of packages -> the version of Python and of each that is installed."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def cpu_name() -> str:
    """Name of the processor and number of cores; ``platform`` knows no name on Linux, the kernel does."""
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return f"{name}, {os.cpu_count()} logical cores"
