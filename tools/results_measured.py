"""What is measured as the docs are written: the demo's output and pictures, time and size of a command.

In: this machine. Out: text, and the pictures in ``docs/pictures``. Knows no report and no page.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import results_tables as tables
from ekspresi.reporting.provenance import cpu_name

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ("corridor.jpg", "astronaut.jpg", "strip.png", "explained.png")


def demo_output() -> Iterator[str]:
    """Run the demo, keep its pictures; what it printed, as a block."""
    environment = {**os.environ, "COLUMNS": "110", "NO_COLOR": "1"}
    result = subprocess.run(
        [sys.executable, "tools/demo.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    (ROOT / "docs" / "pictures").mkdir(exist_ok=True)
    for name in PICTURES:
        shutil.copy(ROOT / "demo" / name, ROOT / "docs" / "pictures" / name)
    printed = result.stdout.replace(f"{ROOT}/", "").strip()
    yield from ("```text", printed, "```")


def command_cost() -> Iterator[str]:
    """Time and size of a command, now, on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        fresh = bytes_in(Path(folder))
        subprocess.run([python, "-m", "pip", "install", "--quiet", str(ROOT)], check=True)
        installed = bytes_in(Path(folder))
        photo = str(ROOT / "examples" / "astronaut.jpg")
        whole = median_seconds([str(python), "-m", "ekspresi", "predict", photo])
        reference = median_seconds([str(python), "-c", "import numpy, PIL.Image, onnxruntime"])
    rows = (
        ("`ekspresi predict examples/astronaut.jpg`, a new process each time, median of 7", f"{whole:.2f} s"),
        ('`python -c "import numpy, PIL.Image, onnxruntime"`, the same way in the same run', f"{reference:.2f} s"),
        (
            "base environment, `pip install .` into a fresh one, its compiled bytecode included",
            f"{installed / 1e6:.1f} MB, {fresh / 1e6:.1f} MB of it there before: pip and what comes with it",
        ),
        ("bundled model file", f"{(ROOT / 'src/ekspresi/assets/ekspresi-b0.onnx').stat().st_size / 1e6:.1f} MB"),
    )
    yield from tables.table(("what", "figure"), rows)
    yield f"Measured by `tools/write_docs.py` on {cpu_name()}, {datetime.now(UTC):%Y-%m-%d}."


def bytes_in(folder: Path) -> int:
    """Sum of the sizes of all files below a folder; links count nothing."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def median_seconds(command: list[str]) -> float:
    """Wall time of a whole process, median of seven after one that warms the file cache."""
    times = []
    for _ in range(8):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])
