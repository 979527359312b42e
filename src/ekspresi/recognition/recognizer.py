"""Predict the expression of face crops with a model file and ONNX Runtime.

In: face crops, uint8, of mixed sizes. Out: probabilities, effective sizes and ``Prediction``. Labels, input size,
normalization and calibration come from the model file. Does not know about pictures, detectors or training.
"""

import os
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ekspresi.errors import ModelError
from ekspresi.imaging.cropping import gray
from ekspresi.recognition.calibration import correct_sizes, softmax
from ekspresi.recognition.classifier import BatchPrediction, Crops
from ekspresi.recognition.model_file import check_graph, open_model, read_metadata, read_model
from ekspresi.recognition.preprocessing import check_crops
from ekspresi.recognition.pretrained import bundled_model
from ekspresi.recognition.priors import (
    PriorInput,
    check_calibrated,
    check_labels,
    log_prior,
    prior_from,
    restrict,
    restricted_log_prior,
)
from ekspresi.system.forks import PerProcess
from ekspresi.system.onnx_runtime import provider_of
from ekspresi.types import Device, Prediction, Prior

BATCH = 64
"""Crops in one run of the network: bounds the memory; larger batches are not faster on a CPU."""


class Recognizer:
    """Predict expressions with a model file; threads may share a recognizer.

    It works after a fork. It pickles by its configuration: unpickling needs a model file at the same path, or uses the
    bundled model of the package there.

    Example:
        >>> recognizer = Recognizer()
        >>> (prediction,) = recognizer.predict([np.full((24, 24), 90, np.uint8)])
        >>> prediction.expression in recognizer.labels, prediction.face_px
        (True, 24.0)

    Attributes:
        path: the model file.
        metadata: of the file.
        prior: 'trained', 'uniform', or pairs (label, share).
        allowed: bool (K,), labels that may be answered; the others have the probability 0.
        log_prior: float64 (K,), logarithm of the class prior that ``probabilities`` contain; -inf for labels that are
            never answered.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        threads: int | None = None,
        prior: PriorInput = "trained",
        *,
        device: Device = "auto",
        labels: Sequence[str] | None = None,
        strict: bool = False,
        even_prior: bool | None = None,
    ) -> None:
        """Load a model.

        Args:
            model: an ONNX file made by ``ekspresi export``; None for the bundled one.
            threads: CPU threads of one run; None for the number of CPUs, up to 4.
            prior: 'trained' assumes the class frequencies of training, where disgust is one face in a hundred.
                'uniform' assumes equal ones: use it for posed or balanced data. A mapping label -> share assumes these
                shares; a label without one is never answered; ``estimate_prior`` makes one. The thresholds of 'unsure'
                were fitted under 'trained'.
            device: 'auto', 'cpu' or 'cuda', see ``system.onnx_runtime``.
            labels: at least two labels that may be answered; None for all. Probabilities sum to 1 over them.
            strict: answer only above the strict thresholds, set under the shifts that the model card names.
            even_prior: deprecated; use ``prior``.

        Raises:
            ConfigError: an unknown prior, label or device, a device that is not there, or no strict thresholds.
            ModelError: the file is missing, not ONNX, lacks ekspresi's metadata, or does not fit them.
        """
        prior = prior_from(prior, even_prior)
        self.path = bundled_model() if model is None else Path(model)
        kept = None if model is None else self.path.absolute()
        self._configuration = partial(type(self), kept, threads, prior, device=device, labels=labels, strict=strict)
        # From memory: a child process gets the same session even if the file has changed.
        self._sessions = PerProcess(partial(open_model, read_model(self.path), self.path, threads, device))
        self.metadata = read_metadata(self._session, self.path, strict)
        self._outputs = check_graph(self._session, self.metadata, self.path)
        if prior != "trained":
            check_calibrated(self.metadata.calibration, self.path)
        self.prior, self.allowed = prior, check_labels(labels, self.labels)
        self.log_prior = restricted_log_prior(prior, self.labels, self.metadata.calibration, self.allowed)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._configuration, ()

    @property
    def _session(self) -> Any:
        """Return this process's session of ONNX Runtime."""
        return self._sessions()

    @property
    def provider(self) -> str:
        """Return the ONNX Runtime execution provider, such as 'CPUExecutionProvider'."""
        return provider_of(self._session)

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the K expressions, in the order of the columns of ``probabilities``."""
        return self.metadata.labels

    @property
    def class_prior(self) -> dict[str, float]:
        """Return the class prior that ``probabilities`` contain: label -> share, in the order of the labels."""
        return dict(zip(self.labels, np.exp(self.log_prior).tolist(), strict=True))

    def predict(self, crops: Crops) -> list[Prediction]:
        """Predict each crop, in order.

        Args:
            crops: N crops, uint8 (H, W), (H, W, 1) or (H, W, 3) RGB, of mixed sizes.

        Returns:
            N predictions; an empty list for no crops.

        Raises:
            TypeError, ValueError, ModelError: see ``logits``.
        """
        return self.as_predictions(self.predict_batch(crops), [float(min(crop.shape[:2])) for crop in crops])

    def as_predictions(self, batch: BatchPrediction, face_px: Sequence[float]) -> list[Prediction]:
        """Turn N answers into predictions.

        Args:
            batch: N answers of this recognizer.
            face_px: the shorter side of each crop in pixels.
        """
        return [
            Prediction(
                expression=self.labels[int(row.argmax())],
                confidence=float(row.max()),
                probabilities=dict(zip(self.labels, row.tolist(), strict=True)),
                face_px=side,
                effective_px=float(size) if self.estimates_size else None,
                abstained=bool(unsure),
            )
            for side, row, size, unsure in zip(
                face_px, batch.probabilities, batch.effective_px, batch.abstained, strict=True
            )
        ]

    def predict_batch(self, crops: Crops) -> BatchPrediction:
        """Predict crops; return probabilities, effective sizes and abstentions as arrays.

        Raises:
            TypeError, ValueError, ModelError: see ``logits``.
        """
        return self.calibrate(*self.logits(crops), self.prior)

    def calibrate(
        self,
        logits: NDArray[np.float64],
        effective_px: NDArray[np.float64],
        prior: Prior,
        allowed: NDArray[np.bool_] | None = None,
    ) -> BatchPrediction:
        """Calibrate what ``logits`` returned, and restrict it to labels.

        Args:
            logits: float64 (N, K).
            effective_px: float64 (N,), in pixels.
            prior: as checked by ``prior_from``; ignored where the model has no calibration.
            allowed: bool (K,), labels that may be answered; None for those of the recognizer.
        """
        calibration = self.metadata.calibration
        allowed = self.allowed if allowed is None else allowed
        if calibration is None:
            unsure = np.zeros(len(logits), dtype=bool)
            return BatchPrediction(restrict(softmax(logits), allowed), effective_px, unsure)
        shift = None if prior == "trained" else log_prior(prior, self.labels, calibration)
        probabilities = restrict(calibration.probabilities(logits, effective_px, shift), allowed)
        return BatchPrediction(probabilities, effective_px, calibration.abstained(probabilities, effective_px))

    def probabilities(self, crops: Crops) -> NDArray[np.float64]:
        """Return the calibrated probabilities of N crops, float64 (N, K); each row sums to 1.

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
    def estimates_size(self) -> bool:
        """Return whether the model estimates effective sizes; else they are the sides of the crops."""
        return len(self._outputs) > 1

    @property
    def tells_size(self) -> bool:
        """Deprecated: use ``estimates_size``."""
        warnings.warn("tells_size is deprecated: use estimates_size.", DeprecationWarning, stacklevel=2)
        return self.estimates_size

    def logits(self, crops: Crops) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Run the network.

        Args:
            crops: N crops, uint8 (H, W), (H, W, 1) or (H, W, 3) RGB, of mixed sizes.

        Returns:
            Uncalibrated logits, float64 (N, K), and effective sizes in pixels, float64 (N,).

        Raises:
            TypeError: a crop is not a uint8 array; the message names its index.
            ValueError: a crop has another shape or no pixels, or ``crops`` is one crop instead of a sequence.
            ModelError: an output of the model is not finite.
        """
        check_crops(crops)
        sides = np.array([min(crop.shape[:2]) for crop in crops], dtype=np.float64)
        found = [
            self.run_network(self.prepare(crops[start : start + BATCH]), sides[start : start + BATCH])
            for start in range(0, len(crops), BATCH)
        ]
        logits = [np.empty((0, len(self.labels))), *(each for each, _ in found)]
        return np.concatenate(logits), np.concatenate([np.empty(0), *(each for _, each in found)])

    def prepare(self, crops: Crops) -> NDArray[np.float32]:
        """Turn N crops into the input of the network, float32 (N, 1, S, S).

        Raises:
            TypeError, ValueError: see ``logits``.
        """
        check_crops(crops)
        return self.metadata.preprocessing.tensor([gray(crop, luma=self.metadata.crop.luma) for crop in crops])

    def run_network(
        self, tensor: NDArray[np.float32], face_px: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Run the network once; return what ``logits`` returns.

        Args:
            tensor: float32 (N, 1, S, S), of ``prepare``.
            face_px: float64 (N,), the shorter side of each crop in pixels.

        Raises:
            ModelError: an output of the model is not finite.
        """
        found = self._session.run(self._outputs, {"tensor": tensor})
        if not all(np.isfinite(values).all() for values in found):
            raise ModelError(f"{self.path}: an output of the model is not a finite number. Export the model again.")
        if len(found) == 1:
            return found[0].astype(np.float64), face_px
        estimates = np.exp2(np.clip(found[1].astype(np.float64), 0, 16))
        return found[0].astype(np.float64), np.minimum(correct_sizes(estimates, self.metadata.size_correction), face_px)
