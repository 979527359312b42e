"""Download files, verify them, and keep them in the cache folder.

In: an address and the SHA-256 of what it must give. Out: paths of files. Knows nothing of what is in
them.

Nothing is downloaded unless ``download_verified`` is called. What it got lies in ``models`` in the cache folder, safe
to delete at any time.
"""

import hashlib
import os
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO

from ekspresi.errors import ModelError
from ekspresi.system.locks import wait_for_lock

TIMEOUT_S = 30.0
"""A server that says nothing for so long is given up."""

_BLOCK = 1 << 16
_MOST_BYTES = 1 << 30


def cache_folder() -> Path:
    """Where downloads and results are remembered, ``$XDG_CACHE_HOME/ekspresi`` or ``~/.cache/ekspresi``.

    It need not exist yet.
    """
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "ekspresi"


def download_verified(url: str, sha256: str, name: str, *, instead: str) -> Path:
    """A file's address and SHA-256 -> its path in the cache, downloaded where it is not there yet.

    The file appears under its name when all of it is there and its hash is right. A download that was cut off goes
    on where it stopped, if the server can do that. Of several processes that want the file, one downloads it.

    Args:
        url: where the file lies.
        sha256: hexadecimal; the file's content must have it, in the cache too.
        name: of the file in the cache.
        instead: what the user can do with a copy that was got in another way; closes the messages.

    Raises:
        ModelError: the file cannot be had or kept, or is not the one that the hash is of.
    """
    target = cache_folder() / "models" / name
    if _sha256(target) == sha256:
        return target
    remedy = f"get it from {url} and {instead}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with wait_for_lock(target.with_name(f".{name}.lock")):
            if _sha256(target) != sha256:  # no other process was faster
                part = target.with_name(f".{name}-{sha256[:8]}.part")
                found = _completed(part, url, sha256)
                if found != sha256:
                    part.unlink()
                    raise ModelError(f"{name}: the download has SHA-256 {found[:12]}, not {sha256[:12]}; {remedy}")
                part.replace(target)
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise ModelError(f"{name}: cannot be downloaded ({_said(error)}); try again, or {remedy}") from error
    except OSError as error:
        raise ModelError(f"{target}: cannot be kept ({_said(error)}); {remedy}") from error
    return target


def _completed(part: Path, url: str, sha256: str) -> str:
    """Download what a file still lacks -> its hash; from its beginning again where that was of another file."""
    with part.open("ab") as stream:
        started_at = stream.tell()
        _download(url, stream)
        if started_at and _sha256(part) != sha256:
            stream.truncate(0)
            _download(url, stream)
        os.fsync(stream.fileno())
    return _sha256(part)


def _download(url: str, stream: IO[bytes]) -> None:
    """Append what is missing to an open file."""
    there = stream.seek(0, os.SEEK_END)
    request = urllib.request.Request(url, headers={"Range": f"bytes={there}-"} if there else {})
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and there:  # nothing is missing, as far as the server can see
            return
        raise
    with answer:
        if there and not _continues(answer, there):
            stream.truncate(0)
            there = 0
        while block := answer.read(_BLOCK):
            there += stream.write(block)
            if there > _MOST_BYTES:
                raise HTTPException("the file does not end")
        stream.flush()
        if answer.length:  # what the header promised and did not come
            raise HTTPException(f"cut off after {there} bytes")


def _continues(answer: HTTPResponse, there: int) -> bool:
    """Whether an answer starts at the byte that was asked for; servers without Range send the whole file."""
    return answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {there}-")


def _sha256(path: Path) -> str:
    """The hash of a file, hexadecimal; of one that cannot be read ''."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def _said(error: BaseException) -> str:
    """What an exception says, in one line."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    code = f"{error.code} " if isinstance(error, urllib.error.HTTPError) else ""
    return code + (" ".join(str(reason).split()) or type(error).__name__)
