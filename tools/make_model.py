"""Train the bundled model and the weights beside it on FER+ in ``data/ferplus``.

In: the configurations below, and ``runs/blendshapes.npz`` (see ``measure_blendshapes.py``). Out: four run folders, and
``runs/bundled/model.onnx`` with its safetensors. Copy them into the package if they are better than the last. A second
start resumes. Does not know about the keys of the configurations.

1. ``configs/random-start.toml`` and ``configs/random.toml``: a teacher from random weights.
2. ``configs/imagenet.toml``: the start, and the other teacher.
3. ``configs/bundled.toml``: the model.
"""

import sys
from pathlib import Path
from typing import Any

from ekspresi.training.config import load_config
from ekspresi.training.export import Export, export
from ekspresi.training.run import train_to_end

RUNS = Path("runs")
BLENDSHAPES = RUNS / "blendshapes.npz"


def main() -> None:
    """Train all parts and export each."""
    if not BLENDSHAPES.exists():
        sys.exit(f"{BLENDSHAPES}: does not exist. Make it with tools/measure_blendshapes.py.")
    start = _make("random-start")
    random = _make("random", init=str(start.weights))
    imagenet = _make("imagenet")
    teachers = [str(imagenet.weights), str(random.weights)]
    done = _make("bundled", "ekspresi-b0", init=str(imagenet.weights), teacher=teachers, blendshapes=str(BLENDSHAPES))
    print(f"{done.model}, {done.weights}: within {done.difference:.1e} of torch")


def _make(name: str, model: str | None = None, **keys: Any) -> Export:
    """Train a configuration with some keys changed, and export it."""
    folder = RUNS / name
    train_to_end(load_config(Path("configs") / f"{name}.toml", keys), folder)
    return export(folder, folder / "model.onnx", model or f"ekspresi-b0-{name}")


if __name__ == "__main__":
    main()
