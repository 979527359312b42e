"""Read the frames of all sources of a run, from the positions where an earlier run stopped.

In: sources as the user named them; start positions. Out: frames, errors of sources, and what was not read. Does not
know about faces.

Pictures and videos that ekspresi drew are not sources: those in folders and globs, and those in the output folder also
if they are named, as a shell does for ``*.jpg``. They are known by the maker in their metadata, so originals beside
them are read, and it does not matter in which run or folder they were drawn.
"""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from ekspresi.errors import ConfigError, EkspresiError, ImageError, MissingExtraError, SourceError
from ekspresi.media.frames import read_frames, stream_name
from ekspresi.media.paths import list_files
from ekspresi.media.pictures import picture_frames
from ekspresi.media.standard_input import STDIN, read_stdin
from ekspresi.media.timestamps import Window
from ekspresi.tables.checkpoint import Position
from ekspresi.tables.overwrite import MADE_PICTURES, is_made_by_ekspresi
from ekspresi.types import Frame
from ekspresi.workflows.options import DRAWN, UNSUPPORTED, UnreadSource

WARM_UP_S = 2.0
"""A resumed video is read again from so many seconds before its position: predictions depend on earlier frames."""


@dataclass
class SourceReader:
    """Read the sources of a run, and collect their errors.

    Attributes:
        paths: files, in the order of reading; ``STDIN`` for standard input; empty for a camera or an address.
        camera: a webcam or an address; None for files.
        name: name of the camera in ``Frame.source``; None for files.
        named: those of ``paths`` that the user named, unlike files found in a folder.
        on_error: receives each error.
        errors: errors of named sources, also of those that were read in part.
        unread: files and folders among the sources that gave nothing.
        partial: videos that are damaged or cut off.

    Example:
        >>> SourceReader([Path("a.png"), Path("b.mp4")], None, None, frozenset(), print).names
        ['a.png', 'b.mp4']
    """

    paths: list[Path]
    camera: str | None
    name: str | None
    named: frozenset[Path]
    on_error: Callable[[EkspresiError], None]
    errors: list[EkspresiError] = field(default_factory=list)
    unread: list[UnreadSource] = field(default_factory=list)
    partial: list[UnreadSource] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Names of the sources as in ``Frame.source``, without passwords."""
        return [str(path) for path in self.paths] if self.name is None else [self.name]

    def frames(
        self, window: Window, positions: Sequence[Position], stop: Event, on_failed: Callable[[Position], None]
    ) -> Iterator[Frame]:
        """Yield the frames of all sources, one source after the other.

        Args:
            window: time window and step of each video.
            positions: where to start, in the order of reading; some frames before each position come again.
            stop: set it to end early.
            on_failed: receives each position without a frame; the reading thread calls it.
        """
        if self.camera is not None:
            yield from _frames(self.camera, window, stop, self.on_error)
            return
        for position in positions:
            if stop.is_set():
                return
            yield from self._frames_of(position, window, stop, on_failed)

    def _frames_of(
        self, position: Position, window: Window, stop: Event, on_failed: Callable[[Position], None]
    ) -> Iterator[Frame]:
        """Yield the frames of a file, and report its errors."""
        path = self.paths[position.number]
        errors: list[EkspresiError] = []
        any_frame = False

        def report(error: EkspresiError) -> None:
            errors.append(error)
            self.on_error(error)

        try:
            for frame in _frames(path, _resumed(window, position), stop, report):
                any_frame = True
                yield frame
        except MissingExtraError as error:  # a video among pictures
            report(error)
            if path not in self.named:
                self.errors.append(error)
        except (SourceError, ImageError) as error:  # the file was removed, or is not a file; standard input
            report(error)
        if errors and not any_frame:
            on_failed(position)
            self.unread.append(_unread(path, errors[0]))
        elif errors:
            self.partial.append(_unread(path, errors[0]))
        if path in self.named:
            self.errors += errors[:1]


def open_sources(
    sources: Sequence[str], on_error: Callable[[EkspresiError], None], *, annotate: Path | None = None
) -> SourceReader:
    """Find the files, camera or address that the user named.

    Args:
        sources: files, folders and globs, '-' for a picture in standard input, or a single camera or address.
        on_error: receives the error of each source that does not exist; it is among ``errors`` too. Receives errors of
            folders inside sources, which are among ``unread``.
        annotate: folder of annotated pictures and videos; those that ekspresi drew there are not sources.

    Raises:
        ConfigError: a camera or an address beside other sources.
        SourceError: an address that cannot be parsed.

    Example:
        >>> open_sources(["camera:0"], print).names
        ['camera:0']
    """
    for source in sources:
        if (name := stream_name(source)) is not None:
            if len(sources) > 1:
                problem = "a live source must be the only source, because it never ends"
                raise ConfigError(f"{name}: {problem}. Start a separate run for the other sources.")
            return SourceReader([], source, name, frozenset(), on_error)
    listing = list_files(source for source in sources if source != str(STDIN))
    errors: list[EkspresiError] = [*listing.refused.values()]
    output = None if annotate is None else os.path.realpath(annotate)
    drawn = {
        path for path in listing.paths if (path not in listing.named or _is_below(path, output)) and _is_drawn(path)
    }
    paths = [path.absolute() if path == STDIN else path for path in listing.paths if path not in drawn]  # './-'
    named = {path.absolute() if path == STDIN else path for path in listing.named}
    if str(STDIN) in sources:
        paths, named = [STDIN, *paths], named | {STDIN}
    if drawn and not paths:
        errors.append(SourceError(f"{min(drawn)}: {DRAWN}"))
    for error in (*errors, *listing.closed.values()):
        on_error(error)
    unread = [_unread(source, error) for source, error in listing.refused.items()]
    unread += [_unread(folder, error) for folder, error in listing.closed.items()]
    unread += [UnreadSource(str(path), UNSUPPORTED) for path in listing.unsupported]
    unread += [UnreadSource(str(path), DRAWN) for path in listing.paths if path in drawn]
    return SourceReader(paths, None, None, frozenset(named), on_error, errors, unread)


def _unread(path: str | Path, error: EkspresiError) -> UnreadSource:
    return UnreadSource(str(path), str(error).removeprefix(f"{path}: "))


def _is_drawn(path: Path) -> bool:
    try:
        return path.suffix.lower() in MADE_PICTURES and path.is_file() and is_made_by_ekspresi(path)
    except OSError:  # the run reads it too, and reports its error
        return False


def _is_below(path: Path, folder: str | None) -> bool:
    return folder is not None and Path(os.path.realpath(path)).is_relative_to(folder)


def _frames(
    source: str | os.PathLike[str], window: Window, stop: Event, on_error: Callable[[EkspresiError], None]
) -> Iterator[Frame]:
    if source == STDIN:
        return picture_frames(read_stdin(), str(STDIN), window, stop)
    return read_frames(
        source, every_s=window.every_s, start_s=window.start_s, end_s=window.end_s, stop=stop, refused=on_error
    )


def _resumed(window: Window, position: Position) -> Window:
    """Cut a window to the part after a position and ``WARM_UP_S`` before it, with the same frames."""
    if position.time_s is None:  # a page: reading begins with the first, and the run skips those that it has
        return window
    begin = max(window.start_s, position.time_s - WARM_UP_S)
    if window.every_s is not None:  # keep the grid of steps
        begin = window.start_s + math.floor((begin - window.start_s) / window.every_s) * window.every_s
    end_s = window.end_s if window.end_s is None or window.end_s > begin else begin + WARM_UP_S
    return Window(window.every_s, begin, end_s)
