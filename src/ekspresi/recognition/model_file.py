"""Open a model file, and check that its graph fits its metadata.

In: the path of an ONNX file. Out: its content, a session of ONNX Runtime, its metadata, the names of its outputs. Does
not know about crops or predictions.
"""

from pathlib import Path
from typing import Any

from ekspresi.errors import ConfigError, ModelError
from ekspresi.imaging.resampling import KERNELS
from ekspresi.recognition.metadata import METADATA_KEY, PORTABLE_KEY, ModelMetadata
from ekspresi.system.onnx_runtime import create_session
from ekspresi.types import Device


def read_model(path: Path) -> bytes:
    """Read the content of a model file.

    Raises:
        ModelError: the file is missing or cannot be read.

    Example:
        >>> from ekspresi.recognition.pretrained import bundled_model
        >>> len(read_model(bundled_model())) > 1_000_000
        True
    """
    if not path.is_file():
        problem = "is a folder, not a model" if path.is_dir() else "no such model file"
        raise ModelError(f"{path}: {problem}. Use an ONNX file made by 'ekspresi export'.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}). Check its permissions.") from error


def open_model(content: bytes, path: Path, threads: int | None, device: Device) -> Any:
    """Create the session of a model.

    Args:
        content: of the file.
        path: of the file, for errors and the log.
        threads: see ``create_session``.
        device: see ``create_session``.

    Raises:
        ConfigError: the device is unknown or is not there.
        ModelError: the content is not an ONNX model.

    Example:
        >>> from ekspresi.recognition.pretrained import bundled_model
        >>> open_model(read_model(bundled_model()), bundled_model(), 1, "cpu").get_inputs()[0].name
        'tensor'
    """
    try:
        return create_session(content, threads, device=device, name=path.name)
    except ConfigError:
        raise
    except Exception as error:  # the only common base of ONNX Runtime's exceptions
        raise ModelError(
            f"{path}: is not an ONNX model that ONNX Runtime can run. Make one with 'ekspresi export'."
        ) from error


def read_metadata(session: Any, path: Path, strict: bool) -> ModelMetadata:
    """Read the metadata of a model.

    Args:
        session: of the model.
        path: of the file, for errors.
        strict: take the strict thresholds.

    Raises:
        ConfigError: the model has no strict thresholds.
        ModelError: the metadata is missing or damaged.

    Example:
        >>> from ekspresi.recognition.pretrained import bundled_model
        >>> path = bundled_model()
        >>> read_metadata(open_model(read_model(path), path, 1, "cpu"), path, strict=False).name
        'ekspresi-b0'
    """
    entries = session.get_modelmeta().custom_metadata_map
    if PORTABLE_KEY in entries:
        raise ModelError(f"{path}: is a portable model, for programs without ekspresi. Use the file it was made from.")
    text = entries.get(METADATA_KEY)
    if text is None:
        raise ModelError(f"{path}: the ONNX file lacks ekspresi's metadata. Make it with 'ekspresi export'.")
    metadata = ModelMetadata.from_json(text, str(path))
    return metadata.make_strict() if strict else metadata


def check_graph(session: Any, metadata: ModelMetadata, path: Path) -> list[str]:
    """Check that the graph of a model fits its metadata; return the names of its outputs.

    Args:
        session: of the model.
        metadata: of the model.
        path: of the file, for errors.

    Raises:
        ModelError: an input or output has another name, type or shape, or a value of the metadata is out of range.

    Example:
        >>> from ekspresi.recognition.pretrained import bundled_model
        >>> path = bundled_model()
        >>> session = open_model(read_model(path), path, 1, "cpu")
        >>> check_graph(session, read_metadata(session, path, strict=False), path)
        ['logits', 'log2_px']
    """
    input_px, classes = metadata.preprocessing.input_px, len(metadata.labels)
    outputs = [value.name for value in session.get_outputs()]
    expected = {"logits": (classes,), "log2_px": ()} if len(outputs) > 1 else {"logits": (classes,)}
    for values, shapes in (
        (session.get_inputs(), {"tensor": (1, input_px, input_px)}),
        (session.get_outputs(), expected),
    ):
        found = [(value.name, value.type, list(value.shape)) for value in values]
        if [name for name, _, _ in found] != list(shapes) or not all(
            kind == "tensor(float)" and _fits(shape, shapes[name]) for name, kind, shape in found
        ):
            required = ", ".join(f"'{name}' ({', '.join(map(str, ('N', *shape)))})" for name, shape in shapes.items())
            raise ModelError(f"{path}: its metadata require {required}, its graph has {found}. Export the model again.")
    preprocessing = metadata.preprocessing
    if preprocessing.kernel not in KERNELS or not preprocessing.std > 0 or not classes or preprocessing.largest_px < 1:
        raise ModelError(f"{path}: its metadata hold values out of range. Export the model again.")
    return outputs


def _fits(found: list[int | str], expected: tuple[int, ...]) -> bool:
    """Return whether a shape is a free dimension (not an int) and then the expected ones."""
    if len(found) != len(expected) + 1 or isinstance(found[0], int):
        return False
    return all(not isinstance(n, int) or n == w for n, w in zip(found[1:], expected, strict=True))
