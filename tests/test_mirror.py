"""The tests mirror the package, and their names stay short."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.rooms import PACKAGE, rooms

TESTS = Path(__file__).parent
MAX_NAME = 60


def folders_of_tests() -> Iterator[str]:
    for folder in sorted({path.parent for path in TESTS.rglob("test_*.py")}):
        yield folder.relative_to(TESTS).as_posix()


def module_of(test: str, modules: set[str]) -> str | None:
    """Find the module of a test file: 'test_a_b' is of 'a_b' if that exists, else of 'a', split by topic."""
    owners = [name for name in modules if test == f"test_{name}" or test.startswith(f"test_{name}_")]
    return max(owners, key=len, default=None)


def test_module_of_takes_the_longest_name():
    assert module_of("test_predict_output", {"predict", "predict_output"}) == "predict_output"
    assert module_of("test_predict_videos", {"predict", "predict_output"}) == "predict"
    assert module_of("test_predicting", {"predict"}) is None


@pytest.mark.parametrize("room", list(rooms()))
def test_modules_and_test_files_mirror_each_other(room):
    modules = {path.stem for path in (PACKAGE / room).glob("*.py")} - {"__init__", "__main__"}
    owners = {path.name: module_of(path.stem, modules) for path in (TESTS / room).glob("test_*.py")}
    untested = modules - set(owners.values())
    homeless = {name for name, owner in owners.items() if owner is None and room != "."}
    assert (sorted(untested), sorted(homeless)) == ([], [])


@pytest.mark.parametrize("folder", list(folders_of_tests()))
def test_test_names_are_short(folder):
    long = [
        f"{path.name}: {node.name}"
        for path in sorted((TESTS / folder).glob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and len(node.name) > MAX_NAME
    ]
    assert long == []
