"""Serve the studio's page on this machine with the standard library's HTTP server.

In: a site and a port. Out: a server that answers GET and HEAD on 127.0.0.1. Does not know about the command line. For
other machines use ``ekspresi serve`` or a static host: this server has no encryption, limits or log.
"""

import errno
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ekspresi.errors import ConfigError
from ekspresi.studio.site import HEADERS, Site, SiteFile

HOST = "127.0.0.1"
"""Address of this machine that no other machine reaches."""


def make_server(site: Site, port: int) -> ThreadingHTTPServer:
    """Make a server of a site that listens at once; ``serve_forever`` answers.

    Args:
        site: its files are listed once.
        port: 1..65535, or 0 for any free one (``server.server_port``).

    Raises:
        ConfigError: the port is taken or not allowed.

    Example:
        >>> from ekspresi.studio.site import SITE
        >>> with make_server(SITE, port=0) as server:
        ...     server.server_address[0], server.server_port > 0
        ('127.0.0.1', True)
    """
    try:
        return _Server((HOST, port), partial(_Handler, site.files()))
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        problem = "is used by another program" if taken else f"cannot be used ({error.strerror})"
        raise ConfigError(f"port {port}: {problem}. Choose another one with --port.") from error
    except OverflowError as error:
        raise ConfigError(f"port {port}: is not a port. Choose one from 0 to 65535 with --port.") from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Elsewhere than on Windows the option lets a new server follow an old one at once; there it would share the port.
    allow_reuse_address = not hasattr(errno, "WSAEADDRINUSE")

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore connections that a browser drops; nothing else can fail in a handler."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds for which an idle connection is kept

    def __init__(self, files: dict[str, SiteFile], *args: Any) -> None:
        self._files = files
        super().__init__(*args)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def _answer(self, *, with_content: bool) -> None:
        file = self._files.get(self.path.partition("?")[0])
        if file is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        content = file.read()
        tag = file.tag()
        same = self.headers.get("If-None-Match") == tag
        self.send_response(HTTPStatus.NOT_MODIFIED if same else HTTPStatus.OK)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("ETag", tag)
        self.send_header("Content-Type", file.content_type)
        if not same:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_content and not same:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: the page's address is all that the terminal shows."""
