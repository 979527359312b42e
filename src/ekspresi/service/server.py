"""Listen at the address of the settings, and stop without losing a request.

In: settings. Out: nothing; it returns after SIGTERM or Ctrl-C. Does not know what is answered.

After the first signal ``/readyz`` answers 503 and no connection is accepted any more. Each request that came over an
accepted connection is answered, and each frame in work of a stream, then the service ends. A second Ctrl-C waits
only for pictures in work.
"""

import asyncio
import math
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from ekspresi.errors import ConfigError
from ekspresi.service.app import create_app
from ekspresi.service.settings import ServiceSettings

GRACE_S = 0.5
"""Seconds in which requests on their way over open connections still arrive after a signal."""

_SPARE_S = 5
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(settings: ServiceSettings, announce: Callable[[str, FastAPI], None]) -> None:
    """Load the model, listen, and answer until a signal comes.

    Args:
        settings: of the service.
        announce: is called with the address and the app once the service listens.

    Raises:
        ConfigError: the address cannot be used, or see ``create_app``.
        ModelError, MissingExtraError: see ``create_app``.

    Example:
        >>> def stop(address, app):
        ...     print(address)
        ...     signal.raise_signal(signal.SIGTERM)
        >>> serve(ServiceSettings(port=0, device="cpu"), stop)
        http://127.0.0.1:...
    """
    app = create_app(settings)
    listener = listen(settings.host, settings.port)
    config = uvicorn.Config(
        app,
        http=_timed_connection(settings.body_timeout_s),
        ws_max_size=settings.max_bytes,
        ws_per_message_deflate=False,  # pictures are compressed already
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(settings.body_timeout_s + settings.timeout_s) + _SPARE_S,
    )
    address = settings.changed(port=listener.getsockname()[1]).address
    _Server(config, app, lambda: announce(address, app)).run([listener])


def listen(host: str, port: int) -> socket.socket:
    """Listen at an address.

    Args:
        host: name or address.
        port: 0 for a free one.

    Raises:
        ConfigError: the address is in use, is not of this machine, or needs a permission.

    Example:
        >>> with listen("127.0.0.1", 0) as listener:
        ...     listener.getsockname()[0]
        '127.0.0.1'
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = (error.strerror or str(error)).split(" (while")[0]
        remedy = "Choose another host or port"
        raise ConfigError(f"host {host}, port {port}: cannot be listened at ({reason}). {remedy}.") from error


class _Server(uvicorn.Server):
    """Run an app until a signal comes, and answer what was accepted."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._app, self._announce = app, announce

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at signals; unlike uvicorn's, raise none again afterwards: a service that was stopped ends well."""
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, and say so at ``/readyz``."""
        self._app.state.service.stopping = True
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and announce it."""
        await super().startup(sockets)
        self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, end streams, wait for requests on their way, and let uvicorn answer the rest."""
        twins = [each.dup() for each in sockets or []]
        for server in self.servers:
            server.close()
        for twin in twins:
            await self._accept_last(twin)
        await self._app.state.service.streams.stop()  # before uvicorn ends WebSockets within a frame
        until = asyncio.get_running_loop().time() + GRACE_S
        while self.server_state.connections and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.01)
        await super().shutdown(sockets)

    async def _accept_last(self, listener: socket.socket) -> None:
        """Take the connections that the system has accepted for this process by now, and stop listening."""
        listener.setblocking(False)
        last = []
        while True:
            try:
                last.append(listener.accept()[0])
            except OSError:  # there are no more
                break
        listener.close()
        loop = asyncio.get_running_loop()
        protocol: Any = self.config.http_protocol_class
        make = partial(
            protocol, config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=loop
        )
        for connection in last:
            await loop.connect_accepted_socket(make, connection)


def _timed_connection(timeout_s: float) -> type[H11Protocol]:
    """Make a class of connections that close if the headers of the next request take too long."""

    class TimedConnection(H11Protocol):
        _seen: Any = None
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._timer = self.loop.call_later(timeout_s, self._check)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self._timer is not None:
                self._timer.cancel()

        def _check(self) -> None:
            if self.transport.is_closing() or self.transport.get_protocol() is not self:  # a WebSocket by now
                return
            if self.cycle is self._seen and (self.cycle is None or self.cycle.response_complete):
                self.timeout_keep_alive_handler()
                return
            self._seen = self.cycle
            self._timer = self.loop.call_later(timeout_s, self._check)

    return TimedConnection
