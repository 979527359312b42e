"""Locate the bundled model files.

In: nothing. Out: paths of files in the package. Does not know about their contents.
"""

from pathlib import Path

from ekspresi.errors import ModelError
from ekspresi.system.assets import ASSETS


def bundled_model() -> Path:
    """Return the path of the bundled recognizer's ONNX file.

    Example:
        >>> bundled_model().name
        'ekspresi-b0.onnx'

    Raises:
        ModelError: the file is missing.
    """
    return _bundled_file("ekspresi-b0.onnx")


def bundled_weights() -> Path:
    """Return the path of the bundled recognizer's fp16 weights, to start training from.

    Example:
        >>> bundled_weights().name
        'ekspresi-b0.safetensors'

    Raises:
        ModelError: the file is missing.
    """
    return _bundled_file("ekspresi-b0.safetensors")


def _bundled_file(name: str) -> Path:
    path = ASSETS / name
    if not path.is_file():
        raise ModelError(f"{path}: this file of the package is missing. Install ekspresi again.")
    return path
