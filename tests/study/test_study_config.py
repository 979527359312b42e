"""What a study's TOML file may say, and how it is refused."""

from pathlib import Path

import pytest

from ekspresi.errors import ConfigError
from ekspresi.study.config import StudyConfig, load_study


def test_arms_take_from_the_recipe_what_they_do_not_say(study: StudyConfig) -> None:
    assert [arm.name for arm in study.arms] == ["rmsprop", "adam", "no-oversampling"]
    assert [arm.config.oversampling for arm in study.arms] == ["balanced", "balanced", "none"]
    assert {arm.config.epochs for arm in study.arms} == {3}
    assert study.arms[0].protocols == ("subject-10fold", "paper-split")
    assert study.arms[2].protocols == ("subject-10fold",)
    assert study.arms[2].config.learning_rate == 3e-4 and study.arms[2].rate_given
    assert study.tuned() == ["rmsprop", "adam"]
    assert study.rates["rmsprop"] == (2e-4, 1e-3)
    assert study.folds == tuple(range(10))


def test_a_quick_study_is_a_small_one(toml: str, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(toml.replace('name = "adam"', 'name = "adam"\nseeds = [4, 5]'))
    quick = load_study(path, quick=True)
    assert quick.quick and quick.folds == (0, 5)
    assert quick.arms[1].seeds == (4,) and quick.arms[1].config.epochs == 2
    assert {len(rates) for rates in quick.rates.values()} == {1}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[recipe]", "[recipes]", "unknown key 'recipes'"),
        ("epochs = 3", "epoch = 3", "arm 'rmsprop': unknown key 'epoch'"),
        ("epochs = 3", "epochs = 0", r"epochs = 0: must lie in"),
        ("epochs = 3", "fold = 3", "arm 'rmsprop': 'fold' is set by the study itself"),
        ('name = "adam"', 'name = "Adam!"', "name = 'Adam!' must be"),
        ('name = "adam"', 'name = "tuning"', "not 'tuning'"),
        ('name = "adam"', 'name = "rmsprop"', "two arms are named 'rmsprop'"),
        ('name = "adam"', 'name = "adam"\nseeds = [1, 1]', "names one twice"),
        ('name = "adam"', 'name = "adam"\nseeds = 1', "must be a list of numbers"),
        ('"paper-split"]', '"paper"]', "must be a list of subject-10fold, paper-split"),
        ("adam = [1e-3, 5e-3]", "adam = [1e-3]", "the same budget for all"),
        ("adam = [1e-3, 5e-3]", "adam = [1e-3, -1.0]", "learning rates above 0"),
        ("adam = [1e-3, 5e-3]", "sgd = [1e-3, 5e-3]", "no learning rate for 'adam'"),
        ('data = "ckplus48:made/up"', "data = 3", "must be a spec"),
        ('data = "ckplus48:made/up"', "", "no data set given"),
        ("[[arms]]", "[[arm]]", "unknown key 'arm'"),
    ],
)
def test_a_wrong_file_is_refused_in_a_line(toml: str, tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in toml
    path = tmp_path / "study.toml"
    path.write_text(toml.replace(old, new))
    with pytest.raises(ConfigError, match=message) as caught:
        load_study(path)
    assert str(path) in str(caught.value) or "must lie in" in str(caught.value)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such study file"):
        load_study(tmp_path / "none.toml")
    path = tmp_path / "study.toml"
    path.write_text("= 3")
    with pytest.raises(ConfigError, match="is no TOML"):
        load_study(path)
    path.write_text('data = "ckplus48:x"')
    with pytest.raises(ConfigError, match="has no arms"):
        load_study(path)
