"""Name the processor and the versions of packages.

In: names of packages. Out: text for reports. Does not know about figures.
"""

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of Python and of the installed packages.

    Example:
        >>> sorted(versions_of(["numpy", "no-such-package"]))
        ['numpy', 'python']
    """
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def cpu_name() -> str:
    """Return the name of the processor and the number of logical cores; on Linux, the kernel knows the name.

    Example:
        >>> cpu_name().endswith("logical cores")
        True
    """
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return f"{name}, {os.cpu_count()} logical cores"
