"""A study's TOML file -> a validated ``StudyConfig``: which trainings are compared, and what they share.

In: a TOML file. Out: frozen dataclasses. Every key of a training keeps its one definition, ``TrainConfig``; unknown
keys are refused here as there. Knows nothing of folders, processes or figures.

    data = "ckplus48:data/CK+48"        the data set, READER:PATH
    other_data = "ferplus:data/ferplus" a second one, for the cross-data-set figures; may be left out
    protocols = ["subject-10fold"]      of the arms that name none

    [recipe]                            keys of `ekspresi train` that all arms share
    epochs = 6

    [rates]                             optimiser -> learning rates to choose from, as many for each
    rmsprop = [2e-4, 5e-4, 1e-3]

    [[arms]]                            one setting; what it does not say is the recipe's
    name = "rmsprop"
    optimizer = "rmsprop"
    protocols = ["subject-10fold", "paper-split"]
    seeds = [0, 1]
"""

import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ekspresi.errors import ConfigError
from ekspresi.splits import FOLDS
from ekspresi.training.config import TrainConfig, config_of

PROTOCOLS = ("subject-10fold", "paper-split")
"""Protocols that a study knows: one that can be believed, and the one the paper reads like."""

TUNING = "tuning"
"""Folder of the jobs that look for learning rates; no arm can have its name."""

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_OWN = ("name", "protocols", "seeds")
_PLANNED = ("data", "split", "fold", "seed")
"""Keys of a training that the study itself sets."""

QUICK_EPOCHS = 2
QUICK_FOLDS = (0, FOLDS // 2)


@dataclass(frozen=True, slots=True)
class Arm:
    """One setting, under one or more protocols.

    Attributes:
        name: unique; small letters, digits, dots and dashes.
        protocols: of ``PROTOCOLS``.
        seeds: each is a training of its own in every fold.
        config: all keys; ``split``, ``fold`` and ``seed`` still stand at their defaults.
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
        rates: optimiser -> learning rates to choose from, ascending.
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
        """Optimisers whose learning rate is looked for, in the order of the arms."""
        return list(dict.fromkeys(arm.config.optimizer for arm in self.arms if not arm.rate_given))


def load_study(path: Path, quick: bool = False) -> StudyConfig:
    """A TOML file -> the study; ``quick`` makes it one of minutes, for trying out.

    A quick study trains two folds and one seed of each arm for ``QUICK_EPOCHS``, with the middle one of the rates.

    Raises:
        ConfigError: no such file, no TOML, an unknown key, a value that a training would refuse, an arm without a
            learning rate to choose from.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such study file; configs/study-ckplus.toml is one to begin with") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); give a TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is no TOML ({error})") from error
    known = ("data", "other_data", "protocols", "recipe", "rates", "arms")
    _refuse_unknown(values, known, str(path))
    data, other = (_text(values.get(key, ""), f"{path}: {key}") for key in ("data", "other_data"))
    if not data:
        raise ConfigError(f'{path}: no data set given; set data = "READER:PATH"')
    recipe = _table(values.get("recipe", {}), f"{path}: [recipe]")
    rates = {
        name: _rates(each, f"{path}: rates.{name}")
        for name, each in _table(values.get("rates", {}), f"{path}: [rates]").items()
    }
    if len({len(each) for each in rates.values()}) > 1:
        raise ConfigError(f"{path}: [rates] must give as many rates to each optimiser: the same budget for all")
    default = _protocols(values.get("protocols", ["subject-10fold"]), f"{path}: protocols")
    entries = values.get("arms")
    if not isinstance(entries, list) or not entries:
        raise ConfigError(f"{path}: has no arms; add one [[arms]] for each setting to compare")
    arms = tuple(_arm(entry, data, recipe, default, f"{path}: arm {n + 1}") for n, entry in enumerate(entries))
    names = [arm.name for arm in arms]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{path}: two arms are named '{name}'; name each differently")
    study = StudyConfig(data, other, arms, rates)
    for optimizer in study.tuned():
        if optimizer not in rates:
            raise ConfigError(
                f"{path}: no learning rate for '{optimizer}'; give some under [rates], or one in each of its arms"
            )
    return _quick(study) if quick else study


def _quick(study: StudyConfig) -> StudyConfig:
    arms = tuple(
        replace(arm, seeds=arm.seeds[:1], config=replace(arm.config, epochs=min(QUICK_EPOCHS, arm.config.epochs)))
        for arm in study.arms
    )
    rates: dict[str, tuple[float, ...]] = {name: (each[len(each) // 2],) for name, each in study.rates.items()}
    return replace(study, arms=arms, rates=rates, folds=QUICK_FOLDS, quick=True)


def _arm(entry: Any, data: str, recipe: dict[str, Any], protocols: tuple[str, ...], where: str) -> Arm:
    values = _table(entry, where)
    name = values.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == TUNING:
        raise ConfigError(
            f"{where}: name = {name!r} must be of small letters, digits, dots and dashes, and not '{TUNING}'"
        )
    where = where.rpartition(": ")[0] + f": arm '{name}'"
    settings = {**recipe, **{key: value for key, value in values.items() if key not in _OWN}}
    for key in _PLANNED:
        if key in settings:
            raise ConfigError(f"{where}: '{key}' is set by the study itself; take it out")
    seeds = values.get("seeds", [0])
    if not isinstance(seeds, list) or not seeds or not all(type(seed) is int and seed >= 0 for seed in seeds):
        raise ConfigError(f"{where}: seeds = {seeds!r} must be a list of numbers from 0")
    if len(set(seeds)) < len(seeds):
        raise ConfigError(f"{where}: seeds = {seeds!r} names one twice")
    return Arm(
        name=name,
        protocols=_protocols(values.get("protocols", list(protocols)), f"{where}: protocols"),
        seeds=tuple(seeds),
        config=config_of({**settings, "data": data}, where),
        rate_given="learning_rate" in values,
    )


def _protocols(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(each in PROTOCOLS for each in value):
        raise ConfigError(f"{where} = {value!r} must be a list of {', '.join(PROTOCOLS)}")
    return tuple(dict.fromkeys(value))


def _rates(value: Any, where: str) -> tuple[float, ...]:
    if not isinstance(value, list) or not value or not all(type(v) in (int, float) and v > 0 for v in value):
        raise ConfigError(f"{where} = {value!r} must be a list of learning rates above 0")
    return tuple(sorted(float(rate) for rate in value))


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise ConfigError(f'{where} = {value!r} must be a spec, "READER:PATH"')
    return value


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be a table of keys, not {value!r}")
    return value


def _refuse_unknown(values: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in values:
        if key not in known:
            raise ConfigError(f"{where}: unknown key '{key}'; known are {', '.join(known)}")
