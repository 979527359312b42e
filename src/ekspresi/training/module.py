"""Compute the loss and the validation figures for Lightning's Trainer.

In: batches, see ``data.Batch``. Out: a loss; NLL and accuracy at each validation size. Does not know about files or
data sets.
"""

from typing import Any

import lightning
import torch
from torch.nn import functional
from torchmetrics import MeanMetric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy

from ekspresi.training.config import TrainConfig
from ekspresi.training.data import Batch
from ekspresi.training.network import Architecture, FaceNetwork, build_network, freeze_backbone, load_teacher
from ekspresi.training.optimizers import build_optimizer, warmup_cosine

RESOLUTION_WEIGHT = 0.1
"""Weight of the size head's loss (smooth L1, in octaves of size) beside the cross-entropy."""

TEACHER_SHARE = 0.5
"""Weight of a teacher's prediction in the target; the rest are the votes."""


class ExpressionModule(lightning.LightningModule):
    """Train a network; ``network`` is the part that is exported.

    Args:
        config: the configuration.
        labels: K labels.
        steps_an_epoch: number of training batches per epoch.
        batches_a_size: number of validation batches at each face size.

        >>> config = TrainConfig(data="folder:faces", epochs=1)
        >>> ExpressionModule(config, ("anger", "fear"), steps_an_epoch=1, batches_a_size=1).sizes
        (48, 24, 12)
    """

    def __init__(self, config: TrainConfig, labels: tuple[str, ...], steps_an_epoch: int, batches_a_size: int) -> None:
        super().__init__()
        self.config = config
        self.labels = labels
        self.steps_an_epoch = steps_an_epoch
        self.batches_a_size = batches_a_size
        architecture = Architecture(config.backbone, config.stem_stride, config.output_stride)
        self.network = build_network(architecture, labels, config.dropout, config.drop_path, config.init)
        if config.freeze == "backbone":
            freeze_backbone(self.network)
        # Lightning does not look into the list, so it neither trains the teacher nor saves it in checkpoints.
        self.teachers = [load_teacher(config.teacher, labels)] if config.teacher else []
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
        """Compute the weighted cross-entropy against votes and teacher, plus the loss of the size head."""
        tensor, targets, weights, octaves, sharp = batch
        logits, estimate = self.network(tensor.contiguous(memory_format=torch.channels_last))
        smoothing = self.config.label_smoothing
        targets = targets * (1 - smoothing) + smoothing / len(self.labels)
        for teacher in self.teachers:
            targets = targets * (1 - TEACHER_SHARE) + TEACHER_SHARE * predict_sharp(teacher.to(self.device), sharp)
        losses = functional.cross_entropy(logits.float(), targets, reduction="none")
        loss = (losses * weights).sum() / weights.sum()
        size_loss = functional.smooth_l1_loss(estimate.float(), octaves)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(tensor))
        self.log("train_size_loss", size_loss, on_step=False, on_epoch=True, batch_size=len(tensor))
        return loss + RESOLUTION_WEIGHT * size_loss

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
        optimizer = build_optimizer(config.optimizer, self.network, config.learning_rate, config.weight_decay)
        warmup = round(config.warmup_epochs * self.steps_an_epoch)
        total = config.epochs * self.steps_an_epoch
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: warmup_cosine(step, warmup, total))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def predict_sharp(teacher: FaceNetwork, sharp: torch.Tensor) -> torch.Tensor:
    """Predict faces before their degradation with a teacher.

    This is distillation (Hinton et al. 2015, Distilling the Knowledge in a Neural Network) at temperature 1; the
    student sees the same faces degraded.

    Args:
        teacher: the network.
        sharp: float32 (N, 1, S, S).

    Returns:
        Probabilities, float32 (N, K).

        >>> def teacher(faces):
        ...     return torch.zeros(len(faces), 2), torch.zeros(len(faces))
        >>> predict_sharp(teacher, torch.zeros(1, 1, 8, 8))
        tensor([[0.5000, 0.5000]])
    """
    with torch.no_grad():
        logits, _ = teacher(sharp.contiguous(memory_format=torch.channels_last))
    return logits.float().softmax(dim=1)
