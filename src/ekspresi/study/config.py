"""A study's TOML file -> a validated ``StudyConfig``: which trainings are compared, and what they share.

In: a TOML file, which ``StudyTable`` describes. Out: frozen dataclasses, where every arm has all its keys. A key of a
training keeps its one definition, ``Recipe``. Knows nothing of folders, processes or figures.

    data = "ckplus48:data/CK+48"        the data set, READER:PATH
    other_data = "ferplus:data/ferplus" a second one, for the cross-data-set figures; may be left out
    protocols = ["subject-10fold"]      of the arms that name none

    [recipe]                            keys of `ekspresi train` that all arms share
    epochs = 6

    [rates]                             optimizer -> learning rates to choose from, as many for each
    rmsprop = [2e-4, 5e-4, 1e-3]

    [[arms]]                            one setting; what it does not say is the recipe's
    name = "rmsprop"
    optimizer = "rmsprop"
    protocols = ["subject-10fold", "paper-split"]
    seeds = [0, 1]
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from ekspresi.datasets.splits import FOLDS
from ekspresi.training.config import Material, Rate, Recipe, Seed, TrainConfig, config_of
from ekspresi.training.settings import Settings, read_toml, refused, validated

TUNING = "tuning"
"""Folder of the jobs that look for learning rates; no arm can have its name."""

QUICK_EPOCHS = 2
QUICK_FOLDS = (0, FOLDS // 2)

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


def _named(name: str) -> str:
    if not _NAME.fullmatch(name) or name == TUNING:
        raise refused(f"is no name for an arm. Use small letters, digits, dots and dashes, and not '{TUNING}'.")
    return name


def _each_once(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        raise refused("has a seed twice. Keep one of them.")
    return seeds


def _without_repeats(protocols: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(protocols))


Protocols = Annotated[
    tuple[Literal["subject-10fold", "paper-split"], ...],
    Field(strict=False, min_length=1),
    AfterValidator(_without_repeats),
]
"""Protocols that a study knows: one that can be believed, and the one the paper reads like."""

_Rates = Annotated[tuple[Rate, ...], Field(strict=False, min_length=1)]


class RecipeTable(Recipe):
    """Hold keys of a training: what all arms share, or what one of them changes."""

    special: ClassVar = dict.fromkeys(Material.model_fields, "is set by the study itself. Remove it.")


class ArmTable(RecipeTable):
    """Describe one setting to compare; a key that it lacks is the recipe's."""

    special: ClassVar = {**RecipeTable.special, "name": f"is missing. Name the arm, and not '{TUNING}'."}

    name: Annotated[str, AfterValidator(_named)] = Field(
        description="Unique; small letters, digits, dots and dashes.",
        json_schema_extra={"pattern": f"^{_NAME.pattern}$"},
    )
    protocols: Protocols | None = Field(default=None, description="Protocols of this arm; the study's if left out.")
    seeds: Annotated[tuple[Seed, ...], Field(strict=False, min_length=1), AfterValidator(_each_once)] = Field(
        default=(0,), description="Seeds; each is a training of its own in every fold."
    )


class StudyTable(Settings):
    """Describe a study's TOML file."""

    special: ClassVar = {
        "data": 'no data set is given. Set data = "READER:PATH".',
        "arms": "there are no arms. Add one [[arms]] for each setting to compare.",
    }

    data: str = Field(min_length=1, description="Data set spec, READER:PATH.")
    other_data: str = Field(default="", description="Spec of a data set that is only tested on; empty for none.")
    protocols: Protocols = Field(default=("subject-10fold",), description="Protocols of the arms that name none.")
    recipe: RecipeTable = Field(default_factory=RecipeTable, description="Keys of `ekspresi train` for all arms.")
    rates: dict[str, _Rates] = Field(
        default_factory=dict, description="Optimizer -> learning rates to choose from, as many for each."
    )
    arms: Annotated[tuple[ArmTable, ...], Field(strict=False, min_length=1)] = Field(description="Settings to compare.")

    @field_validator("rates")
    @classmethod
    def _same_budget(cls, rates: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
        if len({len(each) for each in rates.values()}) > 1:
            raise refused("differ in number. Give as many rates to each optimizer: the same budget for all.")
        return {optimizer: tuple(sorted(each)) for optimizer, each in rates.items()}

    @field_validator("arms")
    @classmethod
    def _told_apart_and_with_rates(cls, arms: tuple[ArmTable, ...], info: ValidationInfo) -> tuple[ArmTable, ...]:
        names = [arm.name for arm in arms]
        for name in names:
            if names.count(name) > 1:
                raise refused(f"two are named '{name}'. Name each differently.")
        if {"recipe", "rates"} <= set(info.data):
            for arm in arms:
                own = "optimizer" in arm.model_fields_set
                optimizer = arm.optimizer if own else info.data["recipe"].optimizer
                if not _rate_given(arm) and optimizer not in info.data["rates"]:
                    raise refused(
                        f"there is no learning rate for '{optimizer}'. "
                        "Give some under [rates], or one in each of its arms."
                    )
        return arms


@dataclass(frozen=True, slots=True)
class Arm:
    """One setting, under one or more protocols.

    Attributes:
        name: unique; small letters, digits, dots and dashes.
        protocols: of ``Protocols``.
        seeds: each is a training of its own in every fold.
        config: all keys; ``split``, ``fold`` and ``seed`` have their defaults.
        rate_given: the arm itself states its learning rate, so none is looked for.
    """

    name: str
    protocols: tuple[str, ...]
    seeds: tuple[int, ...]
    config: TrainConfig
    rate_given: bool


@dataclass(frozen=True, slots=True)
class StudyConfig:
    """A whole study.

    Attributes:
        data: spec of the data set.
        other_data: spec of the data set that is only tested on; empty for none.
        arms: in the order of the file.
        rates: optimizer -> learning rates to choose from, ascending.
        folds: folds of 'subject-10fold' that are run.
        quick: a try-out, whose figures say little.
    """

    data: str
    other_data: str
    arms: tuple[Arm, ...]
    rates: dict[str, tuple[float, ...]]
    folds: tuple[int, ...] = tuple(range(FOLDS))
    quick: bool = False

    def tuned(self) -> list[str]:
        """Optimizers whose learning rate is looked for, in the order of the arms."""
        return list(dict.fromkeys(arm.config.optimizer for arm in self.arms if not arm.rate_given))


def load_study(path: Path, quick: bool = False) -> StudyConfig:
    """A TOML file -> the study; ``quick`` makes it one of minutes, for trying out.

    A quick study trains two folds and one seed of each arm for ``QUICK_EPOCHS``, with the middle one of the rates.

    Raises:
        ConfigError: no such file, no TOML, an unknown key, a value that a training would refuse, an arm without a
            learning rate to choose from; a line for each problem.
    """
    table = validated(StudyTable, read_toml(path, "configs/study-ckplus.toml"), str(path))
    study = StudyConfig(
        data=table.data,
        other_data=table.other_data,
        arms=tuple(_arm(each, table, f"{path}: [[arms]] '{each.name}'") for each in table.arms),
        rates=table.rates,
    )
    return _quick(study) if quick else study


def _arm(arm: ArmTable, table: StudyTable, where: str) -> Arm:
    shared = table.recipe.model_dump(exclude_unset=True)
    own = arm.model_dump(exclude_unset=True, include=set(Recipe.model_fields))
    return Arm(
        name=arm.name,
        protocols=arm.protocols or table.protocols,
        seeds=arm.seeds,
        config=config_of({**shared, **own, "data": table.data}, where),
        rate_given=_rate_given(arm),
    )


def _rate_given(arm: ArmTable) -> bool:
    return "learning_rate" in arm.model_fields_set


def _quick(study: StudyConfig) -> StudyConfig:
    arms = tuple(
        replace(arm, seeds=arm.seeds[:1], config=arm.config.changed(epochs=min(QUICK_EPOCHS, arm.config.epochs)))
        for arm in study.arms
    )
    rates: dict[str, tuple[float, ...]] = {name: (each[len(each) // 2],) for name, each in study.rates.items()}
    return replace(study, arms=arms, rates=rates, folds=QUICK_FOLDS, quick=True)
