"""List the rooms of the package, for tests that look at each of them."""

from collections.abc import Iterator
from pathlib import Path

import ekspresi

PACKAGE = Path(ekspresi.__file__).parent


def rooms() -> Iterator[str]:
    """List the folders of the package that hold modules, relative to it; '.' is the package itself."""
    for folder in sorted({path.parent for path in PACKAGE.rglob("*.py")}):
        yield folder.relative_to(PACKAGE).as_posix()
