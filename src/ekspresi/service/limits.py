"""Bound the number of requests with a body, the bytes of a body, and the time of both body and answer.

In: requests. Out: the same, with the whole body in memory; or a problem document. A request whose client goes away is
canceled. Does not know what bodies hold.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ekspresi.service.problems import RequestError
from ekspresi.service.settings import ServiceSettings

_WITH_BODY = ("POST", "PUT", "PATCH", "DELETE")
_DISCARD_S = 1.0
"""How long the rest of a body that is too large is read, in seconds, so that the client gets the answer."""


class Limits:
    """Let requests reach an app within limits.

    Example:
        >>> async def app(scope, receive, send):
        ...     print((await receive())["body"])
        >>> async def receive():
        ...     await asyncio.sleep(0)
        ...     return {"type": "http.request", "body": b"abc"}
        >>> scope = {"type": "http", "method": "POST", "headers": []}
        >>> asyncio.run(Limits(app, ServiceSettings())(scope, receive, None))
        b'abc'
    """

    def __init__(self, app: ASGIApp, settings: ServiceSettings) -> None:
        """Wrap an app.

        Args:
            app: gets requests whose body is complete.
            settings: limits.
        """
        self._app, self._settings = app, settings
        self._in_progress = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] not in _WITH_BODY:
            await self._app(scope, receive, send)
            return
        try:
            if self._in_progress >= self._settings.max_requests:
                raise RequestError("busy", "the service: has too many requests. Send the request again later.")
            self._in_progress += 1
            try:
                await self._answer(scope, receive, send, await self._read(scope, receive))
            finally:
                self._in_progress -= 1
        except RequestError as error:
            await error.to_response(scope["path"])(scope, receive, send)
        except _ClientGoneError:
            pass

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        """Read the whole body."""
        stated = Headers(scope=scope).get("content-length", "")
        most = self._settings.max_bytes
        chunks, size = [], 0
        try:
            async with asyncio.timeout(self._settings.body_timeout_s):
                if not (stated.isascii() and stated.isdigit() and int(stated) > most):
                    async for chunk in _chunks(receive):
                        size += len(chunk)
                        if size > most:
                            break
                        chunks.append(chunk)
                    else:
                        return b"".join(chunks)
        except TimeoutError:
            problem = f"did not arrive within {self._settings.body_timeout_s:g} s"
            raise RequestError("slow-body", f"the body: {problem}. Send fewer bytes, or over a faster line.") from None
        with suppress(TimeoutError):
            async with asyncio.timeout(_DISCARD_S):
                async for _ in _chunks(receive):
                    pass
        raise RequestError(
            "too-many-bytes", f"the body: has more than {most:,} bytes. Send fewer, or a smaller picture."
        )

    async def _answer(self, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        """Let the app answer, until it takes too long or the client goes away."""
        gone = asyncio.create_task(_wait_for_end(receive))
        given = False

        async def receive_read() -> Message:
            nonlocal given, body
            if given:
                await asyncio.shield(gone)
                return {"type": "http.disconnect"}
            given = True
            whole, body = body, b""  # not held here while the app works with it
            return {"type": "http.request", "body": whole, "more_body": False}

        async def answer_read() -> None:
            await self._app(scope, receive_read, send)

        answer = asyncio.create_task(answer_read())
        try:
            timeout_s = self._settings.timeout_s
            await asyncio.wait({answer, gone}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                answer.result()
            elif not gone.done():
                fix = "Send a smaller picture, search for larger faces, or send it again later"
                raise RequestError("timed-out", f"the answer: took more than {timeout_s:g} s. {fix}.")
            else:
                raise _ClientGoneError
        finally:
            for task in (answer, gone):
                task.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)


class _ClientGoneError(Exception):
    pass


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientGoneError
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _wait_for_end(receive: Receive) -> None:
    """Wait until the client goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass
