"""Make batches of tensors for training and validation.

In: a ``FaceDataset``, the indices of the faces, a ``TrainConfig``. Out: torch data loaders. The order is geometry,
photometry, degradation, preprocessing. Every random number is drawn from (seed, epoch, index of the batch), so a
resumed training sees the same batches, whatever the number of workers. Does not know about networks.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, Sampler

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.imaging.degradations import LowResolution, shrink
from ekspresi.recognition.preprocessing import Preprocessing
from ekspresi.training.augmentation import Geometry, erase, vary_photometry
from ekspresi.training.blendshapes import read_blendshapes
from ekspresi.training.config import TrainConfig
from ekspresi.training.faces import TrainingFaces
from ekspresi.training.sampling import class_weights, oversample

TEACHER_SHARE = 0.5
"""Weight of the teachers' prediction in the target; the rest are the votes."""

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
"""Five tensors of float32: the faces (N, 1, S, S), target distributions (N, K), weights (N,), log2 of the effective
sides in pixels (N,), and standardized blendshapes (N, B), NaN where none are known."""


def make_soft_targets(
    dataset: FaceDataset, indices: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Turn votes into target distributions and weights.

    Single votes are dropped where others remain, as in Barsoum et al. 2016. The weight of a face is one minus the
    fraction of its votes for 'unknown' and 'not a face'.

    Returns:
        float32 (N, K), rows that sum to 1, or to 0 without votes; float32 (N,), 0..1.

        >>> from types import SimpleNamespace
        >>> votes = SimpleNamespace(votes=np.array([[6.0, 2.0, 1.0]]), other_votes=np.array([[1.0]]))
        >>> make_soft_targets(votes, np.array([0]))
        (array([[0.75, 0.25, 0.  ]], dtype=float32), array([0.9], dtype=float32))
    """
    votes = dataset.votes[indices]
    others = dataset.other_votes[indices].sum(axis=1)
    kept = np.where(votes > 1, votes, 0)
    kept = np.where(kept.sum(axis=1, keepdims=True) > 0, kept, votes)
    total = kept.sum(axis=1, keepdims=True)
    targets = np.divide(kept, total, out=np.zeros_like(kept), where=total > 0)
    labelled = votes.sum(axis=1)
    weights = np.divide(labelled, labelled + others, out=np.zeros_like(labelled), where=labelled > 0)
    return targets.astype(np.float32), weights.astype(np.float32)


def make_preprocessing(config: TrainConfig) -> Preprocessing:
    """Make the preprocessing of a configuration's training and model file.

    >>> make_preprocessing(TrainConfig(data="folder:faces", input_px=32)).input_px
    32
    """
    return Preprocessing(input_px=config.input_px, largest_px=config.face_px)


class TrainingBatches(Dataset[Batch]):
    """Make the augmented batch of an (epoch, batch) key; hold the training faces only, or decode them on access.

    ``batches[epoch, batch]`` is a ``Batch``. Each batch depends on the configuration's seed and its key alone:

        >>> from ekspresi.datasets.dataset import FaceDataset
        >>> faces = FaceDataset("folder", "made/up", ("anger", "fear"), np.zeros((4, 48, 48), np.uint8),
        ...     np.eye(2, dtype=np.float32)[[0, 1, 0, 1]], np.zeros((4, 0), np.float32), np.array(list("abcd")))
        >>> batches = TrainingBatches(faces, np.arange(4), TrainConfig(data="folder:faces", batch_size=2))
        >>> len(batches), batches[0, 1][0].shape
        (2, torch.Size([2, 1, 64, 64]))
    """

    def __init__(self, dataset: FaceDataset, train: NDArray[np.int64], config: TrainConfig) -> None:
        targets, weights = make_soft_targets(dataset, train)
        usable = weights > 0
        train, self.targets, weights = train[usable], targets[usable], weights[usable]
        self.hard = self.targets.argmax(axis=1)
        if config.class_weights:
            weights = weights * class_weights(self.hard, len(dataset.labels))[self.hard].astype(np.float32)
        self.weights = weights
        self.blendshapes = np.empty((len(train), 0), np.float32)
        if config.blendshapes:
            self.blendshapes = read_blendshapes(Path(config.blendshapes), dataset.names[train])
        self.faces = TrainingFaces(dataset.images, train, config.face_px)
        self.config = config
        self.geometry = Geometry(config.shift, config.zoom, config.rotation, config.flip)
        self.low_resolution = LowResolution(min_px=config.min_px)
        self.preprocessing = make_preprocessing(config)
        self._order: tuple[int, NDArray[np.int64]] | None = None
        self.faces_an_epoch = len(self.order(0))

    def teach(self, taught: NDArray[np.float32]) -> None:
        """Give the teachers' predictions, float32 (N, K), their share in the targets."""
        self.targets = (1 - TEACHER_SHARE) * self.targets + TEACHER_SHARE * taught

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Draw the positions of the faces of one epoch, oversampled and shuffled."""
        if self._order is None or self._order[0] != epoch:
            generator = np.random.default_rng([self.config.seed, epoch])
            positions = oversample(self.hard, self.config.oversampling, generator)
            self._order = epoch, generator.permutation(positions)
        return self._order[1]

    def __len__(self) -> int:
        return max(1, self.faces_an_epoch // self.config.batch_size)

    def low_res_share(self, epoch: int) -> float:
        """Compute the fraction of degraded faces, which rises linearly from 0 in the first part of the training."""
        ramp = self.config.low_res_ramp * self.config.epochs
        return self.config.low_res_share * (min(1.0, epoch / ramp) if ramp > 0 else 1.0)

    def __getitem__(self, key: tuple[int, int]) -> Batch:
        epoch, batch = key
        generator = np.random.default_rng([self.config.seed, epoch, 1 + batch])
        size = self.config.batch_size
        chosen = self.order(epoch)[batch * size : (batch + 1) * size]
        faces = self.geometry(self.faces[chosen], generator)
        faces = vary_photometry(faces, self.config.contrast, generator)
        if self.config.erasing > 0:
            faces = erase(faces, self.config.erasing, generator)
        small, sides, effective = self.low_resolution(faces, self.low_res_share(epoch), generator)
        tensor = self.preprocessing.padded_tensor(small, sides)
        octaves = np.log2(effective).astype(np.float32)
        parts = (tensor, self.targets[chosen], self.weights[chosen], octaves, self.blendshapes[chosen])
        if self.config.mixup > 0:
            parts = mix_faces(parts, float(generator.beta(self.config.mixup, self.config.mixup)))
        faces, targets, weights, octaves, blendshapes = map(torch.from_numpy, parts)
        return faces, targets, weights, octaves, blendshapes


Parts = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""A ``Batch`` as arrays."""


def mix_faces(parts: Parts, weight: float) -> Parts:
    """Blend each face with the face at the mirrored position in the batch.

    This is mixup of Zhang et al. 2018 (mixup: Beyond Empirical Risk Minimization). Batches are shuffled, so the
    mirrored position is as good as a random one. Weights and effective sizes are blended like the targets.

    Args:
        parts: the batch.
        weight: weight of one of the two faces, 0..1; the face itself gets ``weight`` or 1 - ``weight``, the larger.

    Returns:
        The blended batch.

        >>> row = np.array([0.0, 1.0], np.float32)
        >>> mix_faces((row, row, row, row, row), 0.25)[0]
        array([0.25, 0.75], dtype=float32)
    """
    weight = max(weight, 1 - weight)
    faces, targets, weights, octaves, blendshapes = (
        (np.float32(weight) * part + np.float32(1 - weight) * part[::-1]) for part in parts
    )
    return faces, targets, weights, octaves, blendshapes


class EpochKeys(Sampler[tuple[int, int]]):
    """Yield the (epoch, batch) keys of the epoch that runs when the iterator starts.

    Lightning does not call ``set_epoch`` before the first epoch after a resume, so the epoch is asked for here.

        >>> list(EpochKeys(batches=2, epoch=lambda: 5))
        [(5, 0), (5, 1)]
    """

    def __init__(self, batches: int, epoch: Callable[[], int]) -> None:
        self.batches = batches
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[tuple[int, int]]:
        epoch = self.epoch()
        return iter([(epoch, batch) for batch in range(self.batches)])


class ValidationBatches(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Make batches of undistorted faces at each validation size, without the faces that have no label.

    ``batches[number]`` is a pair of tensors: faces float32 (N, 1, S, S) and classes int64 (N,).

        >>> from ekspresi.datasets.dataset import FaceDataset
        >>> faces = FaceDataset("folder", "made/up", ("anger", "fear"), np.zeros((3, 48, 48), np.uint8),
        ...     np.eye(2, dtype=np.float32)[[0, 1, 0]], np.zeros((3, 0), np.float32), np.array(list("abc")))
        >>> batches = ValidationBatches(faces, np.arange(3), TrainConfig(data="folder:faces", validation_px=(48, 24)))
        >>> len(batches), batches[1][1]
        (2, tensor([0, 1, 0]))
    """

    def __init__(self, dataset: FaceDataset, indices: NDArray[np.int64], config: TrainConfig) -> None:
        self.indices = indices[dataset.targets[indices] >= 0]
        self.targets = dataset.targets[self.indices]
        self.faces = TrainingFaces(dataset.images, self.indices, config.face_px)
        self.sizes = config.validation_px
        self.preprocessing = make_preprocessing(config)
        self.batch = 256

    @property
    def batches_a_size(self) -> int:
        """Number of batches at each face size."""
        return -(-len(self.indices) // self.batch)

    def __len__(self) -> int:
        return self.batches_a_size * len(self.sizes)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        size, batch = divmod(number, self.batches_a_size)
        chosen = slice(batch * self.batch, (batch + 1) * self.batch)
        crops = [shrink(face, self.sizes[size]) for face in self.faces[chosen]]
        return torch.from_numpy(self.preprocessing.tensor(crops)), torch.from_numpy(self.targets[chosen])


def make_training_loader(batches: TrainingBatches, epoch: Callable[[], int], workers: int) -> DataLoader[Batch]:
    """Make the loader of training batches.

    Args:
        batches: the batches.
        epoch: returns the epoch that runs.
        workers: number of processes; 0 loads in this one.

        >>> class Numbers(list):
        ...     def __getitem__(self, key):
        ...         return key
        >>> next(iter(make_training_loader(Numbers([0, 0]), lambda: 3, workers=0)))
        [3, 0]
    """
    return DataLoader(batches, sampler=EpochKeys(len(batches), epoch), **_whole_batches(workers))


def make_validation_loader(batches: ValidationBatches, workers: int) -> DataLoader[tuple[torch.Tensor, torch.Tensor]]:
    """Make the loader of validation batches, in a fixed order.

    >>> len(make_validation_loader([(torch.zeros(2), torch.zeros(2))], workers=0))
    1
    """
    return DataLoader(batches, **_whole_batches(workers))


def _whole_batches(workers: int) -> dict[str, Any]:
    """Make the settings of both loaders; without their own generator an iterator's first draw would shift dropout."""
    return {
        "batch_size": None,
        "num_workers": workers,
        "pin_memory": workers > 0,
        "generator": torch.Generator().manual_seed(0),
    }
