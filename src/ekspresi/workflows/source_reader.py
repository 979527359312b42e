"""Sources -> frames, one source after the other, from where an earlier run stopped.

In: what the user named; where to go on in each. Out: frames; which sources could not be read. Knows nothing of faces.
"""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from ekspresi.errors import ConfigError, EkspresiError, MissingExtraError, SourceError
from ekspresi.media.frames import read_frames, stream_name
from ekspresi.media.paths import media_paths
from ekspresi.media.timestamps import Window
from ekspresi.tables.checkpoint import Position
from ekspresi.types import Frame

WARM_S = 2.0
"""A video that is taken up again is looked at from so long before: what is believed of a face rests on its past."""


@dataclass
class SourceReader:
    """The sources of a run, and what became of reading them.

    Attributes:
        paths: files, in the order in which they are read; empty for a camera or an address.
        camera: a webcam or an address, named alone; None for files.
        name: what ``Frame.source`` calls it.
        named: of the paths, those that were named themselves, not found in a folder.
        errors: errors of what was named.
    """

    paths: list[Path]
    camera: str | None
    name: str | None
    named: frozenset[Path]
    on_error: Callable[[EkspresiError], None]
    errors: list[EkspresiError] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The sources as ``Frame.source`` gives them, without passwords."""
        return [str(path) for path in self.paths] if self.name is None else [self.name]

    def frames(
        self, window: Window, places: Sequence[Position], stop: Event, failed: Callable[[Position], None]
    ) -> Iterator[Frame]:
        """All frames that are wanted.

        Args:
            window: which of each source.
            places: where to go on, in the order of reading; some frames from before a place come once more.
            stop: the end, from outside.
            failed: is told of each place from which on there is no frame, by the thread that reads.
        """
        if self.camera is not None:
            yield from _frames(self.camera, window, stop, self.on_error)
            return
        for place in places:
            if stop.is_set():
                return
            yield from self._frames_of(place, window, stop, failed)

    def _frames_of(
        self, place: Position, window: Window, stop: Event, failed: Callable[[Position], None]
    ) -> Iterator[Frame]:
        """Frames of a file; whatever is wrong with it is told."""
        path = self.paths[place.number]
        errors: list[EkspresiError] = []
        any_frame = False

        def refuse(error: EkspresiError) -> None:
            errors.append(error)
            self.on_error(error)

        try:
            for frame in _frames(path, _resumed(window, place), stop, refuse):
                any_frame = True
                yield frame
        except MissingExtraError as error:  # of a video among pictures
            refuse(error)
            self.errors.append(error)
        except SourceError as error:  # it has gone, or is no file
            refuse(error)
        if errors and not any_frame:
            failed(place)
            if path in self.named:
                self.errors += errors[:1]


def open_sources(sources: Sequence[str], on_error: Callable[[EkspresiError], None]) -> SourceReader:
    """What the user named -> what will be read; what does not exist is told, and is among ``errors``.

    Raises:
        ConfigError: a camera or an address beside other sources: it has no end.
        SourceError: an address that is none.
    """
    for source in sources:
        if (name := stream_name(source)) is not None:
            if len(sources) > 1:
                raise ConfigError(f"{name}: has no end, and others would wait for it; name it alone")
            return SourceReader([], source, name, frozenset(), on_error)
    unmet: list[EkspresiError] = []
    paths = media_paths(sources, unmet.append)
    for error in unmet:
        on_error(error)
    return SourceReader(paths, None, None, frozenset(map(Path, sources)), on_error, errors=unmet)


def _frames(
    source: str | os.PathLike[str], window: Window, stop: Event, refused: Callable[[EkspresiError], None]
) -> Iterator[Frame]:
    return read_frames(
        source, every_s=window.every_s, start_s=window.start_s, end_s=window.end_s, stop=stop, refused=refused
    )


def _resumed(window: Window, place: Position) -> Window:
    """A window -> the part of it that is left after a place, and ``WARM_S`` before; of the same frames."""
    if place.time_s is None:
        return window
    begin = max(window.start_s, place.time_s - WARM_S)
    if window.every_s is not None:  # the same stretches of time
        begin = window.start_s + math.floor((begin - window.start_s) / window.every_s) * window.every_s
    end_s = window.end_s if window.end_s is None or window.end_s > begin else begin + WARM_S
    return Window(window.every_s, begin, end_s)
