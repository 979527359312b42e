"""Measure memory and time of ``data inspect`` and ``evaluate`` on a data set that is larger than the memory.

In: nothing; random pictures of 48 x 48 px are made. Out: JSON on the screen: for each command its seconds and its peak
memory (VmHWM), the processor and the day. Each command runs in a process of its own.

    python benchmarks/large_dataset.py [--pictures 20000] [--form folder|parquet] [--held-mb 0] [--folder DIR]
        [--commands inspect evaluate]

Needs Linux and the extras [eval] and [parquet]. ``--held-mb`` replaces the size up to which pictures are in memory, so
that a smaller set shows the memory of a large one: memory grows with the rows, and hardly with their pictures. One
picture in ten is for testing, and one in a hundred of these is a copy of a training picture. ``--folder`` keeps the
pictures for the next call.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.imaging.resampling import resize_matrix
from ekspresi.system.machine import cpu_name, versions_of

SIDE_PX = 48
TESTED = 10
"""Every so many pictures, one is for testing."""
COPIED = 1000
"""Every so many pictures, a test picture is a copy of a training picture."""
GROUP_ROWS = 256

_COMMAND = """
import sys
from ekspresi.datasets import lazy_images
lazy_images.LARGEST_IN_MEMORY = int(sys.argv[1])
from ekspresi.cli import main
sys.argv = ["ekspresi", *sys.argv[2:]]
try:
    main()
finally:
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print("VmHWM", status["VmHWM"].split()[0], file=sys.stderr)
"""


def main() -> None:
    """Make the pictures, run the commands, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--form", choices=("folder", "parquet"), default="folder")
    parser.add_argument("--held-mb", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--commands", nargs="+", choices=("inspect", "evaluate"), default=["inspect", "evaluate"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = arguments.folder or Path(scratch)
        data = root / (f"{arguments.pictures}.parquet" if arguments.form == "parquet" else str(arguments.pictures))
        if not data.exists():
            began = time.monotonic()
            (write_parquet if arguments.form == "parquet" else write_folder)(data, arguments.pictures)
            print(f"made {data} in {time.monotonic() - began:.0f} s", file=sys.stderr)
        spec, held = f"{arguments.form}:{data}", arguments.held_mb << 20
        commands = {
            "inspect": ["data", "inspect", spec, "--out", f"{scratch}/inspect"],
            "evaluate": ["evaluate", spec, "--split", "all", "--out", f"{scratch}/evaluate", "--no-gallery"],
        }
        cache = Path(scratch) / "cache"
        figures = {name: measure(commands[name], held, cache) for name in arguments.commands}
    record = {
        "pictures": arguments.pictures,
        "form": arguments.form,
        "held_mb": arguments.held_mb,
        **figures,
        "cpu": cpu_name(),
        "versions": versions_of(("ekspresi", "numpy", "onnxruntime", "pillow", "pyarrow")),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }
    print(json.dumps(record, indent=1))


def measure(words: list[str], held: int, cache: Path) -> dict[str, float]:
    """Run a command in a process of its own: seconds and peak of its memory in MB.

    Raises:
        RuntimeError: it failed.
    """
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND, str(held), *words],
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"ekspresi {' '.join(words)}: {done.stderr[-2000:]}")
    peak_kb = int(done.stderr.rsplit("VmHWM", 1)[1].split()[0])
    return {"seconds": round(time.monotonic() - began, 1), "peak_mb": round(peak_kb / 1024, 1)}


def make_pictures(count: int) -> Iterator[bytes]:
    """Make PNG files of random blobs with some noise, about as large as faces of this size."""
    rng = np.random.default_rng(0)
    enlarge = resize_matrix(8, SIDE_PX)
    first = b""
    for number in range(count):
        coarse = rng.uniform(0, 255, (8, 8)).astype(np.float32)
        pixels = enlarge @ coarse @ enlarge.T + rng.normal(0, 2, (SIDE_PX, SIDE_PX))
        file = io.BytesIO()
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(file, "PNG", compress_level=1)
        first = first or file.getvalue()
        yield first if number % COPIED == TESTED - 1 else file.getvalue()


def describe(number: int) -> tuple[str, str, str]:
    """Return split, label and file name of a picture."""
    split = "test" if number % TESTED == TESTED - 1 else "train"
    return split, FERPLUS_LABELS[number // TESTED % len(FERPLUS_LABELS)], f"{number:07}.png"


def write_folder(folder: Path, count: int) -> None:
    """Write pictures in folders of classes, below train and test."""
    for number, data in enumerate(make_pictures(count)):
        split, label, name = describe(number)
        file = folder / split / label / name
        if number < TESTED * len(FERPLUS_LABELS):
            file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def write_parquet(file: Path, count: int) -> None:
    """Write pictures as one Parquet file with the columns image, label, split and name."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("image", pa.binary()), *((name, pa.string()) for name in ("label", "split", "name"))])
    words = ["label", "split", "name"]
    settings: dict[str, Any] = {"use_dictionary": words, "write_statistics": words}
    with pq.ParquetWriter(file, schema, **settings) as writer:
        rows: list[dict[str, Any]] = []
        for number, data in enumerate(make_pictures(count)):
            split, label, name = describe(number)
            rows.append({"image": data, "label": label, "split": split, "name": name})
            if len(rows) == GROUP_ROWS or number == count - 1:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows = []


if __name__ == "__main__":
    main()
