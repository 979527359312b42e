"""Recognize the faces of a data set at several sizes, a few at a time.

In: a ``Classifier``, a ``FaceDataset``, indices, sizes. Out: what the network gave for each face and size, and the
answers under a prior. Each picture is decoded once, and only one batch of pictures is in memory. Does not know about
views or scores.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.imaging.degradations import degrade
from ekspresi.recognition.classifier import BatchPrediction, Classifier
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.storage import os_errors_as_output_error
from ekspresi.types import Prior

FACES_A_CALL = 256
"""Faces that are in memory at a time; a multiple of the recognizer's own batch."""


_LOGITS_IN_MEMORY = 4 << 20
"""Bytes of logits at one size; more of them are in a temporary file, which is read in parts."""

_ROWS_A_PART = 1 << 16
"""Faces whose answers are computed together."""


class FaceOutputs:
    """Hold what a classifier gave for F faces at one size; logits in float32, as the network computed them.

    Attributes:
        size_px: the size.
        faces: int64 (F,), indices in the data set, ascending.
        not_shrunk: bool (F,), no larger than the size and therefore not shrunk.
        effective_px: float64 (F,), in pixels.

    >>> outputs = FaceOutputs(48, np.arange(2), np.array([True, False]), labels=8)
    >>> outputs.not_shrunk[outputs.rows_of(np.array([1]))].tolist()
    [False]
    """

    def __init__(self, size_px: int, faces: NDArray[np.int64], not_shrunk: NDArray[np.bool_], labels: int) -> None:
        self.size_px, self.faces, self.not_shrunk = size_px, faces, not_shrunk
        self.effective_px = np.zeros(len(faces))
        self._labels = labels
        self._logits = tempfile.SpooledTemporaryFile(_LOGITS_IN_MEMORY)  # noqa: SIM115 (closed with this object)
        self._filled = 0
        self._answers: BatchPrediction | None = None
        self._shown: tuple[Prior, BatchPrediction] | None = None

    def fill(self, classifier: Classifier, crops: Sequence[NDArray[np.uint8]]) -> None:
        """Recognize the next faces; the network of a ``Recognizer`` runs without a prior.

        Raises:
            OutputError: the temporary file cannot be written.
        """
        part = slice(self._filled, self._filled + len(crops))
        self._filled += len(crops)
        if isinstance(classifier, Recognizer):
            logits, self.effective_px[part] = classifier.logits(crops)
            with os_errors_as_output_error(Path("temporary file"), Path(tempfile.gettempdir())):
                self._logits.write(logits.astype(np.float32).tobytes())
            return
        some = classifier.predict_batch(crops)
        if self._answers is None:
            self._answers = self._empty()
        self._answers.probabilities[part], self.effective_px[part] = some.probabilities, some.effective_px
        self._answers.abstained[part] = some.abstained

    def answers(self, classifier: Classifier, prior: Prior) -> BatchPrediction:
        """Return the answers to all F faces under a prior; only the last ones are kept.

        Raises:
            ValueError: not all faces were recognized.
        """
        if self._filled < len(self.faces):
            raise ValueError(f"outputs: {self._filled} of {len(self.faces)} faces were recognized. Fill the rest.")
        if self._answers is not None or not isinstance(classifier, Recognizer):
            return self._answers or self._empty()
        if self._shown is None or self._shown[0] != prior:
            self._shown = None
            self._shown = prior, self._calibrate(classifier, prior)
        return self._shown[1]

    def _calibrate(self, recognizer: Recognizer, prior: Prior) -> BatchPrediction:
        found = self._empty()
        self._logits.seek(0)
        for start in range(0, len(self.faces), _ROWS_A_PART):
            effective_px = self.effective_px[start : start + _ROWS_A_PART]
            content = self._logits.read(4 * len(effective_px) * self._labels)
            logits = np.frombuffer(content, np.float32).reshape(-1, self._labels).astype(np.float64)
            some = recognizer.calibrate(logits, effective_px, prior)
            found.probabilities[start : start + len(logits)] = some.probabilities
            found.abstained[start : start + len(logits)] = some.abstained
        return found

    def _empty(self) -> BatchPrediction:
        n = len(self.faces)
        return BatchPrediction(np.zeros((n, self._labels)), self.effective_px, np.zeros(n, dtype=bool))

    def forget_answers(self) -> None:
        """Free the answers of a prior; ``answers`` computes them again."""
        self._shown = None

    def rows_of(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions, int64 (M,), of some faces, int64 (M,) indices in the data set."""
        return np.searchsorted(self.faces, indices)


def recognize_faces(
    classifier: Classifier,
    dataset: FaceDataset,
    faces: NDArray[np.int64],
    sizes_px: Sequence[int],
    suite: str,
    progress: Callable[[int, int], None] | None = None,
) -> list[FaceOutputs]:
    """Recognize faces at each size; their random numbers are drawn from the size and the face's index.

    Args:
        classifier: the model.
        dataset: where the faces are.
        faces: int64 (F,), indices, ascending.
        sizes_px: face sides in pixels.
        suite: one of ``imaging.suites.SUITES``.
        progress: called with the number of crops recognized so far, and the total.

    >>> votes, images, names = np.eye(2, dtype=np.float32), np.zeros((2, 48, 48), np.uint8), np.array(["a", "b"])
    >>> dataset = FaceDataset("folder", "my/faces", ("anger", "fear"), images, votes, votes[:, :0], names)
    >>> [each.effective_px.max() <= 16 for each in recognize_faces(Recognizer(), dataset, np.arange(2), [16], "clean")]
    [np.True_]
    """
    sides = dataset.shapes[faces].min(axis=1)
    outputs = [FaceOutputs(size, faces, sides <= size, len(classifier.labels)) for size in sizes_px]
    done = 0
    for start in range(0, len(faces), FACES_A_CALL):
        some = faces[start : start + FACES_A_CALL].tolist()
        for each, crops in zip(outputs, _shrink(dataset, some, sizes_px, suite), strict=True):
            each.fill(classifier, crops)
            done += len(crops)
            if progress is not None:
                progress(done, len(faces) * len(outputs))
    return outputs


def _shrink(
    dataset: FaceDataset, indices: Sequence[int], sizes_px: Sequence[int], suite: str
) -> Iterator[list[NDArray[np.uint8]]]:
    """Make the crops of some faces for each size; only one face at its own size is in memory."""
    by_size: list[list[NDArray[np.uint8]]] = [[] for _ in sizes_px]
    for i in indices:
        image = dataset.images[i]
        for crops, size in zip(by_size, sizes_px, strict=True):
            crops.append(degrade(image, size, suite, np.random.default_rng([size, i])))
    del image
    while by_size:
        yield by_size.pop(0)


def run_in_batches(
    recognizer: Recognizer, crops: Iterable[NDArray[np.uint8]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Run the network on crops that are made one after the other; hold one batch of them.

    Args:
        recognizer: the model.
        crops: N crops, uint8 (H, W); at least one.

    Returns:
        Logits, float64 (N, K), and effective sizes in pixels, float64 (N,), as ``Recognizer.logits`` returns them.

    >>> logits, effective_px = run_in_batches(Recognizer(), (np.zeros((9, 9), np.uint8) for _ in range(3)))
    >>> logits.shape, effective_px.shape
    ((3, 8), (3,))
    """
    ahead = iter(crops)
    parts = []
    while some := list(islice(ahead, FACES_A_CALL)):
        parts.append(recognizer.logits(some))
        del some  # before the next crops are made
    logits, effective_px = zip(*parts, strict=True)
    return np.concatenate(logits), np.concatenate(effective_px)
