"""Open containers by PyAV, and choose their video stream.

In: the name of a file, device or address. Out: containers and streams. PyAV's own exceptions hold the whole address
with its password. None of them leaves this module, not even as the cause of another. Does not know about pictures.
"""

import os
import time
from types import ModuleType
from typing import TYPE_CHECKING

from ekspresi.errors import AccessError, MissingExtraError, SourceError

if TYPE_CHECKING:
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
        with av.logging.Capture():  # opening decodes too: its errors belong to no decoder of another thread
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
        return SourceError(f"{shown}: cannot be opened ({why_not(error)}). {remedy}")
    if isinstance(error, names.FileNotFoundError):
        return SourceError(f"{shown}: does not exist. Check the name.")
    if isinstance(error, PermissionError):
        return SourceError(f"{shown}: cannot be read. Check its permissions.")
    what = f"is not a readable video, or its end was cut off ({why_not(error)})"
    return SourceError(f"{shown}: {what}. Copy it again from its origin.")


def why_not(error: Exception) -> str:
    """Return the words of an exception of PyAV that never hold an address.

    Example:
        >>> why_not(OSError(2, "No such file or directory."))
        'No such file or directory'
    """
    if isinstance(error, pyav().error.ExitError):  # FFmpeg's error after a time-out
        return "no more data"
    words = os.fsdecode(getattr(error, "strerror", None) or "") or type(error).__name__
    return words.splitlines()[0].rstrip(".")
