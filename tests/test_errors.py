import ast
import inspect
import re
import tomllib
from pathlib import Path

import pytest

from ekspresi import errors
from ekspresi.errors import AccessError, ConfigError, EkspresiError, MissingExtraError, SourceError
from tests.support.rooms import PACKAGE

CLASSES = {name: each for name, each in vars(errors).items() if inspect.isclass(each)}


def test_module_docstring_draws_every_class() -> None:
    drawn = re.findall(r"^ {4}[│├└─ ]*(\w+Error)\b", str(errors.__doc__), re.MULTILINE)
    assert sorted(drawn) == sorted(CLASSES)


def test_every_error_is_an_ekspresi_error() -> None:
    for each in CLASSES.values():
        assert issubclass(each, EkspresiError)
    assert issubclass(AccessError, SourceError)
    assert {name for name, each in CLASSES.items() if EkspresiError not in each.__bases__} == {
        "EkspresiError",
        "AccessError",
        "ImageSizeError",
    }


@pytest.mark.parametrize("problems", [("epochs: unknown.",), ("epochs: unknown.", "seed = -1: is out of range.")])
def test_config_error_message_has_a_line_per_problem(problems: tuple[str, ...]) -> None:
    error = ConfigError(*problems)
    assert error.problems == problems
    assert str(error).splitlines() == list(problems)


def test_missing_extra_error_says_how_to_install_it() -> None:
    error = MissingExtraError("ekspresi train", "train")
    assert str(error) == (
        "ekspresi train needs the extra [train]. "
        "Run pip install '.[train]' in a clone of ekspresi, elsewhere pip install 'ekspresi[train]'."
    )


def test_every_named_extra_exists() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {
        call.args[1].value
        for path in PACKAGE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "MissingExtraError"
        if isinstance(call.args[1], ast.Constant)
    }
    assert {"eval", "train", "video"} <= named <= set(project["optional-dependencies"])
