"""Crops -> predictions: a model file, run by ONNX Runtime.

In: face crops, uint8, of any mixed sizes. Out: probabilities and ``Prediction``. Labels, input size and
normalisation are read from the model file. Knows nothing of pictures, detectors or training.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ekspresi.cropping import grey
from ekspresi.errors import ModelError
from ekspresi.modelfile import METADATA_KEY, ModelMetadata
from ekspresi.resampling import KERNELS
from ekspresi.types import Prediction
from ekspresi.weights import bundled_model

BATCH = 64
"""Crops per run of the network: bounds the memory, and larger batches are no faster on a CPU."""

Crops = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]
"""N crops, each uint8 (H, W), (H, W, 1) or (H, W, 3) RGB; a list of mixed sizes or an array with N in
front."""


class Recognizer:
    """A model file, ready to recognise; safe to share between threads.

    Attributes:
        path: the model file.
        metadata: what the file says of itself.
    """

    def __init__(self, model: str | os.PathLike[str] | None = None, threads: int | None = None) -> None:
        """Load a model.

        Args:
            model: an ONNX file made by ``ekspresi export``; None for the bundled one.
            threads: CPU threads of one run; None for as many as there are CPUs, up to 4.

        Raises:
            ModelError: the file is missing, not ONNX, without ekspresi's metadata, or at odds with them.
        """
        self.path = bundled_model() if model is None else Path(model)
        self._session = _session(self.path, threads)
        self.metadata = _metadata(self._session, self.path)
        _check_fit(self._session, self.metadata, self.path)

    @property
    def labels(self) -> tuple[str, ...]:
        """The K expressions, in the order of the columns of ``probabilities``."""
        return self.metadata.labels

    def predict(self, crops: Crops) -> list[Prediction]:
        """N crops -> N predictions, in order; no crops give an empty list.

        Raises:
            TypeError, ValueError: crops of another type or shape, see ``probabilities``.
        """
        return [
            Prediction(
                expression=self.labels[int(row.argmax())],
                confidence=float(row.max()),
                probabilities=dict(zip(self.labels, row.tolist(), strict=True)),
                face_px=float(min(crop.shape[:2])),
            )
            for crop, row in zip(crops, self.probabilities(crops), strict=True)
        ]

    def probabilities(self, crops: Crops) -> NDArray[np.float64]:
        """N crops of any mixed sizes -> probabilities, float64 (N, K), rows sum to 1.

        Args:
            crops: uint8 (H, W), (H, W, 1) or (H, W, 3) RGB.

        Raises:
            TypeError: a crop that is no uint8 array; the message names its index.
            ValueError: a crop of another shape or without pixels, or one bare crop instead of a sequence.
            ModelError: the model answered with something that is not a number.
        """
        _check_crops(crops)
        out = np.empty((len(crops), len(self.labels)))
        for start in range(0, len(crops), BATCH):
            greys = [grey(crop, luma=self.metadata.crop.luma) for crop in crops[start : start + BATCH]]
            tensor = self.metadata.preprocessing.tensor(greys)
            (logits,) = self._session.run(["logits"], {"tensor": tensor})
            if not np.isfinite(logits).all():
                raise ModelError(f"{self.path}: the model answers with no numbers; export it again")
            out[start : start + BATCH] = _softmax(logits.astype(np.float64))
        return out


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)


def _check_crops(crops: Crops) -> None:
    if isinstance(crops, np.ndarray) and (crops.ndim == 2 or (crops.ndim == 3 and crops.shape[2] in (1, 3))):
        raise ValueError(f"one crop of shape {crops.shape} instead of a sequence: give [crop]")
    for i, crop in enumerate(crops):
        if not isinstance(crop, np.ndarray) or crop.dtype != np.uint8:
            found = f"dtype {crop.dtype}" if isinstance(crop, np.ndarray) else type(crop).__name__
            raise TypeError(f"crops[{i}] must be a uint8 array with values 0..255, not {found}")
        if crop.ndim not in (2, 3) or (crop.ndim == 3 and crop.shape[2] not in (1, 3)) or crop.size == 0:
            raise ValueError(f"crops[{i}] must have shape (H, W), (H, W, 1) or (H, W, 3), not {crop.shape}")


def _session(path: Path, threads: int | None) -> Any:
    if not path.is_file():
        what = "is a folder, not a model" if path.is_dir() else "no such model file"
        raise ModelError(f"{path}: {what}; give an ONNX file made by 'ekspresi export'")
    # Here, not above: loading it takes longer than everything else that 'import ekspresi.recognition' loads.
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = min(4, _cpus()) if threads is None else threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 4  # what fails is raised, and told once
    # Detector and recogniser take turns: threads that spin while they wait would slow the other down.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions have no common base but this
        raise ModelError(f"{path}: is no ONNX model that can be run; make one with 'ekspresi export'") from error


def _cpus() -> int:
    """CPUs this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _metadata(session: Any, path: Path) -> ModelMetadata:
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        raise ModelError(f"{path}: is ONNX, but without ekspresi's metadata; make it with 'ekspresi export'")
    return ModelMetadata.from_json(text, str(path))


def _check_fit(session: Any, metadata: ModelMetadata, path: Path) -> None:
    """Refuse a graph that does not take and give what the metadata say; its free dimensions are no int."""
    side, classes = metadata.preprocessing.input_px, len(metadata.labels)
    for values, name, wanted in (
        (session.get_inputs(), "tensor", (1, side, side)),
        (session.get_outputs(), "logits", (classes,)),
    ):
        found = [(value.name, value.type, list(value.shape)) for value in values]
        fits = len(found) == 1 and found[0][:2] == (name, "tensor(float)") and len(found[0][2]) == len(wanted) + 1
        if (
            not fits
            or isinstance(found[0][2][0], int)
            or any(isinstance(n, int) and n != w for n, w in zip(found[0][2][1:], wanted, strict=True))
        ):
            shape = ", ".join(map(str, ("N", *wanted)))
            raise ModelError(f"{path}: its metadata ask for '{name}' ({shape}), its graph has {found}; export it again")
    if metadata.preprocessing.kernel not in KERNELS or not metadata.preprocessing.std > 0 or not classes:
        raise ModelError(f"{path}: its metadata hold values out of range; export the model again")
