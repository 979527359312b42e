"""The configuration needs no torch, so these run with the default tests."""

from pathlib import Path

import pytest

from ekspresi.errors import ConfigError
from ekspresi.training.config import TrainConfig, load_config


def test_comes_back_from_its_own_file(tmp_path: Path) -> None:
    config = load_config(
        None, {"data": 'folder:a "b" 😀', "optimizer": "rmsprop", "validation_px": [32], "flip": False}
    )
    file = tmp_path / "config.toml"
    file.write_text(config.to_toml())
    assert load_config(file, {}) == config
    assert config.validation_px == (32,)


def test_flags_win_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('data = "folder:x"\nepochs = 3\nlearning_rate = 1\n')
    config = load_config(file, {"epochs": 7})
    assert (config.epochs, config.learning_rate) == (7, 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 3", "unknown key 'epoch'"),
        ('epochs = "3"', "epochs = '3' must be a int"),
        ("epochs = 0", r"must lie in 1 \.\. 100000"),
        ("seed = -1", "must lie in 0"),
        ("learning_rate = nan", "must lie in"),
        ("ema_decay = 1.0", "must lie in"),
        ("validation_px = [64]", "face_px = 48"),
        ("flip = 1", "flip = 1 must be a bool"),
        ("validation_px = [4.5]", "must be a list of int"),
        ('split = "random"', "subject-10fold"),
        ("stem_stride = 3", "must be one of 1, 2"),
        ("low_res_share = 1.5", r"0 \.\. 1"),
        ("min_px = 60", "larger than face_px"),
        ("= 3", "is no TOML"),
    ],
)
def test_refuses_what_it_does_not_understand(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f'data = "folder:x"\n{text}\n')
    with pytest.raises(ConfigError, match=message):
        load_config(file, {})


def test_needs_a_data_set_and_an_existing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no data set"):
        load_config(None, {})
    with pytest.raises(ConfigError, match="no such configuration"):
        load_config(tmp_path / "none.toml", {})


def test_names_what_differs() -> None:
    assert TrainConfig(data="a:b").differences(TrainConfig(data="a:b", seed=2, epochs=1)) == [
        "seed",
        "epochs",
    ]


def test_the_shipped_configurations_are_valid() -> None:
    root = Path(__file__).parents[2]
    files = [file for file in (root / "configs").glob("*.toml") if not file.stem.startswith("study-")]
    assert files
    for file in files:
        assert load_config(file, {}).data
