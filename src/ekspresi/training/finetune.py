"""Faces of one's own -> a model of one's own: the recipe that won the study, for any data set.

In: a data set and a folder. Out, in the folder: ``run/`` (the training), ``model.onnx`` with the data set's own labels
and a calibration, and its weights beside it. Knows nothing of reports.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.splits import make_split
from ekspresi.errors import DatasetError
from ekspresi.training.config import TrainConfig, load_config
from ekspresi.training.export import Export, check_files, export
from ekspresi.training.run import finish
from ekspresi.types import Device

RECIPE = Path(__file__).with_name("finetune.toml")

SMALLEST_STEPS = 150
"""Small data sets are trained for more epochs, until so many batches have been seen."""

SMALLEST_PEOPLE = 10
"""People below which a split by subject would leave too few of them on a side."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a data set will be used.

    Attributes:
        config: the training.
        reason: how it is split and what that means for the figures, in a sentence for people.
    """

    config: TrainConfig
    reason: str


def plan_finetuning(dataset: FaceDataset) -> Plan:
    """A data set -> its protocol and the recipe, adapted to its size.

    The official split where there is one; else by subject where at least ``SMALLEST_PEOPLE`` are known; else by image.

    Raises:
        DatasetError: fewer than two classes to train on, or too few faces for three sides.
    """
    people = 0 if dataset.subjects is None else len(np.unique(dataset.subjects))
    if dataset.official is not None:
        protocol, reason = "official", "split as the data set comes"
    elif people >= SMALLEST_PEOPLE:
        protocol = "subject-holdout"
        reason = f"split by subject: nobody of the {people} people stands on two sides"
    else:
        protocol = "paper-split"
        known = f"only {people} subjects are known" if people else "subjects are unknown"
        reason = (
            f"{known}, so images are split at random: pictures of one person may lie on both sides, and the figures "
            "flatter; name them in a subjects.csv"
        )
    try:
        split = make_split(dataset, protocol)
    except DatasetError as error:
        raise DatasetError(f"{error}; {len(dataset)} faces may be too few") from error
    recipe = load_config(RECIPE, {"data": dataset.spec, "split": protocol})
    faces = np.bincount(dataset.targets[split.train] + 1, minlength=2)[1:]  # -1 is no class
    if np.count_nonzero(faces) < 2:
        raise DatasetError(f"{dataset.spec}: has faces of one class only to train on; a model needs two to tell apart")
    steps = max(1, int(np.count_nonzero(faces) * faces.max()) // recipe.batch_size)  # balanced: all as the largest
    epochs = max(recipe.epochs, math.ceil(SMALLEST_STEPS / steps))
    return Plan(load_config(RECIPE, {"data": dataset.spec, "split": protocol, "epochs": epochs}), reason)


def finetune(
    planned: Plan, folder: Path, name: str, *, overwrite: bool = False, show: bool = True, device: Device = "auto"
) -> Export:
    """Train as planned from where the folder stands, and export.

    Args:
        planned: what ``plan_finetuning`` said.
        folder: where to; a folder of the same plan is gone on with.
        name: the model's.
        overwrite: replace a model file also where ekspresi did not make it.
        show: draw a progress bar of the training.
        device: 'auto', 'cpu' or 'cuda', for the training and for the calibration.

    Raises:
        ConfigError: the folder holds another training.
        DatasetError, ModelError, OutputError: see ``train`` and ``export``.
    """
    model = folder / "model.onnx"
    check_files(model, overwrite)
    run = finish(planned.config, folder / "run", show, device)
    return export(run.folder, model, name, overwrite=overwrite, device=device)
