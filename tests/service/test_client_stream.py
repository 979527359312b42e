"""Check the streams of the clients against a scripted WebSocket."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from ekspresi.errors import ServiceError
from ekspresi.imaging.images import as_rgb
from ekspresi.service.client import AsyncClient, Client
from ekspresi.service.client_stream import IN_FLIGHT, FrameInput, SentFrames
from ekspresi.types import Frame, Row
from tests.service.test_client import ROW

Handler = Callable[[ServerConnection], None]
Stream = Callable[..., list[Row]]


def answer(number: int, *, dropped: int = 0) -> str:
    face = {**ROW, "track": 3, "face": 1}
    return json.dumps({"frame": number, "time_s": number / 10, "dropped": dropped, "faces": [face]})


@contextmanager
def service(
    handler: Handler, process: Callable[[ServerConnection, Request], Response | None] | None = None
) -> Iterator[str]:
    with serve(handler, "127.0.0.1", 0, process_request=process) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


def stream_sync(address: str, frames: Iterable[FrameInput], timeout_s: float = 5) -> list[Row]:
    return list(Client(address, key="secret", timeout_s=timeout_s, patience_s=3).stream(frames, min_face_px=20))


def stream_async(address: str, frames: Iterable[FrameInput], timeout_s: float = 5) -> list[Row]:
    async def each() -> AsyncIterator[FrameInput]:
        for frame in frames:
            yield frame

    async def run() -> list[Row]:
        client = AsyncClient(address, key="secret", timeout_s=timeout_s, patience_s=3)
        return [row async for row in client.stream(each(), min_face_px=20)]

    return asyncio.run(run())


@pytest.fixture(params=[stream_sync, stream_async], ids=["sync", "async"])
def stream(request: pytest.FixtureRequest) -> Stream:
    return request.param


def test_stream_yields_rows_of_each_frame_in_order(stream: Stream) -> None:
    seen: list[str | bytes] = []
    waiting: list[int] = []

    def handler(socket: ServerConnection) -> None:
        assert socket.request is not None
        seen.extend([socket.request.path, socket.request.headers["Authorization"]])
        received = 0
        for number, message in enumerate(socket):
            seen.append(message)
            received += 1
            waiting.append(received)
            if received == IN_FLIGHT or number == 4:
                for _ in range(received if number == 4 else 1):
                    socket.send(answer(number + 1 - received))
                    received -= 1

    with service(handler) as address:
        rows = stream(address, [bytes([n]) for n in range(5)])
    assert [(row.source, row.frame, row.time_s, row.track) for row in rows] == [
        ("stream", n, n / 10, 3) for n in range(5)
    ]
    assert seen == ["/v1/stream?min_face_px=20", "Bearer secret", *[bytes([n]) for n in range(5)]]
    assert max(waiting) == IN_FLIGHT


def test_stream_frames_keep_source_number_and_time(stream: Stream) -> None:
    seen: list[str | bytes] = []

    def handler(socket: ServerConnection) -> None:
        seen.extend([socket.recv(), socket.recv()])
        socket.send(answer(0))

    image = np.full((20, 10, 3), 77, np.uint8)
    with service(handler) as address:
        (row,) = stream(address, [Frame("camera:0", 41, 1.5, image, cut=True, pixel_aspect=2.0)])
    assert (row.source, row.frame, row.face.box_xyxy) == ("camera:0", 41, (0.5, 2.0, 4.5, 12.0))  # of stored pixels
    header, content = seen
    assert json.loads(header) == {"time_s": 1.5, "cut": True}
    assert isinstance(content, bytes)
    assert as_rgb(content).shape == (20, 20, 3)


def test_stream_unreadable_frame_raises_its_problem(stream: Stream) -> None:
    def handler(socket: ServerConnection) -> None:
        socket.recv()
        problem = {"status": 422, "detail": "the frame: is damaged. Send it again."}
        socket.send(json.dumps({"frame": 0, "time_s": 0.0, "dropped": 0, "problem": problem}))

    with (
        service(handler) as address,
        pytest.raises(ServiceError, match=r"the frame: is damaged\. Send it again\.") as caught,
    ):
        stream(address, [b"x"])
    assert caught.value.status == 422


def test_stream_closed_by_the_service_gives_the_reason(stream: Stream) -> None:
    def handler(socket: ServerConnection) -> None:
        socket.recv()
        socket.close(1001, "the service stops")

    with (
        service(handler) as address,
        pytest.raises(ServiceError, match=r"ends the stream \(the service stops; code 1001\)"),
    ):
        stream(address, [b"x", b"y", b"z"])


def test_stream_refused_key_gives_the_problem(stream: Stream) -> None:
    def refuse(socket: ServerConnection, request: Request) -> Response:
        return socket.respond(401, json.dumps({"detail": "the API key: is unknown. Use another."}))

    with service(lambda socket: None, refuse) as address, pytest.raises(ServiceError, match="is unknown") as caught:
        stream(address, [b"x"])
    assert caught.value.status == 401


def test_stream_busy_service_is_asked_again(stream: Stream) -> None:
    attempts: list[int] = []

    def refuse(socket: ServerConnection, request: Request) -> Response | None:
        attempts.append(1)
        if len(attempts) > 2:
            return None
        response = socket.respond(503, "busy")
        response.headers["Retry-After"] = "0"
        return response

    def handler(socket: ServerConnection) -> None:
        socket.recv()
        socket.send(answer(0))

    with service(handler, refuse) as address:
        assert len(stream(address, [b"x"])) == 1
    assert len(attempts) == 3


def test_stream_silent_service_raises(stream: Stream) -> None:
    def handler(socket: ServerConnection) -> None:
        for _ in socket:
            pass

    with service(handler) as address, pytest.raises(ServiceError, match="gives no answer in time"):
        stream(address, [b"x"], timeout_s=0.5)


def test_stream_left_early_closes_the_connection() -> None:
    closed = threading.Event()
    codes: list[int | None] = []

    def handler(socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            for number, _ in enumerate(socket):
                socket.send(answer(number))
        codes.append(socket.close_code)
        closed.set()

    with service(handler) as address:
        rows = Client(address).stream(b"x" for _ in range(1000))
        assert next(rows).frame == 0
        rows.close()  # type: ignore[attr-defined]
        assert closed.wait(3)
    assert codes == [1000]


def test_rows_skip_dropped_frames() -> None:
    sent = SentFrames("http://host")
    for _ in range(3):
        sent.messages(b"x")
    assert [row.frame for row in sent.rows(answer(2, dropped=2))] == [2]
    assert sent.in_flight == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"frame": 0}', '{"frame": 9, "time_s": 0, "faces": []}', "[" * 5000])
def test_rows_of_foreign_answers_raise(text: str) -> None:
    sent = SentFrames("http://host")
    sent.messages(b"x")
    with pytest.raises(ServiceError, match="http://host: "):
        sent.rows(text)
