"""Decode the packets of a container by PyAV.

In: an open container. Out: decoded frames, deinterlaced. Does not know about time or pictures.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, cast

from ekspresi.imaging.pixel_shape import plausible_aspect
from ekspresi.media.containers import picture_stream, pyav, why_not
from ekspresi.media.damage import ErrorLog
from ekspresi.media.deinterlacing import Deinterlacer

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream


_REORDERED = ("h264", "hevc")


class Decoder:
    """Decode the packets of a container one after another.

    Attributes:
        stream: the video stream.
        codec: decodes it.
        log: counts the errors of decoding; None to ignore them.
        skipped: packets that could not be decoded so far.
        reached_s: end of the packets read so far, of all streams, in seconds from the container's start.
        reached: largest decoding stamp of the stream so far, in its time base; None where it has none.
        failure: why reading stopped before the end, in a few words; None otherwise.
        coded_order: the container states the order of decoding alone, so the frames' stamps are derived from it.

    Example:
        >>> from ekspresi.media.containers import open_container
        >>> with open_container("testsrc=size=16x8", "test picture", form="lavfi") as container:
        ...     sum(len(pictures) for pictures, _ in zip(Decoder(container, "test picture"), range(3)))
        3
    """

    def __init__(self, container: "InputContainer", shown: str) -> None:
        self.stream = picture_stream(container, shown)
        self.codec = _codec_of(self.stream)
        self.log: ErrorLog | None = None
        self.skipped = 0
        self.reached_s = 0.0
        self.reached: int | None = None
        self.failure: str | None = None
        # AVI has no presentation stamps, and FFmpeg's guesses for frames that are decoded out of order are uneven.
        self.coded_order = container.format.name == "avi" and self.codec.name in _REORDERED
        self._stamps: deque[int | None] = deque()
        self._deinterlace = Deinterlacer()
        stated = self.stream.sample_aspect_ratio  # the codec's, where the container states none; that may change
        own = stated if stated and stated != self.codec.sample_aspect_ratio else None
        self._container_aspect = plausible_aspect(own) if own else None
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
                self.failure = why_not(error)
                return
            if packet is None:
                return
            if packet.pts is not None and packet.time_base:
                end = packet.pts + (packet.duration or 0)
                self.reached_s = max(self.reached_s, float(end * packet.time_base) - start_s)
            if packet.dts is not None and packet.stream_index == self.stream.index:
                self.reached = max(packet.dts, packet.dts if self.reached is None else self.reached)
            yield cast("Packet[VideoStream]", packet)

    def seek(self, stamp: int) -> bool:
        """Seek the last key frame at or before a stamp; return whether that worked."""
        try:
            self._container.seek(stamp, stream=self.stream)
        except pyav().error.FFmpegError:
            return False
        return True

    @property
    def pixel_aspect(self) -> float:
        """Width of a pixel over its height, as stored; the container's word counts more than the codec's."""
        if self._container_aspect is not None:
            return self._container_aspect
        return plausible_aspect(self.codec.sample_aspect_ratio)

    @property
    def interlaced(self) -> bool:
        """An interlaced frame has come; its picture depends on the frames before and after it."""
        return self._deinterlace.active

    def pictures(self, packet: "Packet[VideoStream] | None") -> list["VideoFrame"]:
        """Return the pictures that a packet of the stream completes; None flushes the decoder."""
        pictures = self._deinterlace(self._decode(packet))
        return pictures if packet is not None and packet.size else pictures + self._deinterlace.flush()

    def _decode(self, packet: "Packet[VideoStream] | None") -> list["VideoFrame"]:
        if self.coded_order and packet is not None and packet.size:
            self._stamps.append(packet.dts)
        try:
            with nullcontext() if self.log is None else self.log.call():
                pictures = self.codec.decode(packet)
        except EOFError:  # it is empty already
            return []
        except pyav().error.FFmpegError:
            self.skipped += 1
            if self._stamps:
                self._stamps.popleft()
            return []
        if self.coded_order:  # the n-th frame that is shown has the n-th smallest stamp of decoding
            for picture in pictures:
                picture.pts = self._stamps.popleft() if self._stamps else None
        return pictures


def _codec_of(stream: "VideoStream") -> "VideoCodecContext":
    """Return the decoder of a stream; for transparent WebM that of libvpx, which alone reads its second picture."""
    codec = stream.codec_context
    name = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(codec.name, "")
    tags = {tag.lower(): value for tag, value in stream.metadata.items()}
    if tags.get("alpha_mode") != "1" or name not in pyav().codecs_available:
        return codec
    made: VideoCodecContext = pyav().CodecContext.create(name, "r")
    return made
