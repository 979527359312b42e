"""Annotated pictures: what they are called beside each other, and how they are saved.

In: paths of sources, pictures. Out: paths of targets, picture files. Knows nothing of what is drawn.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ekspresi.media.paths import VIDEO_SUFFIXES, below_common_folder


class UniquePaths:
    """Names for files that are given once: none is another's, and none is that of a source.

    In a folder that holds a source, where people keep their originals, none is that of any file.
    """

    def __init__(self, sources: Iterable[Path]) -> None:
        self._taken = {_key(source) for source in sources}
        self._homes = {os.path.dirname(key) for key in self._taken}  # noqa: PTH120 (keys are no paths any more)

    def free(self, wanted: Path, *, fresh: bool = False) -> Path:
        """A path -> itself, or, where it is taken, with a number; it is taken then. ``fresh``: nothing is there yet."""
        path, number = wanted, 1
        fresh = fresh or os.path.dirname(_key(path)) in self._homes  # noqa: PTH120
        while _key(path) in self._taken or (fresh and os.path.lexists(path)):
            number += 1
            path = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
        self._taken.add(_key(path))
        return path


def annotated_paths(sources: Sequence[Path], folder: Path, names: UniquePaths) -> dict[Path, Path]:
    """Sources and an output folder -> where the annotated picture or film of each goes.

    They keep the folders below the one they have in common. No two share a name (``x.png`` and ``x.gif`` get
    numbers) and none is a source itself, if ``names`` knows the sources. JPEG stays JPEG, so that a folder of photos
    does not grow tenfold; all else becomes PNG, and videos become MP4.
    """
    return {
        source: names.free(folder / below.with_name(f"{source.stem}{_suffix(source)}"))
        for source, below in zip(sources, below_common_folder(sources), strict=True)
    }


def next_run_folder(name: str) -> Path:
    """Return the first folder ``runs/NAME-NUMBER`` that does not exist.

    Example:
        >>> next_run_folder("no-such-run").as_posix()
        'runs/no-such-run-1'
    """
    number = 1
    while (folder := Path("runs") / f"{name}-{number}").exists():
        number += 1
    return folder


def _key(path: Path) -> str:
    """The same for all names of one file, also where upper and lower case are one."""
    return os.path.realpath(path).casefold()


def _suffix(source: Path) -> str:
    if source.suffix.lower() in VIDEO_SUFFIXES:
        return ".mp4"
    return source.suffix if source.suffix.lower() in (".jpg", ".jpeg") else ".png"
