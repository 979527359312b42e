"""Compute the loss and the validation figures for Lightning's Trainer.

In: batches, see ``data.Batch``. Out: a loss; NLL and accuracy at each validation size. Does not know about files or
data sets.
"""

from typing import Any

import lightning
import torch
from torch import nn
from torch.nn import functional
from torchmetrics import MeanMetric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy

from ekspresi.training.config import TrainConfig
from ekspresi.training.data import Batch
from ekspresi.training.network import Architecture, build_network, freeze_backbone
from ekspresi.training.optimizers import build_optimizer, warmup_cosine

RESOLUTION_WEIGHT = 0.1
"""Weight of the size head's loss (smooth L1, in octaves of size) beside the cross-entropy."""

BLENDSHAPE_WEIGHT = 0.5
"""Weight of the blendshape head's loss (smooth L1, in standard deviations) beside the cross-entropy."""


class ExpressionModule(lightning.LightningModule):
    """Train a network; ``network`` is the part that is exported.

    Args:
        config: the configuration.
        labels: K labels.
        steps_an_epoch: number of training batches per epoch.
        batches_a_size: number of validation batches at each face size.
        blendshapes: number of blendshapes that an auxiliary head predicts; 0 for no head.

        >>> config = TrainConfig(data="folder:faces", epochs=1)
        >>> ExpressionModule(config, ("anger", "fear"), steps_an_epoch=1, batches_a_size=1).sizes
        (48, 24, 12)
    """

    def __init__(
        self,
        config: TrainConfig,
        labels: tuple[str, ...],
        steps_an_epoch: int,
        batches_a_size: int,
        blendshapes: int = 0,
    ) -> None:
        super().__init__()
        self.config = config
        self.labels = labels
        self.steps_an_epoch = steps_an_epoch
        self.batches_a_size = batches_a_size
        architecture = Architecture(config.backbone, config.stem_stride, config.output_stride)
        self.network = build_network(architecture, labels, config.dropout, config.drop_path, config.init)
        if config.freeze == "backbone":
            freeze_backbone(self.network)
        self.blendshapes = nn.Linear(self.network.resolution.in_features, blendshapes) if blendshapes else None
        self.sizes = sizes = config.validation_px
        self.nll = MetricCollection({str(size): MeanMetric() for size in sizes})
        self.accuracy = MetricCollection(
            {str(size): MulticlassAccuracy(len(labels), average="micro") for size in sizes}
        )

    def on_train_epoch_start(self) -> None:
        """Seed dropout by (seed, epoch), so that a resume repeats it, and keep a frozen backbone's batch norms."""
        torch.manual_seed(self.config.seed * 100_003 + self.current_epoch)
        if self.config.freeze == "backbone":
            self.network.eval()

    def training_step(self, batch: Batch, _: int) -> torch.Tensor:
        """Compute the weighted cross-entropy against the targets, plus the loss of the size head."""
        tensor, targets, weights, octaves, blendshapes = batch
        pooled = self.network.pool(tensor.contiguous(memory_format=torch.channels_last))
        logits, estimate = self.network.read(pooled)
        smoothing = self.config.label_smoothing
        targets = targets * (1 - smoothing) + smoothing / len(self.labels)
        losses = functional.cross_entropy(logits.float(), targets, reduction="none")
        loss = (losses * weights).sum() / weights.sum()
        size_loss = functional.smooth_l1_loss(estimate.float(), octaves)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(tensor))
        self.log("train_size_loss", size_loss, on_step=False, on_epoch=True, batch_size=len(tensor))
        total = loss + RESOLUTION_WEIGHT * size_loss
        if self.blendshapes is not None:
            known = blendshapes.isfinite().all(dim=1)
            read = self.blendshapes(pooled[known]).float()
            shape_loss = functional.smooth_l1_loss(read, blendshapes[known]) if known.any() else pooled.sum() * 0
            self.log("train_blendshape_loss", shape_loss, on_step=False, on_epoch=True, batch_size=len(tensor))
            total = total + BLENDSHAPE_WEIGHT * shape_loss
        return total

    def validation_step(self, batch: tuple[torch.Tensor, torch.Tensor], number: int) -> None:
        """Update NLL and accuracy at the face size of the batch."""
        tensor, targets = batch
        size = str(self.sizes[number // self.batches_a_size])
        logits = self.network(tensor.contiguous(memory_format=torch.channels_last))[0].float()
        self.nll[size].update(functional.cross_entropy(logits, targets, reduction="none"))
        self.accuracy[size].update(logits, targets)

    def on_validation_epoch_end(self) -> None:
        """Log the figures of each size, and their mean NLL as ``val_nll``, which chooses the epoch."""
        if self.trainer.sanity_checking:
            return
        nll = {size: metric.compute() for size, metric in self.nll.items()}
        for size in nll:
            self.log(f"val_nll_{size}px", nll[size])
            self.log(f"val_accuracy_{size}px", self.accuracy[size].compute(), prog_bar=True)
        self.log("val_nll", torch.stack(list(nll.values())).mean(), prog_bar=True)
        self.nll.reset()
        self.accuracy.reset()

    def configure_optimizers(self) -> Any:
        """Make the optimizer and its schedule, a warm-up with cosine that steps every batch."""
        config = self.config
        optimizer = build_optimizer(config.optimizer, self, config.learning_rate, config.weight_decay)
        warmup = round(config.warmup_epochs * self.steps_an_epoch)
        total = config.epochs * self.steps_an_epoch
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: warmup_cosine(step, warmup, total))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
