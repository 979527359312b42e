"""Download registered files, verify them, and keep them in the cache folder.

In: an entry of the registry. Out: the path of the verified file. Does not know about what is in the files.

To add a file, append a ``RemoteFile`` to ``REMOTE_FILES``. Its address names a commit or a version, so that it always
means the same bytes. Name the file's makers and its license in NOTICE. Then call ``download_verified`` where the file
is first needed; nothing is downloaded earlier. The cache folder may be deleted at any time.
"""

import hashlib
import os
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from ekspresi.errors import ModelError, OutputError
from ekspresi.system.locks import wait_for_lock
from ekspresi.system.storage import atomic_write, ensure_folder, os_errors_as_output_error

TIMEOUT_S = 30.0
"""Seconds without an answer after which an attempt fails."""

PAUSES_S = (1.0, 3.0)
"""Seconds before the second attempt, and before the third."""


@dataclass(frozen=True)
class RemoteFile:
    """Describe one file that may be downloaded.

    Attributes:
        name: of the file in the cache.
        url: its address.
        sha256: of its content, hexadecimal.
        license: SPDX identifier.

    Example:
        >>> REMOTE_FILES["face_detection_yunet_2026may.onnx"].license
        'MIT'
    """

    name: str
    url: str
    sha256: str
    license: str


REMOTE_FILES = {
    file.name: file
    for file in (
        RemoteFile(  # SHA-256 as stated in the Git LFS pointer
            name="face_detection_yunet_2026may.onnx",
            url="https://media.githubusercontent.com/media/opencv/opencv_zoo/26cc381e4d2594bb9f47a26eb8fd96c94a13660d"
            "/models/face_detection_yunet/face_detection_yunet_2026may.onnx",
            sha256="ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0",
            license="MIT",
        ),
    )
}
"""All files that ekspresi may download, by name."""


def cache_folder() -> Path:
    """Return the folder of the cache: ``$XDG_CACHE_HOME/ekspresi`` or ``~/.cache/ekspresi``. It may not exist.

    Example:
        >>> cache_folder().name
        'ekspresi'
    """
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "ekspresi"


def download_verified(file: RemoteFile, *, instead: str) -> Path:
    """Return the path of a file in the cache, after downloading it where it is missing or damaged.

    Every call checks the hash. The file gets its name only when it is complete and its hash is right. Of several
    processes that need the file, one downloads it.

    Args:
        file: what to download.
        instead: an imperative clause: how to use a copy from elsewhere. It closes the messages.

    Raises:
        ModelError: the download fails three times, the hash is wrong, or the file cannot be written.

    Example:
        >>> import tempfile, unittest.mock
        >>> folder = Path(tempfile.mkdtemp())
        >>> source = folder / "source.txt"
        >>> _ = source.write_text("hello")
        >>> file = RemoteFile("hello.txt", source.as_uri(), hashlib.sha256(b"hello").hexdigest(), "CC0-1.0")
        >>> with unittest.mock.patch.dict(os.environ, XDG_CACHE_HOME=str(folder)):
        ...     download_verified(file, instead="put it into the cache").read_text()
        'hello'
    """
    target = cache_folder() / "models" / file.name
    if _sha256(target) == file.sha256:
        return target
    remedy = f"get it from {file.url} and {instead}."
    try:
        ensure_folder(target.parent)
        with (
            os_errors_as_output_error(target, target.parent),
            wait_for_lock(target.with_name(f".{file.name}.lock")),
        ):
            if _sha256(target) != file.sha256:  # no other process was faster
                content = _download(file, remedy)
                with atomic_write(target, alone=True) as part:
                    part.write_bytes(content)
    except OutputError as error:
        raise ModelError(f"{error} Or {remedy}") from error
    return target


def _download(file: RemoteFile, remedy: str) -> bytes:
    """Return the content of a file after at most three attempts; its hash is right."""
    for pause_s in (*PAUSES_S, None):
        try:
            with urllib.request.urlopen(file.url, timeout=TIMEOUT_S) as answer:
                content: bytes = answer.read()
            break
        except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            if pause_s is None or not _may_pass(error):
                raise ModelError(
                    f"{file.name}: cannot be downloaded ({_reason(error)}). Try again, or {remedy}"
                ) from error
            time.sleep(pause_s)
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise ModelError(
            f"{file.name}: the download has SHA-256 {found[:12]}, not {file.sha256[:12]}. Try again, or {remedy}"
        )
    return content


def _may_pass(error: Exception) -> bool:
    """Whether a retry can help: not where the server refuses the request itself."""
    return not isinstance(error, urllib.error.HTTPError) or error.code >= 500 or error.code in (408, 429)


def _sha256(path: Path) -> str:
    """Return the hash of a file, hexadecimal; '' where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def _reason(error: Exception) -> str:
    """Return what an exception says, in one line."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    code = f"{error.code} " if isinstance(error, urllib.error.HTTPError) else ""
    return code + (" ".join(str(reason).split()) or type(error).__name__)
