"""The configuration needs no torch, so these run with the default tests."""

import math
import pickle
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekspresi.errors import ConfigError
from ekspresi.training.config import TrainConfig, load_config, make_config

FIELDS = TrainConfig.model_fields


def bounds(name: str) -> tuple[float, float]:
    """Lowest and highest value of a field, from the model's own metadata."""
    low = [each.ge for each in FIELDS[name].metadata if hasattr(each, "ge")]
    high = [each.le for each in FIELDS[name].metadata if hasattr(each, "le")]
    return low[0], high[0]


def values_of(name: str) -> st.SearchStrategy[Any]:
    """Any value that a field takes, whatever the others have."""
    kind = FIELDS[name].annotation
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(*bounds(name))
    if kind is float:
        return st.floats(*bounds(name)) | st.integers(math.ceil(bounds(name)[0]), math.floor(bounds(name)[1]))
    if kind == tuple[str, ...]:
        return st.lists(st.text(min_size=1), max_size=3)
    assert kind is str
    return st.text(min_size=name == "data")


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """Keys and values of a valid configuration, some left out."""
    own = ("min_px", "validation_px", "face_px", "data")
    free = {name: values_of(name) for name in FIELDS if name not in own}
    face_px = draw(values_of("face_px"))
    sides = st.integers(1, face_px)
    return {
        "data": draw(values_of("data")),
        "face_px": face_px,
        "min_px": draw(sides),
        "validation_px": draw(st.lists(sides, min_size=1, max_size=5)),
        **draw(st.fixed_dictionaries({}, optional=free)),
    }


@settings(max_examples=100)
@given(values=configurations())
def test_every_valid_configuration_comes_back_from_its_own_file(
    values: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    config = load_config(None, values)
    for name, value in values.items():
        assert getattr(config, name) == (tuple(value) if isinstance(value, list) else value)
    file = tmp_path_factory.mktemp("round") / "config.toml"
    file.write_text(config.to_toml(), encoding="utf-8")
    again = load_config(file, {})
    assert again == config and not again.differences(config)
    assert {name: type(getattr(again, name)) for name in FIELDS} == {
        name: type(getattr(config, name)) for name in FIELDS
    }
    assert pickle.loads(pickle.dumps(config)) == config


NUMBERS = [name for name, field in FIELDS.items() if field.annotation in (int, float)]


@pytest.mark.parametrize("name", NUMBERS)
def test_number_is_taken_up_to_its_bounds_only(name: str) -> None:
    def with_value(value: float) -> TrainConfig:
        return make_config({"data": "a:b", "face_px": 512, "min_px": 1, "validation_px": [1], name: value}, "flags")

    low, high = bounds(name)
    for value in (low, high):
        assert getattr(with_value(value), name) == value
    step = (lambda x, to: x + math.copysign(1, to)) if FIELDS[name].annotation is int else math.nextafter
    kind = FIELDS[name].annotation
    for value in (kind(step(low, -math.inf)), kind(step(high, math.inf))):
        with pytest.raises(ConfigError) as caught:
            with_value(value)
        assert str(caught.value) == (
            f"flags: {name} = {value}: is out of range. Choose a number in {low:.12g} .. {high:.12g}."
        )


def test_bounds_and_choices_are_those_that_trainings_rely_on() -> None:
    assert len(NUMBERS) == 23
    assert bounds("batch_size")[0] == 2  # batch norm needs two
    assert bounds("fold") == (0, 99) and bounds("seed") == (0, 2**31 - 1) and bounds("epochs") == (1, 100_000)
    assert bounds("ema_decay")[1] < 1 and bounds("dropout")[1] < 1 and bounds("learning_rate")[0] > 0


def test_load_config_prefers_flags_and_names_wrong_ones(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('data = "folder:x"\nepochs = 3\nlearning_rate = 1\n')
    config = load_config(file, {"epochs": 7})
    assert (config.epochs, config.learning_rate) == (7, 1.0)
    assert type(config.learning_rate) is float
    file.write_text('data = "folder:x"\nepochs = 0\nseed = -1\n')
    with pytest.raises(ConfigError) as caught:
        load_config(file, {"epochs": -7})
    assert caught.value.problems == (
        f"{file}: seed = -1: is out of range. Choose a number in 0 .. 2147483647.",
        "flags: epochs = -7: is out of range. Choose a number in 1 .. 100000.",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 3", "epoch = 3: is an unknown key. Use epochs, or remove it."),
        ("color = {x = 1}", "color: is an unknown key. Remove it, or use one of data, split, fold, seed, "),
        ('epochs = "3"', 'epochs = "3": is text. Give a whole number.'),
        ("epochs = 3.0", "epochs = 3.0: is a decimal number. Give a whole number."),
        ("epochs = true", "epochs = true: is a boolean. Give a whole number."),
        ("dropout = false", "dropout = false: is a boolean. Give a number."),
        ("epochs = 2026-01-01", 'epochs = "2026-01-01": is a date or a time. Give a whole number.'),
        ("init = 3", "init = 3: is a whole number. Give text in quotes."),
        ("init = {a = 3}", "init: is a table. Give text in quotes."),
        ("epochs = 0", "epochs = 0: is out of range. Choose a number in 1 .. 100000."),
        ("seed = 99999999999999999999", "is out of range. Choose a number in 0 .. 2147483647."),
        ("learning_rate = nan", "learning_rate = nan: is out of range. Choose a number in 1e-09 .. 100."),
        ("clip_norm = inf", "clip_norm = inf: is out of range. Choose a number in 0 .. "),
        ("ema_decay = 1.0", "ema_decay = 1.0: is out of range. Choose a number in 0 .. 0.999999."),
        ("flip = 1", "flip = 1: is a whole number. Give true or false."),
        ("validation_px = 48", "validation_px = 48: is a whole number. Give a list."),
        ("validation_px = [48, 4.5]", "validation_px[1] = 4.5: is a decimal number. Give a whole number."),
        ("validation_px = [true]", "validation_px[0] = true: is a boolean. Give a whole number."),
        ("validation_px = [0]", "validation_px[0] = 0: is out of range. Choose a number of 1 or more."),
        ("validation_px = []", "validation_px = []: is empty. Set it."),
        ("validation_px = [12, 64]", "[12, 64]: has a size above face_px = 48. Give face sizes in 1 .. 48."),
        ('split = "random"', "split = \"random\": is not a valid choice. Choose 'subject-10fold', "),
        ('oversampling = "none "', "Choose 'none', 'balanced' or 'sqrt'."),
        ('freeze = "all"', "Choose 'none' or 'backbone'."),
        ("stem_stride = 3", "stem_stride = 3: is not a valid choice. Choose 1 or 2."),
        ("stem_stride = true", "stem_stride = true: is not a whole number. Give one."),
        ("output_stride = 16.0", "output_stride = 16.0: is not a whole number. Give one."),
        ("output_stride = 2", "Choose 4, 8, 16 or 32."),
        ("min_px = 60", "min_px = 60: is larger than face_px = 48. Lower it, or raise face_px."),
        (f'init = ["{"x" * 99}"]', f'init = ["{"x" * 55}...: is a list. Give text in quotes.'),
        ("= 3", "is not TOML ("),
        (f"seed = {'9' * 5000}", "is not TOML ("),
    ],
)
def test_refuses_what_it_does_not_understand(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f'data = "folder:x"\n{text}\n')
    with pytest.raises(ConfigError) as caught:
        load_config(file, {})
    (problem,) = caught.value.problems
    assert problem.startswith(f"{file}: ") and message in problem and problem.endswith(".")


def test_a_default_that_no_longer_fits_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"min_px = 6: is larger than face_px = 4"):
        load_config(None, {"data": "a:b", "face_px": 4, "validation_px": [4]})


def test_needs_a_data_set_and_an_existing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^flags: data: no data set is given\. Set data"):
        load_config(None, {})
    with pytest.raises(ConfigError, match='flags: data = "": no data set is given'):
        load_config(None, {"data": ""})
    with pytest.raises(
        ConfigError, match=r"none.toml: the file does not exist\. Name a TOML file, for example configs/"
    ):
        load_config(tmp_path / "none.toml", {})
    with pytest.raises(ConfigError, match=r"cannot be read \(Is a directory\)"):
        load_config(tmp_path, {})
    (tmp_path / "latin.toml").write_bytes(b'data = "\xe9"')
    with pytest.raises(ConfigError, match="is not TOML"):
        load_config(tmp_path / "latin.toml", {})


def test_names_what_differs() -> None:
    assert TrainConfig(data="a:b").differences(TrainConfig(data="a:b", seed=2, epochs=1)) == [
        "seed",
        "epochs",
    ]


def test_a_change_is_checked_and_the_original_stays() -> None:
    config = TrainConfig(data="a:b")
    assert config.changed(epochs=3, validation_px=[8]).differences(config) == ["epochs", "validation_px"]
    assert config.epochs == 20
    with pytest.raises(ConfigError, match="epochs = 0: is out of range"):
        config.changed(epochs=0)
    with pytest.raises(ConfigError, match="epoch = 3: is an unknown key"):
        config.changed(epoch=3)
    with pytest.raises(ValueError, match="frozen"):
        config.epochs = 3


def test_the_schema_describes_every_key() -> None:
    schema = TrainConfig.model_json_schema()
    assert schema["required"] == ["data"] and schema["additionalProperties"] is False
    assert list(schema["properties"]) == list(FIELDS)
    for name, entry in schema["properties"].items():
        assert entry["description"] == FIELDS[name].description and entry["description"].endswith(".")
        assert name == "data" or "default" in entry
        if name in NUMBERS:
            assert (entry["minimum"], entry["maximum"]) == bounds(name)
    assert schema["properties"]["oversampling"]["enum"] == ["none", "balanced", "sqrt"]
    assert schema["properties"]["stem_stride"]["enum"] == [1, 2]
    assert schema["properties"]["validation_px"]["items"] == {"type": "integer", "minimum": 1, "maximum": 512}


def test_a_run_folder_of_version_0_1_still_loads(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(OF_0_1, encoding="utf-8")
    config = load_config(file, {})
    assert config.differences(TrainConfig(data=config.data)) == [
        *("split", "fold", "optimizer", "epochs", "validation_px"),
    ]
    assert (config.data, config.fold, config.epochs) == ("ckplus48:data/CK+48", 3, 12)
    assert config.validation_px == (48, 16)
    keys = [line.partition(" = ")[0] for line in OF_0_1.splitlines() if not line.startswith("#")]
    newer = ["blendshapes", "views"]
    assert keys == [name for name in FIELDS if name not in newer]


def test_teacher_is_one_name_or_a_list_of_names() -> None:
    for value, names in (("", ()), ("bundled", ("bundled",)), (["a", "b"], ("a", "b"))):
        assert load_config(None, {"data": "folder:x", "teacher": value}).teacher == names
    with pytest.raises(ConfigError, match="teacher = 3: is a whole number"):
        load_config(None, {"data": "folder:x", "teacher": 3})


def test_the_shipped_configurations_are_valid() -> None:
    root = Path(__file__).parents[2]
    files = [file for file in (root / "configs").glob("*.toml") if not file.stem.startswith("study-")]
    assert files
    for file in files:
        assert load_config(file, {}).data


OF_0_1 = """\
# Data set spec, READER:PATH, as in `ekspresi data inspect`.
data = "ckplus48:data/CK+48"
# Protocol that splits it: subject-10fold, subject-halves, subject-holdout, official, paper-split.
split = "subject-10fold"
# Which fold of the protocol is held out.
fold = 3
# Seed of every random number.
seed = 0
# timm network; its strides can be changed below for EfficientNets.
backbone = "efficientnet_b0"
# 'none' fine-tunes every layer; 'backbone' trains the classifier alone.
freeze = "none"
# random, imagenet, bundled, or a .safetensors file.
init = "random"
# Side of the network's input in pixels.
input_px = 64
# Stride of the first convolution (1 or 2).
stem_stride = 2
# Stride of the last feature map; the last strides are removed to reach it.
output_stride = 16
# Dropout before the classifier.
dropout = 0.2
# Stochastic depth.
drop_path = 0.1
# adam, sgd, rmsprop, rmsprop-tf, adamw, or any timm optimizer.
optimizer = "rmsprop"
# Peak learning rate.
learning_rate = 0.002
# Weight decay; norms and biases are left out.
weight_decay = 0.02
# Passes over the training side.
epochs = 12
# Faces a step.
batch_size = 64
# Linear warm-up before the cosine to zero.
warmup_epochs = 1.0
# Share of each target spread evenly over the classes.
label_smoothing = 0.0
# Gradient norm is clipped here; 0 leaves it alone.
clip_norm = 1.0
# Exponential moving average of the weights; 0 switches it off.
ema_decay = 0.999
# Rare classes of the training side: none, balanced, sqrt.
oversampling = "none"
# Weigh the loss by inverse class frequency.
class_weights = false
# Side to which training faces are brought before geometry and degradation.
face_px = 48
# Share of faces that are degraded to few pixels.
low_res_share = 0.6
# Part of the training over which that share rises from 0.
low_res_ramp = 0.33
# Smallest face in training, pixels.
min_px = 6
# Largest shift, in sides of the face.
shift = 0.08
# Largest change of scale: 0.15 is 1/1.15 to 1.15.
zoom = 0.15
# Largest rotation, degrees.
rotation = 10.0
# Mirror half of the faces.
flip = true
# Largest relative change of contrast and gamma, and of brightness.
contrast = 0.2
# Share of faces of which a rectangle is hidden by gray.
erasing = 0.0
# Faces are blended in pairs, by shares of Beta(mixup, mixup); 0 blends none.
mixup = 0.0
# Network that sees each face sharp and gives half of its target: bundled, or a file as init.
teacher = ""
# Face sizes whose mean NLL chooses the epoch.
validation_px = [48, 16]
"""
