"""Files, folders and globs -> the paths of the pictures and videos in them.

In: what the user named. Out: a list of paths in an order a person expects (2 before 10). Knows nothing of
what the files hold: a file that is named counts whatever its ending; in folders the ending decides.
"""

import glob
import os
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ekspresi.errors import SourceError
from ekspresi.imaging.images import IMAGE_SUFFIXES

# fmt: off
VIDEO_SUFFIXES = frozenset(
    {
        ".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".mkv",
        ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts",
        ".m2ts", ".vob", ".wmv", ".asf", ".flv", ".ogv",
        # What cameras and recorders write without a container.
        ".mjpeg", ".mjpg", ".h264", ".264", ".h265", ".265",
        ".hevc", ".dav",
    }
)
# fmt: on
"""Endings of file names, lower case, that count as videos where a folder is searched."""


def image_paths(
    sources: Iterable[str | os.PathLike[str]], refused: Callable[[SourceError], None] | None = None
) -> list[Path]:
    """Files, folders (searched to the bottom) and globs -> paths of pictures, each once.

    The order is that of ``sources``, and natural order within a folder or a glob. Hidden files are left out
    of folders, and links to folders are not followed.

    Args:
        sources: what the user named.
        refused: called with the error of each source that is none, which is then left out; None: it is raised.

    Raises:
        SourceError: a path that does not exist or cannot be looked at, a glob that matches nothing, a folder
            that cannot be read or holds no picture.
    """
    return _paths(sources, IMAGE_SUFFIXES, "pictures", refused)


def media_paths(
    sources: Iterable[str | os.PathLike[str]], refused: Callable[[SourceError], None] | None = None
) -> list[Path]:
    """Files, folders and globs -> paths of pictures and videos, each once; all else as in ``image_paths``."""
    return _paths(sources, IMAGE_SUFFIXES | VIDEO_SUFFIXES, "pictures or videos", refused)


def below_common_folder(paths: Sequence[Path]) -> list[Path]:
    """Paths -> the same, relative to the deepest folder that holds them all."""
    parents = [Path(os.path.realpath(path)).parent for path in paths]
    try:
        common = Path(os.path.commonpath(parents))
    except ValueError:  # several drives on Windows have nothing in common
        return [Path(path.name) for path in paths]
    return [parent.relative_to(common) / path.name for path, parent in zip(paths, parents, strict=True)]


def natural_key(path: os.PathLike[str]) -> list[list[tuple[str, int, str]]]:
    """A path -> the key that sorts 'frame2.png' before 'frame10.png', folder by folder."""
    return [
        [("", int(digits), digits) if digits else (text.casefold(), 0, text) for digits, text in parts]
        for parts in (re.findall(r"([0-9]+)|([^0-9]+)", name) for name in Path(path).parts)
    ]


def _paths(
    sources: Iterable[str | os.PathLike[str]],
    suffixes: frozenset[str],
    what: str,
    refused: Callable[[SourceError], None] | None,
) -> list[Path]:
    found: dict[str, Path] = {}
    for source in sources:
        try:
            paths = _expanded(Path(source), suffixes, what)
        except SourceError as error:
            if refused is None:
                raise
            refused(error)
            continue
        for path in paths:
            found.setdefault(os.path.realpath(path), path)  # unlike resolve(), it bears links in a circle
    return list(found.values())


def _expanded(source: Path, suffixes: frozenset[str], what: str) -> list[Path]:
    # An existing name wins over its reading as a glob: 'holiday [2024]' is a common folder name.
    mode = _mode(source)
    if stat.S_ISDIR(mode):
        return _within(source, suffixes, what)
    if stat.S_ISREG(mode):
        return [source]
    if mode:
        raise SourceError(f"{source}: is neither a file nor a folder; give a picture or a folder of pictures")
    if not glob.has_magic(str(source)):
        webcam = re.fullmatch(r"(camera|webcam|cam)(:.*)?|[0-9]+", str(source), re.IGNORECASE)
        remedy = "a webcam is camera:0, camera:1 ..." if webcam else "check the path"
        raise SourceError(f"{source}: no such file or folder; {remedy}")
    pattern = str(source)
    matches = sorted(map(Path, glob.glob(pattern, recursive=True)), key=natural_key)  # noqa: PTH207 (absolute too)
    if not matches:
        raise SourceError(f"{source}: matches no file; check the pattern")
    files = [path for path in matches if not os.path.isdir(path)]  # noqa: PTH112 (False where it may not be looked at)
    return files or [path for folder in matches for path in _within(folder, suffixes, what)]


def _mode(path: Path) -> int:
    """Kind and rights of what stands at a path; 0 where nothing does."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a null byte in the name
        return 0
    except OSError as error:
        raise SourceError(f"{path}: cannot be looked at ({error.strerror}); check the path and its rights") from error


def _within(folder: Path, suffixes: frozenset[str], what: str) -> list[Path]:
    def refuse(error: OSError) -> None:
        where = error.filename or folder
        raise SourceError(f"{where}: the folder cannot be read ({error.strerror}); check its permissions") from error

    paths: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [Path(parent, name) for name in names if not name.startswith(".")]
    counted = [path for path in paths if path.suffix.lower() in suffixes]
    if not counted:
        endings = " ".join(sorted(suffixes))
        raise SourceError(f"{folder}: holds no {what}; their names must end in one of {endings}")
    return sorted(counted, key=natural_key)
