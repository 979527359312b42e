"""Open containers and decode their frames by PyAV.

In: the name of a file, device or address. Out: containers; pictures, uint8 (H, W, 3) RGB, upright. PyAV's own
exceptions hold the whole address with its password. None of them leaves this module, not even as the cause of
another. Does not know about time.
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
    """Return the module ``av``, which is loaded when the first video is opened.

    Raises:
        MissingExtraError: it is not installed.

    Example:
        >>> pyav().__name__
        'av'
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
    """Open the container of a file, device or address; the caller closes it.

    Args:
        name: what FFmpeg opens.
        shown: what errors call it.
        form: FFmpeg's name of the format, for devices.
        options: FFmpeg's options.
        open_s: seconds after which opening fails; None to wait forever.
        read_s: the same for each read.

    Raises:
        SourceError: it cannot be opened.
        MissingExtraError: PyAV is not installed.

    Example:
        >>> with open_container("testsrc=size=16x8", "test picture", form="lavfi") as container:
        ...     picture_stream(container, "test picture").width
        16
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
        refusal = _source_error(
            error, shown, f"no answer within {open_s:g} s" if late else None, name.startswith("file:")
        )
    raise refusal  # out here, where PyAV's exception is not its context


def _tags_as_they_are(av: ModuleType) -> dict[str, str]:
    """Choose the arguments with which a tag in another encoding does not stop ``av.open``.

    PyAV 19 keeps the bytes of every tag and no longer knows ``metadata_errors``.
    """
    return {"metadata_errors": "ignore"} if int(av.__version__.partition(".")[0]) < 19 else {}


def picture_stream(container: "InputContainer", shown: str) -> "VideoStream":
    """Return the best video stream of a container; the cover picture of a song does not count.

    Raises:
        SourceError: there is no such stream, or PyAV cannot decode it.

    Example:
        >>> with open_container("testsrc=size=16x8", "test picture", form="lavfi") as container:
        ...     picture_stream(container, "test picture").type
        'video'
    """
    attached = pyav().stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & attached]
    if not streams:
        kinds = " and ".join(sorted({stream.type for stream in container.streams} - {"video"}))
        what = f"has no pictures, only {kinds}. Name a video." if kinds else "holds no frames. Copy it again."
        raise SourceError(f"{shown}: {what}")
    best = container.streams.best("video")
    stream = next((one for one in streams if best is not None and one.index == best.index), streams[0])
    if stream.codec_context is None:
        raise SourceError(f"{shown}: has a codec that PyAV does not know. Convert it to H.264.")
    return stream


class Decoder:
    """Decode the packets of a container one after another.

    Attributes:
        stream: the video stream.
        damaged: packets that could not be decoded so far.
        reached_s: end of the packets read so far, of all streams, in seconds from the container's start.
        failure: why reading stopped before the end, in a few words; None otherwise.

    Example:
        >>> with open_container("testsrc=size=16x8", "test picture", form="lavfi") as container:
        ...     sum(len(pictures) for pictures, _ in zip(Decoder(container, "test picture"), range(3)))
        3
    """

    def __init__(self, container: "InputContainer", shown: str) -> None:
        self.stream = picture_stream(container, shown)
        self.damaged = 0
        self.reached_s = 0.0
        self.failure: str | None = None
        self._container = container

    def __iter__(self) -> Iterator[list["VideoFrame"]]:
        """Yield the pictures of each packet in presentation order; none for packets of other streams."""
        for packet in self.packets():
            yield self.pictures(packet) if packet.stream_index == self.stream.index else []
        if self.failure is not None:  # at a regular end, the last packet is the one that empties the decoder
            yield self.pictures(None)

    def packets(self) -> Iterator["Packet[VideoStream]"]:
        """Yield the packets of all streams up to the end or to a ``failure``."""
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
        """Seek the last key frame at or before a stamp; return whether that worked."""
        try:
            self._container.seek(stamp, stream=self.stream)
        except pyav().error.FFmpegError:
            return False
        return True

    def pictures(self, packet: "Packet[VideoStream] | None") -> list["VideoFrame"]:
        """Return the pictures that a packet of the stream completes; None flushes the decoder."""
        try:
            return self.stream.codec_context.decode(packet)
        except EOFError:  # it is empty already
            return []
        except pyav().error.FFmpegError:
            self.damaged += 1
            return []


class FrameConverter:
    """Convert the decoded frames of one stream to pictures.

    The display matrix is read only where the rotation changes. A frame whose side data was read is freed by the
    garbage collector alone, and dozens of frames would wait for it.

    Example:
        >>> from av import VideoFrame
        >>> FrameConverter("clip.mp4")(VideoFrame(16, 8, "yuv420p")).shape
        (8, 16, 3)
    """

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._rotation: int | None = None
        self._matrix: bytes | None = None
        self._converter = pyav().video.reformatter.VideoReformatter()

    def __call__(self, frame: "VideoFrame") -> NDArray[np.uint8]:
        """Return a decoded frame as uint8 (H, W, 3) RGB, upright as its metadata says.

        Raises:
            ImageError: it has more than ``MAX_PIXELS`` pixels, or cannot be converted.
        """
        if frame.width * frame.height > MAX_PIXELS:
            limit = f"{MAX_PIXELS // 1_000_000} megapixels"
            raise ImageError(f"{self._shown}: has more than {limit} a frame, the limit. Make it smaller.")
        try:
            rgb = self._converter.reformat(frame, format="rgb24").to_ndarray()
        except (pyav().error.FFmpegError, ValueError) as error:
            raise ImageError(
                f"{self._shown}: a frame cannot be converted ({_reason(error)}). Convert the video to H.264."
            ) from None
        if frame.rotation != self._rotation:
            matrix = frame.side_data.get("DISPLAYMATRIX")
            self._rotation, self._matrix = frame.rotation, None if matrix is None else bytes(cast("bytes", matrix))
        return upright(rgb, self._matrix)


def upright(image: NDArray[np.uint8], matrix: bytes | None) -> NDArray[np.uint8]:
    """Turn a picture to the nearest quarter by FFmpeg's display matrix, and mirror it back.

    Args:
        image: uint8 (H, W, 3).
        matrix: nine int32 (a b u, c d v, x y w), which move a point to (a x + c y, b x + d y), y down; None for none.

    Example:
        >>> upright(np.zeros((2, 3, 3), np.uint8), struct.pack("=9i", 0, 1, 0, -1, 0, 0, 0, 0, 1)).shape
        (3, 2, 3)
    """
    if matrix is None:
        return image
    a, b, _, c, d = struct.unpack("=5i", matrix[:20])
    if abs(b) + abs(c) > abs(a) + abs(d):
        image, right, down = image.transpose(1, 0, 2), c, b
    else:
        right, down = a, d
    return np.ascontiguousarray(image[:: -1 if down < 0 else 1, :: -1 if right < 0 else 1])


def _source_error(error: Exception, shown: str, late: str | None, is_file: bool) -> SourceError:
    """Return an error with a remedy for an exception of PyAV."""
    names = pyav().error
    if isinstance(error, names.HTTPUnauthorizedError | names.HTTPForbiddenError):
        return AccessError(f"{shown}: refuses the user or the password. Check both, and that the user may see it.")
    if isinstance(error, names.HTTPNotFoundError):
        return SourceError(f"{shown}: the host has no such stream. Check the part after the host's name.")
    if late:
        return SourceError(f"{shown}: {late}. Check the address, and that the camera is on and can be reached.")
    if not is_file:
        remedy = "Check the address, and that the camera is on and no other program uses it."
        return SourceError(f"{shown}: cannot be opened ({_reason(error)}). {remedy}")
    if isinstance(error, names.FileNotFoundError):
        return SourceError(f"{shown}: does not exist. Check the name.")
    if isinstance(error, PermissionError):
        return SourceError(f"{shown}: cannot be read. Check its permissions.")
    what = f"is not a readable video, or its end was cut off ({_reason(error)})"
    return SourceError(f"{shown}: {what}. Copy it again from its origin.")


def _reason(error: Exception) -> str:
    """Return the words of an exception that never hold an address."""
    if isinstance(error, pyav().error.ExitError):  # FFmpeg's error after a time-out
        return "no more data"
    words = os.fsdecode(getattr(error, "strerror", None) or "") or type(error).__name__
    return words.splitlines()[0].rstrip(".")
