"""Give each request an id, log and count it, and add the headers that all answers have.

In: requests of any kind. Out: the same, observed. What fails unexpectedly is answered with the status 500 and logged
without its message. Does not know what requests ask.
"""

import logging
import time
from collections.abc import Collection, Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ekspresi.service.keys import OPEN_PATHS
from ekspresi.service.logs import REQUEST_ID, make_request_id
from ekspresi.service.problems import RequestError
from ekspresi.service.state import ServiceState

_LOG = logging.getLogger(__name__)

HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every answer that does not set them itself."""

REQUEST_ID_HEADER = "X-Request-ID"
_CLIENT_GONE = 499
_POLLED = OPEN_PATHS | {"/metrics"}
"""Addresses that machines ask every few seconds: only failures are logged."""
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Observation:
    """Observe the requests of an app; the outermost layer.

    Example:
        >>> import asyncio
        >>> from types import SimpleNamespace
        >>> async def app(scope, receive, send):
        ...     pass
        >>> observed = Observation(app, SimpleNamespace())
        >>> asyncio.run(observed({"type": "lifespan"}, None, None))
    """

    def __init__(self, app: ASGIApp, state: ServiceState, paths: Collection[str] = ()) -> None:
        """Wrap an app.

        Args:
            app: to observe.
            state: has the metrics, and whether the service stops.
            paths: addresses of the app; of other requests only the route is observed, if they reach one.
        """
        self._app, self._state, self._paths = app, state, frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and observe it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        identity = make_request_id(Headers(scope=scope).get(REQUEST_ID_HEADER))
        token = REQUEST_ID.set(identity)
        status, begun = 0, time.perf_counter()

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                self._complete(MutableHeaders(scope=message), identity)
            elif message["type"] in ("websocket.accept", "websocket.close"):
                status = 101 if message["type"] == "websocket.accept" else message.get("code", 1000)
            await send(message)

        self._state.metrics.begin_request()
        try:
            await self._app(scope, receive, send_observed)
        except Exception:
            _LOG.exception("the request failed")
            if not status and scope["type"] == "http":
                detail = "the service: failed. Report the request id to those who run it."
                response = RequestError("internal", detail).to_response(scope["path"])
                await response(scope, receive, send_observed)
            status = status if status >= 400 else 500
        finally:
            self._finish(scope, status or _CLIENT_GONE, time.perf_counter() - begun)
            REQUEST_ID.reset(token)

    def _complete(self, headers: MutableHeaders, identity: str) -> None:
        headers[REQUEST_ID_HEADER] = identity
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        if self._state.stopping:
            headers["Connection"] = "close"  # the next request goes to another service

    def _finish(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope, self._paths)
        method = scope.get("method", "WEBSOCKET")
        method = method if method in _METHODS or scope["type"] == "websocket" else "other"
        self._state.metrics.end_request(route, method, status, seconds)
        if status < 400 and scope["path"] in _POLLED:
            return
        fields: dict[str, Any] = {"route": route, "method": method, "status": status, "ms": round(seconds * 1000, 1)}
        _LOG.info("request", extra={"fields": fields})


def _route(scope: Scope, paths: Collection[str]) -> str:
    """Return the address as the app defines it: a client cannot choose it, and there are few."""
    return getattr(scope.get("route"), "path", None) or (scope["path"] if scope["path"] in paths else "none")
