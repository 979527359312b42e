"""Read the frames of any source: pictures, folders, globs, videos, webcams, network cameras.

In: a source as the user names it. Out: ``Frame`` values, one at a time. Does not know about faces.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Event

from ekspresi.errors import EkspresiError, ImageError, SourceError
from ekspresi.imaging.file_kinds import PICTURE, VIDEO, find_kind
from ekspresi.imaging.images import IMAGE_SUFFIXES, load_frames, read_start
from ekspresi.imaging.picture_files import decode_frames
from ekspresi.media.cameras import camera_index, connect, has_an_end, is_picture_format, network_camera, webcam
from ekspresi.media.containers import open_container
from ekspresi.media.live import live_frames
from ekspresi.media.paths import VIDEO_SUFFIXES, media_paths
from ekspresi.media.pictures import download_picture, picture_frames
from ekspresi.media.timestamps import Window
from ekspresi.media.urls import parse_address, redact
from ekspresi.media.video_reader import container_frames, video_frames
from ekspresi.system.forks import in_one_process
from ekspresi.types import Frame

Refused = Callable[[EkspresiError], None] | None

_JPEG_STREAMS = (".mjpeg", ".mjpg")  # begin like a JPEG picture


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
    """Read the frames of a source, one at a time.

    Sources:

        a picture, folder or glob    pictures and videos in natural order; a picture's number is 0, its time None
        a video or animation         every frame, however long reading takes
        a TIFF file of pages         each page; they have numbers, but no times
        0, 'camera:0'                a webcam: the newest frame; late frames are dropped
        rtsp://, rtsps://            a network camera: the same; reconnects automatically
        http://, https://            the same, or a video or picture with an end, which is read like a file

    The first bytes of a file decide whether it is a picture or a video, and its suffix where they do not say it.

    Numbers count all frames of a file or camera, also dropped and unselected ones. Close the iterator or set ``stop``
    to leave a camera, see ``live_frames``.

    Args:
        source: what to read.
        every_s: length of an interval in seconds; the first frame of each is read. None for all. Ignored for stills.
        start_s: first second that is read, since the first frame.
        end_s: second before which reading ends; None for no end.
        stop: ends reading when it is set.
        refused: called with an error for each unreadable file, damaged video and lost camera; reading continues.
            None: errors of files are raised, and cameras reconnect silently.

    Raises:
        SourceError: the path, camera or address does not exist, or does not answer at first.
        ImageError, SourceError: a file cannot be read, without ``refused``.
        SourceError: a forked child continues an iterator of its parent.
        ConfigError: the times select nothing.
        MissingExtraError: the source is a video or camera, and the extra [video] is not installed.
        TypeError: the source is not a text, path or number.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> with TemporaryDirectory() as folder:
        ...     Image.new("RGB", (8, 6)).save(Path(folder) / "face.png")
        ...     [(frame.number, frame.time_s, frame.image.shape) for frame in read_frames(folder)]
        [(0, None, (6, 8, 3))]
    """
    if not isinstance(source, str | os.PathLike | int) or isinstance(source, bool):
        raise TypeError(f"{type(source).__name__}: is not a source. Give a path, an address or the number of a webcam.")
    window = Window(every_s, start_s, end_s)
    name = stream_name(source)
    index = camera_index(source)
    if name is not None and index is not None:
        return live_frames(webcam(index), name, window=window, stop=stop, refused=refused)
    assert not isinstance(source, int)
    where = parse_address(source)
    if name is None or where is None:
        return _from_files(media_paths([source]), window, stop, refused)
    if where.startswith("rtsp"):
        return live_frames(network_camera(where), name, window=window, stop=stop, refused=refused)
    return _from_http(where, name, window, stop, refused)


def stream_name(source: str | os.PathLike[str] | int) -> str | None:
    """Return the ``Frame.source`` of a webcam or an address, without user and password; None for files and folders.

    Raises:
        SourceError: the address cannot be read.

    Example:
        >>> stream_name(0), stream_name("rtsp://user:secret@host/door"), stream_name("clip.mp4")
        ('camera:0', 'rtsp://***@host/door', None)
    """
    index = camera_index(source)
    if index is not None:
        return f"camera:{index}"
    assert not isinstance(source, int)
    where = parse_address(source)
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
    """Read a file as what its first bytes say; its suffix decides where they say nothing."""
    suffix = path.suffix.lower()
    kind = None if suffix in _JPEG_STREAMS else find_kind(read_start(path))
    if kind == VIDEO or (kind is None and suffix in VIDEO_SUFFIXES):
        yield from video_frames(path, window=window, stop=stop, refused=refused)
        return
    reading = picture_frames(load_frames(path), str(path), window, stop)
    try:
        first = next(reading, None)
    except ImageError as error:
        if kind == PICTURE or suffix in IMAGE_SUFFIXES:
            raise
        no_picture = error
    else:
        if first is not None:
            yield first
        yield from reading
        return
    try:  # an unknown suffix and no signature: it may be a video, or a picture that only FFmpeg knows
        moment = next(moving := video_frames(path, window=window, stop=stop, refused=refused), None)
        with open_container(f"file:{path}", str(path)) as container:
            still = is_picture_format(container)
    except EkspresiError:
        raise no_picture from None
    if moment is not None:
        yield replace(moment, time_s=None) if still else moment
    yield from moving


def _from_http(where: str, name: str, window: Window, stop: Event | None, refused: Refused) -> Iterator[Frame]:
    container = connect(where)
    like_picture = is_picture_format(container)  # a photo, or a camera that sends pictures one after the other
    if like_picture or has_an_end(container):
        if like_picture:
            container.close()  # many cameras serve one client
        data = download_picture(where, of_any_kind=like_picture)
        if data is not None:
            container.close()
            yield from _from_bytes(data, name, window, stop, refused)
            return
        if like_picture:
            container = connect(where)
    if has_an_end(container):
        yield from container_frames(container, name, window=window, stop=stop, refused=refused)
        return
    open_stream = network_camera(where, first=container)
    del container  # it belongs to the reader now
    yield from live_frames(open_stream, name, window=window, stop=stop, refused=refused)


def _from_bytes(data: bytes, name: str, window: Window, stop: Event | None, refused: Refused) -> Iterator[Frame]:
    try:
        yield from picture_frames(decode_frames(BytesIO(data), name), name, window, stop)
    except (ImageError, SourceError) as error:
        if refused is None:
            raise
        refused(error)
