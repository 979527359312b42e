"""Make the networks of the studio from those of the package.

In: the bundled model and the detector's networks in src/ekspresi/assets/. Out: src/ekspresi/studio/static/models/, with
``recognizer.onnx`` (a portable model with all inputs, see ``ekspresi.portable``), ``mtcnn-*.onnx``, and
``recognizer.json``: what a page has to know of the model, because ONNX Runtime Web cannot read metadata. Run it after
each change of the bundled model; a test compares both.

    python tools/make_studio_models.py
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from depthwise_matrices import use_matrices
from ekspresi.portable.export import make_portable
from ekspresi.recognition.priors import log_prior
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.assets import ASSETS
from plain_mtcnn import make_plain

FOLDER = ASSETS.parent / "studio" / "static" / "models"
DETECTORS = ("mtcnn-pnet.onnx", "mtcnn-rnet.onnx", "mtcnn-onet.onnx")


def make_recognizer() -> Any:
    """Make the portable model of the bundled one for WebAssembly, as ``onnx.ModelProto``."""
    recognizer = Recognizer(device="cpu")
    network = onnx.load(recognizer.path)
    use_matrices(network, recognizer.metadata.preprocessing.input_px)
    return make_portable(recognizer, network, all_inputs=True)


def describe() -> dict[str, Any]:
    """Describe the bundled model for the page; sizes are in pixels, priors are shares in the order of the labels."""
    recognizer = Recognizer(device="cpu")
    metadata, calibration = recognizer.metadata, recognizer.metadata.calibration
    if calibration is None:
        raise SystemExit(f"{recognizer.path}: has no calibration. Export the model again.")
    uniform = np.exp(log_prior("uniform", metadata.labels, calibration))
    return {
        "name": metadata.name,
        "labels": metadata.labels,
        "smallestPx": calibration.smallest_px,
        "sizesPx": calibration.sizes_px,
        "thresholds": calibration.thresholds,
        "priors": {"trained": calibration.class_priors, "uniform": uniform.round(9).tolist()},
        "crop": {"scale": metadata.crop.scale, "shiftY": metadata.crop.shift_y, "luma": metadata.crop.luma},
        "inputPx": metadata.preprocessing.input_px,
        "largestPx": metadata.preprocessing.largest_px,
        "madeFrom": {path.name: sha256(path) for path in (recognizer.path, *(ASSETS / name for name in DETECTORS))},
    }


def sha256(path: Path) -> str:
    """Compute the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    models = {"recognizer.onnx": make_recognizer()}
    models |= {name: make_plain(onnx.load(ASSETS / name)) for name in DETECTORS}
    for name, model in models.items():
        (FOLDER / name).write_bytes(model.SerializeToString(deterministic=True))
        print(f"{name}: {(FOLDER / name).stat().st_size / 1e6:.2f} MB")
    text = json.dumps(describe(), indent=2, ensure_ascii=False)
    (FOLDER / "recognizer.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
