"""Where a figure comes from: model file, data, protocol, command, versions, machine; and whether it may leak.

In: what was measured and how it was asked for. Out: a frozen ``Provenance``. Knows no figures.
"""

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.registry import INFOS, family
from ekspresi.recognition.metadata import ModelMetadata
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.machine import cpu_name, versions_of

_PACKAGES = ("ekspresi", "numpy", "onnxruntime", "pillow", "scikit-learn", "matplotlib")


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What was asked for.

    Attributes:
        protocol: how the data set was split; 'all' where every face was measured.
        fold: of the protocol.
        seed: of the protocol.
        side: 'test' or 'validation'; 'all' where every face was measured.
        command: the line that repeats it.
    """

    protocol: str
    fold: int
    seed: int
    side: str
    command: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything a reader needs to repeat and to doubt a figure.

    Attributes:
        model: name the model gives itself.
        model_sha256: of the model file.
        model_provenance: what the model file says of its making.
        data: spec of the data set.
        data_name: reader of the data set, the first half of the spec.
        data_fingerprint: see ``FaceDataset.fingerprint``.
        data_faces: how many faces it holds in all.
        data_skipped: how many files or rows its reader left out.
        asked: protocol, side, command.
        versions: package -> version.
        cpu: name of the processor.
        provider: execution provider of ONNX Runtime that ran the network.
        date: UTC, ISO 8601, to the second.
        warnings: why the figures may flatter, one sentence each.
    """

    model: str
    model_sha256: str
    model_provenance: dict[str, Any]
    data: str
    data_name: str
    data_fingerprint: str
    data_faces: int
    data_skipped: int
    asked: EvaluationRequest
    versions: dict[str, str]
    cpu: str
    provider: str
    date: str
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Dictionaries, lists, strings and numbers only."""
        return asdict(self)


def provenance_of(recognizer: Recognizer, dataset: FaceDataset, asked: EvaluationRequest) -> Provenance:
    """A model, a data set and what was asked -> ``Provenance``, now and on this machine."""
    return Provenance(
        model=recognizer.metadata.name,
        model_sha256=hashlib.sha256(recognizer.path.read_bytes()).hexdigest(),
        model_provenance=recognizer.metadata.provenance,
        data=dataset.spec,
        data_name=dataset.name,
        data_fingerprint=dataset.fingerprint,
        data_faces=len(dataset),
        data_skipped=len(dataset.skipped),
        asked=asked,
        versions=versions_of(_PACKAGES),
        cpu=cpu_name(),
        provider=recognizer.provider,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        warnings=leaks(recognizer.metadata, dataset, asked),
    )


def trained_split(metadata: ModelMetadata, dataset: FaceDataset) -> dict[str, Any] | None:
    """The split ('protocol', 'fold', perhaps 'seed') a model was trained with; None if on other data."""
    data = metadata.provenance.get("data")
    split = metadata.provenance.get("split")
    if not isinstance(data, dict) or data.get("fingerprint") != dataset.fingerprint:
        return None
    return split if isinstance(split, dict) else {}


def leaks(metadata: ModelMetadata, dataset: FaceDataset, asked: EvaluationRequest) -> tuple[str, ...]:
    """Reasons to fear that the model has seen what it was measured on, one sentence each.

    A model is trusted on the data of its training only under the split of its training: same protocol, fold and
    seed. So are the weights a training began with (``parents`` in the provenance), where their split is told.
    """
    found = []
    wanted = {"protocol": asked.protocol, "fold": asked.fold, "seed": asked.seed}
    if asked.protocol == "paper-split":
        found.append(
            "Leaky protocol: 'paper-split' draws images at random, so a test image may have its neighboring "
            "frame, or the same person, in training. These figures flatter; where subjects are known, quote "
            "'subject-10fold'."
        )
    info = INFOS.get(dataset.name)
    if asked.protocol == "official" and info is not None and info.split_leaks_subjects:
        found.append(
            f"Leaky protocol: the official split of '{dataset.name}' was drawn row by row, so a test image may have "
            "the other frame of its sequence, or the same person, in training. These figures flatter; quote "
            "'subject-10fold' of 'ckplus' or 'ckplus48'."
        )
    trained = trained_split(metadata, dataset)
    if trained is not None:
        different = [
            f"{key} {trained.get(key, 'unknown')} in training, {value} here"
            for key, value in wanted.items()
            if trained.get(key) != value
        ]
        if different:
            found.append(
                "Seen in training: the model was trained on this very data set under another split "
                f"({'; '.join(different)}), so faces measured here may be faces it learned from."
            )
        elif asked.side == "validation":
            found.append(
                "Chosen on these faces: training kept the epoch that did best on this validation side, so these "
                "figures flatter; quote the test side."
            )
    elif (reader := _relative(metadata.provenance.get("data"), dataset)) is not None:
        found.append(
            f"Perhaps seen in training: the model was trained on '{reader}', another copy of this data set or of "
            "its pictures, so whether it learned from faces measured here could not be checked."
        )
    for parent in _parents(metadata):
        if parent.get("fingerprint") == dataset.fingerprint and parent.get("split") == wanted:
            continue
        if parent.get("fingerprint") == dataset.fingerprint:
            found.append(
                "Seen before training: the training began with weights that were learned on this very data set, so "
                "faces measured here may be faces they were learned from."
            )
        elif (reader := _relative(parent, dataset)) is not None:
            found.append(
                f"Perhaps seen before training: the training began with weights that were learned on '{reader}', "
                "another copy of this data set or of its pictures, so whether they were learned from faces measured "
                "here could not be checked."
            )
    return tuple(dict.fromkeys(found))


def _parents(metadata: ModelMetadata) -> list[dict[str, Any]]:
    """What the weights were learned on with which training began."""
    parents = metadata.provenance.get("parents")
    return [parent for parent in parents if isinstance(parent, dict)] if isinstance(parents, list) else []


def _relative(data: Any, dataset: FaceDataset) -> str | None:
    """The reader of the data that a model learned from, where it reads the same pictures as the data set's."""
    reader = data.get("reader") if isinstance(data, dict) else None
    return reader if isinstance(reader, str) and family(reader) == family(dataset.name) else None
