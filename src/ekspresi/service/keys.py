"""Require an API key where the settings have any.

In: requests with ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``. Out: the same, or a problem document with the
status 401. Keys are compared in constant time. Does not know what requests ask.
"""

import hmac
from collections.abc import Collection, Sequence
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from ekspresi.errors import ConfigError
from ekspresi.service.problems import RequestError
from ekspresi.service.settings import KEY_FORM, KEY_REMEDY, ServiceSettings, is_key

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})
"""Addresses that need no key: those of health."""


def load_keys(settings: ServiceSettings) -> tuple[str, ...]:
    """Return the API keys of the settings and of their file, which has one in each line; # begins a comment.

    Raises:
        ConfigError: the file cannot be read, has no key, or a line that cannot be one.

    Example:
        >>> load_keys(ServiceSettings(api_keys=("correct-horse-battery",)))
        ('correct-horse-battery',)
    """
    if not settings.api_keys_file:
        return settings.api_keys
    path = Path(settings.api_keys_file).expanduser()
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8"
        raise ConfigError(
            f"api_keys_file {path}: cannot be read ({reason}). Check its path and permissions."
        ) from error
    keys = [(number, line) for number, line in enumerate(lines, start=1) if line and not line.startswith("#")]
    for number, key in keys:
        if not is_key(key):
            raise ConfigError(f"api_keys_file {path}: line {number} has no key of {KEY_FORM}. {KEY_REMEDY}")
    if not keys:
        raise ConfigError(f"api_keys_file {path}: has no key. {KEY_REMEDY}")
    return (*settings.api_keys, *(key for _, key in keys))


class KeyCheck:
    """Let requests with a key reach an app; all of them if there are no keys.

    Example:
        >>> import asyncio
        >>> async def app(scope, receive, send):
        ...     print("answered")
        >>> scope = {"type": "http", "path": "/v1/model", "headers": [(b"x-api-key", b"correct-horse-battery")]}
        >>> asyncio.run(KeyCheck(app, ("correct-horse-battery",))(scope, None, None))
        answered
    """

    def __init__(self, app: ASGIApp, keys: Sequence[str], open_paths: Collection[str] = OPEN_PATHS) -> None:
        """Wrap an app.

        Args:
            app: gets the requests that may pass.
            keys: any of them lets a request pass.
            open_paths: addresses that need no key.
        """
        self._app, self._open = app, frozenset(open_paths)
        self._keys = [key.encode() for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not self._keys or scope["type"] not in ("http", "websocket") or scope["path"] in self._open:
            await self._app(scope, receive, send)
            return
        given = _given_key(Headers(scope=scope))
        if given is not None and self._is_valid(given):
            await self._app(scope, receive, send)
            return
        if given is None:
            problem = "no-key", "the request: has no API key. Send one as Authorization: Bearer KEY, or as X-API-Key."
        else:
            problem = "wrong-key", "the API key: is not valid. Use one that those who run the service gave you."
        response = RequestError(*problem).to_response(scope["path"])
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(response)
        else:
            await response(scope, receive, send)

    def _is_valid(self, given: bytes) -> bool:
        # All keys are compared, so that the time does not show which one is near.
        return bool(sum([hmac.compare_digest(given, key) for key in self._keys]))


def _given_key(headers: Headers) -> bytes | None:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    text = bearer.strip() if scheme.lower() == "bearer" and bearer.strip() else headers.get("x-api-key", "").strip()
    return text.encode("latin-1") if text else None
