"""Crops -> predictions: a model file, run by ONNX Runtime.

In: face crops, uint8, of any mixed sizes. Out: probabilities, effective sizes and ``Prediction``. Labels, input size,
normalization and calibration are read from the model file. Knows nothing of pictures, detectors or training.
"""

import os
import warnings
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from ekspresi.errors import ConfigError, ModelError
from ekspresi.imaging.cropping import gray
from ekspresi.imaging.resampling import KERNELS
from ekspresi.recognition.calibration import corrected_px, softmax
from ekspresi.recognition.classifier import BatchPrediction, Crops
from ekspresi.recognition.metadata import METADATA_KEY, ModelMetadata
from ekspresi.recognition.pretrained import bundled_model
from ekspresi.system.forks import PerProcess
from ekspresi.system.onnx_runtime import create_session, provider_of
from ekspresi.types import Device, Prediction, Prior

BATCH = 64
"""Crops per run of the network: bounds the memory, and larger batches are no faster on a CPU."""


class Recognizer:
    """A model file, ready to recognize; safe to share between threads.

    Works after a fork; pickles by its configuration: where it is unpickled, a model file has to lie at the same path,
    and the bundled model is that of the package there.

    Attributes:
        path: the model file.
        metadata: what the file says of itself.
        prior: 'trained' or 'uniform'.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        threads: int | None = None,
        prior: Prior = "trained",
        *,
        device: Device = "auto",
        even_prior: bool | None = None,
    ) -> None:
        """Load a model.

        Args:
            model: an ONNX file made by ``ekspresi export``; None for the bundled one.
            threads: CPU threads of one run; None for as many as there are CPUs, up to 4.
            prior: 'trained' holds expressions as frequent as in the training data, where one face in a hundred shows,
                say, disgust. 'uniform' holds all equally likely: use it for posed or balanced material. The thresholds
                of 'unsure' were fitted under 'trained'.
            device: 'auto', 'cpu' or 'cuda', see ``system.onnx_runtime``.
            even_prior: deprecated; use ``prior``.

        Raises:
            ConfigError: an unknown prior or device, or a device that this machine does not have.
            ModelError: the file is missing, not ONNX, without ekspresi's metadata, or at odds with them.
        """
        prior = prior_from(prior, even_prior)
        self.path = bundled_model() if model is None else Path(model)
        kept = None if model is None else self.path.absolute()
        self._configuration = partial(type(self), kept, threads, prior, device=device)
        # From memory: a child makes the same session even where the file is another by then.
        self._sessions = PerProcess(partial(_session, _content(self.path), self.path, threads, device))
        self.metadata = _metadata(self._session, self.path)
        self._outputs = _check_fit(self._session, self.metadata, self.path)
        if prior == "uniform" and self.metadata.calibration is None:
            raise ModelError(f"{self.path}: has no calibration, so no prior that could be changed; export it again")
        self.prior = prior

    def __reduce__(self) -> tuple[Any, ...]:
        return self._configuration, ()

    @property
    def _session(self) -> Any:
        """This process's session of ONNX Runtime."""
        return self._sessions()

    @property
    def provider(self) -> str:
        """The execution provider of ONNX Runtime that runs the network, such as 'CPUExecutionProvider'."""
        return provider_of(self._session)

    @property
    def labels(self) -> tuple[str, ...]:
        """The K expressions, in the order of the columns of ``probabilities``."""
        return self.metadata.labels

    def predict(self, crops: Crops) -> list[Prediction]:
        """N crops -> N predictions, in order; no crops give an empty list.

        Raises:
            TypeError, ValueError: crops of another type or shape, see ``probabilities``.
        """
        beliefs = self.predict_batch(crops)
        return [
            Prediction(
                expression=self.labels[int(row.argmax())],
                confidence=float(row.max()),
                probabilities=dict(zip(self.labels, row.tolist(), strict=True)),
                face_px=float(min(crop.shape[:2])),
                effective_px=float(size) if self.tells_size else None,
                abstained=bool(unsure),
            )
            for crop, row, size, unsure in zip(
                crops, beliefs.probabilities, beliefs.effective_px, beliefs.abstained, strict=True
            )
        ]

    def predict_batch(self, crops: Crops) -> BatchPrediction:
        """N crops -> calibrated probabilities, effective sizes and abstentions, as arrays.

        Raises:
            TypeError, ValueError, ModelError: see ``logits``.
        """
        return self.calibrate(*self.logits(crops), self.prior)

    def calibrate(
        self, logits: NDArray[np.float64], effective_px: NDArray[np.float64], prior: Prior
    ) -> BatchPrediction:
        """What ``logits`` gave -> beliefs under a prior; without a calibration there is but one."""
        calibration = self.metadata.calibration
        if calibration is None:
            return BatchPrediction(softmax(logits), effective_px, np.zeros(len(logits), dtype=bool))
        probabilities = calibration.probabilities(logits, effective_px, prior)
        return BatchPrediction(probabilities, effective_px, calibration.abstained(probabilities, effective_px))

    def probabilities(self, crops: Crops) -> NDArray[np.float64]:
        """N crops of any mixed sizes -> calibrated probabilities, float64 (N, K), rows sum to 1.

        Raises:
            TypeError, ValueError, ModelError: see ``logits``.
        """
        return self.predict_batch(crops).probabilities

    @property
    def even_prior(self) -> bool:
        """Deprecated: compare ``prior``."""
        warnings.warn("even_prior is deprecated: use prior == 'uniform'.", DeprecationWarning, stacklevel=2)
        return self.prior == "uniform"

    def beliefs(self, crops: Crops) -> BatchPrediction:
        """Deprecated: use ``predict_batch``."""
        warnings.warn("beliefs is deprecated: use predict_batch.", DeprecationWarning, stacklevel=2)
        return self.predict_batch(crops)

    def beliefs_of(
        self, logits: NDArray[np.float64], effective_px: NDArray[np.float64], even_prior: bool
    ) -> BatchPrediction:
        """Deprecated: use ``calibrate``."""
        warnings.warn("beliefs_of is deprecated: use calibrate.", DeprecationWarning, stacklevel=2)
        return self.calibrate(logits, effective_px, "uniform" if even_prior else "trained")

    @property
    def tells_size(self) -> bool:
        """Whether the model estimates effective sizes; else they are the crops' own sides."""
        return len(self._outputs) > 1

    def logits(self, crops: Crops) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """N crops of any mixed sizes -> uncalibrated logits float64 (N, K), effective sizes in pixels float64 (N,).

        Args:
            crops: uint8 (H, W), (H, W, 1) or (H, W, 3) RGB.

        Raises:
            TypeError: a crop that is no uint8 array; the message names its index.
            ValueError: a crop of another shape or without pixels, or one bare crop instead of a sequence.
            ModelError: the model answered with something that is not a number.
        """
        _check_crops(crops)
        out = np.empty((len(crops), len(self.labels)))
        effective_px = np.array([min(crop.shape[:2]) for crop in crops], dtype=np.float64)
        for start in range(0, len(crops), BATCH):
            grays = [gray(crop, luma=self.metadata.crop.luma) for crop in crops[start : start + BATCH]]
            tensor = self.metadata.preprocessing.tensor(grays)
            found = self._session.run(self._outputs, {"tensor": tensor})
            if not all(np.isfinite(values).all() for values in found):
                raise ModelError(f"{self.path}: the model answers with no numbers; export it again")
            part = slice(start, start + len(tensor))
            out[part] = found[0]
            if len(found) > 1:
                estimates = np.exp2(np.clip(found[1].astype(np.float64), 0, 16))
                effective_px[part] = np.minimum(
                    corrected_px(estimates, self.metadata.size_correction), effective_px[part]
                )
        return out, effective_px


def prior_from(prior: Prior, even_prior: bool | None) -> Prior:
    """Check the name of a prior, and translate the older flag ``even_prior``, which warns.

    Raises:
        ConfigError: an unknown name.
    """
    if even_prior is not None:
        warnings.warn(
            "even_prior is deprecated: use prior='uniform', or prior='trained'.", DeprecationWarning, stacklevel=3
        )
        prior = "uniform" if even_prior else "trained"
    if prior not in get_args(Prior):
        raise ConfigError(f"prior '{prior}': unknown. Use 'trained' or 'uniform'.")
    return prior


def _check_crops(crops: Crops) -> None:
    if isinstance(crops, np.ndarray) and (crops.ndim == 2 or (crops.ndim == 3 and crops.shape[2] in (1, 3))):
        raise ValueError(f"one crop of shape {crops.shape} instead of a sequence: give [crop]")
    for i, crop in enumerate(crops):
        if not isinstance(crop, np.ndarray) or crop.dtype != np.uint8:
            found = f"dtype {crop.dtype}" if isinstance(crop, np.ndarray) else type(crop).__name__
            raise TypeError(f"crops[{i}] must be a uint8 array with values 0..255, not {found}")
        if crop.ndim not in (2, 3) or (crop.ndim == 3 and crop.shape[2] not in (1, 3)) or crop.size == 0:
            raise ValueError(f"crops[{i}] must have shape (H, W), (H, W, 1) or (H, W, 3), not {crop.shape}")


def _content(path: Path) -> bytes:
    if not path.is_file():
        what = "is a folder, not a model" if path.is_dir() else "no such model file"
        raise ModelError(f"{path}: {what}; give an ONNX file made by 'ekspresi export'")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}). Check its permissions.") from error


def _session(content: bytes, path: Path, threads: int | None, device: Device) -> Any:
    try:
        return create_session(content, threads, device=device, name=path.name)
    except ConfigError:
        raise
    except Exception as error:  # ONNX Runtime's exceptions have no common base but this
        raise ModelError(f"{path}: is no ONNX model that can be run; make one with 'ekspresi export'") from error


def _metadata(session: Any, path: Path) -> ModelMetadata:
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        raise ModelError(f"{path}: is ONNX, but without ekspresi's metadata; make it with 'ekspresi export'")
    return ModelMetadata.from_json(text, str(path))


def _check_fit(session: Any, metadata: ModelMetadata, path: Path) -> list[str]:
    """Names of the outputs; refuses a graph that does not take and give what the metadata say."""
    side, classes = metadata.preprocessing.input_px, len(metadata.labels)
    outputs = [value.name for value in session.get_outputs()]
    wanted = {"logits": (classes,), "log2_px": ()} if len(outputs) > 1 else {"logits": (classes,)}
    for values, shapes in ((session.get_inputs(), {"tensor": (1, side, side)}), (session.get_outputs(), wanted)):
        found = [(value.name, value.type, list(value.shape)) for value in values]
        if [name for name, _, _ in found] != list(shapes) or not all(
            kind == "tensor(float)" and _fits(shape, shapes[name]) for name, kind, shape in found
        ):
            asked = ", ".join(f"'{name}' ({', '.join(map(str, ('N', *shape)))})" for name, shape in shapes.items())
            raise ModelError(f"{path}: its metadata ask for {asked}, its graph has {found}; export it again")
    preprocessing = metadata.preprocessing
    if preprocessing.kernel not in KERNELS or not preprocessing.std > 0 or not classes or preprocessing.largest_px < 1:
        raise ModelError(f"{path}: its metadata hold values out of range; export the model again")
    return outputs


def _fits(found: list[int | str], wanted: tuple[int, ...]) -> bool:
    """Whether a shape has N, free, in front of the wanted one; free dimensions are no int."""
    if len(found) != len(wanted) + 1 or isinstance(found[0], int):
        return False
    return all(not isinstance(n, int) or n == w for n, w in zip(found[1:], wanted, strict=True))
