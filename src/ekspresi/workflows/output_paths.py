"""Choose the paths of outputs: annotated pictures and videos, and folders of runs.

In: paths of sources, names. Out: paths. Does not know what is written there.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ekspresi.media.paths import VIDEO_SUFFIXES, below_common_folder


class UniquePaths:
    """Give each output a path of its own that is not the path of a source.

    In the folder of a source, where people keep their originals, the path is not that of any existing file.

    Example:
        >>> paths = UniquePaths([Path("in/a.png")])
        >>> [paths.free(Path("out/b.png")).name for _ in range(2)]
        ['b.png', 'b-2.png']
    """

    def __init__(self, sources: Iterable[Path]) -> None:
        self._taken = {_key(source) for source in sources}
        self._homes = {os.path.dirname(key) for key in self._taken}  # noqa: PTH120 (keys are strings)

    def free(self, wanted: Path, *, fresh: bool = False) -> Path:
        """Return a path and reserve it; a reserved one gets a number.

        Args:
            wanted: the path.
            fresh: number also the path of an existing file.
        """
        path, number = wanted, 1
        fresh = fresh or os.path.dirname(_key(path)) in self._homes  # noqa: PTH120
        while _key(path) in self._taken or (fresh and os.path.lexists(path)):
            number += 1
            path = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
        self._taken.add(_key(path))
        return path


def annotated_paths(sources: Sequence[Path], folder: Path, names: UniquePaths) -> dict[Path, Path]:
    """Choose the annotated picture or video of each source.

    The targets keep the folders below the common folder of all sources. JPEG stays JPEG, so that a folder of photos
    does not grow tenfold; other pictures become PNG, and videos become MP4.

    Args:
        sources: the sources.
        folder: the output folder.
        names: gives each target a path of its own: ``x.png`` and ``x.gif`` get numbers.

    Returns:
        Source -> target.

    Example:
        >>> targets = annotated_paths([Path("in/a.gif"), Path("in/b.avi")], Path("out"), UniquePaths([]))
        >>> [target.as_posix() for target in targets.values()]
        ['out/a.png', 'out/b.mp4']
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
    """Return a key that all names of a file share, also on systems that ignore case."""
    return os.path.realpath(path).casefold()


def _suffix(source: Path) -> str:
    if source.suffix.lower() in VIDEO_SUFFIXES:
        return ".mp4"
    return source.suffix if source.suffix.lower() in (".jpg", ".jpeg") else ".png"
