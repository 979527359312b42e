"""Read the pictures and the fields of a request's body, in memory.

In: a request whose body is ``multipart/form-data``, or the bytes of one picture. Out: uploads and fields. File names
are only given back in answers: no file is opened by them. Does not know what a picture shows.
"""

import re
import sys
from dataclasses import dataclass

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from ekspresi.service.problems import RequestError

MULTIPART = "multipart/form-data"
RAW = ("image/", "application/octet-stream")
"""Start of the content types of a body that is one picture."""
NAMELESS = "-"
"""Source of a picture without a file name, as for a picture in standard input."""

_LONGEST_NAME = 255
_FIELDS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Upload:
    """Hold one picture of a request.

    Example:
        >>> Upload("a.jpg", b"...").name
        'a.jpg'

    Attributes:
        name: last part of the file name that the client gave, or ``NAMELESS``.
        content: bytes of the file.
    """

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """Hold the pictures and fields of a request.

    Example:
        >>> Body((Upload("a.jpg", b"..."),), {"prior": "uniform"}).fields
        {'prior': 'uniform'}

    Attributes:
        uploads: the pictures, in the order of the request.
        fields: of the form; the last of several with one name.
    """

    uploads: tuple[Upload, ...]
    fields: dict[str, str]


class _MemoryParser(MultiPartParser):
    """Keep files in memory; Starlette would write those above 1 MB to the disk."""

    spool_max_size = max_file_size = sys.maxsize  # of new and of old versions of Starlette


async def read_body(request: Request, most_uploads: int) -> Body:
    """Read the body of a request.

    Args:
        request: with a body within the limits.
        most_uploads: number of pictures that it may hold.

    Raises:
        RequestError: the content type or charset is another, the form is damaged, or holds too many pictures or none.

    Example:
        >>> import asyncio
        >>> async def receive():
        ...     return {"type": "http.request", "body": b"GIF89a"}
        >>> scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"image/gif")]}
        >>> asyncio.run(read_body(Request(scope, receive), 1)).uploads[0].name
        '-'
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == MULTIPART:
        return await _read_form(request, most_uploads)
    if not kind.startswith(RAW):
        subject = f"content type {kind[:60] or 'of the body'}"
        fix = f"Send {MULTIPART} with files, or the bytes of a picture with its content type, such as image/jpeg"
        raise RequestError("unsupported-media-type", f"{subject}: is not read here. {fix}.")
    content = await request.body()
    if not content:
        raise RequestError("invalid-request", "the body: is empty (0 bytes). Send a picture.")
    return Body((Upload(NAMELESS, content),), {})


async def _read_form(request: Request, most_uploads: int) -> Body:
    _check_charset(request.headers["content-type"])
    parser = _MemoryParser(request.headers, request.stream(), max_files=most_uploads, max_fields=_FIELDS)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError, UnicodeError) as error:
        if getattr(error, "message", "").startswith("Too many files"):
            what = f"holds more than {most_uploads} file{'s' * (most_uploads > 1)}"
            raise RequestError("too-many-crops", f"the form: {what}. Send fewer in a request.") from None
        reason = (getattr(error, "message", None) or "its boundary is missing").rstrip(".")
        raise RequestError("invalid-request", f"the form: is damaged ({reason}). Send it as curl -F does.") from None
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    fields = {key: value for key, value in form.multi_items() if isinstance(value, str)}
    if not files:
        problem = "holds no file"
        raise RequestError("invalid-request", f"the form: {problem}. Send one as curl -F file=@photo.jpg does.")
    uploads = tuple([Upload(_shown(file.filename), await file.read()) for file in files])
    await form.close()
    return Body(uploads, fields)


def _check_charset(content_type: str) -> None:
    """Check that a form is in UTF-8: some of Python's codecs take time that grows with the square of a text."""
    charset = parse_options_header(content_type)[1].get(b"charset", b"utf-8").decode("latin-1")
    if charset.lower() not in ("utf-8", "utf8"):
        detail = f"charset {charset[:60]} of the form: is not read here. Send UTF-8, or leave charset out."
        raise RequestError("unsupported-media-type", detail)


def _shown(name: str | None) -> str:
    """Return the last part of a file name, whatever separates its parts."""
    return re.split(r"[/\\]", name or "")[-1][-_LONGEST_NAME:] or NAMELESS
