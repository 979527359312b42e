"""List the files of the studio's page with their content types and headers, and export them to a folder.

In: nothing. Out: a mapping from the path in an address to a file, the headers that each answer carries, or a folder for
any static host. Does not know about servers, models or what the page does.

The page's promise is that no picture leaves the device. The headers make browsers enforce it: a page under this
Content-Security-Policy can load from its own origin only. The cross-origin headers isolate the page, which browsers
ask for before they let WebAssembly use several threads.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ekspresi.errors import OutputError
from ekspresi.studio.definitions import DEFINITIONS, SERVICE_WORKER, list_offline_files, make_definitions
from ekspresi.studio.engine_constants import write_engine_constants
from ekspresi.system.storage import MAKER, atomic_write, check_writable, ensure_folder, os_errors_as_output_error

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
            "img-src 'self' blob:; media-src blob:; style-src 'self'; font-src 'self'; manifest-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
        # A browser asks again before it uses its copy: an upgrade of ekspresi is seen at once, a match costs no bytes.
        "Cache-Control": "no-cache",
    }
)
"""Headers of every answer that carries a file of the page."""

CONTENT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".css": "text/css; charset=utf-8",
        ".html": "text/html; charset=utf-8",
        ".ico": "image/x-icon",
        ".jpg": "image/jpeg",
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".mjs": "text/javascript; charset=utf-8",
        ".onnx": "application/octet-stream",
        ".png": "image/png",
        ".svg": "image/svg+xml",
        ".txt": "text/plain; charset=utf-8",
        ".wasm": "application/wasm",
        ".webmanifest": "application/manifest+json",
        ".woff2": "font/woff2",
    }
)
"""Content type by suffix; a file of another suffix is not part of the page."""

RECORD = ".ekspresi-studio.json"
"""File that an export leaves in its folder: what it wrote, so that the next export replaces only that."""


class SiteFile(NamedTuple):
    """Describe one file of the page.

    Attributes:
        content: the file, or its bytes where it is made at run time.
        content_type: value of the header ``Content-Type``.

    Example:
        >>> SiteFile(b"{}", "application/json").read()
        b'{}'
    """

    content: Path | bytes
    content_type: str

    def read(self) -> bytes:
        """Return the bytes of the file."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    def tag(self) -> str:
        """Return the entity tag of the content, for the header ``ETag``."""
        return _file_tag(self.content) if isinstance(self.content, Path) else f'"{_digest(self.content)}"'


class Site:
    """Hold the files of a page below one folder.

    Example:
        >>> SITE.files()["/ort/ort.wasm.min.mjs"].content_type
        'text/javascript; charset=utf-8'

    Attributes:
        folder: where the files lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> dict[str, SiteFile]:
        """Map the path in an address to its file; '/' is the page itself.

        A server that looks addresses up here, and nowhere else, can serve no other file of the machine.
        """
        found = {
            f"/{path.relative_to(self.folder).as_posix()}": SiteFile(path, CONTENT_TYPES[path.suffix])
            for path in sorted(self.folder.rglob("*"))
            if path.suffix in CONTENT_TYPES and path.is_file()
        }
        if self.folder == _STATIC:
            found["/js/engine/constants.js"] = SiteFile(write_engine_constants().encode(), CONTENT_TYPES[".js"])
        if SERVICE_WORKER in found:
            found[DEFINITIONS] = SiteFile(make_definitions(), CONTENT_TYPES[".js"])
            worker = found.pop(SERVICE_WORKER).read()
            offline = {address: file.read() for address, file in found.items() if not address.endswith(".txt")}
            found[SERVICE_WORKER] = SiteFile(list_offline_files(offline, worker), CONTENT_TYPES[".js"])
        return {**found, **({"/": found["/index.html"]} if "/index.html" in found else {})}

    def export(self, folder: Path) -> list[Path]:
        """Write the page to a folder, for any static host.

        A ``_headers`` file carries ``HEADERS``; Netlify, Cloudflare Pages and others read it. Another host must be
        configured to send them. A later export replaces what this one wrote, and removes what is no longer part.

        Args:
            folder: made where it does not exist.

        Returns:
            The files, in order of their names.

        Raises:
            OutputError: a file is there that no export wrote or that was changed since, or one cannot be written.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     written = SITE.export(Path(folder))
            ...     Path(folder, "_headers") in written
            True
        """
        contents = {path[1:]: file.read() for path, file in self.files().items() if path != "/"}
        contents["_headers"] = _headers_file()
        record = folder / RECORD
        with os_errors_as_output_error(folder, folder):
            known = _read_record(record)
            for name, content in contents.items():
                _check_own(folder / name, content, known.get(name))
            ensure_folder(folder)
            # First the record of both exports: whatever is written before a kill is known to the next export.
            digests = {name: _digest(content) for name, content in contents.items()}
            _write(record, _record_text({**known, **digests}))
            for name, content in contents.items():
                ensure_folder((folder / name).parent)
                _write(folder / name, content)
            for name in known.keys() - digests.keys():
                _remove(folder / name, known[name])
            _write(record, _record_text(digests))
        return [folder / name for name in sorted(contents)]


_STATIC = Path(__file__).with_name("static")
SITE = Site(_STATIC)
"""The studio's page, as the package ships it."""


def _headers_file() -> bytes:
    """Write the headers in the format of Netlify and Cloudflare Pages."""
    return "".join(["/*\n", *(f"  {name}: {value}\n" for name, value in HEADERS.items())]).encode()


def _check_own(target: Path, content: bytes, digest: str | None) -> None:
    """Refuse to replace a file, unless an export wrote it and nobody changed it, or it is the same already."""
    if not target.exists():
        return
    if not target.is_file():
        raise OutputError(f"{target}: is a folder where the studio has a file. Choose a different --export.")
    check_writable(target, "--export")
    if _digest(target.read_bytes()) not in (digest, _digest(content)):
        problem = "was not written by 'ekspresi studio', or was changed since"
        raise OutputError(f"{target}: {problem}. Move it away, or choose a different --export.")


def _read_record(record: Path) -> dict[str, str]:
    """Read what the last export wrote: name -> SHA-256; nothing where there was none, or where it is damaged."""
    try:
        files = json.loads(record.read_text(encoding="utf-8"))["files"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}
    if not isinstance(files, dict):
        return {}
    return {name: digest for name, digest in files.items() if isinstance(digest, str) and _is_inside(name)}


def _is_inside(name: str) -> bool:
    """Return whether a name of a record stays in its folder: somebody may have edited it."""
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _record_text(digests: Mapping[str, str]) -> bytes:
    return json.dumps({"made_by": MAKER, "files": dict(sorted(digests.items()))}, indent=1).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(target: Path, content: bytes) -> None:
    with atomic_write(target) as part:
        part.write_bytes(content)


def _remove(target: Path, digest: str) -> None:
    """Remove a file of an earlier export, unless it was changed."""
    if target.is_file() and _digest(target.read_bytes()) == digest:
        target.unlink()


@lru_cache(maxsize=256)
def _file_tag(path: Path) -> str:
    return f'"{_digest(path.read_bytes())}"'
