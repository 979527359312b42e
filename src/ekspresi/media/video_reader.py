"""Read the frames of a video file in presentation order, with numbers and times.

In: a path, or an open container of known length. Out: frames, one at a time; memory does not grow with the length of
the video. Does not know about live sources.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from ekspresi.errors import EkspresiError, SourceError
from ekspresi.media.containers import open_container
from ekspresi.media.damage import LAG_FRAMES, ErrorLog, SmearedFrames
from ekspresi.media.decoder import Decoder
from ekspresi.media.frame_converter import FrameConverter
from ekspresi.media.seeking import SeekTarget, find_seek_target
from ekspresi.media.stated_length import length_of_cut, stated_length_s, stated_step_s
from ekspresi.media.timestamps import FileClock, Window
from ekspresi.types import Frame

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer

_SEEK_FROM_S = 2.0
"""Smallest start, seconds, that is reached by seeking, which reads the file twice; decoding reaches earlier ones."""


def video_frames(
    path: Path, *, window: Window, stop: Event | None = None, refused: Callable[[EkspresiError], None] | None = None
) -> Iterator[Frame]:
    """Read the frames of a video file that a window selects.

    Times are those of the file's stamps, see ``FileClock``. A frame's number counts all frames of the file, also where
    reading starts later: the stamps up to the start are read first, without decoding. Where stamps are missing or out
    of order, everything before the start is decoded.

    Args:
        path: the file.
        window: selects frames by time.
        stop: ends reading when it is set.
        refused: called with one error for frames that could not be read, after all readable frames; None raises it.

    Raises:
        SourceError: the file is not a video, or has no frames.
        MissingExtraError: PyAV is not installed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> from ekspresi.media.video_writer import VideoWriter
        >>> with TemporaryDirectory() as folder:
        ...     with VideoWriter(Path(folder) / "clip.mp4") as video:
        ...         video.add(Image.new("RGB", (16, 8)), time_s=0.0)
        ...     [frame.image.shape for frame in video_frames(Path(folder) / "clip.mp4", window=Window())]
        [(8, 16, 3)]
    """
    shown, before = str(path), _state(path)
    if before is not None and before[1] == 0:
        raise SourceError(f"{shown}: is empty (0 bytes). Copy it again from its origin.")
    target = _seek_target(path, window.start_s) if window.start_s >= _SEEK_FROM_S else None
    for begin in (target, None):
        with _open_file(path) as container:
            reading = _ContainerReader(container, shown, window, begin)
            yield from reading.frames(stop)
            lost = reading.lost()
        if not reading.missed:  # else the seek failed: once more, from the beginning
            break
    after = _state(path)
    if before is not None and after is not None and after != before and after[0] == before[0]:
        lost = "changed while it was read, so its frames may be of both states. Read it again when it is complete."
    _report(shown, lost, refused)


def container_frames(
    container: "InputContainer",
    shown: str,
    *,
    window: Window,
    stop: Event | None = None,
    refused: Callable[[EkspresiError], None] | None = None,
) -> Iterator[Frame]:
    """Read the frames of an open container with an end, such as a video behind an address, and close it.

    Args:
        container: the open container.
        shown: its name in frames and errors.
        window: as for ``video_frames``.
        stop: as for ``video_frames``.
        refused: as for ``video_frames``.

    Raises:
        SourceError: as for ``video_frames``.

    Example:
        >>> container = open_container("testsrc=size=16x8:duration=0.1", "test picture", form="lavfi")
        >>> [frame.number for frame in container_frames(container, "test picture", window=Window())]
        [0, 1, 2]
    """
    try:
        reading = _ContainerReader(container, shown, window)
        yield from reading.frames(stop)
        _report(shown, reading.lost(), refused)
    finally:
        container.close()


def video_length_s(path: Path) -> float | None:
    """Return the length in seconds that a video file states; None where it states none.

    Raises:
        SourceError, MissingExtraError: as for ``video_frames``.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> from ekspresi.media.video_writer import VideoWriter
        >>> with TemporaryDirectory() as folder:
        ...     with VideoWriter(Path(folder) / "clip.mp4") as video:
        ...         for time_s in (0.0, 1.0):
        ...             video.add(Image.new("RGB", (16, 8)), time_s)
        ...     round(video_length_s(Path(folder) / "clip.mp4"), 1)
        1.0
    """
    with _open_file(path) as container:
        return stated_length_s(container)


class _ContainerReader:
    """Read a container once.

    Attributes:
        missed: the seek led past the start, or to unknown stamps: no frame was given.
    """

    def __init__(
        self, container: "InputContainer", shown: str, window: Window, target: SeekTarget | None = None
    ) -> None:
        self.missed = False
        self._container = container
        self._shown = shown
        self._window = window
        self._target = target
        self._number = 0
        self._last_s = 0.0
        self._to_the_end = False
        self._decoder = Decoder(container, shown)
        intra = self._decoder.codec.codec.intra_only
        self._smeared = SmearedFrames(window.start_s, 0 if intra else LAG_FRAMES)

    def frames(self, stop: Event | None) -> Iterator[Frame]:
        codec = self._decoder.codec
        with ErrorLog(codec.name) as self._decoder.log:
            if self._decoder.log.threaded:
                codec.thread_type = "AUTO"  # frames too, not slices alone
            else:
                codec.thread_count = 1
            if codec.name == "hevc":  # verifies the checksums of frames, where there are any
                codec.options = {"err_detect": "crccheck"}
            try:
                yield from self._frames(stop)
            finally:
                # Its threads need the interpreter's lock to log. Freeing it holds the lock and waits for them.
                codec.flush_buffers()

    def _frames(self, stop: Event | None) -> Iterator[Frame]:
        stream, target = self._decoder.stream, self._target
        clock = FileClock(stated_step_s(stream), stated_length_s(self._container))
        if target is not None:
            assert stream.time_base
            clock = FileClock(
                stated_step_s(stream), stated_length_s(self._container), float(target.zero * stream.time_base)
            )
            self.missed = not self._decoder.seek(target.begin)
            if self.missed:
                return
        wanted, convert = self._window.chooser(), FrameConverter(self._shown)
        fresh = True
        for decoded in self._pictures():
            if stop is not None and stop.is_set():
                return
            if fresh and target is not None:
                number = target.number(decoded.pts)
                if number is None:
                    self.missed = True
                    return
                self._number = number
            fresh = False
            time_s = self._last_s = clock(decoded.time)
            assert self._decoder.log is not None
            self._smeared.update(decoded, time_s, self._decoder.log.errors)
            if self._window.ended(time_s):
                return
            if wanted(time_s):
                yield self._picture(convert, decoded, time_s)
            self._number += 1
        if fresh and target is not None:
            self.missed = True
            return
        if fresh:
            why = f" ({self._decoder.failure})" if self._decoder.failure else ""
            raise SourceError(f"{self._shown}: holds no frames{why}. Copy it again.")
        self._to_the_end = True

    def _picture(self, convert: FrameConverter, decoded: "VideoFrame", time_s: float) -> Frame:
        image, pixel_aspect = convert.shaped(decoded, self._decoder.pixel_aspect)
        return Frame(self._shown, self._number, time_s, image, pixel_aspect=pixel_aspect)

    def lost(self) -> str | None:
        """Return what could not be read, with the remedy; None where all was read."""
        decoder = self._decoder
        if decoder.failure is not None:
            return (
                f"cannot be read after {decoder.reached_s:.1f} s ({decoder.failure}); earlier frames are kept. "
                "Copy it again from its origin."
            )
        stated = length_of_cut(self._container, self._decoder) if self._to_the_end else None
        if stated is not None:
            return (
                f"was cut off after {decoder.reached_s:.1f} of {stated:.1f} s; earlier frames are kept. "
                "Copy it again from its origin."
            )
        if self._to_the_end and self._last_s < self._window.start_s:
            start = f"{self._window.start_s:g} s"
            return f"ends at {self._last_s:.1f} s, before the start at {start}. Choose an earlier start."
        smeared = self._smeared
        where = f"{smeared.first_s:.1f} to {smeared.last_s:.1f} s"
        damage = [f"{decoder.skipped} of its frames could not be decoded"] if decoder.skipped else []
        damage += [f"up to {smeared.count} from {where} may be smeared"] if smeared.count else []
        return f"is damaged: {', and '.join(damage)}. Copy it again from its origin." if damage else None

    def _pictures(self) -> Iterator["VideoFrame"]:
        for pictures in self._decoder:
            yield from pictures


def _open_file(path: Path) -> "InputContainer":
    # 'file:' because 'clip 12:30.mp4' looks like a protocol; the list, because a playlist could fetch from anywhere.
    return open_container(f"file:{path}", str(path), options={"protocol_whitelist": "file"})


def _seek_target(path: Path, start_s: float) -> SeekTarget | None:
    with _open_file(path) as container:
        return find_seek_target(Decoder(container, str(path)), start_s)


def _state(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file is written: inode, size and time of change; None where it is missing."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _report(shown: str, lost: str | None, refused: Callable[[EkspresiError], None] | None) -> None:
    if lost is None:
        return
    error = SourceError(f"{shown}: {lost}")
    if refused is None:
        raise error
    refused(error)
