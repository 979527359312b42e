"""Modules stay short enough to read in one go."""

from pathlib import Path

import pytest

import ekspresi

PACKAGE = Path(ekspresi.__file__).parent
MAX_LINES = 300
ROOMS = [".", *sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists())]


def count_lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("room", ROOMS)
def test_modules_have_at_most_300_lines(room: str) -> None:
    paths = (PACKAGE / room).glob("*.py") if room == "." else (PACKAGE / room).rglob("*.py")
    counts = {path.relative_to(PACKAGE).as_posix(): count_lines(path) for path in paths}
    assert counts
    assert {name: count for name, count in counts.items() if count > MAX_LINES} == {}
