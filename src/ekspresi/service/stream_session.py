"""Answer the frames of one WebSocket, the newest first, within limits of size and time.

In: messages of a client. Out: messages to it. Does not know how a frame is answered, nor who may connect.

The client sends binary messages: each is the bytes of a picture file (JPEG, PNG, ...), and counts as a frame, from 0.
Before a frame it may send a text message, JSON:

    {"time_s": 1.25, "cut": false}     time of the next frame in seconds, above that of the frame before; whether
                                       another shot begins with it. Each may be left out: then the time is that of the
                                       arrival, counted from the first frame, and the service looks for cuts itself

The service sends one text message for each frame that it answers, JSON:

    {"frame": 7, "time_s": 1.25, "dropped": 2, "faces": [...]}
    {"frame": 8, "time_s": 1.29, "dropped": 2, "problem": {"type": ..., "status": 422, "detail": ...}}

While a frame is in work, one more waits; a newer frame replaces the waiting one, which is then dropped. ``dropped``
counts these from the start. A client that keeps at most two frames without an answer loses none. A frame that cannot be
read is a problem of that frame alone. Codes of the close (RFC 6455, 7.4.1):

    1000   the client closed
    1001   the service stops; the frame in work was answered before
    1007   a text message is not as above
    1008   a limit of time: no frame came, answers were not read, or the session was too long
    1009   a message is too large
    1011   the service failed
"""

import asyncio
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from ekspresi.service.problems import RequestError

_LOG = logging.getLogger(__name__)

LONGEST_HEADER = 1000
"""Characters of a text message of the client."""
BUSY_PAUSE_S = 0.05
"""Pause before a frame is tried again where the queues are full, in seconds."""
CLOSE_TIMEOUT_S = 1.0
"""How long the message of a close may take to be taken over by the network, in seconds."""

_STEP_S = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class StreamedFrame:
    """Hold one frame of a client.

    Example:
        >>> StreamedFrame(0, 0.0, False, b"GIF89a").number
        0

    Attributes:
        number: from 0; dropped frames count.
        time_s: seconds, rising from frame to frame.
        cut: another shot begins with this frame.
        content: bytes of a picture file.
    """

    number: int
    time_s: float
    cut: bool
    content: bytes


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Hold the limits of a session.

    Example:
        >>> SessionLimits(max_bytes=1_000_000, idle_s=30, duration_s=3600).idle_s
        30

    Attributes:
        max_bytes: of a message.
        idle_s: how long to wait for a frame, and for the client to read an answer, in seconds.
        duration_s: of the session, in seconds.
    """

    max_bytes: int
    idle_s: float
    duration_s: float


class _SessionEndError(Exception):
    """End the session with a code and a reason of at most 123 bytes."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


Answerer = Callable[[StreamedFrame], Awaitable[dict[str, Any]]]
"""Returns what the message of a frame holds besides ``frame``, ``time_s`` and ``dropped``; may raise RequestError."""


class StreamSession:
    """Read and answer the frames of a WebSocket.

    Example:
        >>> frame = {"type": "websocket.receive", "bytes": b"GIF89a"}
        >>> messages = [{"type": "websocket.connect"}, frame, {"type": "websocket.disconnect"}]
        >>> sent = []
        >>> async def receive() -> dict[str, Any]:
        ...     await asyncio.sleep(0.01)
        ...     return messages.pop(0)
        >>> async def send(message: dict[str, Any]) -> None:
        ...     sent.append(message.get("text"))
        >>> async def answer(frame: StreamedFrame) -> dict[str, Any]:
        ...     return {"faces": []}
        >>> async def run() -> None:
        ...     socket = WebSocket({"type": "websocket"}, receive, send)
        ...     await StreamSession(socket, answer, SessionLimits(1000, idle_s=1, duration_s=1)).run()
        >>> asyncio.run(run())
        >>> sent
        [None, '{"frame": 0, "time_s": 0.0, "dropped": 0, "faces": []}']
    """

    def __init__(self, socket: WebSocket, answer: Answerer, limits: SessionLimits) -> None:
        """Prepare a session.

        Args:
            socket: not yet accepted.
            answer: of one frame; is called for one frame at a time.
            limits: of the session.
        """
        self._socket, self._answer, self._limits = socket, answer, limits
        self._waiting: StreamedFrame | None = None
        self._arrived = asyncio.Event()
        self._stopping = asyncio.Event()
        self._in_work = False
        self._received = self._dropped = 0
        self._began_s: float | None = None
        self._last_s = -math.inf

    def stop(self) -> None:
        """End the session once the frame in work is answered."""
        self._stopping.set()
        self._arrived.set()

    async def run(self) -> None:
        """Accept the WebSocket, answer frames until the client or the service ends the session, and close it."""
        await self._socket.accept()
        reader, worker = asyncio.create_task(self._read()), asyncio.create_task(self._work())
        try:
            done, _ = await asyncio.wait(
                {reader, worker}, timeout=self._limits.duration_s, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                raise _SessionEndError(
                    1008, f"the session lasted {self._limits.duration_s:g} s, the longest here: connect again"
                )
            for task in done:
                task.result()
            if self._stopping.is_set():
                raise _SessionEndError(1001, "the service stops: connect again later")
        except _SessionEndError as end:
            await self._close(end.code, end.reason)
        except WebSocketDisconnect:
            pass
        except Exception:
            _LOG.exception("a stream failed")
            await self._close(1011, "the service failed: connect again")
        finally:
            for task in (reader, worker):
                task.cancel()
            await asyncio.gather(reader, worker, return_exceptions=True)

    async def _read(self) -> None:
        """Take messages until the client closes; keep the newest frame."""
        header: dict[str, Any] | None = None
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            content = message.get("bytes")
            if content is None:
                if header is not None:  # texts alone would keep the session open
                    raise _SessionEndError(1007, "two texts came without a frame between: send a frame after each")
                header = _read_header(message.get("text") or "")
                continue
            if len(content) > self._limits.max_bytes:
                raise _SessionEndError(1009, f"a frame has more than {self._limits.max_bytes} bytes: make it smaller")
            frame = StreamedFrame(
                self._received, self._time_of(header or {}), (header or {}).get("cut", False), content
            )
            header = None
            self._received += 1
            self._dropped += self._waiting is not None
            self._waiting = frame
            self._arrived.set()

    async def _receive(self) -> dict[str, Any]:
        """Wait for a message; the time does not count while the client may wait for an answer."""
        receiving = asyncio.ensure_future(self._socket.receive())
        try:
            while True:
                done, _ = await asyncio.wait({receiving}, timeout=self._limits.idle_s)
                if done:
                    return dict(receiving.result())
                if not self._in_work and self._waiting is None:
                    raise _SessionEndError(1008, f"no frame came within {self._limits.idle_s:g} s: connect again")
        finally:
            receiving.cancel()

    def _time_of(self, header: dict[str, Any]) -> float:
        now_s = time.monotonic()
        self._began_s = now_s if self._began_s is None else self._began_s
        time_s = header.get("time_s")
        if time_s is None:
            time_s = max(now_s - self._began_s, self._last_s + _STEP_S)
        elif time_s <= self._last_s:
            raise _SessionEndError(1007, "time_s does not rise from frame to frame: send rising times")
        self._last_s = time_s
        return float(time_s)

    async def _work(self) -> None:
        """Answer the newest frame, again and again, until the session stops."""
        frame: StreamedFrame | None = None
        while True:
            while frame is None and not self._stopping.is_set():
                self._arrived.clear()
                frame = self._take()
                if frame is None:
                    await self._arrived.wait()
            if frame is None or self._stopping.is_set():
                return
            self._in_work = True
            try:
                answered, values = await self._newest_answer(frame)
                # Taken before the client hears of the answer, and may send one more.
                frame = self._take()
                where = {"frame": answered.number, "time_s": round(answered.time_s, 3), "dropped": self._dropped}
                await self._send(json.dumps({**where, **values}))
            finally:
                self._in_work = frame is not None

    def _take(self) -> StreamedFrame | None:
        frame, self._waiting = self._waiting, None
        return frame

    async def _newest_answer(self, frame: StreamedFrame) -> tuple[StreamedFrame, dict[str, Any]]:
        """Answer a frame; while the queues are full, wait, or turn to a newer frame."""
        while True:
            try:
                return frame, await self._answer(frame)
            except RequestError as error:
                if error.name != "busy" or self._stopping.is_set():
                    return frame, {"problem": error.to_document()}
            await asyncio.sleep(BUSY_PAUSE_S)
            if (newer := self._take()) is not None:
                self._dropped += 1
                frame = newer

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._limits.idle_s):
                await self._socket.send_text(text)
        except TimeoutError:
            raise _SessionEndError(
                1008, f"an answer was not read within {self._limits.idle_s:g} s: connect again"
            ) from None

    async def _close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close(code, reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            pass  # the client is gone, or reads nothing


def _read_header(text: str) -> dict[str, Any]:
    """Read the text message before a frame."""
    try:
        header = json.loads(text[: LONGEST_HEADER + 1])
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or not set(header) <= {"time_s", "cut"} or len(text) > LONGEST_HEADER:
        raise _SessionEndError(1007, 'a text message is not like {"time_s": 1.25, "cut": false}: correct it')
    time_s = header.get("time_s", 0.0)
    if isinstance(time_s, bool) or not isinstance(time_s, int | float) or not 0 <= time_s <= 1e9:
        raise _SessionEndError(1007, "time_s is not a number of seconds, 0 or more: correct it")
    if not isinstance(header.get("cut", False), bool):
        raise _SessionEndError(1007, "cut is neither true nor false: correct it")
    return header
