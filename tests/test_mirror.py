"""The tests mirror the package, and their names stay short."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.rooms import PACKAGE, marked, rooms

TESTS = Path(__file__).parent
MAX_NAME = 60
UNFINISHED_MIRRORS = (
    "study",
    "training",
)
"""Rooms with modules that have no test file of their own yet. Remove a room when it is finished."""
UNFINISHED_NAMES = (
    "study",
    "training",
)
"""Test folders with longer test names. Remove a folder when it is finished."""


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


@pytest.mark.parametrize("room", marked(rooms(), UNFINISHED_MIRRORS))
def test_modules_and_test_files_mirror_each_other(room):
    modules = {path.stem for path in (PACKAGE / room).glob("*.py")} - {"__init__", "__main__"}
    owners = {path.name: module_of(path.stem, modules) for path in (TESTS / room).glob("test_*.py")}
    untested = modules - set(owners.values())
    homeless = {name for name, owner in owners.items() if owner is None and room != "."}
    assert (sorted(untested), sorted(homeless)) == ([], [])


@pytest.mark.parametrize("folder", marked(folders_of_tests(), UNFINISHED_NAMES))
def test_test_names_are_short(folder):
    long = [
        f"{path.name}: {node.name}"
        for path in sorted((TESTS / folder).glob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and len(node.name) > MAX_NAME
    ]
    assert long == []


def test_unfinished_rooms_and_folders_exist():
    assert set(UNFINISHED_MIRRORS) <= set(rooms())
    assert set(UNFINISHED_NAMES) <= set(folders_of_tests())
