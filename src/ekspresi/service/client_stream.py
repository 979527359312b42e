"""Send frames to a service over one WebSocket, and read rows from it.

In: where the service is; frames. Out: a row for each face. ``stream_session`` describes the messages. Does not know how
faces are tracked.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from ekspresi.errors import ServiceError
from ekspresi.imaging.pixel_shape import square_pixels, stored_result
from ekspresi.media.urls import redact
from ekspresi.service.calls import jpeg_bytes, query_of, refusal_error, unreachable_error
from ekspresi.service.retries import RequestRetries
from ekspresi.service.wire import face_from
from ekspresi.system.file_names import printable
from ekspresi.types import Frame, FrameResult, Row

FrameInput = Frame | NDArray[np.uint8] | bytes
"""A frame with its source and time; an array, uint8 (H, W), (H, W, 1) or (H, W, 3) RGB; or the bytes of a picture."""

IN_FLIGHT = 2
"""Frames that the service has and did not answer yet: one in work, one waiting. A third would replace the second."""
LARGEST_ANSWER = 16_000_000
"""Bytes of an answer: 20,000 faces."""

_SOURCE = "stream"
"""Source of the rows of frames that state none."""


@dataclass(frozen=True, slots=True)
class StreamTarget:
    """Hold where a service is, and how it is called.

    Example:
        >>> target = StreamTarget("https://host/faces/", {"Authorization": "Bearer secret"}, 60.0, 60.0)
        >>> target.socket_address({"min_face_px": 24, "prior": None})
        'wss://host/faces/v1/stream?min_face_px=24'
        >>> "secret" in repr(target)
        False

    Attributes:
        address: of the service.
        headers: of each request; may hold the API key.
        timeout_s: how long an answer may take, in seconds.
        patience_s: longest sum of the pauses before further attempts to connect, in seconds.
    """

    address: str
    headers: dict[str, str] = field(repr=False)
    timeout_s: float
    patience_s: float

    def socket_address(self, options: Mapping[str, Any]) -> str:
        """Return the address of the WebSocket."""
        url = httpx.URL(self.address)
        path = f"{url.path.rstrip('/')}/v1/stream"
        return str(url.copy_with(scheme=url.scheme.replace("http", "ws"), path=path, params=query_of(options)))

    def connection(self) -> dict[str, Any]:
        """Return the arguments of both libraries' ``connect``."""
        return {
            "additional_headers": self.headers,
            "compression": None,  # pictures are compressed already
            "open_timeout": self.timeout_s,
            "max_size": LARGEST_ANSWER,
        }


class SentFrames:
    """Remember the frames without an answer, and turn answers into rows.

    Example:
        >>> sent = SentFrames("http://host")
        >>> sent.messages(Frame("a.mp4", 7, 0.28, np.zeros((6, 8, 3), np.uint8)))[0]
        '{"time_s": 0.28, "cut": false}'
        >>> sent.in_flight, sent.rows('{"frame": 0, "time_s": 0.28, "dropped": 0, "faces": []}'), sent.in_flight
        (1, [], 0)
    """

    def __init__(self, address: str) -> None:
        """Begin a session.

        Args:
            address: of the service, for messages.
        """
        self._address = address
        self._sent: deque[tuple[int, Frame | None]] = deque()
        self._count = 0

    @property
    def in_flight(self) -> int:
        """Return the number of frames without an answer."""
        return len(self._sent)

    def messages(self, frame: FrameInput) -> list[str | bytes]:
        """Return the messages that send a frame."""
        header: list[str | bytes] = []
        if isinstance(frame, Frame):
            content = jpeg_bytes(square_pixels(frame.image, frame.pixel_aspect))
            if frame.time_s is not None:
                header = [json.dumps({"time_s": frame.time_s, "cut": frame.cut})]
        elif isinstance(frame, bytes):
            content = frame
        else:
            content = jpeg_bytes(frame)
        self._sent.append((self._count, frame if isinstance(frame, Frame) else None))
        self._count += 1
        return [*header, content]

    def rows(self, answer: str | bytes) -> list[Row]:
        """Return the rows of the next answer.

        Raises:
            ServiceError: it refuses the frame, or is not an answer of ekspresi.
        """
        try:
            values = json.loads(answer)
            number, problem = values["frame"], values.get("problem")
            if problem is None:
                faces = [(each["track"], each["face"], face_from(each)) for each in values["faces"]]
                time_s = float(values["time_s"])
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            what = "gives an answer that is not one of ekspresi"
            raise ServiceError(f"{self._address}: {what}. Check the address.") from error
        frame = self._forget(number)
        if problem is not None:
            raise refusal_error(int(problem["status"]), None, json.dumps(problem).encode(), self._address)
        if frame is None:
            return [Row(_SOURCE, number, time_s, track, face, rank) for track, rank, face in faces]
        rows = tuple(Row(frame.source, frame.number, time_s, track, face, rank) for track, rank, face in faces)
        return list(stored_result(FrameResult(frame, rows, ())).rows)

    def _forget(self, number: int) -> Frame | None:
        """Take the frame of an answer, and the dropped ones before it."""
        while self._sent:
            sent, frame = self._sent.popleft()
            if sent == number:
                return frame
        raise ServiceError(f"{self._address}: answers a frame that it did not get. Update the service or the client.")


def stream_rows(target: StreamTarget, frames: Iterable[FrameInput], options: Mapping[str, Any]) -> Iterator[Row]:
    """Send frames in order; yield the rows of each.

    Raises:
        ServiceError: see ``Client.stream``.

    Example:
        >>> list(stream_rows(StreamTarget("http://127.0.0.1:1", {}, 0.1, 0), [b"GIF89a"], {}))
        Traceback (most recent call last):
        ekspresi.errors.ServiceError: http://127.0.0.1:1: cannot be reached (...). Check the address, and ...
    """
    address, retries = redact(target.address), RequestRetries(target.patience_s)
    while True:
        try:
            socket = connect(target.socket_address(options), **target.connection())
            break
        except (OSError, InvalidHandshake, TimeoutError) as error:
            time.sleep(_pause_or_raise(error, retries, address))
    sent = SentFrames(address)
    with socket:
        try:
            for frame in frames:
                for message in sent.messages(frame):
                    socket.send(message)
                if sent.in_flight >= IN_FLIGHT:
                    yield from sent.rows(socket.recv(target.timeout_s))
            while sent.in_flight:
                yield from sent.rows(socket.recv(target.timeout_s))
        except (ConnectionClosed, TimeoutError) as error:
            raise _ended_error(error, address) from error
        finally:
            socket.close()  # with the code 1000, also where the caller leaves early


async def async_stream_rows(
    target: StreamTarget, frames: Iterable[FrameInput] | AsyncIterable[FrameInput], options: Mapping[str, Any]
) -> AsyncIterator[Row]:
    """Send frames in order; yield the rows of each, see ``stream_rows``.

    Example:
        >>> import asyncio
        >>> async def first() -> Row:
        ...     return await anext(async_stream_rows(StreamTarget("http://127.0.0.1:1", {}, 0.1, 0), [b"GIF89a"], {}))
        >>> asyncio.run(first())
        Traceback (most recent call last):
        ekspresi.errors.ServiceError: http://127.0.0.1:1: cannot be reached (...). Check the address, and ...
    """
    address, retries = redact(target.address), RequestRetries(target.patience_s)
    while True:
        try:
            socket = await connect_async(target.socket_address(options), **target.connection())
            break
        except (OSError, InvalidHandshake, TimeoutError) as error:
            await asyncio.sleep(_pause_or_raise(error, retries, address))
    sent = SentFrames(address)
    async with socket:
        try:
            async with aclosing(_each(frames)) as each:
                async for frame in each:
                    for message in await asyncio.to_thread(sent.messages, frame):
                        await socket.send(message)
                    if sent.in_flight >= IN_FLIGHT:
                        for row in sent.rows(await asyncio.wait_for(socket.recv(), target.timeout_s)):
                            yield row
            while sent.in_flight:
                for row in sent.rows(await asyncio.wait_for(socket.recv(), target.timeout_s)):
                    yield row
        except (ConnectionClosed, TimeoutError) as error:
            raise _ended_error(error, address) from error
        finally:
            await socket.close()


async def _each(frames: Iterable[FrameInput] | AsyncIterable[FrameInput]) -> AsyncGenerator[FrameInput, None]:
    """Iterate over either kind; a plain iterator may wait for a camera, so it runs in a thread."""
    if isinstance(frames, AsyncIterable):
        async for frame in frames:
            yield frame
        return
    iterator, end = iter(frames), object()
    while (found := await asyncio.to_thread(next, iterator, cast(Any, end))) is not end:
        yield found


def _pause_or_raise(error: Exception, retries: RequestRetries, address: str) -> float:
    """Return the pause before connecting again, where the service is busy."""
    if not isinstance(error, InvalidStatus):
        raise unreachable_error(error, address) from error
    found = error.response
    pause_s = retries.pause_after(httpx.Response(found.status_code, headers=list(found.headers.raw_items())))
    if pause_s is None:
        location = found.headers.get("Location")
        raise refusal_error(found.status_code, location, bytes(found.body or b""), address) from error
    return pause_s


def _ended_error(error: ConnectionClosed | TimeoutError, address: str) -> ServiceError:
    if isinstance(error, TimeoutError):
        return unreachable_error(error, address)
    if error.rcvd is None:
        return ServiceError(f"{address}: the connection was lost. Check the network, and connect again.")
    why = printable(error.rcvd.reason).rstrip(".") or "without a reason"
    return ServiceError(f"{address}: ends the stream ({why}; code {error.rcvd.code}). Connect again if need be.")
