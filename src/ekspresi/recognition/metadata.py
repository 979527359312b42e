"""Read and write the metadata of a model file: labels, preprocessing, calibration and more.

In: the JSON text in an ONNX file under the metadata key ``ekspresi``. Out: a ``ModelMetadata``. Export writes it and
recognition reads it; labels and sizes are defined nowhere else. Does not know about ONNX Runtime or torch.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any

from ekspresi.errors import ConfigError, ModelError
from ekspresi.imaging.cropping import CropConvention
from ekspresi.recognition.calibration import SizeCalibration, SizePairs
from ekspresi.recognition.preprocessing import Preprocessing

METADATA_KEY = "ekspresi"
PORTABLE_KEY = "ekspresi_portable"
"""Key that portable models have too (``ekspresi.portable``): their graph is not the one that recognition runs."""
FORMAT = 1
_STORED = {"class_priors": "shares", "prior_strength": "even_strength"}
"""Field of a calibration -> its key in the model file, whose format is older than the field's name."""


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """Hold everything needed to use a model besides its weights.

    Example:
        >>> metadata = ModelMetadata("mine", ("fear", "anger"), Preprocessing(), CropConvention())
        >>> ModelMetadata.from_json(metadata.to_json(), "mine.onnx") == metadata
        True

    Attributes:
        name: name of the model.
        labels: K expressions in the order of the logits.
        preprocessing: from crop to tensor.
        crop: from box to crop, as the training faces were cropped.
        size_correction: from the second output to effective sizes; empty changes nothing.
        calibration: from logits to probabilities. None applies a plain softmax, and every face is answered.
        architecture: keyword arguments that rebuild the network for further training.
        provenance: data with fingerprint, parents, split, configuration, versions and figures.
    """

    name: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    crop: CropConvention
    size_correction: SizePairs = ()
    calibration: SizeCalibration | None = None
    architecture: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the text to store in the model file."""
        return json.dumps({"format": FORMAT, **asdict(self, dict_factory=_stored)}, sort_keys=True)

    def make_strict(self) -> "ModelMetadata":
        """Take the strict thresholds of the calibration for the thresholds.

        Raises:
            ConfigError: the model has none.
        """
        if self.calibration is None or not self.calibration.strict_thresholds:
            raise ConfigError(f"strict: the model '{self.name}' has no strict thresholds. Export it again.")
        return replace(self, calibration=replace(self.calibration, thresholds=self.calibration.strict_thresholds))

    @classmethod
    def from_json(cls, text: str, path: str) -> "ModelMetadata":
        """Read the stored text.

        Args:
            text: JSON, as ``to_json`` returns it.
            path: of the model file; only named in errors.

        Raises:
            ModelError: not the metadata of an ekspresi model, or a newer format.
        """
        try:
            raw = json.loads(text)
            if raw["format"] != FORMAT:
                raise ModelError(
                    f"{path}: its model format is {raw['format']}, but this ekspresi reads format {FORMAT}. "
                    "Upgrade ekspresi."
                )
            luma = raw["crop"]["luma"]
            texts = [raw["name"], *raw["labels"]]
            numbers = [*luma, raw["crop"]["scale"], raw["crop"]["shift_y"], raw["preprocessing"]["std"]]
            if (
                len(luma) != 3
                or not all(isinstance(text, str) for text in texts)
                or not all(isinstance(number, int | float) for number in numbers)
                or not isinstance(raw["architecture"], dict)
                or not isinstance(raw["provenance"], dict)
            ):
                raise TypeError("a value has the wrong type")
            labels = tuple(raw["labels"])
            calibration = raw.get("calibration")
            if calibration is not None:
                names = {key: name for name, key in _STORED.items()}
                values: dict[str, Any] = {
                    names.get(key, key): tuple(value) if isinstance(value, list) else value
                    for key, value in calibration.items()
                }
                calibration = SizeCalibration(**values)
                if len(calibration.bias) != len(labels):
                    raise TypeError("the calibration has other labels")
            return cls(
                name=raw["name"],
                labels=labels,
                preprocessing=Preprocessing(**raw["preprocessing"]),
                crop=CropConvention(**{**raw["crop"], "luma": tuple(luma)}),
                size_correction=_pairs(raw.get("size_correction", [])),
                calibration=calibration,
                architecture=raw["architecture"],
                provenance=raw["provenance"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{path}: its metadata is damaged ({error}). Export the model again.") from error


def _stored(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """Name the fields of a dataclass as in the model file."""
    return {_STORED.get(name, name): value for name, value in fields}


def _pairs(raw: list[list[float]]) -> SizePairs:
    pairs = tuple((float(estimated), float(true)) for estimated, true in raw)
    for values in zip(*pairs, strict=True):
        if min(values) <= 0 or any(b <= a for a, b in pairwise(values)):
            raise ValueError("size_correction is not ascending")
    return pairs
