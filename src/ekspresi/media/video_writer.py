"""Pictures with times -> an H.264 film that plays at the true speed and survives its maker.

In: pictures and the second at which each was taken. Out: an MP4 file. Knows nothing of faces, nor of where pictures
come from. Needs the extra [video].

The file is written in fragments (ISO/IEC 14496-12, movie fragments), each of which begins with a picture that needs no
other and spans about a second: where the run is killed, all but the last of them play. Nothing is kept in memory but
the picture that is being encoded, so a camera may be filmed for days; its file grows with them.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ekspresi.errors import OutputError
from ekspresi.media.decoder import pyav
from ekspresi.system.storage import MAKER, check_writable, os_errors_as_output_error

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

FILM_SUFFIX = ".mp4"
"""What the name of a film ends in."""

KEY_S = 1.0
"""A fragment begins, with a picture that needs no other, at the latest so many seconds after the one before."""
TICKS = 90_000
"""Units of time in a second: that of MPEG, in which 24, 25, 30 and 60 frames a second are whole numbers."""

LONGEST_S = 600.0
"""A picture is shown for so long at most: who looks at a film of a camera that was away for a night need not wait for
morning, and the format counts up to 6.6 hours only, after which nothing would play at its speed any more."""

_ENCODER = "libx264"
_RATE = 25
"""Frames a second that the encoder expects, and how long the last picture is shown; all else follows the times."""
_OPTIONS = {
    "preset": "veryfast",
    "crf": "20",
    # Each picture leaves the encoder before the next comes: what waits in it would be lost with a killed run, and with
    # a picture every few seconds that would be minutes.
    "tune": "zerolatency",
}
_BT709, _TV_RANGE = 1, 1  # FFmpeg's numbers, AVCOL_SPC_BT709 (and its primaries and transfer) and AVCOL_RANGE_MPEG
_THREADS = 2
"""Each cuts the picture into one slice more, which costs quality; two encode faster than any of this is recognized."""


class VideoWriter:
    """A film that grows picture by picture; a context manager.

    The file is made with the first picture: without one there is none. One that exists is replaced when the new film
    is whole, which grows in a hidden file beside it until then.

    Attributes:
        written: the film is closed, and at its place.
    """

    def __init__(self, path: Path) -> None:
        """Begin a film.

        Args:
            path: ends in ``FILM_SUFFIX``, in a folder that exists.

        Raises:
            OutputError: another ending, or a PyAV that cannot encode H.264.
            MissingExtraError: PyAV is not installed.
        """
        if path.suffix.lower() != FILM_SUFFIX:
            raise OutputError(f"{path}: a film's name ends in {FILM_SUFFIX}; choose one that does")
        if _ENCODER not in pyav().codecs_available:
            remedy = "install its wheel: pip install --force-reinstall --only-binary av av"
            raise OutputError(f"{path}: this PyAV was built without {_ENCODER} and cannot encode H.264; {remedy}")
        self._path = path
        self._growing = path
        self.written = False
        self._film: _Film | None = None
        self._failure: OutputError | None = None
        self._begun_s = self._last_s = 0.0
        self._last_stamp = self._key_stamp = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # Where the block failed, what was filmed before is kept, and its own error is the one that is told.
        with suppress(OutputError) if kind else nullcontext():
            self.close(whole=kind is None)

    def add(self, picture: Image.Image, time_s: float) -> None:
        """Append a picture, which is shown until the next.

        The film begins with its first picture and has that one's size, made even by repeating the last row and column.
        A picture of another size is scaled to fit and stands between black bars. A gap of more than ``LONGEST_S`` is
        shortened to it.

        Args:
            picture: RGB.
            time_s: when it was taken, seconds. One that is not above the one before is moved just behind it.

        Raises:
            OutputError: the file cannot be written. The film ends here: what is added later is refused for the same
                reason, and what was written before plays.
        """
        if self._failure is not None:
            raise self._failure
        with self._errors_named():
            if self._film is None:
                check_writable(self._path)
                _beside(self._path).unlink(missing_ok=True)  # of a film that failed, or was given up
                if self._path.is_file() and self._path.stat().st_size:
                    self._growing = _beside(self._path)
                self._film, self._begun_s = _Film(self._growing, picture.size), time_s
            elif time_s - self._last_s > LONGEST_S:
                self._begun_s += time_s - self._last_s - LONGEST_S
            self._last_s = time_s
            stamp = max(round((time_s - self._begun_s) * TICKS), self._last_stamp + 1)
            key = self._last_stamp < 0 or stamp - self._key_stamp >= KEY_S * TICKS
            self._last_stamp, self._key_stamp = stamp, stamp if key else self._key_stamp
            self._film.add(picture, stamp, key)

    def close(self, *, whole: bool = True) -> None:
        """End the film; nothing is added after it.

        Args:
            whole: all of it was filmed. Else it does not replace an older one, and waits beside it, see ``take_up``.

        Raises:
            OutputError: the end cannot be written; what was written before plays.
        """
        film, self._film = self._film, None
        if film is not None:
            with self._errors_named() if self._failure is None else suppress(Exception):  # one failure is told once
                film.close()
                if self._failure is None and (whole or self._growing == self._path):
                    take_up(self._path)
                    self.written = True

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        """What goes wrong ends the film, and is told in one line."""
        try:
            with os_errors_as_output_error(self._path, self._path.parent):
                try:
                    yield
                except pyav().error.FFmpegError as error:
                    if isinstance(error, OSError):
                        raise
                    reason = str(getattr(error, "strerror", None) or error).splitlines()[0]
                    raise OutputError(f"{self._path}: cannot be encoded ({reason}); film other pictures") from error
        except OutputError as error:
            self._failure = error
            raise


def take_up(path: Path) -> None:
    """Let what was filmed beside an older film take its place; also what a killed run left, when it is continued.

    Raises:
        OutputError: the older film is read-only.
        OSError: the system refuses.
    """
    growing = _beside(path)
    if growing.exists():
        check_writable(path)
        growing.replace(os.path.realpath(path))


def _beside(path: Path) -> Path:
    real = Path(os.path.realpath(path))
    return real.with_name(f".{real.name}.part{FILM_SUFFIX}")


class _Film:
    """An open MP4 file and its encoder."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        """Make the file.

        Args:
            path: where.
            size: width and height of what is shown.
        """
        self._shown = size
        # Unbuffered: what is muxed is in the hands of the system, which outlives this process.
        self._file = path.open("wb", buffering=0)
        flags = "frag_keyframe+empty_moov+default_base_moof"
        self._container: OutputContainer = pyav().open(
            self._file, "w", format="mp4", options={"movflags": flags, "flush_packets": "1"}
        )
        self._container.metadata["comment"] = MAKER
        self._stream: VideoStream = self._container.add_stream(_ENCODER, rate=_RATE, options=_OPTIONS)
        self._stream.width, self._stream.height = (length + length % 2 for length in size)
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = self._stream.codec_context.time_base = Fraction(1, TICKS)
        self._stream.codec_context.thread_count = _THREADS
        # Untagged, small pictures are taken for BT.601 by some players and for BT.709 by others.
        self._converter = pyav().video.reformatter.VideoReformatter()
        self._stream.codec_context.colorspace = self._stream.codec_context.color_primaries = _BT709
        self._stream.codec_context.color_trc, self._stream.codec_context.color_range = _BT709, _TV_RANGE

    def add(self, picture: Image.Image, stamp: int, key: bool) -> None:
        """Encode a picture that is shown from ``stamp`` on; ``key``: as one that needs no other."""
        av = pyav()
        frame = av.VideoFrame.from_ndarray(self._canvas(picture), format="rgb24")
        frame = self._converter.reformat(frame, format="yuv420p", dst_colorspace=_BT709, dst_color_range=_TV_RANGE)
        frame.pts, frame.time_base, frame.duration = stamp, Fraction(1, TICKS), TICKS // _RATE
        frame.pict_type = av.video.frame.PictureType.I if key else av.video.frame.PictureType.NONE
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what the encoder holds, and the index."""
        try:
            self._container.mux(self._stream.encode(None))
        finally:
            try:
                self._container.close()
            finally:
                self._file.close()

    def _canvas(self, picture: Image.Image) -> NDArray[np.uint8]:
        """A picture -> uint8 (H, W, 3) of the film's size, both even."""
        if picture.size != self._shown:
            picture = ImageOps.pad(picture, self._shown)
        pixels = np.asarray(picture)
        down, right = (length % 2 for length in pixels.shape[:2])
        return np.pad(pixels, ((0, down), (0, right), (0, 0)), mode="edge") if down or right else pixels
