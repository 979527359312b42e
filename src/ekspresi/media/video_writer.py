"""Write timed pictures to an H.264 film that plays at the true speed and survives a killed run.

In: pictures and the second at which each was taken. Out: an MP4 file. Does not know about faces, or where pictures
come from. Needs the extra [video].

The file is written in fragments of about a second (ISO/IEC 14496-12, movie fragments), each of which begins with a key
frame. Where the run is killed, all but the last fragment play. Memory holds only the picture that is encoded, so a
camera may be filmed for days.
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
from ekspresi.media.containers import pyav
from ekspresi.system.storage import MAKER, check_writable, os_errors_as_output_error

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

FILM_SUFFIX = ".mp4"
"""Suffix of the name of a film."""

KEY_S = 1.0
"""Longest fragment, seconds; each begins with a key frame."""
TICKS = 90_000
"""Time units per second, as in MPEG: 24, 25, 30 and 60 frames a second are whole numbers of them."""

LONGEST_S = 600.0
"""Longest time that a picture is shown, seconds.

A film of a camera that was lost for a night stays short. The format counts only up to 6.6 hours per picture."""

_ENCODER = "libx264"
_RATE = 25
"""Frames per second that the encoder expects; also sets how long the last picture is shown."""
_OPTIONS = {
    "preset": "veryfast",
    "crf": "20",
    # Each picture leaves the encoder before the next comes. A killed run would lose the pictures in the encoder, which
    # are minutes of a camera that gives a picture every few seconds.
    "tune": "zerolatency",
}
_BT709, _TV_RANGE = 1, 1  # FFmpeg's numbers, AVCOL_SPC_BT709 (and its primaries and transfer) and AVCOL_RANGE_MPEG
_THREADS = 2
"""Each adds one slice to the picture, which costs quality; two encode faster than faces are recognized."""


class VideoWriter:
    """Write a film picture by picture; a context manager.

    The first picture makes the file. An existing film is replaced when the new one is complete; until then the new one
    grows in a hidden file beside it.

    Attributes:
        path: of the film when it is complete.
        written: the film is closed and has its name.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, VideoWriter(Path(folder) / "clip.mp4") as video:
        ...     for time_s in (0.0, 0.04):
        ...         video.add(Image.new("RGB", (16, 8)), time_s)
        >>> video.written
        True
    """

    def __init__(self, path: Path) -> None:
        """Begin a film.

        Args:
            path: ends in ``FILM_SUFFIX``, in a folder that exists.

        Raises:
            OutputError: the suffix is another, or PyAV cannot encode H.264.
            MissingExtraError: PyAV is not installed.
        """
        if path.suffix.lower() != FILM_SUFFIX:
            raise OutputError(f"{path}: does not end in {FILM_SUFFIX}. Give a name that does.")
        if _ENCODER not in pyav().codecs_available:
            remedy = "Install its wheel: pip install --force-reinstall --only-binary av av"
            raise OutputError(f"{path}: this PyAV was built without {_ENCODER} and cannot encode H.264. {remedy}")
        self.path = path
        self._growing = path
        self.written = False
        self._film: _Film | None = None
        self._failure: OutputError | None = None
        self._begun_s = self._last_s = 0.0
        self._last_stamp = self._key_stamp = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # Where the block failed, the earlier pictures are kept, and the error of the block is raised.
        with suppress(OutputError) if kind else nullcontext():
            self.close(whole=kind is None)

    def add(self, picture: Image.Image, time_s: float) -> None:
        """Append a picture, which is shown until the next.

        The film begins with its first picture and has its size, made even by repeating the last row and column. A
        picture of another size is scaled to fit between black bars. A gap of more than ``LONGEST_S`` is shortened to
        it.

        Args:
            picture: RGB.
            time_s: when the picture was taken, seconds. A time that does not rise is moved just behind the last one.

        Raises:
            OutputError: the file cannot be written. The film ends here: later calls raise the same error, and the
                earlier pictures play.
        """
        if self._failure is not None:
            raise self._failure
        with self._errors_named():
            if self._film is None:
                check_writable(self.path)
                _beside(self.path).unlink(missing_ok=True)  # of a film that failed, or was given up
                if self.path.is_file() and self.path.stat().st_size:
                    self._growing = _beside(self.path)
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
            whole: the film is complete. Otherwise it does not replace an older film, and stays in the hidden file
                beside it, see ``promote_partial``.

        Raises:
            OutputError: the end cannot be written; the earlier pictures play.
        """
        film, self._film = self._film, None
        if film is not None:
            with self._errors_named() if self._failure is None else suppress(Exception):  # one failure is raised once
                film.close()
                if self._failure is None and (whole or self._growing == self.path):
                    promote_partial(self.path)
                    self.written = True

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        """End the film at an error, and raise it as OutputError."""
        try:
            with os_errors_as_output_error(self.path, self.path.parent):
                try:
                    yield
                except pyav().error.FFmpegError as error:
                    if isinstance(error, OSError):
                        raise
                    reason = str(getattr(error, "strerror", None) or error).splitlines()[0]
                    raise OutputError(f"{self.path}: cannot be encoded ({reason}). Use other pictures.") from error
        except OutputError as error:
            self._failure = error
            raise


def promote_partial(path: Path) -> None:
    """Replace an older film by the one that was written beside it, also by a killed run.

    Args:
        path: of the film.

    Raises:
        OutputError: the older film is read-only.
        OSError: the system refuses.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / ".clip.mp4.part.mp4").write_bytes(b"film")
        ...     promote_partial(Path(folder) / "clip.mp4")
        ...     [path.name for path in Path(folder).iterdir()]
        ['clip.mp4']
    """
    growing = _beside(path)
    if growing.exists():
        check_writable(path)
        growing.replace(os.path.realpath(path))


def _beside(path: Path) -> Path:
    real = Path(os.path.realpath(path))
    return real.with_name(f".{real.name}.part{FILM_SUFFIX}")


class _Film:
    """Hold an open MP4 file and its encoder."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        """Make the file.

        Args:
            path: where.
            size: width and height of the pictures, pixels.
        """
        self._shown = size
        # Unbuffered: the system has all muxed bytes, and outlives this process.
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
        """Encode a picture that is shown from ``stamp`` on; ``key``: as a key frame."""
        av = pyav()
        frame = av.VideoFrame.from_ndarray(self._canvas(picture), format="rgb24")
        frame = self._converter.reformat(frame, format="yuv420p", dst_colorspace=_BT709, dst_color_range=_TV_RANGE)
        frame.pts, frame.time_base, frame.duration = stamp, Fraction(1, TICKS), TICKS // _RATE
        frame.pict_type = av.video.frame.PictureType.I if key else av.video.frame.PictureType.NONE
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write the rest of the encoder, and the index."""
        try:
            self._container.mux(self._stream.encode(None))
        finally:
            try:
                self._container.close()
            finally:
                self._file.close()

    def _canvas(self, picture: Image.Image) -> NDArray[np.uint8]:
        """Return a picture as uint8 (H, W, 3) of the film's size, both even."""
        if picture.size != self._shown:
            picture = ImageOps.pad(picture, self._shown)
        pixels = np.asarray(picture)
        down, right = (length % 2 for length in pixels.shape[:2])
        return np.pad(pixels, ((0, down), (0, right), (0, 0)), mode="edge") if down or right else pixels
