"""Download registered files, verify them, and keep them in the cache folder.

In: an entry of the registry. Out: the path of the verified file. Does not know about what is in the files.

To add a file, append a ``RemoteFile`` to ``REMOTE_FILES``: an address that always means the same bytes (one that names a
commit or a version), the SHA-256 of those bytes, and the license. Say in NOTICE who made the file. Then call
``download_verified`` where the file is first needed; nothing is downloaded earlier. The cache folder may be deleted at
any time.
"""

import hashlib
import os
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from shutil import copyfileobj

from ekspresi.errors import ModelError, OutputError
from ekspresi.system.locks import wait_for_lock
from ekspresi.system.storage import atomic_write, ensure_folder

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
        RemoteFile(  # the hash is that of the Git LFS pointer
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
    remedy = f"Get it from {file.url} and {instead}."
    try:
        ensure_folder(target.parent)
        with wait_for_lock(target.with_name(f".{file.name}.lock")):
            if _sha256(target) != file.sha256:  # no other process was faster
                with atomic_write(target, alone=True) as part:
                    _download(file, part, remedy)
    except (OutputError, OSError) as error:
        raise ModelError(f"{target}: cannot be kept in the cache ({error}). {remedy}") from error
    return target


def _download(file: RemoteFile, part: Path, remedy: str) -> None:
    """Download a file to a path, in up to three attempts."""
    for pause_s in (*PAUSES_S, None):
        try:
            with urllib.request.urlopen(file.url, timeout=TIMEOUT_S) as answer:
                content: bytes = answer.read()
            break
        except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            if pause_s is None or not _is_passing(error):
                raise ModelError(f"{file.name}: cannot be downloaded ({_reason(error)}). Try again, or get it") from error
            time.sleep(pause_s)
