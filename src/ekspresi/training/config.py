"""Define the configuration of a training as one frozen pydantic model.

In: a TOML file and keyword overrides. Out: a valid ``TrainConfig``. Every field is a key of the file and a flag of
``ekspresi train``; nothing is configured elsewhere. Does not know about torch.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from ekspresi.datasets.protocols import OVERSAMPLING, PROTOCOLS
from ekspresi.system.settings import Settings, format_toml, make_refusal, read_toml, validate_settings

if TYPE_CHECKING:  # `protocols` lists the names, but a type checker cannot unpack it
    _Protocol: TypeAlias = str
    _Oversampling: TypeAlias = str
else:
    _Protocol, _Oversampling = Literal[tuple(PROTOCOLS)], Literal[OVERSAMPLING]


Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Rate = Annotated[float, Field(ge=1e-9, le=100)]
"""A learning rate."""


def _require_whole(value: Any) -> Any:
    if type(value) is not int:  # a Literal accepts true and 1.0 as 1
        raise make_refusal("is not a whole number. Give one.")
    return value


def _list_names(value: Any) -> Any:
    """Take one name for a list of one, as older files give it."""
    return ([value] if value else []) if isinstance(value, str) else value


class Material(Settings):
    """Select the faces of a training.

    >>> Material(data="ckplus48:data/CK+48", split="subject-10fold", fold=3).seed
    0
    """

    data: str = Field(min_length=1, description="Data set spec, READER:PATH, as in `ekspresi data inspect`.")
    split: _Protocol = Field(default="official", description=f"Protocol that splits it: {', '.join(PROTOCOLS)}.")
    fold: int = Field(default=0, ge=0, le=99, description="Which fold of the protocol is held out.")
    seed: Seed = Field(default=0, description="Seed of every random number.")


class Recipe(Settings):
    """Set how a network learns, whatever the faces are.

    >>> Recipe(epochs=3).optimizer
    'adamw'
    """

    backbone: str = Field(
        default="efficientnet_b0", description="timm network; its strides can be changed below for EfficientNets."
    )
    freeze: Literal["none", "backbone"] = Field(
        default="none", description="'none' fine-tunes every layer; 'backbone' trains the classifier alone."
    )
    init: str = Field(default="random", description="First weights: random, imagenet, bundled, or a .safetensors file.")
    input_px: int = Field(default=64, ge=16, le=512, description="Side of the network's input in pixels.")
    stem_stride: Annotated[Literal[1, 2], BeforeValidator(_require_whole)] = Field(
        default=2, description="Stride of the first convolution (1 or 2)."
    )
    output_stride: Annotated[Literal[4, 8, 16, 32], BeforeValidator(_require_whole)] = Field(
        default=16, description="Stride of the last feature map; the last strides are removed to reach it."
    )
    dropout: float = Field(default=0.2, ge=0, le=0.99, description="Dropout before the classifier.")
    drop_path: float = Field(default=0.1, ge=0, le=0.99, description="Stochastic depth.")

    optimizer: str = Field(default="adamw", description="adam, sgd, rmsprop, rmsprop-tf, adamw, or any timm optimizer.")
    learning_rate: Rate = Field(default=2e-3, description="Peak learning rate.")
    weight_decay: float = Field(default=0.02, ge=0, le=10, description="Weight decay, without norms and biases.")
    epochs: int = Field(default=20, ge=1, le=100_000, description="Passes over the training faces.")
    batch_size: int = Field(  # batch norm needs two
        default=64, ge=2, le=100_000, description="Faces per step."
    )
    warmup_epochs: float = Field(default=1.0, ge=0, le=100_000, description="Linear warm-up before the cosine to zero.")
    label_smoothing: float = Field(
        default=0.0, ge=0, le=1, description="Fraction of each target that is spread evenly over the classes."
    )
    clip_norm: float = Field(
        default=1.0, ge=0, le=1e9, description="Clip the gradient to this norm; 0 turns clipping off."
    )
    ema_decay: float = Field(
        default=0.999,
        ge=0,
        le=0.999_999,
        description="Decay of the exponential moving average of the weights; 0 turns it off.",
    )

    oversampling: _Oversampling = Field(
        default="none", description=f"How often to repeat faces of rare classes: {', '.join(OVERSAMPLING)}."
    )
    class_weights: bool = Field(default=False, description="Weigh the loss by inverse class frequency.")

    face_px: int = Field(
        default=48,
        ge=2,
        le=512,
        description="Side in pixels to which training faces are resized before geometry and degradation.",
    )
    low_res_share: float = Field(
        default=0.6, ge=0, le=1, description="Fraction of faces that are degraded to few pixels."
    )
    low_res_ramp: float = Field(
        default=0.33, ge=0, le=1, description="Part of the training in which that fraction rises from 0."
    )
    min_px: int = Field(default=6, ge=1, le=512, description="Side of the smallest face in training, pixels.")
    shift: float = Field(default=0.08, ge=0, le=0.5, description="Largest shift, as a fraction of the face's width.")
    zoom: float = Field(default=0.15, ge=0, le=4, description="Largest change of scale: 0.15 is 1/1.15 to 1.15.")
    rotation: float = Field(default=10.0, ge=0, le=180, description="Largest rotation, degrees.")
    flip: bool = Field(default=True, description="Mirror half of the faces.")
    contrast: float = Field(
        default=0.2, ge=0, le=1, description="Largest relative change of contrast and gamma, and of brightness."
    )
    erasing: float = Field(default=0.0, ge=0, le=1, description="Fraction of faces with a rectangle covered by gray.")
    mixup: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="Blend faces in pairs with weights of Beta(mixup, mixup); 0 blends none.",
    )
    teacher: Annotated[tuple[str, ...], BeforeValidator(_list_names)] = Field(
        default=(),
        strict=False,
        description="Networks that see each face sharp and give half of its target: bundled, or .safetensors files.",
    )
    blendshapes: str = Field(
        default="",
        description="File of blendshapes of the faces, which a head of the training predicts; it is not exported.",
    )
    views: Annotated[Literal[1, 2], BeforeValidator(_require_whole)] = Field(
        default=1, description="Views of a face that the exported model averages: 1, or 2 with its mirror image."
    )
    validation_px: tuple[Annotated[int, Field(ge=1, le=512)], ...] = Field(
        default=(48, 24, 12),
        strict=False,  # TOML has lists but no tuples
        min_length=1,
        description="Face sizes in pixels; the lowest mean NLL over them chooses the epoch.",
    )


class TrainConfig(Recipe, Material):
    """Hold everything that decides the final weights, together with the data.

    >>> config = TrainConfig(data="folder:faces", epochs=3)
    >>> config.differences(config.changed(epochs=4))
    ['epochs']
    """

    special: ClassVar = {"data": 'no data set is given. Set data = "READER:PATH", or pass --data.'}

    @field_validator("min_px")
    @classmethod
    def _check_min_px(cls, value: int, info: ValidationInfo) -> int:
        face_px = info.data.get("face_px", value)
        if value > face_px:
            raise make_refusal(f"is larger than face_px = {face_px}. Lower it, or raise face_px.")
        return value

    @field_validator("validation_px")
    @classmethod
    def _check_validation_px(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        face_px = info.data.get("face_px", max(value))
        if max(value) > face_px:
            raise make_refusal(f"has a size above face_px = {face_px}. Give face sizes in 1 .. {face_px}.")
        return value

    def differences(self, other: "TrainConfig") -> list[str]:
        """List the keys in which two configurations differ."""
        return [name for name in TrainConfig.model_fields if getattr(self, name) != getattr(other, name)]

    def to_toml(self) -> str:
        """Write the whole configuration as a TOML file, each key below its description."""
        lines = []
        for name, field in TrainConfig.model_fields.items():
            lines += [f"# {field.description}", f"{name} = {format_toml(getattr(self, name))}"]
        return "\n".join(lines) + "\n"


def load_config(path: Path | None, overrides: dict[str, Any]) -> TrainConfig:
    """Read a configuration from a TOML file and from flags.

    Args:
        path: the TOML file; None for the defaults.
        overrides: keys and values of the flags, which override the file.

    Raises:
        ConfigError: the file is missing or not TOML, a key is unknown, a value has the wrong type or is out of
            range, or there is no data set.

        >>> load_config(None, {"data": "folder:faces", "epochs": 3}).epochs
        3
    """
    values = {} if path is None else read_toml(path, "configs/ckplus48.toml")
    where = "flags" if path is None else str(path)
    return validate_settings(TrainConfig, values | overrides, where, dict.fromkeys(overrides, "flags"))


def make_config(values: dict[str, Any], where: str) -> TrainConfig:
    """Make a configuration from keys and values.

    Args:
        values: keys and values as TOML gives them.
        where: source of the values, for messages.

    Raises:
        ConfigError: a key is unknown, a value has the wrong type or is out of range, or there is no data set.

        >>> make_config({"data": "folder:faces", "seed": 7}, "study.toml").seed
        7
    """
    return validate_settings(TrainConfig, values, where)
