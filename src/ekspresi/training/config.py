"""The configuration of a training: one frozen pydantic model, filled from TOML and from flags alike.

In: a TOML file and keyword overrides. Out: a validated ``TrainConfig``. Every field is a key of the file and a flag
of ``ekspresi train``; there is no other place to configure. Knows nothing of torch.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from ekspresi.datasets.protocols import OVERSAMPLING, PROTOCOLS
from ekspresi.training.settings import Settings, as_toml, read_toml, refused, validated

if TYPE_CHECKING:  # the names are listed in `protocols`, which a type checker cannot unpack
    _Protocol: TypeAlias = str
    _Oversampling: TypeAlias = str
else:
    _Protocol, _Oversampling = Literal[tuple(PROTOCOLS)], Literal[OVERSAMPLING]


Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Rate = Annotated[float, Field(ge=1e-9, le=100)]
"""A learning rate."""


def _whole(value: Any) -> Any:
    if type(value) is not int:  # a Literal takes true and 1.0 for 1
        raise refused("is no whole number. Give one.")
    return value


class Material(Settings):
    """Say which faces a training learns from."""

    data: str = Field(min_length=1, description="Data set spec, READER:PATH, as in `ekspresi data inspect`.")
    split: _Protocol = Field(default="official", description=f"Protocol that splits it: {', '.join(PROTOCOLS)}.")
    fold: int = Field(default=0, ge=0, le=99, description="Which fold of the protocol is held out.")
    seed: Seed = Field(default=0, description="Seed of every random number.")


class Recipe(Settings):
    """Say how a network learns, whatever the faces are."""

    backbone: str = Field(
        default="efficientnet_b0", description="timm network; its strides can be changed below for EfficientNets."
    )
    freeze: Literal["none", "backbone"] = Field(
        default="none", description="'none' fine-tunes every layer; 'backbone' trains the classifier alone."
    )
    init: str = Field(default="random", description="random, imagenet, bundled, or a .safetensors file.")
    input_px: int = Field(default=64, ge=16, le=512, description="Side of the network's input in pixels.")
    stem_stride: Annotated[Literal[1, 2], BeforeValidator(_whole)] = Field(
        default=2, description="Stride of the first convolution (1 or 2)."
    )
    output_stride: Annotated[Literal[4, 8, 16, 32], BeforeValidator(_whole)] = Field(
        default=16, description="Stride of the last feature map; the last strides are removed to reach it."
    )
    dropout: float = Field(default=0.2, ge=0, le=0.99, description="Dropout before the classifier.")
    drop_path: float = Field(default=0.1, ge=0, le=0.99, description="Stochastic depth.")

    optimizer: str = Field(default="adamw", description="adam, sgd, rmsprop, rmsprop-tf, adamw, or any timm optimizer.")
    learning_rate: Rate = Field(default=2e-3, description="Peak learning rate.")
    weight_decay: float = Field(default=0.02, ge=0, le=10, description="Weight decay; norms and biases are left out.")
    epochs: int = Field(default=20, ge=1, le=100_000, description="Passes over the training side.")
    batch_size: int = Field(  # batch norm needs two
        default=64, ge=2, le=100_000, description="Faces a step."
    )
    warmup_epochs: float = Field(default=1.0, ge=0, le=100_000, description="Linear warm-up before the cosine to zero.")
    label_smoothing: float = Field(
        default=0.0, ge=0, le=1, description="Share of each target spread evenly over the classes."
    )
    clip_norm: float = Field(default=1.0, ge=0, le=1e9, description="Gradient norm is clipped here; 0 leaves it alone.")
    ema_decay: float = Field(
        default=0.999, ge=0, le=0.999_999, description="Exponential moving average of the weights; 0 switches it off."
    )

    oversampling: _Oversampling = Field(
        default="none", description=f"Rare classes of the training side: {', '.join(OVERSAMPLING)}."
    )
    class_weights: bool = Field(default=False, description="Weigh the loss by inverse class frequency.")

    face_px: int = Field(
        default=48,
        ge=2,
        le=512,
        description="Side to which training faces are brought before geometry and degradation.",
    )
    low_res_share: float = Field(default=0.6, ge=0, le=1, description="Share of faces that are degraded to few pixels.")
    low_res_ramp: float = Field(
        default=0.33, ge=0, le=1, description="Part of the training over which that share rises from 0."
    )
    min_px: int = Field(default=6, ge=1, le=512, description="Smallest face in training, pixels.")
    shift: float = Field(default=0.08, ge=0, le=0.5, description="Largest shift, in sides of the face.")
    zoom: float = Field(default=0.15, ge=0, le=4, description="Largest change of scale: 0.15 is 1/1.15 to 1.15.")
    rotation: float = Field(default=10.0, ge=0, le=180, description="Largest rotation, degrees.")
    flip: bool = Field(default=True, description="Mirror half of the faces.")
    contrast: float = Field(
        default=0.2, ge=0, le=1, description="Largest relative change of contrast and gamma, and of brightness."
    )
    erasing: float = Field(
        default=0.0, ge=0, le=1, description="Share of faces of which a rectangle is hidden by gray."
    )
    mixup: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="Faces are blended in pairs, by shares of Beta(mixup, mixup); 0 blends none.",
    )
    teacher: str = Field(
        default="",
        description="Network that sees each face sharp and gives half of its target: bundled, or a file as init.",
    )
    validation_px: tuple[Annotated[int, Field(ge=1, le=512)], ...] = Field(
        default=(48, 24, 12),
        strict=False,  # TOML has lists, and no tuples
        min_length=1,
        description="Face sizes whose mean NLL chooses the epoch.",
    )


class TrainConfig(Recipe, Material):
    """All that decides the weights a training ends with, together with the data."""

    special: ClassVar = {"data": 'no data set is given. Set data = "READER:PATH", or pass --data.'}

    @field_validator("min_px")
    @classmethod
    def _smallest_fits(cls, value: int, info: ValidationInfo) -> int:
        face_px = info.data.get("face_px", value)
        if value > face_px:
            raise refused(f"is larger than face_px = {face_px}. Lower it, or raise face_px.")
        return value

    @field_validator("validation_px")
    @classmethod
    def _sizes_fit(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        face_px = info.data.get("face_px", max(value))
        if max(value) > face_px:
            raise refused(f"has a size above face_px = {face_px}. Give face sizes in 1 .. {face_px}.")
        return value

    def differences(self, other: "TrainConfig") -> list[str]:
        """Names of the keys in which two configurations differ."""
        return [name for name in TrainConfig.model_fields if getattr(self, name) != getattr(other, name)]

    def to_toml(self) -> str:
        """The whole configuration as a TOML file, each key with its help."""
        lines = []
        for name, field in TrainConfig.model_fields.items():
            lines += [f"# {field.description}", f"{name} = {as_toml(getattr(self, name))}"]
        return "\n".join(lines) + "\n"


def load_config(path: Path | None, overrides: dict[str, Any]) -> TrainConfig:
    """A TOML file (or None for the defaults) and flags that win over it -> configuration.

    Raises:
        ConfigError: no such file, no TOML, an unknown key, a value of the wrong type or out of range, no data set.
    """
    values = {} if path is None else read_toml(path, "configs/ckplus48.toml")
    return validated(TrainConfig, values | overrides, "flags" if path is None else str(path), flags=overrides)


def config_of(values: dict[str, Any], where: str) -> TrainConfig:
    """Keys and values as TOML gives them -> configuration; ``where`` is the place that messages name.

    Raises:
        ConfigError: an unknown key, a value of the wrong type or out of range, no data set.
    """
    return validated(TrainConfig, values, where)
