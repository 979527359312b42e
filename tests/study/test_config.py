"""What a study's TOML file may say, and how it is refused."""

from pathlib import Path

import pytest

from ekspresi.errors import ConfigError
from ekspresi.study.config import StudyConfig, StudyTable, load_study


def test_load_study_fills_arms_from_the_recipe(study: StudyConfig) -> None:
    assert [arm.name for arm in study.arms] == ["rmsprop", "adam", "no-oversampling"]
    assert [arm.config.oversampling for arm in study.arms] == ["balanced", "balanced", "none"]
    assert {arm.config.epochs for arm in study.arms} == {3}
    assert study.arms[0].protocols == ("subject-10fold", "paper-split")
    assert study.arms[2].protocols == ("subject-10fold",)
    assert study.arms[2].config.learning_rate == 3e-4 and study.arms[2].rate_given
    assert study.tuned() == ["rmsprop", "adam"]
    assert study.rates["rmsprop"] == (2e-4, 1e-3)
    assert study.folds == tuple(range(10))


def test_load_study_quick_is_small(toml: str, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(toml.replace('name = "adam"', 'name = "adam"\nseeds = [4, 5]'))
    quick = load_study(path, quick=True)
    assert quick.quick and quick.folds == (0, 5)
    assert quick.arms[1].seeds == (4,) and quick.arms[1].config.epochs == 2
    assert {len(rates) for rates in quick.rates.values()} == {1}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[recipe]", "[recipes]", "recipes: is an unknown key. Use recipe, or remove it."),
        ("epochs = 3", "epoch = 3", "[recipe]: epoch = 3: is an unknown key. Use epochs, or remove it."),
        ("epochs = 3", "epochs = 0", "[recipe]: epochs = 0: is out of range. Choose a number in 1 .. 100000."),
        ("epochs = 3", "fold = 3", "[recipe]: fold = 3: is set by the study itself. Remove it."),
        ("epochs = 3", 'data = "a:b"', '[recipe]: data = "a:b": is set by the study itself. Remove it.'),
        ("epochs = 3", "min_px = 60", "[[arms]] 'rmsprop': min_px = 60: is larger than face_px = 48."),
        ('optimizer = "adam"', "epochs = true", "[[arms]] 'adam': epochs = true: is a boolean. Give a whole number."),
        ('optimizer = "adam"', "seed = 3", "[[arms]] 'adam': seed = 3: is set by the study itself. Remove it."),
        ('optimizer = "adam"', "sedes = [3]", "[[arms]] 'adam': sedes = [3]: is an unknown key. Use seeds"),
        ('name = "adam"', 'name = "Adam!"', "[[arms]] 'Adam!': name = \"Adam!\": is not a name for an arm. Use small"),
        ('name = "adam"', 'name = "tuning"', "but not 'tuning'."),
        ('name = "adam"', "", "[[arms]] 2: name: is missing. Name the arm"),
        ('name = "adam"', "name = 3", "[[arms]] 2: name = 3: is a whole number. Give text in quotes."),
        ('name = "adam"', 'name = "rmsprop"', "arms: two are named 'rmsprop'. Name each differently."),
        ('name = "adam"', 'name = "adam"\nseeds = [1, 1]', "'adam': seeds = [1, 1]: has a seed twice. Keep one"),
        ('name = "adam"', 'name = "adam"\nseeds = 1', "seeds = 1: is a whole number. Give a list."),
        ('name = "adam"', 'name = "adam"\nseeds = [-1]', "seeds[0] = -1: is out of range. Choose a number of 0 or"),
        ('name = "adam"', 'name = "adam"\nseeds = []', "seeds = []: is empty. Set it."),
        ("[recipe]", 'protocols = ["official"]\n[recipe]', 'protocols[0] = "official": is not a valid choice.'),
        ("[recipe]", "protocols = []\n[recipe]", "protocols = []: is empty. Set it."),
        (
            "adam = [1e-3, 5e-3]",
            "adam = [1e-3]",
            "rates: differ in number. Give each optimizer the same number of rates",
        ),
        ("adam = [1e-3, 5e-3]", "adam = [1e-3, -1.0]", "[rates]: adam[1] = -1.0: is out of range. Choose a number of"),
        ("adam = [1e-3, 5e-3]", "adam = [1e-3, nan]", "[rates]: adam[1] = nan: is out of range. Choose a number th"),
        (
            "adam = [1e-3, 5e-3]",
            "adam = [1e-3, 101]",
            "adam[1] = 101: is out of range. Choose a number of 100 or less.",
        ),
        ("adam = [1e-3, 5e-3]", "adam = [1e-3, true]", "[rates]: adam[1] = true: is a boolean. Give a number."),
        ("adam = [1e-3, 5e-3]", "sgd = [1e-3, 5e-3]", "arms: there is no learning rate for 'adam'. Give some"),
        ("[rates]", "[rates.deep]", "[rates]: deep: is a table. Give a list."),
        ('data = "ckplus48:made/up"', "data = 3", "data = 3: is a whole number. Give text in quotes."),
        ('data = "ckplus48:made/up"', 'data = ""', 'data = "": no data set is given. Set data'),
        ('data = "ckplus48:made/up"', "", "data: no data set is given. Set data"),
    ],
)
def test_load_study_of_a_wrong_file_raises(toml: str, tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in toml
    path = tmp_path / "study.toml"
    path.write_text(toml.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_study(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}: ") and message in problem and problem.endswith(".")
    assert not old.startswith("data") or "--data" not in problem  # `ekspresi study` has no such flag


def test_load_study_lists_all_problems_of_a_file(toml: str, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    wrong = toml.replace("epochs = 3", "epochs = 0").replace('"paper-split"]', '"paper"]')
    path.write_text(wrong)
    with pytest.raises(ConfigError) as caught:
        load_study(path)
    choices = "is not a valid choice. Choose 'subject-10fold' or 'paper-split'."
    assert caught.value.problems == (
        f"{path}: [recipe]: epochs = 0: is out of range. Choose a number in 1 .. 100000.",
        f"{path}: [[arms]] 'rmsprop': protocols[1] = \"paper\": {choices}",
        f"{path}: [[arms]] 'adam': protocols[1] = \"paper\": {choices}",
    )
    path.write_text(toml.replace("[[arms]]", "[[arm]]"))
    with pytest.raises(ConfigError) as caught:
        load_study(path)
    assert caught.value.problems == (
        f"{path}: arms: there are no arms. Add one [[arms]] for each setting to compare.",
        f"{path}: arm: is an unknown key. Use arms, or remove it.",
    )


def test_load_study_checks_recipes_with_their_arms(toml: str, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    big = toml.replace("epochs = 3", "min_px = 60").replace('name = "', 'face_px = 64\nname = "')
    path.write_text(big.replace('oversampling = "none"', 'oversampling = "none"\nmin_px = 8'))
    assert [(arm.config.min_px, arm.config.face_px) for arm in load_study(path).arms] == [(60, 64), (60, 64), (8, 64)]


def test_study_schema_describes_the_file() -> None:
    schema = StudyTable.model_json_schema()
    assert schema["required"] == ["data", "arms"]
    for table in (schema, *schema["$defs"].values()):
        assert table["additionalProperties"] is False
        assert all(entry["description"] for entry in table["properties"].values())
    arm = schema["$defs"]["ArmTable"]
    assert arm["required"] == ["name"] and "fold" not in arm["properties"] and "epochs" in arm["properties"]


def test_load_study_of_no_study_raises(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"the file does not exist\. Name a TOML file, for example configs/study-ckplus.toml"
    ):
        load_study(tmp_path / "none.toml")
    path = tmp_path / "study.toml"
    path.write_text("= 3")
    with pytest.raises(ConfigError, match="is not TOML"):
        load_study(path)
    path.write_text('data = "ckplus48:x"')
    with pytest.raises(ConfigError, match="there are no arms"):
        load_study(path)
    path.write_text('data = "ckplus48:x"\narms = []')
    with pytest.raises(ConfigError, match="there are no arms"):
        load_study(path)
