"""The training step and what is measured on validation, for Lightning's Trainer.

In: batches of (tensor, target distribution, weight, log2 of the effective side). Out: a loss; NLL and accuracy at
each validation size. Knows nothing of files or data sets.
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
"""Weight of the second head's loss (smooth L1, in octaves of size) beside the cross-entropy."""

TEACHER_SHARE = 0.5
"""What a teacher's answer is of the target; the rest are the votes."""


class ExpressionModule(lightning.LightningModule):
    """A network being trained; ``network`` is what is exported."""

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
        # In a list, where Lightning does not find it: it is neither trained nor kept in checkpoints.
        self.teachers = [load_teacher(config.teacher, labels)] if config.teacher else []
        self.sizes = sizes = config.validation_px
        self.nll = MetricCollection({str(size): MeanMetric() for size in sizes})
        self.accuracy = MetricCollection(
            {str(size): MulticlassAccuracy(len(labels), average="micro") for size in sizes}
        )

    def on_train_epoch_start(self) -> None:
        """Draw dropout from (seed, epoch), so that a resume repeats it; keep a frozen backbone's batch norms."""
        torch.manual_seed(self.config.seed * 100_003 + self.current_epoch)
        if self.config.freeze == "backbone":
            self.network.eval()

    def training_step(self, batch: Batch, _: int) -> torch.Tensor:
        """Weighted cross-entropy against the distribution of votes and the teacher's, and the second head's loss."""
        tensor, targets, weights, octaves, sharp = batch
        logits, estimate = self.network(tensor.contiguous(memory_format=torch.channels_last))
        smoothing = self.config.label_smoothing
        targets = targets * (1 - smoothing) + smoothing / len(self.labels)
        for teacher in self.teachers:
            targets = targets * (1 - TEACHER_SHARE) + TEACHER_SHARE * answers(teacher.to(self.device), sharp)
        losses = functional.cross_entropy(logits.float(), targets, reduction="none")
        loss = (losses * weights).sum() / weights.sum()
        size_loss = functional.smooth_l1_loss(estimate.float(), octaves)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(tensor))
        self.log("train_size_loss", size_loss, on_step=False, on_epoch=True, batch_size=len(tensor))
        return loss + RESOLUTION_WEIGHT * size_loss

    def validation_step(self, batch: tuple[torch.Tensor, torch.Tensor], number: int) -> None:
        """NLL and accuracy at the face size that the batch belongs to."""
        tensor, targets = batch
        size = str(self.sizes[number // self.batches_a_size])
        logits = self.network(tensor.contiguous(memory_format=torch.channels_last))[0].float()
        self.nll[size].update(functional.cross_entropy(logits, targets, reduction="none"))
        self.accuracy[size].update(logits, targets)

    def on_validation_epoch_end(self) -> None:
        """Log the figures of each size and ``val_nll``, their mean, which chooses the epoch."""
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
        """The optimizer and a warm-up with cosine, stepped every batch."""
        config = self.config
        optimizer = build_optimizer(config.optimizer, self.network, config.learning_rate, config.weight_decay)
        warmup = round(config.warmup_epochs * self.steps_an_epoch)
        total = config.epochs * self.steps_an_epoch
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: warmup_cosine(step, warmup, total))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def answers(teacher: FaceNetwork, sharp: torch.Tensor) -> torch.Tensor:
    """What a teacher says of undegraded faces, float32 (N, 1, S, S) -> probabilities float32 (N, K).

    Distillation (Hinton et al. 2015, Distilling the Knowledge in a Neural Network) at temperature 1, where the student
    sees the same faces degraded.
    """
    with torch.no_grad():
        logits, _ = teacher(sharp.contiguous(memory_format=torch.channels_last))
    return logits.float().softmax(dim=1)
