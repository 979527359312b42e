"""What a model file says of itself: labels, preprocessing, crop convention, provenance.

In: the JSON that stands in an ONNX file under the metadata key ``ekspresi``. Out: a ``ModelMetadata``. Written by
export, read by recognition: there is no other table of labels or sizes. Knows nothing of ONNX Runtime or torch.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from ekspresi.cropping import CropConvention
from ekspresi.errors import ModelError
from ekspresi.preprocessing import Preprocessing

METADATA_KEY = "ekspresi"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """Everything needed to use a model that is not a weight.

    Attributes:
        name: what the model calls itself.
        labels: K expressions in the order of the logits.
        preprocessing: crop -> tensor.
        crop: box -> crop, as the training faces were cropped.
        architecture: keyword arguments that rebuild the network for training on.
        provenance: where it comes from: data with fingerprint, parents, split, configuration, versions, figures.
    """

    name: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    crop: CropConvention
    architecture: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The text that is stored in the model file."""
        return json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True)

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
            return cls(
                name=raw["name"],
                labels=tuple(raw["labels"]),
                preprocessing=Preprocessing(**raw["preprocessing"]),
                crop=CropConvention(**{**raw["crop"], "luma": tuple(luma)}),
                architecture=raw["architecture"],
                provenance=raw["provenance"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{path}: its metadata is damaged ({error}); export the model again") from error
