"""Go through a folder and all folders below it, also behind links.

In: a folder. Out: each folder with the names of its files, and errors of folders that cannot be read. Does not know
about kinds of files.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ekspresi.errors import SourceError


def folders_below(top: Path, closed: Callable[[Path, SourceError], None]) -> Iterator[tuple[Path, list[str]]]:
    """Yield a folder and all folders below it, each with the names of its files; hidden ones are skipped.

    Links to folders are followed, so one folder may come under several names. A link that leads back to a folder above
    it is not followed, so links in a circle end.

    Args:
        top: the folder.
        closed: called with each folder that cannot be read, and its error; the others follow.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Path(folder, "sub").mkdir()
        ...     Path(folder, "sub", "a.png").touch()
        ...     [(below.name, names) for below, names in folders_below(Path(folder), print)][1:]
        [('sub', ['a.png'])]
    """
    real_top = Path(os.path.realpath(top))
    waiting: list[tuple[Path, tuple[str, ...]]] = [(top, tuple(map(str, (real_top, *real_top.parents))))]
    while waiting:
        folder, above = waiting.pop()
        below: list[tuple[Path, tuple[str, ...]]] = []
        names: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if not _is_folder(entry):
                        names.append(entry.name)
                    elif (target := os.path.realpath(entry.path)) not in above:
                        below.append((folder / entry.name, (*above, target)))
        except OSError as error:
            what = f"the folder cannot be read ({error.strerror})"
            closed(folder, SourceError(f"{folder}: {what}. Check its permissions."))
        yield folder, names
        waiting += reversed(below)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is a folder or a link to one; unlike ``is_dir``, no link raises an error."""
    return entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and os.path.isdir(entry.path))  # noqa: PTH112
