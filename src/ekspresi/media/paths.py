"""List the pictures and videos behind paths, folders and globs.

In: sources as the user names them. Out: paths in natural order (2 before 10). A named file counts whatever its
suffix; in folders the suffix decides. Does not know about what the files hold.
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
"""Suffixes of file names, lower case, that count as videos in a folder."""


def image_paths(
    sources: Iterable[str | os.PathLike[str]], refused: Callable[[SourceError], None] | None = None
) -> list[Path]:
    """List the pictures behind files, folders (with all subfolders) and globs, each once.

    The order is that of ``sources``, and natural within a folder or a glob. In folders, hidden files are skipped, and
    links to folders are not followed.

    Args:
        sources: as the user names them.
        refused: called with the error of each source that fails, which is then skipped; None: the error is raised.

    Raises:
        SourceError: a path does not exist or cannot be accessed, a glob matches nothing, or a folder cannot be read
            or holds no picture.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     for name in ("10.png", "2.png", "notes.txt"):
        ...         Path(folder, name).touch()
        ...     [path.name for path in image_paths([folder])]
        ['2.png', '10.png']
    """
    return _paths(sources, IMAGE_SUFFIXES, "pictures", refused)


def media_paths(
    sources: Iterable[str | os.PathLike[str]], refused: Callable[[SourceError], None] | None = None
) -> list[Path]:
    """List the pictures and videos behind files, folders and globs, each once, as ``image_paths`` does.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Path(folder, "clip.MP4").touch()
        ...     [path.name for path in media_paths([folder])]
        ['clip.MP4']
    """
    return _paths(sources, IMAGE_SUFFIXES | VIDEO_SUFFIXES, "pictures or videos", refused)


def below_common_folder(paths: Sequence[Path]) -> list[Path]:
    """Return paths relative to the deepest folder that holds them all.

    Example:
        >>> [path.as_posix() for path in below_common_folder([Path("in/a/1.png"), Path("in/b/1.png")])]
        ['a/1.png', 'b/1.png']
    """
    parents = [Path(os.path.realpath(path)).parent for path in paths]
    try:
        common = Path(os.path.commonpath(parents))
    except ValueError:  # several drives on Windows have nothing in common
        return [Path(path.name) for path in paths]
    return [parent.relative_to(common) / path.name for path, parent in zip(paths, parents, strict=True)]


def natural_key(path: os.PathLike[str]) -> list[list[tuple[str, int, str]]]:
    """Return the key that sorts 'frame2.png' before 'frame10.png', folder by folder.

    Example:
        >>> sorted([Path("10.png"), Path("2.png")], key=natural_key)[0].name
        '2.png'
    """
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
            found.setdefault(os.path.realpath(path), path)  # unlike resolve(), it allows links in a circle
    return list(found.values())


def _expanded(source: Path, suffixes: frozenset[str], what: str) -> list[Path]:
    # An existing name wins over its reading as a glob: 'holiday [2024]' is a common folder name.
    mode = _mode(source)
    if stat.S_ISDIR(mode):
        return _within(source, suffixes, what)
    if stat.S_ISREG(mode):
        return [source]
    if mode:
        raise SourceError(f"{source}: is neither a file nor a folder. Give a picture or a folder of pictures.")
    if not glob.has_magic(str(source)):
        webcam = re.fullmatch(r"(camera|webcam|cam)(:.*)?|[0-9]+", str(source), re.IGNORECASE)
        remedy = "Name a webcam camera:0, camera:1 ..." if webcam else "Check the path."
        raise SourceError(f"{source}: no such file or folder. {remedy}")
    pattern = str(source)
    matches = sorted(map(Path, glob.glob(pattern, recursive=True)), key=natural_key)  # noqa: PTH207 (absolute too)
    if not matches:
        raise SourceError(f"{source}: matches no file. Check the pattern.")
    files = [path for path in matches if not os.path.isdir(path)]  # noqa: PTH112 (False without access)
    return files or [path for folder in matches for path in _within(folder, suffixes, what)]


def _mode(path: Path) -> int:
    """Return file type and permissions of a path; 0 where it does not exist."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a null byte in the name
        return 0
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be accessed ({error.strerror}). Check the path and its permissions."
        ) from error


def _within(folder: Path, suffixes: frozenset[str], what: str) -> list[Path]:
    def refuse(error: OSError) -> None:
        where = error.filename or folder
        raise SourceError(f"{where}: the folder cannot be read ({error.strerror}). Check its permissions.") from error

    paths: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [Path(parent, name) for name in names if not name.startswith(".")]
    counted = [path for path in paths if path.suffix.lower() in suffixes]
    if not counted:
        endings = " ".join(sorted(suffixes))
        raise SourceError(f"{folder}: holds no {what}. Give a folder with files that end in one of {endings}.")
    return sorted(counted, key=natural_key)
