"""Names of the processor and versions of packages."""

import platform
import re

import numpy as np

from ekspresi.system.machine import cpu_name, versions_of


def test_cpu_name_has_a_name_and_cores() -> None:
    name, _, cores = cpu_name().rpartition(", ")
    assert name
    assert re.fullmatch(r"\d+ logical cores", cores)


def test_versions_of_packages_skips_missing_ones() -> None:
    assert versions_of(["numpy", "no-such-package"]) == {
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
