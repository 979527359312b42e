"""Read a study's TOML file: the trainings to compare and their common settings.

In: a TOML file, which ``StudyTable`` describes. Out: frozen dataclasses, where every arm has all its keys. Keys of a
training are defined once, in ``Recipe``. Does not know about folders, processes or figures.

    data = "ckplus48:data/CK+48"        the data set, READER:PATH
    other_data = "ferplus:data/ferplus" an optional second one, only tested on
    protocols = ["subject-10fold"]      the protocols of arms without their own

    [recipe]                            keys of `ekspresi train` for all arms
    epochs = 6

    [rates]                             optimizer -> learning rates to try, the same number for each
    rmsprop = [2e-4, 5e-4, 1e-3]

    [[arms]]                            one setting; missing keys come from the recipe
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
from ekspresi.system.settings import Settings, make_refusal, read_toml, validate_settings
from ekspresi.training.config import Material, Rate, Recipe, Seed, TrainConfig, make_config

TUNING = "tuning"
"""Folder of the jobs that search for learning rates; no arm can have this name."""

QUICK_EPOCHS = 2
"""Largest number of epochs of a quick study."""

QUICK_FOLDS = (0, FOLDS // 2)
"""Folds of a quick study."""

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name) or name == TUNING:
        raise make_refusal(f"is not a name for an arm. Use small letters, digits, dots and dashes, but not '{TUNING}'.")
    return name


def _check_repeats(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        raise make_refusal("has a seed twice. Keep one of them.")
    return seeds


def _drop_repeats(protocols: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(protocols))


Protocols = Annotated[
    tuple[Literal["subject-10fold", "paper-split"], ...],
    Field(strict=False, min_length=1),
    AfterValidator(_drop_repeats),
]
"""Protocols of a study: one without leaks, and one like the paper's."""

_Rates = Annotated[tuple[Rate, ...], Field(strict=False, min_length=1)]


class RecipeTable(Recipe):
    """Hold keys of a training, common to all arms or changed by one.

    >>> RecipeTable(epochs=6).model_dump(exclude_unset=True)
    {'epochs': 6}
    """

    special: ClassVar = dict.fromkeys(Material.model_fields, "is set by the study itself. Remove it.")


class ArmTable(RecipeTable):
    """Describe one setting to compare; missing keys come from the recipe.

    >>> ArmTable(name="adam", optimizer="adam").seeds
    (0,)
    """

    special: ClassVar = {**RecipeTable.special, "name": f"is missing. Name the arm, but not '{TUNING}'."}

    name: Annotated[str, AfterValidator(_check_name)] = Field(
        description="Unique; small letters, digits, dots and dashes.",
        json_schema_extra={"pattern": f"^{_NAME.pattern}$"},
    )
    protocols: Protocols | None = Field(
        default=None, description="Protocols of this arm; by default those of the study."
    )
    seeds: Annotated[tuple[Seed, ...], Field(strict=False, min_length=1), AfterValidator(_check_repeats)] = Field(
        default=(0,), description="Seeds; each one adds a training per fold."
    )


class StudyTable(Settings):
    """Describe a study's TOML file.

    >>> StudyTable(data="folder:x", rates={"adamw": [2e-3, 1e-3]}, arms=[{"name": "a"}]).rates
    {'adamw': (0.001, 0.002)}
    """

    special: ClassVar = {
        "data": 'no data set is given. Set data = "READER:PATH".',
        "arms": "there are no arms. Add one [[arms]] for each setting to compare.",
    }

    data: str = Field(min_length=1, description="Data set spec, READER:PATH.")
    other_data: str = Field(default="", description="Spec of a second data set, only tested on; empty for none.")
    protocols: Protocols = Field(default=("subject-10fold",), description="Protocols of arms without their own.")
    recipe: RecipeTable = Field(default_factory=RecipeTable, description="Keys of `ekspresi train` for all arms.")
    rates: dict[str, _Rates] = Field(
        default_factory=dict, description="Optimizer -> learning rates to try, the same number for each."
    )
    arms: Annotated[tuple[ArmTable, ...], Field(strict=False, min_length=1)] = Field(description="Settings to compare.")

    @field_validator("rates")
    @classmethod
    def _same_budget(cls, rates: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
        if len({len(each) for each in rates.values()}) > 1:
            raise make_refusal(
                "differ in number. Give each optimizer the same number of rates, so that all have the same budget."
            )
        return {optimizer: tuple(sorted(each)) for optimizer, each in rates.items()}

    @field_validator("arms")
    @classmethod
    def _check_names_and_rates(cls, arms: tuple[ArmTable, ...], info: ValidationInfo) -> tuple[ArmTable, ...]:
        names = [arm.name for arm in arms]
        for name in names:
            if names.count(name) > 1:
                raise make_refusal(f"two are named '{name}'. Name each differently.")
        if {"recipe", "rates"} <= set(info.data):
            for arm in arms:
                own = "optimizer" in arm.model_fields_set
                optimizer = arm.optimizer if own else info.data["recipe"].optimizer
                if not _rate_given(arm) and optimizer not in info.data["rates"]:
                    raise make_refusal(
                        f"there is no learning rate for '{optimizer}'. "
                        "Give some under [rates], or one in each of its arms."
                    )
        return arms


@dataclass(frozen=True, slots=True)
class Arm:
    """Hold one setting to train under one or more protocols.

    Attributes:
        name: unique; small letters, digits, dots and dashes.
        protocols: some of ``Protocols``.
        seeds: each one adds a training per fold.
        config: all keys; ``split``, ``fold`` and ``seed`` have their defaults.
        rate_given: the arm sets its own learning rate, so the study does not search for one.

        >>> Arm("adam", ("subject-10fold",), (0,), TrainConfig(data="folder:x"), rate_given=True).config.epochs
        20
    """

    name: str
    protocols: tuple[str, ...]
    seeds: tuple[int, ...]
    config: TrainConfig
    rate_given: bool


@dataclass(frozen=True, slots=True)
class StudyConfig:
    """Hold the configuration of a study.

    Attributes:
        data: spec of the data set.
        other_data: spec of the second data set, only tested on; empty for none.
        arms: the arms, in the order of the file.
        rates: optimizer -> learning rates to try, ascending.
        folds: folds of 'subject-10fold' to run.
        quick: a trial run, whose figures mean little.

        >>> arm = Arm("adamw", ("subject-10fold",), (0,), TrainConfig(data="folder:x"), rate_given=False)
        >>> StudyConfig("folder:x", "", (arm,), {"adamw": (1e-3, 2e-3)}).tuned()
        ['adamw']
    """

    data: str
    other_data: str
    arms: tuple[Arm, ...]
    rates: dict[str, tuple[float, ...]]
    folds: tuple[int, ...] = tuple(range(FOLDS))
    quick: bool = False

    def tuned(self) -> list[str]:
        """List the optimizers whose learning rate is searched for, in the order of the arms."""
        return list(dict.fromkeys(arm.config.optimizer for arm in self.arms if not arm.rate_given))


def load_study(path: Path, quick: bool = False) -> StudyConfig:
    r"""Read a study from a TOML file.

    Args:
        path: the file.
        quick: make it a trial run of minutes: two folds and one seed of each arm, ``QUICK_EPOCHS`` at most, and the
            middle one of the rates.

    Raises:
        ConfigError: the file is missing or not TOML, a key is unknown, a training would refuse a value, or an arm has
            no learning rate to try; a line for each problem.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "study.toml"
        ...     _ = file.write_text('data = "folder:x"\n[[arms]]\nname = "adamw"\nlearning_rate = 1e-3')
        ...     [arm.name for arm in load_study(file).arms]
        ['adamw']
    """
    table = validate_settings(StudyTable, read_toml(path, "configs/study-ckplus.toml"), str(path))
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
        config=make_config({**shared, **own, "data": table.data}, where),
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
