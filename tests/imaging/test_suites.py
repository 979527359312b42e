"""Names of the suites: known to the function that degrades, and listed without loading anything."""

import subprocess
import sys

import numpy as np

from ekspresi.imaging.degradations import degrade
from ekspresi.imaging.suites import SUITES


def test_suites_are_all_known_to_degrade() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    for suite in SUITES:
        assert degrade(crop, 12, suite, np.random.default_rng(0)).shape == (12, 12)


def test_suites_load_no_numpy() -> None:
    code = "import sys, ekspresi.imaging.suites; print('numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
