"""A video file -> its frames, in the order of showing, each with its number and time.

In: a path, or a container of known length that is open. Out: frames, one at a time; memory does not grow with the
length of the video. Knows nothing of live sources, which are not waited for.
"""

import os
from bisect import bisect_left
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from ekspresi.errors import EkspresiError, SourceError
from ekspresi.media.decoder import Decoder, FrameConverter, open_container
from ekspresi.media.timestamps import FileClock, Window
from ekspresi.types import Frame

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

_SEEK_FROM_S = 2.0
"""A start sooner than this is reached by decoding: seeking would read the file twice."""

_UNTOLD_S = 0.5
"""A file that ends this much before its stated length was not cut off: lengths are rounded."""

_USUAL_STEP_S = 1 / 25


def video_frames(
    path: Path, *, window: Window, stop: Event | None = None, refused: Callable[[EkspresiError], None] | None = None
) -> Iterator[Frame]:
    """A video file -> the frames that ``window`` wants.

    Time is that of the file's own stamps, see ``FileClock``. A frame's number is its place among all frames of the
    file, also where reading starts further on: the stamps up to there are read first, without decoding. Where these
    are missing or in disorder, everything before is decoded.

    Args:
        path: the file.
        window: which frames are wanted.
        stop: reading ends where it is set.
        refused: is told, in one line, what could not be read after what could; None to raise it.

    Raises:
        SourceError: no video, no pictures in it, or not one frame.
        MissingExtraError: PyAV is not installed.
    """
    shown, before = str(path), _state(path)
    if before is not None and before[1] == 0:
        raise SourceError(f"{shown}: is empty (0 bytes); copy it again from its origin")
    landing = _landing(path, window.start_s) if window.start_s >= _SEEK_FROM_S else None
    for start in (landing, None):
        with _opened_file(path) as container:
            reading = _Reading(container, shown, window, start)
            yield from reading.frames(stop)
            lost = reading.lost()
        if not reading.missed:  # else the seek led astray: once more, from the beginning
            break
    after = _state(path)
    if before is not None and after is not None and after != before and after[0] == before[0]:
        lost = "changed while it was read, so its frames may be of both states; read it again when it is complete"
    _tell(shown, lost, refused)


def container_frames(
    container: "InputContainer",
    shown: str,
    *,
    window: Window,
    stop: Event | None = None,
    refused: Callable[[EkspresiError], None] | None = None,
) -> Iterator[Frame]:
    """The same for a container that is open and has an end, such as a video behind an address; it is closed after."""
    try:
        reading = _Reading(container, shown, window)
        yield from reading.frames(stop)
        _tell(shown, reading.lost(), refused)
    finally:
        container.close()


def video_length_s(path: Path) -> float | None:
    """A video file -> the seconds that it states as its length; None where it states none.

    Raises:
        SourceError, MissingExtraError: as ``video_frames``.
    """
    with _opened_file(path) as container:
        return _length_s(container)


class _SeekTarget:
    """What is known of a file up to the frame where reading starts.

    Attributes:
        zero: stamp of the first frame that is decoded.
        target: stamp of the start.
        stamps: of all frames from the first to at least the target, rising.
    """

    def __init__(self, zero: int, target: int, stamps: list[int]) -> None:
        self.zero = zero
        self.target = target
        self.stamps = stamps

    def number(self, stamp: int | None) -> int | None:
        """The stamp of a frame at or before the start -> its number; None for any other."""
        if stamp is None or stamp > self.target:
            return None
        place = bisect_left(self.stamps, stamp)
        return place if place < len(self.stamps) and self.stamps[place] == stamp else None


class _Reading:
    """One run through a container.

    Attributes:
        missed: the seek led past the start, or to where the stamps do not match: no frame was given.
    """

    def __init__(
        self, container: "InputContainer", shown: str, window: Window, landing: _SeekTarget | None = None
    ) -> None:
        self.missed = False
        self._container = container
        self._shown = shown
        self._window = window
        self._landing = landing
        self._number = 0
        self._last_s = 0.0
        self._to_the_end = False
        self._decoder = Decoder(container, shown)
        self._decoder.stream.thread_type = "AUTO"  # frames too, not slices alone

    def frames(self, stop: Event | None) -> Iterator[Frame]:
        stream, landing = self._decoder.stream, self._landing
        clock = FileClock(_step_s(stream), _length_s(self._container))
        if landing is not None:
            assert stream.time_base
            clock = FileClock(_step_s(stream), _length_s(self._container), float(landing.zero * stream.time_base))
            self.missed = not self._decoder.seek(landing.target)
            if self.missed:
                return
        wanted, paint = self._window.chooser(), FrameConverter(self._shown)
        fresh = True
        for decoded in self._pictures():
            if stop is not None and stop.is_set():
                return
            if fresh and landing is not None:
                number = landing.number(decoded.pts)
                if number is None:
                    self.missed = True
                    return
                self._number = number
            fresh = False
            time_s = self._last_s = clock(decoded.time)
            if self._window.ended(time_s):
                return
            if wanted(time_s):
                yield Frame(self._shown, self._number, time_s, paint(decoded))
            self._number += 1
        if fresh and landing is not None:
            self.missed = True
            return
        if fresh:
            why = f" ({self._decoder.failure})" if self._decoder.failure else ""
            raise SourceError(f"{self._shown}: holds no frames{why}; copy it again")
        self._to_the_end = True

    def lost(self) -> str | None:
        """What could not be read, and the remedy; None where all was."""
        decoder = self._decoder
        if decoder.failure is not None:
            return (
                f"cannot be read on after {decoder.reached_s:.1f} s ({decoder.failure}), what came before is kept; "
                "copy it again from its origin"
            )
        stated = _length_s(self._container, exactly=True)
        if self._to_the_end and stated is not None and decoder.reached_s < stated - max(_UNTOLD_S, 0.02 * stated):
            return (
                f"ends after {decoder.reached_s:.1f} of {stated:.1f} s, what came before is kept; it was cut off: "
                "copy it again from its origin"
            )
        if self._to_the_end and self._last_s < self._window.start_s:
            return (
                f"ends at {self._last_s:.1f} s, before the start of {self._window.start_s:g} s; choose an earlier one"
            )
        if decoder.damaged:
            places = f"{decoder.damaged} place{'' if decoder.damaged == 1 else 's'}"
            return f"is damaged in {places}, which were passed over; copy it again from its origin"
        return None

    def _pictures(self) -> Iterator["VideoFrame"]:
        for pictures in self._decoder:
            yield from pictures


def _opened_file(path: Path) -> "InputContainer":
    # 'file:' because 'clip 12:30.mp4' reads like a protocol; the list, because a playlist could fetch from anywhere.
    return open_container(f"file:{path}", str(path), options={"protocol_whitelist": "file"})


def _landing(path: Path, start_s: float) -> _SeekTarget | None:
    """The stamps of a file from its first frame to a start in seconds; None where they are not in order."""
    zero, stamps, last = None, list[int](), None
    with _opened_file(path) as container:
        decoder = Decoder(container, str(path))
        stream = decoder.stream
        if not stream.time_base:
            return None
        start = round(start_s / stream.time_base)
        for packet in decoder.packets():
            if packet.stream_index != stream.index or packet.size == 0:  # the last one is empty
                continue
            if packet.pts is None or (packet.dts is not None and last is not None and packet.dts < last):
                return None
            last = packet.dts if packet.dts is not None else last
            if not packet.is_discard:
                stamps.append(packet.pts)
            if zero is None:
                pictures = decoder.pictures(packet)
                if pictures:
                    zero = pictures[0].pts
            elif last is not None and last > zero + start:
                break
    if zero is None:
        return None
    return _SeekTarget(zero, zero + start, sorted(stamp for stamp in stamps if stamp >= zero))


def _step_s(stream: "VideoStream") -> float:
    """Compute the seconds from frame to frame; where the rate is not stated it is None, in PyAV 19 zero."""
    rate = stream.average_rate
    return float(1 / rate) if rate and 0.01 <= rate <= 1000 else _USUAL_STEP_S


def _length_s(container: "InputContainer", exactly: bool = False) -> float | None:
    """The seconds that a container states as its length; None where it states none, or only guesses it."""
    if exactly and container.format.name not in ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi"):
        return None
    lengths = [container.duration / 1e6] if container.duration else []
    for stream in container.streams.video:
        if stream.frames and stream.average_rate:  # an AVI's duration is guessed from its size, its count is not
            lengths.append(float(stream.frames / stream.average_rate))
    return max(lengths, default=None)


def _state(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is written to: its number, size and time of change; None where it is gone."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _tell(shown: str, lost: str | None, refused: Callable[[EkspresiError], None] | None) -> None:
    if lost is None:
        return
    error = SourceError(f"{shown}: {lost}")
    if refused is None:
        raise error
    refused(error)
