import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import ekspresi

PACKAGE = Path(ekspresi.__file__).parent
FACADES = {"ekspresi", "ekspresi.cli"}
"""The public surface, which loads names lazily, and the command line, which holds its app."""
SHARED = {"register", "router"}
"""Each command registers itself by a function of this name; each file of routes has a router."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), ast.parse(path.read_text(encoding="utf-8"))


def defined(module: ast.Module) -> Iterator[str]:
    """Names of the public classes, functions and type aliases of a module; constants belong to their module."""
    for node in module.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (each.id for each in node.targets if isinstance(each, ast.Name) and not each.id.isupper())


def test_no_two_public_names_are_alike() -> None:
    found = defaultdict(set)
    for name, module in modules():
        for word in defined(module):
            if not word.startswith("_") and word not in SHARED:
                found[word].add(name)
    assert {word: names for word, names in found.items() if len(names) > 1} == {}


def packages() -> list[str]:
    inits = sorted(PACKAGE.rglob("__init__.py"))
    return [".".join(path.parent.relative_to(PACKAGE.parent).parts) for path in inits]


@pytest.mark.parametrize("name", [name for name in packages() if name not in FACADES])
def test_packages_only_reexport(name: str) -> None:
    module = ast.parse((PACKAGE.parent / Path(*name.split(".")) / "__init__.py").read_text(encoding="utf-8"))
    for node in module.body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        listed = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        assert docstring or listed or isinstance(node, ast.Import | ast.ImportFrom), ast.unparse(node)
