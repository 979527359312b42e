"""Write a model file as a portable model, and compare both.

In: a model file, a class prior, labels. Out: an ONNX file as ``ekspresi.portable`` describes it. Does not know about
training, pictures or detectors.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from ekspresi.errors import ModelError
from ekspresi.portable.graph import PortableChoices, build_graph
from ekspresi.portable.half_weights import store_half
from ekspresi.recognition.metadata import METADATA_KEY, PORTABLE_KEY
from ekspresi.recognition.priors import PriorInput
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.onnx_runtime import create_session
from ekspresi.system.storage import atomic_write, ensure_folder

LARGEST_PORTABLE_DIFFERENCE = 1e-4
"""Largest difference allowed between the probabilities of a portable model and those of its recognizer."""

_OPSET = 18
_CROPS_PX = tuple(range(6, 70, 2))
"""Sides of the crops of noise that compare both."""


@dataclass(frozen=True, slots=True)
class PortableExport:
    """Name what was written.

    Example:
        >>> PortableExport(Path("portable.onnx"), 1e-7).path.name
        'portable.onnx'

    Attributes:
        path: the portable model.
        difference: largest difference of a probability to the recognizer, over crops of noise.
    """

    path: Path
    difference: float


def write_portable_model(
    out: Path,
    model: str | os.PathLike[str] | None = None,
    prior: PriorInput = "trained",
    *,
    labels: Sequence[str] | None = None,
    strict: bool = False,
) -> PortableExport:
    """Write a model file as a portable model.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     done = write_portable_model(Path(folder) / "portable.onnx")
        ...     done.difference < 1e-5, done.path.stat().st_size < 9e6
        (True, True)

    Args:
        out: the file to write, .onnx.
        model: an ONNX file made by ``ekspresi export``; None for the bundled one.
        prior: default of the input ``prior``, see ``Recognizer``.
        labels: labels that may be answered, see ``Recognizer``.
        strict: take the strict thresholds, see ``Recognizer``.

    Raises:
        ModelError: the file is not a model, ``out`` is that file or does not end in .onnx, or both models differ.
        ConfigError: an unknown prior or label, or no strict thresholds.
        OutputError: the file cannot be written.
    """
    if out.suffix != ".onnx":
        raise ModelError(f"{out}: does not end in .onnx. Name the model file *.onnx.")
    recognizer = Recognizer(model, prior=prior, labels=labels, strict=strict, device="cpu")
    if out.exists() and out.samefile(recognizer.path):
        raise ModelError(f"{out}: is the model that is exported. Write to a different file.")
    portable = make_portable(recognizer)
    ensure_folder(out.parent)
    with atomic_write(out) as temporary:
        temporary.write_bytes(portable.SerializeToString())
        difference = measure_portable_difference(recognizer, temporary)
        if not difference <= LARGEST_PORTABLE_DIFFERENCE:
            raise ModelError(
                f"{out}: is not written, because it differs from its model by {difference:.2g}. Report it."
            )
    return PortableExport(out, difference)


def make_portable(recognizer: Recognizer, network: Any = None, *, all_inputs: bool = False) -> Any:
    """Make the portable model of a recognizer.

    Example:
        >>> [value.name for value in make_portable(Recognizer()).graph.input]
        ['image', 'boxes', 'prior']

    Args:
        recognizer: its model file, prior, labels and thresholds count.
        network: ``onnx.ModelProto`` with the same answers as the model file, to take instead; None for the file.
        all_inputs: make the variant for ONNX Runtime Web, see ``ekspresi.portable``.

    Returns:
        ``onnx.ModelProto``.

    Raises:
        ModelError: the model file has another opset than ``ekspresi export`` writes.
    """
    content = recognizer.path.read_bytes()
    network = onnx.load_from_string(content) if network is None else network
    opsets = {entry.domain: entry.version for entry in network.opset_import}
    if opsets != {"": _OPSET}:
        raise ModelError(f"{recognizer.path}: its operators are {opsets}, not opset {_OPSET}. Export the model again.")
    metadata = recognizer.metadata
    prior = np.exp(recognizer.log_prior).astype(np.float32)
    if recognizer.prior == "trained" and metadata.calibration is not None:
        prior = np.array(metadata.calibration.class_priors, np.float32)
    portable = build_graph(network, metadata, PortableChoices(prior, recognizer.allowed, all_inputs))
    store_half(portable)
    origin = {
        "file": recognizer.path.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "labels": [label for label, may in zip(metadata.labels, recognizer.allowed, strict=True) if may],
        "prior": recognizer.class_prior,
    }
    for key, value in ((METADATA_KEY, metadata.to_json()), (PORTABLE_KEY, json.dumps(origin, sort_keys=True))):
        entry = portable.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.checker.check_model(portable, full_check=True)
    return portable


def measure_portable_difference(recognizer: Recognizer, path: Path) -> float:
    """Compare the probabilities of a recognizer with those of its portable model, over crops of noise.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "portable.onnx")
        ...     _ = path.write_bytes(make_portable(Recognizer()).SerializeToString())
        ...     measure_portable_difference(Recognizer(), path) < 1e-5
        True

    Args:
        recognizer: the one it was made from.
        path: the portable model, without ``all_inputs``.
    """
    generator = np.random.default_rng(0)
    crops = [generator.integers(0, 256, (side, side, 1), dtype=np.uint8) for side in _CROPS_PX]
    session = create_session(str(path), device="cpu", name=path.name)
    whole = np.zeros((0, 4), np.float32)
    found = np.concatenate([session.run(["probabilities"], {"image": crop, "boxes": whole})[0] for crop in crops])
    return float(np.abs(found - recognizer.probabilities(crops)).max())
