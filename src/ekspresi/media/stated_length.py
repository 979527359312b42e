"""Read what a container states about its length, and whether all of it was read.

In: containers, and decoders that have reached their end. Out: seconds. Does not know about frames or windows.
"""

from typing import TYPE_CHECKING

from ekspresi.media.decoder import Decoder

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

_ROUNDING_S = 0.5
"""Seconds that a complete file may end before its stated length, because lengths are rounded."""

_DEFAULT_STEP_S = 1 / 25

_MP4 = "mov,mp4,m4a,3gp,3g2,mj2"  # FFmpeg's names of formats
_EXACT = (_MP4, "matroska,webm", "avi")
"""Formats that state their length; others only guess it."""


def stated_step_s(stream: "VideoStream") -> float:
    """Return the seconds from frame to frame. A missing rate is None, and zero in PyAV 19.

    Raw streams state their rate in the codec's own header at most; their average rate is FFmpeg's default.

    Example:
        >>> from ekspresi.media.containers import open_container
        >>> with open_container("testsrc=size=16x8:rate=10:duration=2", "test picture", form="lavfi") as container:
        ...     stated_step_s(container.streams.video[0])
        0.1
    """
    rate = stream.guessed_rate or stream.average_rate
    return float(1 / rate) if rate and 0.01 <= rate <= 1000 else _DEFAULT_STEP_S


def stated_length_s(container: "InputContainer") -> float | None:
    """Return the length in seconds that a container states; None where it states none.

    Example:
        >>> from ekspresi.media.containers import open_container
        >>> with open_container("testsrc=size=16x8:rate=10:duration=2", "test picture", form="lavfi") as container:
        ...     stated_length_s(container) is None
        True
    """
    lengths = [container.duration / 1e6] if container.duration else []
    for stream in container.streams.video:
        # An AVI's duration is guessed from its size, its count is not. MP4 also counts frames that are not shown.
        if stream.frames and stream.average_rate and container.format.name == "avi":
            lengths.append(float(stream.frames / stream.average_rate))
    return max(lengths, default=None)


def length_of_cut(container: "InputContainer", decoder: Decoder) -> float | None:
    """Return the length that a file states where its frames end earlier; None where the file is whole.

    Args:
        container: of the file.
        decoder: has read it to its end.

    Example:
        >>> from ekspresi.media.containers import open_container
        >>> with open_container("testsrc=size=16x8:rate=10:duration=2", "test picture", form="lavfi") as container:
        ...     decoder = Decoder(container, "test picture")
        ...     frames = list(decoder)
        ...     length_of_cut(container, decoder) is None
        True
    """
    if container.format.name not in _EXACT:
        return None
    last = _last_indexed(decoder.stream)
    if last is not None:  # not by time: an edit list shows fewer frames than the file holds
        whole = decoder.reached is not None and decoder.reached >= last
        return None if whole else stated_length_s(container) or 0.0
    stated = stated_length_s(container)
    whole = stated is None or decoder.reached_s >= stated - max(_ROUNDING_S, 0.02 * stated)
    return None if whole else stated


def _last_indexed(stream: "VideoStream") -> int | None:
    """Return the stamp of the last frame in the index at the front or the end of an MP4; None where it has none."""
    entries = stream.index_entries if stream.container.format.name == _MP4 and stream.frames else None
    return entries[-1].timestamp if entries else None
