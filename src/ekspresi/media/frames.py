"""Any source -> frames: pictures, folders, globs, videos, webcams, network cameras.

In: what the user named. Out: ``Frame`` values, one at a time. Knows nothing of faces.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

from ekspresi.errors import EkspresiError, ImageError, SourceError
from ekspresi.imaging.images import IMAGE_SUFFIXES, load_image
from ekspresi.media.cameras import camera_index, connect, has_an_end, network_camera, webcam
from ekspresi.media.live import live_frames
from ekspresi.media.paths import VIDEO_SUFFIXES, media_paths
from ekspresi.media.timestamps import Window
from ekspresi.media.urls import address, redact
from ekspresi.media.video_reader import container_frames, video_frames
from ekspresi.system.forks import in_one_process
from ekspresi.types import Frame

Refused = Callable[[EkspresiError], None] | None


@in_one_process
def read_frames(
    source: str | os.PathLike[str] | int,
    *,
    every_s: float | None = None,
    start_s: float = 0.0,
    end_s: float | None = None,
    stop: Event | None = None,
    refused: Refused = None,
) -> Iterator[Frame]:
    """Any source -> its frames, one at a time.

    What it may be:

        a picture, folder or glob    pictures and videos in natural order; a picture's number is 0, its time None
        a video                      every frame, however long reading takes
        0, 'camera:0'                a webcam: the newest frame, those that come too late are dropped
        rtsp://, rtsps://            a network camera: the same; sought again when it is lost
        http://, https://            the same, or a video where what is there has an end

    Numbers count all frames of a file or camera, also those that are not wanted or dropped. Close the iterator, or
    set ``stop``, to leave a camera, see ``live_frames``.

    Args:
        source: what to read.
        every_s: one frame in each stretch of this many seconds, the first; None for all. Pictures are not counted.
        start_s: from here on, seconds since the first frame.
        end_s: up to here, the end left out; None for no end.
        stop: reading ends where it is set.
        refused: is told, in one line each, the files that cannot be read, what is lost of a damaged video, and each
            loss of a camera, and reading goes on. None to raise what is wrong with files; cameras are then sought
            again in silence.

    Raises:
        SourceError: a path, camera or address that does not exist or, at first, does not answer.
        ImageError, SourceError: without ``refused``, a file that cannot be read.
        SourceError: a forked child asks for more of what its parent began.
        ConfigError: times that leave nothing.
        MissingExtraError: a video or camera without the extra [video].
        TypeError: something else than text, a path or a number.
    """
    if not isinstance(source, str | os.PathLike | int) or isinstance(source, bool):
        raise TypeError(f"a source is a path, an address or the number of a webcam, not {type(source).__name__}")
    window = Window(every_s, start_s, end_s)
    name = stream_name(source)
    index = camera_index(source)
    if name is not None and index is not None:
        return live_frames(webcam(index), name, window=window, stop=stop, refused=refused)
    assert not isinstance(source, int)
    where = address(source)
    if name is None or where is None:
        return _from_files(media_paths([source]), window, stop, refused)
    if where.startswith("rtsp"):
        return live_frames(network_camera(where), name, window=window, stop=stop, refused=refused)
    return _from_http(where, name, window, stop, refused)


def stream_name(source: str | os.PathLike[str] | int) -> str | None:
    """A webcam or an address -> its ``Frame.source``, without user and password; None for files and folders.

    Raises:
        SourceError: an address that is none.
    """
    index = camera_index(source)
    if index is not None:
        return f"camera:{index}"
    assert not isinstance(source, int)
    where = address(source)
    return None if where is None else redact(where)


def _from_files(paths: list[Path], window: Window, stop: Event | None, refused: Refused) -> Iterator[Frame]:
    for path in paths:
        if stop is not None and stop.is_set():
            return
        try:
            yield from _from_file(path, window, stop, refused)
        except (ImageError, SourceError) as error:
            if refused is None:
                raise
            refused(error)


def _from_file(path: Path, window: Window, stop: Event | None, refused: Refused) -> Iterator[Frame]:
    suffix = path.suffix.lower()
    no_picture: ImageError | None = None
    if suffix not in VIDEO_SUFFIXES:
        try:
            image = load_image(path)
        except ImageError as error:
            if suffix in IMAGE_SUFFIXES:
                raise
            no_picture = error
        else:
            yield Frame(str(path), 0, None, image)
            return
    reading = video_frames(path, window=window, stop=stop, refused=refused)
    if no_picture is not None:  # an unknown ending: it may be a video still
        try:
            first = next(reading, None)
        except EkspresiError:
            raise no_picture from None
        if first is not None:
            yield first
    yield from reading


def _from_http(where: str, name: str, window: Window, stop: Event | None, refused: Refused) -> Iterator[Frame]:
    container = connect(where)
    if has_an_end(container):
        yield from container_frames(container, name, window=window, stop=stop, refused=refused)
        return
    open_stream = network_camera(where, first=container)
    del container  # now it is the reader's
    yield from live_frames(open_stream, name, window=window, stop=stop, refused=refused)
