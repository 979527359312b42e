"""Connect once to a webcam or network camera by PyAV; ``media.live`` reconnects.

In: the number of a webcam, or an address with its password. Out: functions that connect for ``live.py``. There are
time-outs for connecting, for each read, and for pictures that are missing while other data arrives. Does not know
about threads.
"""

import re
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ekspresi.errors import SourceError
from ekspresi.media.containers import open_container, pyav
from ekspresi.media.decoder import Decoder
from ekspresi.media.frame_converter import FrameConverter
from ekspresi.media.live import LazyImage
from ekspresi.media.urls import redact

if TYPE_CHECKING:
    from av.container import InputContainer

OPEN_S = 10.0
"""Seconds without an answer after which connecting fails."""

READ_S = 5.0
"""Seconds without data after which a camera counts as lost."""

PICTURE_S = 15.0
"""Seconds with data but without a picture after which a camera counts as lost. Key frames are less far apart."""

_SEGMENTED = {"hls", "dash"}  # arrive in bursts of seconds, long after they were filmed
_WITHOUT_STAMPS = {"mpjpeg", "mjpeg", "jpeg_pipe"}  # FFmpeg makes up 25 frames a second for them

# Over TCP first: what UDP loses smears faces. Servers that only know UDP get it.
_RTSP = {"rtsp_flags": "prefer_tcp"}

Connection = Iterator[tuple[float | None, LazyImage]]


def camera_index(source: object) -> int | None:
    """Return the number of the webcam that a source names; None for any other source.

    Example:
        >>> camera_index(0), camera_index("camera:1"), camera_index("/dev/video2"), camera_index("clip.mp4")
        (0, 1, 2, None)
    """
    if isinstance(source, int) and not isinstance(source, bool):
        return source
    found = re.fullmatch(r"camera:(-?\d+)|/dev/video(\d+)", str(source))
    return int(found[1] or found[2]) if found else None


def webcam(index: int, *, open_s: float = OPEN_S, read_s: float = READ_S) -> Callable[[], Connection]:
    """Return a function that connects to a webcam.

    Args:
        index: number of the webcam.
        open_s: seconds after which connecting fails.
        read_s: seconds after which a read fails.

    Raises (the function):
        SourceError: there is no webcam of this number, or it is lost.
        MissingExtraError: PyAV is not installed.

    Example:
        >>> webcam(99)()
        Traceback (most recent call last):
        ekspresi.errors.SourceError: camera:99: there is no such camera...
    """
    shown = f"camera:{index}"

    def open_stream() -> Connection:
        name, form, options = _find_device(index)
        container = open_container(name, shown, form=form, options=options, open_s=open_s, read_s=read_s)
        return _timed_frames(container, shown, PICTURE_S)

    return open_stream


def network_camera(
    address: str,
    first: "InputContainer | None" = None,
    *,
    open_s: float = OPEN_S,
    read_s: float = READ_S,
    picture_s: float = PICTURE_S,
) -> Callable[[], Connection]:
    """Return a function that connects to a network camera.

    Args:
        address: of the camera, with user and password.
        first: an open container that serves as the first connection; None for none.
        open_s: seconds after which connecting fails.
        read_s: seconds after which a read fails.
        picture_s: seconds without a picture after which the camera counts as lost.

    Raises (the function):
        SourceError: the camera does not answer, or is lost.
        AccessError: the camera refuses the user or the password.
        MissingExtraError: PyAV is not installed.

    Example:
        >>> network_camera("rtsp://user:secret@localhost:9/", open_s=1)()
        Traceback (most recent call last):
        ekspresi.errors.SourceError: rtsp://***@localhost:9/: cannot be opened (Connection refused)...
    """
    shown, waiting = redact(address), [first] if first is not None else []

    def open_stream() -> Connection:
        container = waiting.pop() if waiting else connect(address, open_s=open_s, read_s=read_s)
        return _timed_frames(container, shown, picture_s)

    return open_stream


def connect(address: str, *, open_s: float = OPEN_S, read_s: float = READ_S) -> "InputContainer":
    """Open the container behind an address; the caller closes it.

    Raises:
        SourceError, AccessError, MissingExtraError: see ``network_camera``.

    Example:
        >>> connect("http://localhost:9/clip.mp4", open_s=1)
        Traceback (most recent call last):
        ekspresi.errors.SourceError: http://localhost:9/clip.mp4: cannot be opened (Connection refused)...
    """
    options = _RTSP if address.startswith("rtsp") else {}
    return open_container(address, redact(address), options=options, open_s=open_s, read_s=read_s)


def has_an_end(container: "InputContainer") -> bool:
    """Return whether a container is a video with an end, to be read like a file, and not a camera.

    Example:
        >>> with open_container("testsrc=size=16x16", "test picture", form="lavfi") as container:
        ...     has_an_end(container)
        False
    """
    forms = set(container.format.name.split(","))
    if forms & {"rtsp"}:
        return False
    whole = (container.size or 0) > 0 and not forms & (_SEGMENTED | {"mpjpeg"})  # a playlist's size says nothing
    return bool(container.duration) or whole


def is_picture_format(container: "InputContainer") -> bool:
    """Return whether FFmpeg takes a container for the file of a single picture.

    Example:
        >>> with open_container("testsrc=size=16x16", "test picture", form="lavfi") as container:
        ...     is_picture_format(container)
        False
    """
    name = container.format.name
    return name.endswith("_pipe") or name in ("image2", "ico")


def _timed_frames(container: "InputContainer", shown: str, picture_s: float) -> Connection:
    """Yield stamps and pictures of an open container until it is lost; close it then."""
    try:
        decoder, convert = Decoder(container, shown), FrameConverter(shown)
        forms = set(container.format.name.split(","))
        pace = _Pace() if forms & _SEGMENTED else None
        stamped = not forms & _WITHOUT_STAMPS
        seen = time.monotonic()
        for pictures in decoder:
            for picture in pictures:
                if pace is not None and picture.time is not None:
                    pace.wait(picture.time)
                yield picture.time if stamped else None, partial(convert.shaped, picture, decoder.pixel_aspect)
                seen = time.monotonic()
            if time.monotonic() - seen > picture_s:
                raise SourceError(f"{shown}: has sent no picture for {picture_s:g} s. Check the camera.")
        if decoder.failure is None and container.duration:  # a recording that was played to its end
            return
        why = decoder.failure or "the stream ended"
        raise SourceError(f"{shown}: is lost ({why}). Check the camera and the network.")
    finally:
        container.close()


class _Pace:
    """Wait until the pictures of a burst are due; else all but the newest would be dropped."""

    def __init__(self) -> None:
        self._shift: float | None = None

    def wait(self, stamp_s: float) -> None:
        now = time.monotonic()
        if self._shift is None or not -10 < stamp_s + self._shift - now < 10:  # the first, or a new count
            self._shift = now - stamp_s
        time.sleep(min(1.0, max(0.0, stamp_s + self._shift - now)))


def _find_device(index: int) -> tuple[str, str, dict[str, str]]:
    """Return what FFmpeg opens for a webcam: name, format, options."""
    if sys.platform == "linux":
        there = sorted(int(path.name[5:]) for path in Path("/dev").glob("video*") if path.name[5:].isdigit())
        if index not in there:
            raise _no_camera_error(index, there)
        return f"/dev/video{index}", "v4l2", {}
    form = "avfoundation" if sys.platform == "darwin" else "dshow"
    names = _device_names(form)
    if not 0 <= index < len(names):
        raise _no_camera_error(index, range(len(names)))
    if form == "avfoundation":
        return f"{index}:none", form, {"framerate": "30"}  # its own default is 29.97, which no camera offers
    return f"video={names[index]}", form, {}


def _device_names(form: str) -> list[str]:
    """List the names of the webcams that FFmpeg knows, in their order."""
    return [device.name for device in pyav().device.enumerate_input_devices(form) if "video" in device.media_types]


def _no_camera_error(index: int, there: "range | list[int]") -> SourceError:
    known = ", only " + ", ".join(f"camera:{number}" for number in there) if there else ", nor any other"
    return SourceError(f"camera:{index}: there is no such camera{known}. Check that it is plugged in.")
