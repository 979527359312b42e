"""Give the frames of picture files, and of pictures behind an address, their numbers.

In: decoded frames, or an address. Out: ``Frame`` values. Does not know about videos.

An animation is read like a video: its frames have numbers and times, and a window selects some of them. The pages of a
TIFF file have numbers, but no times: each is a still of its own.
"""

from collections.abc import Iterator
from threading import Event

from ekspresi.errors import SourceError
from ekspresi.imaging.file_kinds import PICTURE, find_kind
from ekspresi.imaging.picture_files import DecodedFrame
from ekspresi.media.cameras import OPEN_S, READ_S
from ekspresi.media.containers import open_container, pyav
from ekspresi.media.timestamps import Window
from ekspresi.media.urls import redact
from ekspresi.types import Frame

MAX_FILE_BYTES = 1 << 30
"""Largest picture file that is downloaded, 1 GiB; it is kept in memory."""

_NEXT_JPEG = b"\xff\xd9\xff\xd8\xff"
"""Where one JPEG picture follows another, as a camera without stated length sends them."""


def picture_frames(
    decoded: Iterator[DecodedFrame], source: str, window: Window, stop: Event | None = None
) -> Iterator[Frame]:
    """Number the frames of a picture file; of an animation, yield those that a window selects.

    Args:
        decoded: the frames, see ``imaging.picture_files.decode_frames``.
        source: name of the file in frames and errors.
        window: selects frames of an animation by time; stills and pages are always read.
        stop: ends reading when it is set.

    Raises:
        ImageError: as ``decoded`` raises it.
        SourceError: an animation ends before the window starts.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((6, 8, 3), np.uint8)
        >>> moments = [DecodedFrame(image, 0.0, False), DecodedFrame(image, 0.1, True)]
        >>> [(frame.number, frame.time_s) for frame in picture_frames(iter(moments), "a.gif", Window(start_s=0.05))]
        [(1, 0.1)]
    """
    wanted, last_s = window.chooser(), window.start_s
    for number, frame in enumerate(decoded):
        if stop is not None and stop.is_set():
            return
        if frame.time_s is None:
            yield Frame(source, number, None, frame.image, pages_follow=not frame.is_last)
            continue
        last_s = frame.time_s
        if window.ended(last_s):
            return
        if wanted(last_s):
            yield Frame(source, number, last_s, frame.image)
    if last_s < window.start_s:
        start = f"{window.start_s:g} s"
        raise SourceError(f"{source}: ends at {last_s:.1f} s, before the start at {start}. Choose an earlier start.")


def download_picture(
    address: str, *, of_any_kind: bool = False, open_s: float = OPEN_S, read_s: float = READ_S
) -> bytes | None:
    """Download the picture file behind an address; None where there is another file, or a sequence of JPEG pictures.

    FFmpeg transfers it, so that passwords, redirections and time-outs are handled as for videos.

    Args:
        address: of a file, with user and password.
        of_any_kind: download also what has no signature, such as a BMP.
        open_s: seconds after which connecting fails.
        read_s: seconds after which a read fails.

    Raises:
        SourceError, AccessError: the host does not answer, or the file is too large or ends too early.
        MissingExtraError: PyAV is not installed.

    Example:
        >>> download_picture("http://localhost:9/a.jpg", open_s=1)
        Traceback (most recent call last):
        ekspresi.errors.SourceError: http://localhost:9/a.jpg: cannot be opened (Connection refused)...
    """

    def is_picture() -> bool:
        return of_any_kind or find_kind(bytes(data[:512])) == PICTURE

    shown, data, failed = redact(address), bytearray(), False
    with open_container(address, shown, form="data", open_s=open_s, read_s=read_s) as container:
        size = container.size
        try:
            for packet in container.demux():
                checked = len(data) >= 512
                data += bytes(packet)
                if not checked and len(data) >= 512 and not is_picture():
                    return None
                if len(data) > MAX_FILE_BYTES:
                    break
                if size <= 0 and _NEXT_JPEG in data[-len(bytes(packet)) - len(_NEXT_JPEG) :]:
                    return None
        except pyav().error.FFmpegError:
            failed = True  # raised below, where PyAV's exception, which may hold a password, is not its context
    if len(data) > MAX_FILE_BYTES:
        raise SourceError(f"{shown}: has more than {MAX_FILE_BYTES >> 30} GiB, the limit. Download and shrink it.")
    if len(data) < size or (failed and size > 0):  # without a length FFmpeg fails at each end; decoding finds a loss
        raise SourceError(f"{shown}: was cut off after {len(data):,} bytes. Check the network and try again.")
    return bytes(data) if is_picture() else None
