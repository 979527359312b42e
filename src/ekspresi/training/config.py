"""The configuration of a training: one frozen dataclass, filled from TOML and from flags alike.

In: a TOML file and keyword overrides. Out: a validated ``TrainConfig``. Every field is a key of the file and a flag
of ``ekspresi train``; there is no other place to configure. Knows nothing of torch.
"""

import dataclasses
import json
import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from ekspresi.errors import ConfigError
from ekspresi.protocols import OVERSAMPLING, PROTOCOLS


def _key(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


_BOUNDS: dict[str, tuple[float, float]] = {
    "fold": (0, 99),
    "seed": (0, 2**31 - 1),
    "input_px": (16, 512),
    "dropout": (0, 0.99),
    "drop_path": (0, 0.99),
    "learning_rate": (1e-9, 100),
    "weight_decay": (0, 10),
    "epochs": (1, 100_000),
    "batch_size": (2, 100_000),  # batch norm needs two
    "warmup_epochs": (0, 100_000),
    "label_smoothing": (0, 1),
    "clip_norm": (0, 1e9),
    "ema_decay": (0, 0.999_999),
    "face_px": (2, 512),
    "low_res_share": (0, 1),
    "low_res_ramp": (0, 1),
    "min_px": (1, 512),
    "shift": (0, 0.5),
    "zoom": (0, 4),
    "rotation": (0, 180),
    "contrast": (0, 1),
    "erasing": (0, 1),
    "mixup": (0, 100),
}


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """All that decides the weights a training ends with, together with the data."""

    data: str = _key("", "Data set spec, READER:PATH, as in `ekspresi data inspect`.")
    split: str = _key("official", f"Protocol that splits it: {', '.join(PROTOCOLS)}.")
    fold: int = _key(0, "Which fold of the protocol is held out.")
    seed: int = _key(0, "Seed of every random number.")

    backbone: str = _key("efficientnet_b0", "timm network; its strides can be changed below for EfficientNets.")
    freeze: str = _key("none", "'none' fine-tunes every layer; 'backbone' trains the classifier alone.")
    init: str = _key("random", "random, imagenet, bundled, or a .safetensors file.")
    input_px: int = _key(64, "Side of the network's input in pixels.")
    stem_stride: int = _key(2, "Stride of the first convolution (1 or 2).")
    output_stride: int = _key(16, "Stride of the last feature map; the last strides are removed to reach it.")
    dropout: float = _key(0.2, "Dropout before the classifier.")
    drop_path: float = _key(0.1, "Stochastic depth.")

    optimizer: str = _key("adamw", "adam, sgd, rmsprop, rmsprop-tf, adamw, or any timm optimiser.")
    learning_rate: float = _key(2e-3, "Peak learning rate.")
    weight_decay: float = _key(0.02, "Weight decay; norms and biases are left out.")
    epochs: int = _key(20, "Passes over the training side.")
    batch_size: int = _key(64, "Faces a step.")
    warmup_epochs: float = _key(1.0, "Linear warm-up before the cosine to zero.")
    label_smoothing: float = _key(0.0, "Share of each target spread evenly over the classes.")
    clip_norm: float = _key(1.0, "Gradient norm is clipped here; 0 leaves it alone.")
    ema_decay: float = _key(0.999, "Exponential moving average of the weights; 0 switches it off.")

    oversampling: str = _key("none", f"Rare classes of the training side: {', '.join(OVERSAMPLING)}.")
    class_weights: bool = _key(False, "Weigh the loss by inverse class frequency.")

    face_px: int = _key(48, "Side to which training faces are brought before geometry and degradation.")
    low_res_share: float = _key(0.6, "Share of faces that are degraded to few pixels.")
    low_res_ramp: float = _key(0.33, "Part of the training over which that share rises from 0.")
    min_px: int = _key(6, "Smallest face in training, pixels.")
    shift: float = _key(0.08, "Largest shift, in sides of the face.")
    zoom: float = _key(0.15, "Largest change of scale: 0.15 is 1/1.15 to 1.15.")
    rotation: float = _key(10.0, "Largest rotation, degrees.")
    flip: bool = _key(True, "Mirror half of the faces.")
    contrast: float = _key(0.2, "Largest relative change of contrast and gamma, and of brightness.")
    erasing: float = _key(0.0, "Share of faces of which a rectangle is hidden by grey.")
    mixup: float = _key(0.0, "Faces are blended in pairs, by shares of Beta(mixup, mixup); 0 blends none.")
    teacher: str = _key(
        "", "Network that sees each face sharp and gives half of its target: bundled, or a file as init."
    )
    validation_px: tuple[int, ...] = _key((48, 24, 12), "Face sizes whose mean NLL chooses the epoch.")

    def __post_init__(self) -> None:
        for name, allowed in (
            ("split", PROTOCOLS),
            ("oversampling", OVERSAMPLING),
            ("freeze", ("none", "backbone")),
            ("stem_stride", (1, 2)),
            ("output_stride", (4, 8, 16, 32)),
        ):
            if getattr(self, name) not in allowed:
                raise ConfigError(f"{name} = {getattr(self, name)!r}: must be one of {', '.join(map(str, allowed))}")
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not (low <= value <= high and math.isfinite(value)):
                raise ConfigError(f"{name} = {value}: must lie in {low:g} .. {high:g}")
        if self.min_px > self.face_px:
            raise ConfigError(f"min_px = {self.min_px} is larger than face_px = {self.face_px}")
        if not self.validation_px or not all(1 <= side <= self.face_px for side in self.validation_px):
            raise ConfigError(
                f"validation_px = {list(self.validation_px)}: give face sizes in 1 .. face_px = {self.face_px}"
            )

    def differences(self, other: "TrainConfig") -> list[str]:
        """Names of the keys in which two configurations differ."""
        return [f.name for f in dataclasses.fields(self) if getattr(self, f.name) != getattr(other, f.name)]

    def to_toml(self) -> str:
        """The whole configuration as a TOML file, each key with its help."""
        lines = []
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)
            # JSON's strings, numbers, booleans and arrays are TOML's too.
            text = json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
            lines += [f"# {f.metadata['help']}", f"{f.name} = {text}"]
        return "\n".join(lines) + "\n"


def load_config(path: Path | None, overrides: dict[str, Any]) -> TrainConfig:
    """A TOML file (or None for the defaults) and flags that win over it -> configuration.

    Raises:
        ConfigError: no such file, no TOML, an unknown key, a value of the wrong type or out of range.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ConfigError(f"{path}: no such configuration file") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: is no TOML ({error})") from error
    values |= overrides
    return config_of(values, str(path) if path else "flags")


def config_of(values: dict[str, Any], where: str) -> TrainConfig:
    """Keys and values as TOML gives them -> configuration; ``where`` says in messages where they stood.

    Raises:
        ConfigError: an unknown key, a value of the wrong type or out of range, no data set.
    """
    types = get_type_hints(TrainConfig)
    typed: dict[str, Any] = {}
    for key, value in values.items():
        if key not in types:
            raise ConfigError(f"{where}: unknown key '{key}'; known are {', '.join(types)}")
        typed[key] = _typed(key, value, types[key], where)
    if not typed.get("data"):
        raise ConfigError(f'{where}: no data set given; set data = "READER:PATH" or pass --data')
    return TrainConfig(**typed)


def _typed(key: str, value: Any, wanted: Any, where: str) -> Any:
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if wanted == tuple[int, ...] and isinstance(value, list | tuple) and all(type(v) is int for v in value):
        return tuple(value)
    if type(value) is not wanted:
        name = "list of int" if wanted == tuple[int, ...] else wanted.__name__
        raise ConfigError(f"{where}: {key} = {value!r} must be a {name}")
    return value
