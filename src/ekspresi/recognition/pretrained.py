"""Locate the bundled model files.

In: nothing. Out: paths of files that the package ships. Knows nothing of what is in them.
"""

from pathlib import Path

from ekspresi.errors import ModelError
from ekspresi.system.assets import ASSETS


def bundled_model() -> Path:
    """The ONNX file of the bundled recognizer.

    Raises:
        ModelError: the file is missing.
    """
    return _shipped("ekspresi-b0.onnx")


def bundled_weights() -> Path:
    """The fp16 safetensors file of the bundled recognizer, to train on from.

    Raises:
        ModelError: the file is missing.
    """
    return _shipped("ekspresi-b0.safetensors")


def _shipped(name: str) -> Path:
    path = ASSETS / name
    if not path.is_file():
        raise ModelError(f"{path}: this file of the package is missing; install ekspresi again")
    return path
