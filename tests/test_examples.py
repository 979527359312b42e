"""Public classes and functions have an example, which ``pytest --doctest-modules src/ekspresi`` runs."""

import ast
from collections.abc import Iterator

import pytest

from tests.support.rooms import PACKAGE, rooms

EXCEPTIONS = (("cli", "register", "it adds one command to the app; the help of the command explains it"),)
"""Room, name, and the reason why the name needs no example."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def public_definitions(source: str) -> list[Definition]:
    """List the classes and functions at the top of a module whose names have no leading underscore."""
    nodes = ast.parse(source).body
    return [node for node in nodes if isinstance(node, Definition) and not node.name.startswith("_")]


def has_example(node: Definition) -> bool:
    """Check the docstring for an example; for a class, those of its methods count too."""
    methods = [each for each in node.body if isinstance(each, Definition)] if isinstance(node, ast.ClassDef) else []
    return any(">>> " in (ast.get_docstring(each) or "") for each in (node, *methods))


def names_without_example(room: str) -> Iterator[tuple[str, str]]:
    """List module and name of each definition of a room that has no example."""
    for path in sorted((PACKAGE / room).glob("*.py")):
        for node in public_definitions(path.read_text(encoding="utf-8")):
            if not has_example(node):
                yield path.stem, node.name


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('def f():\n    """Add.\n\n    >>> f()\n    """', [True]),
        ('def f():\n    """Add."""', [False]),
        ("def f():\n    return '>>> f()'", [False]),
        ('class A:\n    """Hold."""\n    def m(self):\n        """Add.\n\n        >>> A().m()\n        """', [True]),
        ('def f():\n    def g():\n        """Add.\n\n        >>> 1\n        """', [False]),
        ("def _f(): ...\nclass _A: ...", []),
    ],
)
def test_has_example_reads_docstrings_of_public_names(source: str, found: list[bool]) -> None:
    assert [has_example(node) for node in public_definitions(source)] == found


@pytest.mark.parametrize("room", list(rooms()))
def test_public_names_have_an_example(room: str) -> None:
    excepted = {name for where, name, _ in EXCEPTIONS if where == room}
    assert [f"{module}.{name}" for module, name in names_without_example(room) if name not in excepted] == []


@pytest.mark.parametrize(("room", "name", "reason"), EXCEPTIONS)
def test_exceptions_are_needed_and_explained(room: str, name: str, reason: str) -> None:
    assert name in {each for _, each in names_without_example(room)}
    assert reason
