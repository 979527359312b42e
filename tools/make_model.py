"""Train the bundled model and the weights beside it on FER+ in ``data/ferplus``.

In: configs/bundled-start.toml, then configs/bundled.toml, which starts from the first one's weights. Out: two run
folders, and ``runs/bundled/model.onnx`` with its safetensors. Copy them into the package if they are better than the
last. A second start resumes. Does not know about the keys of the configurations.
"""

from pathlib import Path

from ekspresi.training.config import load_config
from ekspresi.training.export import export
from ekspresi.training.run import train_to_end

RUNS = Path("runs")


def main() -> None:
    """Train both parts and export each."""
    first = RUNS / "bundled-start"
    train_to_end(load_config(Path("configs/bundled-start.toml"), {}), first)
    start = export(first, first / "model.onnx", "ekspresi-b0-start")
    second = RUNS / "bundled"
    train_to_end(load_config(Path("configs/bundled.toml"), {"init": str(start.weights)}), second)
    done = export(second, second / "model.onnx", "ekspresi-b0")
    print(f"{done.model}, {done.weights}: within {done.difference:.1e} of torch")


if __name__ == "__main__":
    main()
