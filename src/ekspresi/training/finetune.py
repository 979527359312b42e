"""Fine-tune the bundled model on any data set, by the recipe that won the study.

In: a data set and a folder. Out, in the folder: ``run/`` (the training), ``model.onnx`` with the data set's labels and
a calibration, and its weights beside it. Does not know about reports.
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
from ekspresi.training.run import train_to_end
from ekspresi.types import Device

RECIPE = Path(__file__).with_name("finetune.toml")

SMALLEST_STEPS = 150
"""Smallest number of batches in a training; small data sets get more epochs."""

SMALLEST_PEOPLE = 10
"""Smallest number of people for a split by subject."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Hold the configuration of a fine-tuning and the reason for its split.

    Attributes:
        config: the configuration.
        reason: how the data set is split and what that means for the figures, in words.

        >>> Plan(TrainConfig(data="folder:faces"), "split as the data set comes").config.split
        'official'
    """

    config: TrainConfig
    reason: str


def plan_finetuning(dataset: FaceDataset) -> Plan:
    """Choose the protocol of a data set, and adapt the recipe to its size.

    The split is the official one where there is one. Else it is by subject where at least ``SMALLEST_PEOPLE`` are
    known, and by image where not.

    Raises:
        DatasetError: fewer than two classes have training faces, or there are too few faces for three parts.

        >>> votes = np.eye(2, dtype=np.float32)[np.arange(40) % 2]
        >>> names = np.array([f"{i}.png" for i in range(40)])
        >>> images = np.random.default_rng(0).integers(0, 256, (40, 48, 48), np.uint8)
        >>> faces = FaceDataset("folder", "faces", ("sad", "glad"), images, votes, np.zeros((40, 0), np.float32), names)
        >>> plan_finetuning(faces).config.split
        'paper-split'
    """
    people = 0 if dataset.subjects is None else len(np.unique(dataset.subjects))
    if dataset.official is not None:
        protocol, reason = "official", "split as the data set comes"
    elif people >= SMALLEST_PEOPLE:
        protocol = "subject-holdout"
        reason = f"split by subject: each of the {people} people is in one part only"
    else:
        protocol = "paper-split"
        known = f"only {people} subjects are known" if people else "subjects are unknown"
        reason = (
            f"{known}, so images are split at random: pictures of one person may be in training and in test, and the "
            "figures flatter. Name the people in a subjects.csv"
        )
    try:
        split = make_split(dataset, protocol)
    except DatasetError as error:
        raise DatasetError(
            f"{dataset.spec}: {len(dataset)} faces are too few to split ({error}). Add faces."
        ) from error
    recipe = load_config(RECIPE, {"data": dataset.spec, "split": protocol})
    faces = np.bincount(dataset.targets[split.train] + 1, minlength=2)[1:]  # without those of no class, -1
    if np.count_nonzero(faces) < 2:
        raise DatasetError(f"{dataset.spec}: has training faces of one class only. Add faces of a second class.")
    steps = max(
        1, int(np.count_nonzero(faces) * faces.max()) // recipe.batch_size
    )  # balanced: as many of each as of the largest
    epochs = max(recipe.epochs, math.ceil(SMALLEST_STEPS / steps))
    return Plan(load_config(RECIPE, {"data": dataset.spec, "split": protocol, "epochs": epochs}), reason)


def finetune(
    planned: Plan, folder: Path, name: str, *, overwrite: bool = False, show: bool = True, device: Device = "auto"
) -> Export:
    """Train as planned, and export the model.

    Args:
        planned: result of ``plan_finetuning``.
        folder: the folder to write; an unfinished run of the same plan is resumed.
        name: the model's name.
        overwrite: replace a model file that ekspresi did not make.
        show: draw a progress bar of the training.
        device: 'auto', 'cpu' or 'cuda', for the training and for the calibration.

    Raises:
        ConfigError: the folder holds another training.
        DatasetError, ModelError, OutputError: see ``train`` and ``export``.

    Use it with the plan of a data set (training takes minutes, so the example is not run):

        >>> dataset = read("folder:faces")  # doctest: +SKIP
        >>> finetune(plan_finetuning(dataset), Path("mine"), "mine").model  # doctest: +SKIP
        PosixPath('mine/model.onnx')
    """
    model = folder / "model.onnx"
    check_files(model, overwrite)
    run = train_to_end(planned.config, folder / "run", show, device)
    return export(run.folder, model, name, overwrite=overwrite, device=device)
