"""Record where figures come from, and warn where they may leak.

In: the model, the data set and the request. Out: a frozen ``Provenance``: model file, data, protocol, command,
versions, machine, warnings. Does not know about figures.
"""

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.registry import family, find_info
from ekspresi.recognition.metadata import ModelMetadata
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.machine import cpu_name, versions_of

_PACKAGES = ("ekspresi", "numpy", "onnxruntime", "pillow", "scikit-learn", "matplotlib")


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """Hold the request of an evaluation.

    Attributes:
        protocol: rule that split the data set; 'all' where every face was measured.
        fold: of the protocol.
        seed: of the protocol.
        side: 'test' or 'validation'; 'all' where every face was measured.
        command: the command that repeats the evaluation.

        >>> EvaluationRequest("official", 0, 0, "test", "ekspresi evaluate ferplus:data/ferplus").side
        'test'
    """

    protocol: str
    fold: int
    seed: int
    side: str
    command: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Hold all facts that a reader needs to repeat and to question a figure.

    Attributes:
        model: name of the model.
        model_sha256: of the model file.
        model_provenance: record of the model's training, from its file.
        data: spec of the data set.
        data_name: reader of the data set, the first half of the spec.
        data_fingerprint: see ``FaceDataset.fingerprint``.
        data_faces: number of its faces.
        data_skipped: number of files or rows that its reader left out.
        asked: the request.
        versions: package -> version.
        cpu: name of the processor.
        provider: execution provider of ONNX Runtime that ran the network.
        date: UTC, ISO 8601, to the second.
        warnings: reasons why the figures may flatter, each in a few sentences.

    >>> asked = EvaluationRequest("all", 0, 0, "all", "ekspresi evaluate folder:faces")
    >>> date, one = "2026-01-01T00:00:00+00:00", "f" * 64
    >>> model = ("ekspresi-b0", one, {})
    >>> data = ("folder:faces", "folder", one, 2, 0)
    >>> Provenance(*model, *data, asked, {"numpy": "2.4.0"}, "Some CPU", "CPUExecutionProvider", date, ()).data_faces
    2
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
        """Return dictionaries, lists, strings and numbers only."""
        return asdict(self)


def make_provenance(recognizer: Recognizer, dataset: FaceDataset, asked: EvaluationRequest) -> Provenance:
    """Record the provenance of an evaluation on this machine, now.

    >>> import numpy as np
    >>> votes, images, names = np.eye(2, dtype=np.float32), np.zeros((2, 48, 48), np.uint8), np.array(["a", "b"])
    >>> faces = FaceDataset("folder", "my/faces", ("anger", "fear"), images, votes, votes[:, :0], names)
    >>> asked = EvaluationRequest("all", 0, 0, "all", "ekspresi evaluate folder:my/faces")
    >>> make_provenance(Recognizer(), faces, asked).data
    'folder:my/faces'
    """
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
        warnings=list_leak_warnings(recognizer.metadata, dataset, asked),
    )


def find_trained_split(metadata: ModelMetadata, dataset: FaceDataset) -> dict[str, Any] | None:
    """Find the split of a model's training; None if it used other data.

    The keys are 'protocol', 'fold' and, in most files, 'seed'.

    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(provenance={"data": {"fingerprint": "ab"}, "split": {"protocol": "official"}})
    >>> find_trained_split(model, SimpleNamespace(fingerprint="ab"))
    {'protocol': 'official'}
    """
    data = metadata.provenance.get("data")
    split = metadata.provenance.get("split")
    if not isinstance(data, dict) or data.get("fingerprint") != dataset.fingerprint:
        return None
    return split if isinstance(split, dict) else {}


def list_leak_warnings(metadata: ModelMetadata, dataset: FaceDataset, asked: EvaluationRequest) -> tuple[str, ...]:
    """List reasons why the model may have seen the faces that measure it.

    On its training data a model is trusted only under the split of its training: same protocol, fold and seed. The
    same holds for its first weights (``parents`` in the provenance), where their split is recorded.

    >>> from types import SimpleNamespace
    >>> faces = SimpleNamespace(made_by="ckplus48", fingerprint="ab")
    >>> asked = EvaluationRequest("paper-split", 0, 0, "test", "ekspresi evaluate ckplus48:CK+48")
    >>> [line[:14] for line in list_leak_warnings(SimpleNamespace(provenance={}), faces, asked)]
    ['Leaky protocol']
    """
    found = []
    wanted = {"protocol": asked.protocol, "fold": asked.fold, "seed": asked.seed}
    if asked.protocol == "paper-split":
        found.append(
            "Leaky protocol: 'paper-split' draws images at random, so a test image may have its neighboring "
            "frame, or the same person, in training. These figures flatter. Where subjects are known, quote "
            "'subject-10fold'."
        )
    info = find_info(dataset.made_by)
    if asked.protocol == "official" and info is not None and info.split_leaks_subjects:
        found.append(
            f"Leaky protocol: the official split of '{info.name}' was drawn image by image, so a test image may have "
            "another frame of its sequence, or the same person, in training. These figures flatter. "
            f"Quote {info.instead}."
        )
    trained = find_trained_split(metadata, dataset)
    if trained is not None:
        different = [
            f"{key} {trained.get(key, 'unknown')} in training, {value} here"
            for key, value in wanted.items()
            if trained.get(key) != value
        ]
        if different:
            found.append(
                "Seen in training: the model was trained on this data set under another split "
                f"({'; '.join(different)}). It may have learned from faces measured here."
            )
        elif asked.side == "validation":
            found.append(
                "Chosen on these faces: training kept the epoch with the best figures on this validation side, so "
                "these figures flatter. Quote the test side."
            )
    elif (reader := _relative(metadata.provenance.get("data"), dataset)) is not None:
        found.append(
            f"Perhaps seen in training: the model was trained on '{reader}', another copy of this data set or of "
            "its pictures. Whether it learned from faces measured here is unknown."
        )
    for parent in _parents(metadata):
        if parent.get("fingerprint") == dataset.fingerprint and parent.get("split") == wanted:
            continue
        if parent.get("fingerprint") == dataset.fingerprint:
            found.append(
                "Seen before training: the training began with weights that were learned on this data set. They may "
                "come from faces measured here."
            )
        elif (reader := _relative(parent, dataset)) is not None:
            found.append(
                f"Perhaps seen before training: the training began with weights that were learned on '{reader}', "
                "another copy of this data set or of its pictures. Whether they come from faces measured here is "
                "unknown."
            )
    return tuple(dict.fromkeys(found))


def _parents(metadata: ModelMetadata) -> list[dict[str, Any]]:
    """List the data sets of the first weights."""
    parents = metadata.provenance.get("parents")
    return [parent for parent in parents if isinstance(parent, dict)] if isinstance(parents, list) else []


def _relative(data: Any, dataset: FaceDataset) -> str | None:
    """Return the reader of a model's training data, if it reads the same pictures as the data set's reader."""
    reader = data.get("reader") if isinstance(data, dict) else None
    return reader if isinstance(reader, str) and family(reader) == family(dataset.made_by) else None
