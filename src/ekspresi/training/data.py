"""Data set and split -> batches of tensors for training and validation.

In: a ``FaceDataset``, the indices of one side, a ``TrainConfig``. Out: torch data loaders. The order is geometry ->
degradation -> preprocessing; contrast and gamma, which do not touch resolution, come with the geometry's pixels.
Every random number is drawn from (seed, epoch, index of the batch), so a resumed training sees what an unbroken one
would, whatever the number of workers. Knows nothing of networks.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, Sampler

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.imaging.degradations import LowResolution, shrink
from ekspresi.imaging.resampling import resize
from ekspresi.recognition.preprocessing import Preprocessing
from ekspresi.training.augmentation import Geometry, erase, photometry
from ekspresi.training.config import TrainConfig
from ekspresi.training.sampling import class_weights, oversample

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
"""Tensor float32 (N, 1, S, S), target distribution float32 (N, K), weight of each face float32 (N,), log2 of the
side in pixels that it effectively carries float32 (N,), and for a teacher the same faces before their degradation,
float32 (N, 1, S, S), (0, 1, S, S) where there is none."""


def face_array(dataset: FaceDataset, indices: NDArray[np.int64], side: int) -> NDArray[np.uint8]:
    """Faces of one side of a split -> uint8 (N, side, side)."""
    out = np.empty((len(indices), side, side), dtype=np.uint8)
    for i, index in enumerate(indices):
        image = dataset.images[index]
        if image.shape != (side, side):
            image = np.clip(np.rint(resize(image.astype(np.float32), side, side)), 0, 255).astype(np.uint8)
        out[i] = image
    return out


def soft_targets(dataset: FaceDataset, indices: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Votes -> target distributions float32 (N, K) and weights float32 (N,).

    Single votes are dropped, as Barsoum et al. 2016 do, where others remain; the weight of a face is one minus the
    share of its votes for 'unknown' and 'not a face'.
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


def preprocessing_of(config: TrainConfig) -> Preprocessing:
    """The preprocessing that a configuration trains with, and that its model file carries."""
    return Preprocessing(input_px=config.input_px, largest_px=config.face_px)


class TrainingBatches(Dataset[Batch]):
    """(epoch, batch) -> one augmented batch; holds the training side only."""

    def __init__(self, dataset: FaceDataset, train: NDArray[np.int64], config: TrainConfig) -> None:
        targets, weights = soft_targets(dataset, train)
        usable = weights > 0
        train, self.targets, weights = train[usable], targets[usable], weights[usable]
        self.hard = self.targets.argmax(axis=1)
        if config.class_weights:
            weights = weights * class_weights(self.hard, len(dataset.labels))[self.hard].astype(np.float32)
        self.weights = weights
        self.faces = face_array(dataset, train, config.face_px)
        self.config = config
        self.geometry = Geometry(config.shift, config.zoom, config.rotation, config.flip)
        self.low_resolution = LowResolution(min_px=config.min_px)
        self.preprocessing = preprocessing_of(config)
        self._order: tuple[int, NDArray[np.int64]] | None = None
        self.faces_an_epoch = len(self.order(0))

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Positions of the faces of one epoch, oversampled and shuffled."""
        if self._order is None or self._order[0] != epoch:
            generator = np.random.default_rng([self.config.seed, epoch])
            positions = oversample(self.hard, self.config.oversampling, generator)
            self._order = epoch, generator.permutation(positions)
        return self._order[1]

    def __len__(self) -> int:
        return max(1, self.faces_an_epoch // self.config.batch_size)

    def low_res_share(self, epoch: int) -> float:
        """Share of degraded faces, rising linearly from 0 over the first part of the training."""
        ramp = self.config.low_res_ramp * self.config.epochs
        return self.config.low_res_share * (min(1.0, epoch / ramp) if ramp > 0 else 1.0)

    def __getitem__(self, key: tuple[int, int]) -> Batch:
        epoch, batch = key
        generator = np.random.default_rng([self.config.seed, epoch, 1 + batch])
        size = self.config.batch_size
        chosen = self.order(epoch)[batch * size : (batch + 1) * size]
        faces = self.geometry(self.faces[chosen], generator)
        faces = photometry(faces, self.config.contrast, generator)
        if self.config.erasing > 0:
            faces = erase(faces, self.config.erasing, generator)
        small, sides, effective = self.low_resolution(faces, self.low_res_share(epoch), generator)
        tensor = self.preprocessing.padded_tensor(small, sides)
        seen = np.rint(faces if self.config.teacher else faces[:0]).astype(np.uint8)
        sharp = self.preprocessing.padded_tensor(seen, np.full(len(seen), self.config.face_px))
        parts = (tensor, self.targets[chosen], self.weights[chosen], np.log2(effective).astype(np.float32), sharp)
        if self.config.mixup > 0:
            parts = mixed(parts, float(generator.beta(self.config.mixup, self.config.mixup)))
        tensor, targets, weights, octaves, sharp = map(torch.from_numpy, parts)
        return tensor, targets, weights, octaves, sharp


Parts = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""A ``Batch`` as arrays."""


def mixed(parts: Parts, share: float) -> Parts:
    """Each face blended with the one at the mirrored place in the batch, which keeps 1 - ``share`` of it.

    Mixup of Zhang et al. 2018 (mixup: Beyond Empirical Risk Minimization); batches are shuffled, so the mirrored place
    is as good as a random one. Weights and effective sizes are blended like the targets.
    """
    share = max(share, 1 - share)
    tensor, targets, weights, octaves, sharp = (
        (np.float32(share) * part + np.float32(1 - share) * part[::-1]) for part in parts
    )
    return tensor, targets, weights, octaves, sharp


class EpochKeys(Sampler[tuple[int, int]]):
    """Yields (epoch, batch) of the epoch that is asked for when the iterator starts.

    Lightning's own ``set_epoch`` is not called before the first epoch after a resume.
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
    """Batch number -> tensors of undistorted faces at each validation size; faces without a label are left out."""

    def __init__(self, dataset: FaceDataset, indices: NDArray[np.int64], config: TrainConfig) -> None:
        self.indices = indices[dataset.targets[indices] >= 0]
        self.targets = dataset.targets[self.indices]
        self.faces = face_array(dataset, self.indices, config.face_px)
        self.sizes = config.validation_px
        self.preprocessing = preprocessing_of(config)
        self.batch = 256

    @property
    def batches_a_size(self) -> int:
        """Number of batches for each face size."""
        return -(-len(self.indices) // self.batch)

    def __len__(self) -> int:
        return self.batches_a_size * len(self.sizes)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        size, batch = divmod(number, self.batches_a_size)
        chosen = slice(batch * self.batch, (batch + 1) * self.batch)
        crops = [shrink(face, self.sizes[size]) for face in self.faces[chosen]]
        return torch.from_numpy(self.preprocessing.tensor(crops)), torch.from_numpy(self.targets[chosen])


def training_loader(batches: TrainingBatches, epoch: Callable[[], int], workers: int) -> DataLoader[Batch]:
    """Loader of whole batches, keyed by (epoch, batch)."""
    return DataLoader(batches, sampler=EpochKeys(len(batches), epoch), **_whole_batches(workers))


def validation_loader(batches: ValidationBatches, workers: int) -> DataLoader[tuple[torch.Tensor, torch.Tensor]]:
    """Loader of whole validation batches in a fixed order."""
    return DataLoader(batches, **_whole_batches(workers))


def _whole_batches(workers: int) -> dict[str, Any]:
    """What both loaders share; a generator of their own, as the first draw of an iterator would shift dropout's."""
    return {
        "batch_size": None,
        "num_workers": workers,
        "pin_memory": workers > 0,
        "generator": torch.Generator().manual_seed(0),
    }
