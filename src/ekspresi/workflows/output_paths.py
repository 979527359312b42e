"""Choose the paths of outputs: annotated pictures and videos, and folders of runs.

In: paths of sources, names. Out: paths. Does not know what is written there.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ekspresi.media.paths import VIDEO_SUFFIXES, below_common_folder, natural_key
from ekspresi.media.video_writer import FILM_SUFFIX
from ekspresi.tables.overwrite import is_made_by_ekspresi

_MARK = "-annotated"
"""End of names in a folder of sources."""


class UniquePaths:
    """Give each output a path of its own that is not the path of a source.

    In the folder of a source, where people keep their originals, a name ends in ``-annotated``, and the path is not
    that of an existing file that ekspresi did not make.

    Example:
        >>> paths = UniquePaths([Path("in/a.png")])
        >>> [paths.free(Path(wanted)).as_posix() for wanted in ("out/b.png", "out/b.png", "in/a.png")]
        ['out/b.png', 'out/b-2.png', 'in/a-annotated.png']
    """

    def __init__(self, sources: Iterable[Path]) -> None:
        sources = list(sources)
        self._taken = {_key(source) for source in sources}
        self._homes = {os.path.dirname(key) for key in self._taken}  # noqa: PTH120 (keys are strings)
        self._homes |= {_key(source.parent) for source in sources}  # of links

    def free(self, wanted: Path, *, fresh: bool = False) -> Path:
        """Return a path and reserve it; a reserved one gets a number.

        Args:
            wanted: the path.
            fresh: number also the path of an existing file.
        """
        at_home = _key(wanted.parent) in self._homes
        marked = not at_home or wanted.stem.endswith(_MARK)
        first = wanted if marked else wanted.with_name(f"{wanted.stem}{_MARK}{wanted.suffix}")
        path, number = first, 1
        while _key(path) in self._taken or (os.path.lexists(path) and (fresh or (at_home and not _is_ours(path)))):
            number += 1
            path = first.with_name(f"{first.stem}-{number}{first.suffix}")
        self._taken.add(_key(path))
        return path


def annotated_paths(sources: Sequence[Path], folder: Path, names: UniquePaths) -> dict[Path, Path]:
    """Choose the annotated picture or video of each source.

    The targets keep the folders below the common folder of all sources, and the whole names of the sources: ``x.jpg``
    stays ``x.jpg``, ``x.gif`` becomes ``x.gif.png``, and ``x.avi`` becomes ``x.avi.mp4``. So the name of a target
    shows its source. JPEG stays JPEG, so that a folder of photos does not grow tenfold.

    Args:
        sources: the sources.
        folder: the output folder.
        names: gives each target a path of its own. Numbers are rare: ``x.gif`` beside ``x.gif.png``, or two names that
            differ in case only. They do not depend on the order of the sources.

    Returns:
        Source -> target.

    Example:
        >>> targets = annotated_paths([Path("in/a.gif"), Path("in/b.avi")], Path("out"), UniquePaths([]))
        >>> [target.as_posix() for target in targets.values()]
        ['out/a.gif.png', 'out/b.avi.mp4']
    """
    wanted = dict(zip(sources, below_common_folder(sources), strict=True))
    endings = {source: _ending(source) for source in sources}
    ordered = sorted(sources, key=lambda source: (endings[source] != "", natural_key(source)))
    chosen = {
        source: names.free(folder / wanted[source].with_name(f"{source.name}{endings[source]}")) for source in ordered
    }
    return {source: chosen[source] for source in sources}


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


def _is_ours(path: Path) -> bool:
    try:
        return path.is_file() and (not path.stat().st_size or is_made_by_ekspresi(path))
    except OSError:  # it cannot be read, so it is kept
        return False


def _ending(source: Path) -> str:
    """Return what an annotated file adds to the name of its source; '' where the format stays."""
    suffix = source.suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return "" if suffix == FILM_SUFFIX else FILM_SUFFIX
    return "" if suffix in (".jpg", ".jpeg", ".png") else ".png"
