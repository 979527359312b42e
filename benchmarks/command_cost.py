"""Measure the time of one command and the size of what it needs, on this machine.

In: this repository. Out: JSON on the screen: seconds and bytes, the processor and the day. It
creates a fresh environment, so it needs a package index.

    python benchmarks/command_cost.py
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ekspresi.system.machine import cpu_name

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 7


def main() -> None:
    """Measure and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        python = str(Path(folder) / "bin" / "python")
        subprocess.run([sys.executable, "-m", "venv", folder], stdout=sys.stderr, check=True)
        fresh = sum_bytes(Path(folder))
        subprocess.run([python, "-m", "pip", "install", "--quiet", str(ROOT)], stdout=sys.stderr, check=True)
        installed = sum_bytes(Path(folder))
        photo = str(ROOT / "examples" / "astronaut.jpg")
        command_s = median_seconds([python, "-m", "ekspresi", "predict", photo])
        imports_s = median_seconds([python, "-c", "import numpy, PIL.Image, onnxruntime"])
    figures = {
        "repeats": REPEATS,
        "command_s": command_s,
        "imports_s": imports_s,
        "installed_bytes": installed,
        "fresh_bytes": fresh,
        "model_bytes": (ROOT / "src/ekspresi/assets/ekspresi-b0.onnx").stat().st_size,
        "cpu": cpu_name(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }
    print(json.dumps(figures, indent=1))


def sum_bytes(folder: Path) -> int:
    """Sum the sizes of all files below a folder; links do not count."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def median_seconds(command: Sequence[str]) -> float:
    """Time a whole process: the median of ``REPEATS`` runs, after one that fills the file cache."""
    times = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


if __name__ == "__main__":
    main()
