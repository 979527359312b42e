"""Measure the time that a face costs on this machine, beside two references in the same run.

In: the bundled model, or another file. Out: a printed table and, with ``--out``, JSON. Does not know about accuracy:
pictures are noise, apart from the detector's.

    python benchmarks/speed.py [MODEL] [--out speed.json] [--rounds 40]

Everything is timed in turn, round after round, so that a slow phase of the machine slows all lines. Compare two lines
of one run by their ratio. Compare two machines, or two days, by the references. Figures are medians, on two threads.
"""

import argparse
import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # comes with scikit-learn

from ekspresi.detection.mtcnn import MtcnnDetector
from ekspresi.imaging.cropping import gray
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.machine import cpu_name, versions_of

THREADS = 2
BATCH = 64
SIDE_PX = 48
MIXED_PX = (8, 120)
PICTURE = Path(__file__).resolve().parents[1] / "examples" / "corridor.jpg"
PICTURE_SIZE = (640, 480)
MATMUL = 1024
BURST_S = 0.05
"""Time that each line runs in a round, after one call that does not count."""
PAUSE_S = 0.03
"""Rest before a line, in which waiting threads of the previous line fall asleep."""
VERSIONS = ("ekspresi", "numpy", "onnxruntime", "pillow")


@dataclass(frozen=True, slots=True)
class Line:
    """Describe one thing to time.

    Attributes:
        name: what it does.
        unit: of its figure: 'ms', or something per second.
        run: does it once.
        amount: how much of the unit one run is worth; of no use for 'ms'.
    """

    name: str
    unit: str
    run: Callable[[], object]
    amount: float = 1.0

    def figure(self, seconds: float) -> float:
        """Convert seconds of one run to the figure in its unit."""
        return 1e3 * seconds if self.unit == "ms" else self.amount / seconds


@dataclass(frozen=True, slots=True)
class Timing:
    """Hold a line's median and quartiles over all runs, the slower quartile first."""

    name: str
    unit: str
    median: float
    slow: float
    fast: float
    runs: int


def list_lines(recognizer: Recognizer) -> list[Line]:
    """List the things to time for a model."""
    generator = np.random.default_rng(0)
    same = _noise(generator, np.full(BATCH, SIDE_PX))
    colored = [np.repeat(crop[:, :, None], 3, axis=2) for crop in same]
    mixed = _noise(generator, generator.integers(MIXED_PX[0], MIXED_PX[1] + 1, BATCH))
    preprocessing, luma = recognizer.metadata.preprocessing, recognizer.metadata.crop.luma
    tensor = preprocessing.tensor(same)
    session = recognizer._session  # the network with its settings in use
    picture = np.asarray(Image.open(PICTURE).convert("RGB").resize(PICTURE_SIZE, Image.Resampling.LANCZOS))
    detector = MtcnnDetector(threads=THREADS)
    left, right = generator.standard_normal((2, MATMUL, MATMUL), dtype=np.float32)
    sizes = f"{MIXED_PX[0]} to {MIXED_PX[1]} px"
    width, height = PICTURE_SIZE
    return [
        Line(f"Recognizer.predict, one crop of {SIDE_PX} px", "ms", lambda: recognizer.predict(same[:1])),
        Line("  its network alone", "ms", lambda: session.run(None, {"tensor": tensor[:1]})),
        Line(f"Recognizer.probabilities, {SIDE_PX} px", "faces/s", lambda: recognizer.probabilities(same), BATCH),
        Line(f"Recognizer.probabilities, {sizes}", "faces/s", lambda: recognizer.probabilities(mixed), BATCH),
        Line("  the network alone", "faces/s", lambda: session.run(None, {"tensor": tensor}), BATCH),
        Line(f"  crop -> tensor, {SIDE_PX} px", "faces/s", lambda: preprocessing.tensor(same), BATCH),
        Line(f"  crop -> tensor, {sizes}", "faces/s", lambda: preprocessing.tensor(mixed), BATCH),
        Line(f"  RGB -> grey, {SIDE_PX} px", "faces/s", lambda: [gray(crop, luma) for crop in colored], BATCH),
        Line(f"reference: MTCNN, {PICTURE.name} at {width} x {height}", "ms", lambda: detector.detect(picture)),
        Line(f"reference: NumPy float32 matmul, {MATMUL}", "GFLOP/s", lambda: left @ right, 2e-9 * MATMUL**3),
    ]


def _noise(generator: np.random.Generator, sides: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
    return [generator.integers(0, 256, (side, side), dtype=np.uint8) for side in sides.tolist()]


def measure(lines: list[Line], rounds: int) -> list[Timing]:
    """Time lines in turn; return their figures in order. Every round starts with another line."""
    seconds: list[list[float]] = [[] for _ in lines]
    for line in lines:
        line.run()
    for number in range(rounds):
        for i in np.roll(np.arange(len(lines)), -number).tolist():
            time.sleep(PAUSE_S)
            lines[i].run()
            until = time.perf_counter() + BURST_S
            while True:
                started = time.perf_counter()
                lines[i].run()
                ended = time.perf_counter()
                seconds[i].append(ended - started)
                if ended > until:
                    break
    found = []
    for line, times in zip(lines, seconds, strict=True):
        slow, median, fast = (line.figure(float(value)) for value in np.quantile(times, [0.75, 0.5, 0.25]))
        found.append(Timing(line.name, line.unit, median, slow, fast, len(times)))
    return found


def describe(recognizer: Recognizer) -> dict[str, Any]:
    """Describe the machine and the model, so that readers can judge the figures."""
    return {
        "model": recognizer.metadata.name,
        "model_sha256": hashlib.sha256(recognizer.path.read_bytes()).hexdigest(),
        "model_bytes": recognizer.path.stat().st_size,
        "cpu": cpu_name(),
        "cores_used": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "threads": THREADS,
        "batch": BATCH,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions_of(VERSIONS),
    }


def main() -> None:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, nargs="?", help="model file; default: the bundled one")
    parser.add_argument("--rounds", type=int, default=40, help="runs of each line")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    recognizer = Recognizer(arguments.model, threads=THREADS)
    machine = describe(recognizer)
    with threadpool_limits(THREADS):
        timings = measure(list_lines(recognizer), arguments.rounds)
    print(f"{machine['cpu']}, {THREADS} threads, load before {machine['load_before']:.1f}, {machine['date']}")
    print(f"{machine['model']}, SHA-256 {machine['model_sha256'][:12]}, {machine['model_bytes'] / 1e6:.1f} MB")
    print(f"{'':44}{'median':>10}{'slow':>10}{'fast':>10}  unit       runs")
    for t in timings:
        digits = 2 if t.unit == "ms" else 0
        cells = "".join(f"{value:10,.{digits}f}" for value in (t.median, t.slow, t.fast))
        print(f"{t.name:44}{cells}  {t.unit:9}{t.runs:6}")
    if arguments.out is not None:
        text = json.dumps({**machine, "lines": [asdict(timing) for timing in timings]}, indent=1)
        arguments.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
