"""What a model file says of itself: labels, preprocessing, crop convention, calibration, provenance.

In: the JSON that stands in an ONNX file under the metadata key ``ekspresi``. Out: a ``ModelMetadata``. Written by
export, read by recognition: there is no other table of labels or sizes. Knows nothing of ONNX Runtime or torch.
"""

import json
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from ekspresi.errors import ModelError
from ekspresi.imaging.cropping import CropConvention
from ekspresi.recognition.calibration import SizeCalibration, SizePairs
from ekspresi.recognition.preprocessing import Preprocessing

METADATA_KEY = "ekspresi"
FORMAT = 1
_STORED = {"class_priors": "shares", "prior_strength": "even_strength"}
"""Field of a calibration -> its key in the model file, whose format is older than the name."""


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """Everything needed to use a model that is not a weight.

    Attributes:
        name: what the model calls itself.
        labels: K expressions in the order of the logits.
        preprocessing: crop -> tensor.
        crop: box -> crop, as the training faces were cropped.
        size_correction: what the second output says -> effective sizes; empty leaves it as it is.
        calibration: logits -> probabilities; None leaves them as they are, and every face is answered.
        architecture: keyword arguments that rebuild the network for training on.
        provenance: where it comes from: data with fingerprint, parents, split, configuration, versions, figures.
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
        """The text that is stored in the model file."""
        return json.dumps({"format": FORMAT, **asdict(self, dict_factory=_stored)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, path: str) -> "ModelMetadata":
        """The stored text -> metadata; ``path`` is only named in errors.

        Raises:
            ModelError: not the metadata of an ekspresi model, or of a newer format.
        """
        try:
            raw = json.loads(text)
            if raw["format"] != FORMAT:
                raise ModelError(
                    f"{path}: model format {raw['format']}, this ekspresi reads {FORMAT}; upgrade ekspresi"
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
                raise TypeError("a value of the wrong type")
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
                    raise TypeError("a calibration of other labels")
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
            raise ModelError(f"{path}: its metadata is damaged ({error}); export the model again") from error


def _stored(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dictionary with the keys of the model file from the fields of a dataclass."""
    return {_STORED.get(name, name): value for name, value in fields}


def _pairs(raw: list[list[float]]) -> SizePairs:
    pairs = tuple((float(told), float(true)) for told, true in raw)
    for values in zip(*pairs, strict=True):
        if min(values) <= 0 or any(b <= a for a, b in pairwise(values)):
            raise ValueError("size_correction is not ascending")
    return pairs
