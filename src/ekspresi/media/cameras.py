"""Webcams and network addresses -> connections for ``live.py``, and videos behind an address.

In: the number of a webcam, or an address with its password. Out: functions that connect through PyAV, with time-outs
for connecting, for each read, and for pictures that stay away while other data comes. Knows nothing of threads.
"""

import re
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ekspresi.errors import SourceError
from ekspresi.media.decoder import Decoder, FrameConverter, open_container, pyav
from ekspresi.media.live import LazyImage
from ekspresi.media.urls import redact

if TYPE_CHECKING:
    from av.container import InputContainer

OPEN_S = 10.0
"""A camera that does not answer within this is not there."""

READ_S = 5.0
"""A camera that sends nothing for this long is lost."""

PICTURE_S = 15.0
"""A camera that sends, but no picture for this long, is lost: longer than from one key frame to the next."""

_SEGMENTED = {"hls", "dash"}  # arrive in bursts of seconds, long after they were filmed
_WITHOUT_STAMPS = {"mpjpeg", "mjpeg", "jpeg_pipe"}  # FFmpeg makes up 25 frames a second for them

# Over TCP first: what UDP loses smears faces. Servers that only know UDP get it.
_RTSP = {"rtsp_flags": "prefer_tcp"}

Connection = Iterator[tuple[float | None, LazyImage]]


def camera_index(source: object) -> int | None:
    """What the user named -> the number of a webcam: 0, 'camera:0', '/dev/video0'; None for anything else."""
    if isinstance(source, int) and not isinstance(source, bool):
        return source
    found = re.fullmatch(r"camera:(-?\d+)|/dev/video(\d+)", str(source))
    return int(found[1] or found[2]) if found else None


def webcam(index: int, *, open_s: float = OPEN_S, read_s: float = READ_S) -> Callable[[], Connection]:
    """The number of a webcam -> a function that connects to it.

    Raises (the function):
        SourceError: there is none of this number, or it is lost.
        MissingExtraError: PyAV is not installed.
    """
    shown = f"camera:{index}"

    def open_stream() -> Connection:
        name, form, options = _device(index)
        container = open_container(name, shown, form=form, options=options, open_s=open_s, read_s=read_s)
        return _shots(container, shown, PICTURE_S)

    return open_stream


def network_camera(
    address: str,
    first: "InputContainer | None" = None,
    *,
    open_s: float = OPEN_S,
    read_s: float = READ_S,
    picture_s: float = PICTURE_S,
) -> Callable[[], Connection]:
    """An address -> a function that connects to it; ``first``, which is open already, serves as first connection.

    Raises (the function): as ``webcam``, and AccessError where the user or the password is refused.
    """
    shown, waiting = redact(address), [first] if first is not None else []

    def open_stream() -> Connection:
        container = waiting.pop() if waiting else connect(address, open_s=open_s, read_s=read_s)
        return _shots(container, shown, picture_s)

    return open_stream


def connect(address: str, *, open_s: float = OPEN_S, read_s: float = READ_S) -> "InputContainer":
    """An address -> its container, open; whoever asks for it closes it.

    Raises:
        SourceError, AccessError, MissingExtraError: see ``network_camera``.
    """
    options = _RTSP if address.startswith("rtsp") else {}
    return open_container(address, redact(address), options=options, open_s=open_s, read_s=read_s)


def has_an_end(container: "InputContainer") -> bool:
    """Whether what was opened behind an address is a video, to be read like a file, and no camera."""
    forms = set(container.format.name.split(","))
    if forms & {"rtsp"}:
        return False
    whole = (container.size or 0) > 0 and not forms & (_SEGMENTED | {"mpjpeg"})  # a playlist's size says nothing
    return bool(container.duration) or whole


def _shots(container: "InputContainer", shown: str, picture_s: float) -> Connection:
    """An open container -> stamps and pictures, until it is lost; it is closed then."""
    try:
        decoder, paint = Decoder(container, shown), FrameConverter(shown)
        forms = set(container.format.name.split(","))
        ahead = _Pace() if forms & _SEGMENTED else None
        stamped = not forms & _WITHOUT_STAMPS
        seen = time.monotonic()
        for pictures in decoder:
            for picture in pictures:
                if ahead is not None and picture.time is not None:
                    ahead.wait(picture.time)
                yield picture.time if stamped else None, partial(paint, picture)
                seen = time.monotonic()
            if time.monotonic() - seen > picture_s:
                raise SourceError(f"{shown}: has sent no picture for {picture_s:g} s; check the camera")
        if decoder.failure is None and container.duration:  # a recording that was played to its end
            return
        why = decoder.failure or "the stream ended"
        raise SourceError(f"{shown}: is lost ({why}); check the camera and the network")
    finally:
        container.close()


class _Pace:
    """Waits until pictures that come in bursts are due, else all but the newest of a burst would be dropped."""

    def __init__(self) -> None:
        self._shift: float | None = None

    def wait(self, stamp_s: float) -> None:
        now = time.monotonic()
        if self._shift is None or not -10 < stamp_s + self._shift - now < 10:  # the first, or a new count
            self._shift = now - stamp_s
        time.sleep(min(1.0, max(0.0, stamp_s + self._shift - now)))


def _device(index: int) -> tuple[str, str, dict[str, str]]:
    """The number of a webcam -> what FFmpeg opens: name, format, options."""
    if sys.platform == "linux":
        there = sorted(int(path.name[5:]) for path in Path("/dev").glob("video*") if path.name[5:].isdigit())
        if index not in there:
            raise _no_camera(index, there)
        return f"/dev/video{index}", "v4l2", {}
    form = "avfoundation" if sys.platform == "darwin" else "dshow"
    names = _device_names(form)
    if not 0 <= index < len(names):
        raise _no_camera(index, range(len(names)))
    if form == "avfoundation":
        return f"{index}:none", form, {"framerate": "30"}  # its own default is 29.97, which no camera offers
    return f"video={names[index]}", form, {}


def _device_names(form: str) -> list[str]:
    """List the names of the webcams that FFmpeg knows, in their order."""
    return [device.name for device in pyav().device.enumerate_input_devices(form) if "video" in device.media_types]


def _no_camera(index: int, there: "range | list[int]") -> SourceError:
    known = ", only " + ", ".join(f"camera:{number}" for number in there) if there else ", nor any other"
    return SourceError(f"camera:{index}: there is no such camera{known}; check that it is plugged in")
