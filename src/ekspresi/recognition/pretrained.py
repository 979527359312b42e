"""Locate the bundled model files.

In: nothing. Out: paths of files in the package, and the text of the model card. Does not know about models.
"""

from pathlib import Path

from ekspresi.errors import ModelError
from ekspresi.system.assets import ASSETS

_CARD = "model-card.md"


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


def read_model_card() -> str:
    """Return the card of the bundled model, Markdown: its training, its figures, its limits and forbidden uses.

    Example:
        >>> read_model_card().splitlines()[0]
        '# Model card: ekspresi-b0'

    Raises:
        ModelError: the file is missing.
    """
    # A wheel has it among the assets, see pyproject.toml; a clone has it among the docs.
    in_clone = ASSETS.parents[2] / "docs" / _CARD
    return (in_clone if in_clone.is_file() else _bundled_file(_CARD)).read_text(encoding="utf-8")


def _bundled_file(name: str) -> Path:
    path = ASSETS / name
    if not path.is_file():
        raise ModelError(f"{path}: this file of the package is missing. Install ekspresi again.")
    return path
