"""FER+ under ``data/ferplus`` -> the bundled model and the weights beside it, in ``runs/``.

In: configs/bundled-start.toml, then configs/bundled.toml, which trains on from its end. Out: two run folders, and
``runs/bundled/model.onnx`` with its safetensors, to be copied into the package where they are better than the last.
Started again, it goes on where it was stopped. Knows nothing of what the configurations say.
"""

from pathlib import Path

from ekspresi.training.config import load_config
from ekspresi.training.export import export
from ekspresi.training.run import finish

RUNS = Path("runs")


def main() -> None:
    """Train both parts and export each."""
    first = RUNS / "bundled-start"
    finish(load_config(Path("configs/bundled-start.toml"), {}), first)
    start = export(first, first / "model.onnx", "ekspresi-b0-start")
    second = RUNS / "bundled"
    finish(load_config(Path("configs/bundled.toml"), {"init": str(start.weights)}), second)
    done = export(second, second / "model.onnx", "ekspresi-b0")
    print(f"{done.model}, {done.weights}: within {done.difference:.1e} of torch")


if __name__ == "__main__":
    main()
