"""Notice damage that a decoder conceals: by the errors that it logs, and by the frames that it marks.

In: the calls of a decoder, and its frames. Out: how many frames may be smeared, and when. Does not know about files.

FFmpeg's decoders replace what they cannot read by guesses and give the frame all the same. They log an error, often
from threads of their own, which name the codec and not the file. So one decoder at a time has threads of its own, and
owns what they log. A decoder that starts while another has threads decodes in its caller's thread.

A decoder cannot notice all damage: changed bits of H.265 without checksums are mostly valid.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ekspresi.media.containers import pyav
from ekspresi.system.forks import PerProcess

if TYPE_CHECKING:
    from av import VideoFrame

_ERROR = 16  # FFmpeg's AV_LOG_ERROR; smaller is worse

_HARMLESS = (
    "mmco: unref short failure",  # cameras that number their reference frames wrongly
    "co located POCs unavailable",
    "number of reference frames",
    "SEI type",
    "missing picture in access unit",
    "unable to decode APP fields",  # webcams' JPEG
)
"""Beginnings of errors that FFmpeg logs for whole recordings too."""

LAG_FRAMES = 16
"""Frames between an error and its frame, at most: FFmpeg decodes up to 16 frames at once."""


class ErrorLog:
    """Count the errors that FFmpeg logs for one decoder; a context manager around its calls.

    Attributes:
        errors: number of errors so far.
        threaded: the decoder may use threads of its own, because no other one does.

    Example:
        >>> with ErrorLog("h264") as first, ErrorLog("h264") as second:
        ...     with second.call():
        ...         pyav().logging.log(16, "h264", "error while decoding MB 3 4")
        ...     first.threaded, first.errors, second.threaded, second.errors
        (True, 0, False, 1)
    """

    def __init__(self, codec: str) -> None:
        """Prepare a log.

        Args:
            codec: FFmpeg's name of the decoder.
        """
        self.errors = 0
        self.threaded = False
        self._codec = codec

    def __enter__(self) -> Self:
        self._hook = _hook()
        with self._hook.lock:
            if not self._hook.logs:
                self._hook.attach()
            self.threaded = not any(log.threaded for log in self._hook.logs)
            self._hook.logs.append(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._hook.lock:
            self._hook.logs.remove(self)
            if not self._hook.logs:
                self._hook.detach()

    @contextmanager
    def call(self) -> Iterator[None]:
        """Count the errors of one call of the decoder, and of its threads since the last one."""
        with pyav().logging.Capture() as found:
            yield
        if self.threaded:
            others = self._hook.others[:]
            del self._hook.others[: len(others)]
            found += others
        self.errors += sum(
            level <= _ERROR and name == self._codec and not text.startswith(_HARMLESS) for level, name, text in found
        )


class _LogHook:
    """Own PyAV's process-wide log while any ``ErrorLog`` is in use; nothing of it reaches the screen."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.logs: list[ErrorLog] = []
        self.others: list[tuple[int, str, str]] = []

    def attach(self) -> None:
        log = pyav().logging
        self._before = log.get_level(), log.get_skip_repeated()
        self._capture = log.Capture(local=False)
        self.others = self._capture.__enter__()
        log.set_skip_repeated(False)
        if self._before[0] is None or self._before[0] < _ERROR:
            log.set_level(_ERROR)

    def detach(self) -> None:
        log = pyav().logging
        log.set_level(self._before[0])
        log.set_skip_repeated(self._before[1])
        self._capture.__exit__(None, None, None)


_hook = PerProcess(_LogHook)


class SmearedFrames:
    """Count the frames that damage may have smeared: from an error to the next key frame.

    Errors before the first sound frame do not count: a recording may begin between two key frames.

    Attributes:
        count: frames that may be smeared.
        first_s: time of the first one, seconds.
        last_s: time of the last one, seconds.

    Example:
        >>> from av import VideoFrame
        >>> frame, smeared = VideoFrame(16, 8, "yuv420p"), SmearedFrames()
        >>> for number, errors in enumerate((0, 0, 2, 2)):
        ...     smeared.update(frame, number / 25, errors)
        >>> smeared.count, smeared.first_s, smeared.last_s
        (2, 0.08, 0.12)
    """

    def __init__(self, start_s: float = 0.0, lag_frames: int = LAG_FRAMES) -> None:
        """Start to count.

        Args:
            start_s: frames before this time are decoded only because later ones need them.
            lag_frames: frames after an error that a key frame does not repair. 0 where every frame is one.
        """
        self._lag_frames = lag_frames
        self.count = 0
        self.first_s = self.last_s = 0.0
        self._start_s = start_s
        self._errors: int | None = None  # until the last frame; None before the first sound one
        self._since: int | None = None  # frames since the last error; None where a key frame has come

    def update(self, frame: "VideoFrame", time_s: float, errors: int) -> None:
        """Look at the next frame.

        Args:
            frame: the decoded frame.
            time_s: its time.
            errors: number of errors that were logged so far.
        """
        if self._errors is None:
            self._errors = None if frame.is_corrupt else errors
            return
        if frame.is_corrupt or errors > self._errors:
            self._errors, self._since = errors, 0
        elif self._since is not None:
            self._since = None if frame.key_frame and self._since >= self._lag_frames else self._since + 1
        if self._since is not None and time_s >= self._start_s:
            self.first_s = self.first_s if self.count else time_s
            self.last_s = time_s
            self.count += 1
