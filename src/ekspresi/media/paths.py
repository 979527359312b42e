"""List the pictures and videos behind paths, folders and globs.

In: sources as the user names them. Out: paths in natural order (2 before 10), and what was found but cannot be read. A
named file counts whatever its suffix; in folders the suffix decides. Does not know about what the files hold.
"""

import glob
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ekspresi.errors import SourceError
from ekspresi.imaging.images import IMAGE_SUFFIXES
from ekspresi.media.folders import folders_below

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
"""Suffixes of file names, lower case, that count as videos in a folder."""

UNSUPPORTED_SUFFIXES = frozenset(
    {
        # Raw pictures of cameras.
        ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf",
        ".gpr", ".iiq", ".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw",
        ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf",
        ".srw", ".x3f",
        # Other pictures.
        ".dcm", ".exr", ".hdr", ".jls", ".jxl", ".jxr", ".psb", ".psd",
        ".xcf",
        # Videos of cameras and old players.
        ".braw", ".insv", ".r3d", ".rm", ".rmvb",
    }
)
# fmt: on
"""Suffixes of pictures and videos, lower case, that ekspresi cannot read; in a folder they are counted, not tried."""


@dataclass(slots=True)
class FileListing:
    """List the files behind sources, and what cannot be read there.

    Attributes:
        paths: the files to read, one for each name: two links to one file are two names.
        named: those of ``paths`` that a source names itself, unlike files found in a folder or by a glob.
        refused: sources that cannot be used, as the user named them, and their errors.
        closed: folders inside sources that cannot be read, and their errors; the rest of each source is listed.
        unsupported: pictures and videos in folders whose kind ekspresi cannot read, in natural order.

    Example:
        >>> FileListing().paths
        []
    """

    paths: list[Path] = field(default_factory=list)
    named: set[Path] = field(default_factory=set)
    refused: dict[str, SourceError] = field(default_factory=dict)
    closed: dict[Path, SourceError] = field(default_factory=dict)
    unsupported: list[Path] = field(default_factory=list)


def image_paths(
    sources: Iterable[str | os.PathLike[str]], refused: Callable[[SourceError], None] | None = None
) -> list[Path]:
    """List the pictures behind files, folders (with all subfolders) and globs, each name once.

    The order is that of ``sources``, and natural within a folder or a glob. In folders, hidden files are skipped. Links
    to folders are followed, unless they lead back to a folder above them.

    Args:
        sources: as the user names them.
        refused: called with the error of each source and folder that fails, which is then skipped; None: the first
            error is raised.

    Raises:
        SourceError: a source is empty text, does not exist or cannot be accessed; a glob matches nothing; a folder
            cannot be read or holds no picture.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     for name in ("10.png", "2.png", "notes.txt"):
        ...         Path(folder, name).touch()
        ...     [path.name for path in image_paths([folder])]
        ['2.png', '10.png']
    """
    return _paths(list_files(sources, IMAGE_SUFFIXES, "pictures"), refused)


def media_paths(
    sources: Iterable[str | os.PathLike[str]], refused: Callable[[SourceError], None] | None = None
) -> list[Path]:
    """List the pictures and videos behind files, folders and globs, as ``image_paths`` does.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Path(folder, "clip.MP4").touch()
        ...     [path.name for path in media_paths([folder])]
        ['clip.MP4']
    """
    return _paths(list_files(sources), refused)


def list_files(
    sources: Iterable[str | os.PathLike[str]],
    suffixes: frozenset[str] = IMAGE_SUFFIXES | VIDEO_SUFFIXES,
    what: str = "pictures or videos",
) -> FileListing:
    """List the files behind sources in the order of ``image_paths``, and collect the errors.

    Args:
        sources: as the user names them.
        suffixes: of files that count in a folder, lower case.
        what: the name of such files in errors.

    Example:
        >>> [str(error).partition(":")[0] for error in list_files(["nowhere.png"]).refused.values()]
        ['nowhere.png']
    """
    listing, found = FileListing(), dict[str, Path]()
    for source in sources:
        try:
            if not os.fspath(source):
                raise SourceError("'': is empty text, not a source. Give the path of a picture, video or folder.")
            paths = _expanded(Path(source), suffixes, what, listing)
            kept = [found.setdefault(_name_key(path), path) for path in paths]
            if paths == [Path(source)]:
                listing.named.update(kept)
        except SourceError as error:
            listing.refused[os.fspath(source)] = error
    listing.paths = list(found.values())
    listing.unsupported = list({_name_key(path): path for path in listing.unsupported}.values())
    return listing


def below_common_folder(paths: Sequence[Path]) -> list[Path]:
    """Return paths relative to the deepest folder that holds them all.

    Example:
        >>> [path.as_posix() for path in below_common_folder([Path("in/a/1.png"), Path("in/b/1.png")])]
        ['a/1.png', 'b/1.png']
    """
    parents = [Path(os.path.abspath(path)).parent for path in paths]  # noqa: PTH100 (a link stays where it is)
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


def _paths(listing: FileListing, refused: Callable[[SourceError], None] | None) -> list[Path]:
    for error in (*listing.refused.values(), *listing.closed.values()):
        if refused is None:
            raise error
        refused(error)
    return listing.paths


def _name_key(path: Path) -> str:
    """Return a key that all spellings of one name share, such as 'a.jpg' and 'sub/../a.jpg'."""
    key = os.path.abspath(path)  # noqa: PTH100 (resolve() would follow links)
    if ".." in path.parts and os.path.realpath(key) != os.path.realpath(path):  # 'sub' is a link to another place
        key = os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118 (a key is text)
    return os.path.normcase(key)


def _expanded(source: Path, suffixes: frozenset[str], what: str, listing: FileListing) -> list[Path]:
    # An existing name wins over its reading as a glob: 'holiday [2024]' is a common folder name.
    mode = _mode(source)
    if stat.S_ISDIR(mode):
        return _within(source, suffixes, what, listing)
    if stat.S_ISREG(mode):
        return [source]
    if mode:
        raise SourceError(f"{source}: is neither a file nor a folder. Give a picture or a folder of pictures.")
    if not glob.has_magic(str(source)):
        webcam = re.fullmatch(r"(camera|webcam|cam)(:.*)?|[0-9]+", str(source), re.IGNORECASE)
        remedy = "Name a webcam camera:0, camera:1 ..." if webcam else "Check the path."
        raise SourceError(f"{source}: no such file or folder. {remedy}")
    matches = sorted(set(_matches(source, listing)), key=natural_key)
    if not matches:
        raise SourceError(f"{source}: matches no file. Check the pattern.")
    files = [path for path in matches if not os.path.isdir(path)]  # noqa: PTH112 (False without access)
    return files or [path for folder in matches for path in _within(folder, suffixes, what, listing)]


def _matches(pattern: Path, listing: FileListing) -> Iterator[Path]:
    """List the matches of a glob; '**' is expanded here, because ``glob`` follows links in a circle."""
    if "**" not in pattern.parts:
        yield from map(Path, glob.glob(str(pattern)))  # noqa: PTH207 (absolute too)
        return
    place = pattern.parts.index("**")
    above, below = Path(*pattern.parts[:place]), Path(*pattern.parts[place + 1 :])
    tops = _matches(above, listing) if glob.has_magic(str(above)) else [above]
    for top in filter(os.path.isdir, tops):
        for folder, names in folders_below(top, listing.closed.__setitem__):
            if below.parts:
                yield from _matches(Path(glob.escape(str(folder))) / below, listing)
            else:
                yield from (folder / name for name in names)


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


def _within(top: Path, suffixes: frozenset[str], what: str, listing: FileListing) -> list[Path]:
    closed: dict[Path, SourceError] = {}
    paths = [folder / name for folder, names in folders_below(top, closed.__setitem__) for name in names]
    if top in closed:
        raise closed[top]
    listing.closed |= closed
    counted = [path for path in paths if path.suffix.lower() in suffixes]
    unsupported = [path for path in paths if path.suffix.lower() in UNSUPPORTED_SUFFIXES]
    listing.unsupported += sorted(unsupported, key=natural_key)
    if not counted:
        raise SourceError(f"{top}: holds no {what}{_but(unsupported, suffixes)}")
    return sorted(counted, key=natural_key)


def _but(unsupported: Sequence[Path], suffixes: frozenset[str]) -> str:
    """Describe what a folder without readable files holds, and the remedy."""
    if unsupported:
        kinds = ", ".join(f"{count} {suffix}" for suffix, count in count_suffixes(unsupported))
        return f" that can be read, but {kinds}. Convert them to JPEG, PNG or MP4."
    return f". Give a folder with files that end in one of {' '.join(sorted(suffixes))}."


def count_suffixes(paths: Iterable[str | os.PathLike[str]]) -> list[tuple[str, int]]:
    """Count files by their suffix in lower case, the most frequent first.

    Example:
        >>> count_suffixes(["a.cr2", "b.jxl", "c.CR2"])
        [('.cr2', 2), ('.jxl', 1)]
    """
    return Counter(Path(path).suffix.lower() for path in paths).most_common()
