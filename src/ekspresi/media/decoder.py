"""PyAV -> opened containers, their pictures as RGB, and its errors in one line.

In: the name of what is to be opened, decoded frames. Out: containers, uint8 (H, W, 3) RGB turned upright. PyAV's own
exceptions hold the whole address with its password: none of them leaves this room, not even as the cause of
another. Knows nothing of time.
"""

import os
import struct
import time
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from ekspresi.errors import AccessError, ImageError, MissingExtraError, SourceError
from ekspresi.imaging.images import MAX_PIXELS

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream


def pyav() -> ModuleType:
    """The module ``av``, loaded when the first video is opened.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("reading videos and cameras", "video") from error
    return av


def open_container(
    name: str,
    shown: str,
    *,
    form: str | None = None,
    options: dict[str, str] | None = None,
    open_s: float | None = None,
    read_s: float | None = None,
) -> "InputContainer":
    """A file, device or address -> its container; whoever asks for it closes it.

    Args:
        name: what FFmpeg opens.
        shown: what errors call it.
        form: FFmpeg's name of the format, for devices.
        options: FFmpeg's options.
        open_s: seconds after which opening is given up; None to wait for ever.
        read_s: the same for each read.

    Raises:
        SourceError: it cannot be opened.
        MissingExtraError: PyAV is not installed.
    """
    av = pyav()
    began = time.monotonic()
    try:
        container: InputContainer = av.open(
            name, "r", format=form, options=options or {}, timeout=(open_s, read_s), **_tags_as_they_are(av)
        )
        return container
    except (av.error.FFmpegError, ValueError) as error:  # ValueError: a null byte in the name
        late = open_s is not None and time.monotonic() - began > 0.95 * open_s
        refusal = _refusal(error, shown, f"no answer within {open_s:g} s" if late else None, name.startswith("file:"))
    raise refusal  # out here, where PyAV's exception is not its context


def _tags_as_they_are(av: ModuleType) -> dict[str, str]:
    """Choose the arguments with which a tag in another encoding does not stop ``av.open``.

    PyAV 19 keeps the bytes of every tag and no longer knows ``metadata_errors``.
    """
    return {"metadata_errors": "ignore"} if int(av.__version__.partition(".")[0]) < 19 else {}


def picture_stream(container: "InputContainer", shown: str) -> "VideoStream":
    """A container -> its best stream of pictures; the cover of a song is none.

    Raises:
        SourceError: there is none, or none that can be decoded.
    """
    attached = pyav().stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & attached]
    if not streams:
        kinds = " and ".join(sorted({stream.type for stream in container.streams} - {"video"}))
        what = f"has no pictures, only {kinds}; give a video" if kinds else "holds no frames; copy it again"
        raise SourceError(f"{shown}: {what}")
    best = container.streams.best("video")
    stream = next((one for one in streams if best is not None and one.index == best.index), streams[0])
    if stream.codec_context is None:
        raise SourceError(f"{shown}: is coded in a way that PyAV does not know; convert it to H.264")
    return stream


class Decoder:
    """Packets of all streams of a container, one after another, and the pictures in them.

    Attributes:
        stream: the stream of pictures.
        damaged: packets that could not be decoded so far.
        reached_s: where the packets of all streams end that were read so far, seconds from the container's start.
        failure: why reading stopped before the end, in a few words; None while it did not.
    """

    def __init__(self, container: "InputContainer", shown: str) -> None:
        self.stream = picture_stream(container, shown)
        self.damaged = 0
        self.reached_s = 0.0
        self.failure: str | None = None
        self._container = container

    def __iter__(self) -> Iterator[list["VideoFrame"]]:
        """The pictures of each packet in the order of showing; none for packets of other streams."""
        for packet in self.packets():
            yield self.pictures(packet) if packet.stream_index == self.stream.index else []
        if self.failure is not None:  # at a regular end, the last packet is the one that empties the decoder
            yield self.pictures(None)

    def packets(self) -> Iterator["Packet[VideoStream]"]:
        """The packets of all streams, which are not all of pictures, up to the end or to a ``failure``."""
        error_of_pyav = pyav().error.FFmpegError
        packets = iter(self._container.demux())
        start_s = (self._container.start_time or 0) / 1e6
        while True:
            try:
                packet = next(packets, None)
            except error_of_pyav as error:
                self.failure = _reason(error)
                return
            if packet is None:
                return
            if packet.pts is not None and packet.time_base:
                end = packet.pts + (packet.duration or 0)
                self.reached_s = max(self.reached_s, float(end * packet.time_base) - start_s)
            yield cast("Packet[VideoStream]", packet)

    def seek(self, stamp: int) -> bool:
        """Go to the last picture before a stamp from which decoding can start; False where that cannot be done."""
        try:
            self._container.seek(stamp, stream=self.stream)
        except pyav().error.FFmpegError:
            return False
        return True

    def pictures(self, packet: "Packet[VideoStream] | None") -> list["VideoFrame"]:
        """The pictures that a packet of the stream completes; None for what the decoder still holds."""
        try:
            return self.stream.codec_context.decode(packet)
        except EOFError:  # it is empty already
            return []
        except pyav().error.FFmpegError:
            self.damaged += 1
            return []


class FrameConverter:
    """Decoded frames of one stream -> pictures, with one converter for all of them.

    How they are turned is looked up where their rotation changes: a frame whose side data was asked for is freed by the
    garbage collector alone, and dozens of them would wait for it.
    """

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._rotation: int | None = None
        self._matrix: bytes | None = None
        self._converter = pyav().video.reformatter.VideoReformatter()

    def __call__(self, frame: "VideoFrame") -> NDArray[np.uint8]:
        """A frame as it was decoded -> uint8 (H, W, 3) RGB, turned as its metadata tells.

        Raises:
            ImageError: it has more than ``MAX_PIXELS`` pixels, or cannot be converted.
        """
        if frame.width * frame.height > MAX_PIXELS:
            limit = f"{MAX_PIXELS // 1_000_000} megapixels"
            raise ImageError(f"{self._shown}: has more than {limit} a frame, the limit; make it smaller first")
        try:
            rgb = self._converter.reformat(frame, format="rgb24").to_ndarray()
        except (pyav().error.FFmpegError, ValueError) as error:
            raise ImageError(f"{self._shown}: a frame cannot be shown ({_reason(error)}); convert it first") from None
        if frame.rotation != self._rotation:
            matrix = frame.side_data.get("DISPLAYMATRIX")
            self._rotation, self._matrix = frame.rotation, None if matrix is None else bytes(cast("bytes", matrix))
        return upright(rgb, self._matrix)


def upright(image: NDArray[np.uint8], matrix: bytes | None) -> NDArray[np.uint8]:
    """A picture, uint8 (H, W, 3), and FFmpeg's display matrix -> the picture turned to the nearest quarter.

    The matrix, nine int32 (a b u, c d v, x y w), moves a point to (a x + c y, b x + d y), y down. Mirrored pictures,
    as front cameras write them, are mirrored back.
    """
    if matrix is None:
        return image
    a, b, _, c, d = struct.unpack("=5i", matrix[:20])
    if abs(b) + abs(c) > abs(a) + abs(d):
        image, right, down = image.transpose(1, 0, 2), c, b
    else:
        right, down = a, d
    return np.ascontiguousarray(image[:: -1 if down < 0 else 1, :: -1 if right < 0 else 1])


def _refusal(error: Exception, shown: str, late: str | None, is_file: bool) -> SourceError:
    """PyAV's exception -> one of ours that says what to do."""
    names = pyav().error
    if isinstance(error, names.HTTPUnauthorizedError | names.HTTPForbiddenError):
        return AccessError(f"{shown}: refuses the user or the password; check both, and that the user may see it")
    if isinstance(error, names.HTTPNotFoundError):
        return SourceError(f"{shown}: the host has no such stream; check what stands after the host's name")
    if late:
        return SourceError(f"{shown}: {late}; check the address, and that the camera is on and can be reached")
    if not is_file:
        remedy = "check the address, and that the camera is on and no other program uses it"
        return SourceError(f"{shown}: cannot be opened ({_reason(error)}); {remedy}")
    if isinstance(error, names.FileNotFoundError):
        return SourceError(f"{shown}: is not there; check the name")
    if isinstance(error, PermissionError):
        return SourceError(f"{shown}: may not be read; check its permissions")
    what = f"is no video that can be read, or its end was cut off ({_reason(error)})"
    return SourceError(f"{shown}: {what}; copy it again from its origin")


def _reason(error: Exception) -> str:
    """The few words of an exception that never hold an address."""
    if isinstance(error, pyav().error.ExitError):  # what FFmpeg says where a time-out ended it
        return "nothing came any more"
    words = os.fsdecode(getattr(error, "strerror", None) or "") or type(error).__name__
    return words.splitlines()[0].rstrip(".")
