"""Check the messages of a session against a scripted WebSocket; ``routes/test_stream`` uses real ones."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.websockets import WebSocket

from ekspresi.service import stream_session
from ekspresi.service.problems import RequestError
from ekspresi.service.stream_session import SessionLimits, StreamedFrame, StreamSession

LIMITS = SessionLimits(max_bytes=1000, idle_s=5, duration_s=10)


class Peer:
    """Play the client: send messages when asked to, and keep what comes back."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.inbox.put_nowait({"type": "websocket.connect"})
        self.answers: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self.reads = True

    def send(self, content: bytes | str) -> None:
        kind = "bytes" if isinstance(content, bytes) else "text"
        self.inbox.put_nowait({"type": "websocket.receive", kind: content})

    def leave(self) -> None:
        self.inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def deliver(self, message: dict[str, Any]) -> None:
        if not self.reads:
            await asyncio.sleep(3600)
        if message["type"] == "websocket.send":
            self.answers.append(json.loads(message["text"]))
        elif message["type"] == "websocket.close":
            self.closed = (message["code"], message["reason"])

    @property
    def numbers(self) -> list[int]:
        return [answer["frame"] for answer in self.answers]


class Gate:
    """Answer a frame when let through."""

    def __init__(self) -> None:
        self.frames: list[StreamedFrame] = []
        self.open = asyncio.Semaphore(0)

    async def answer(self, frame: StreamedFrame) -> dict[str, Any]:
        self.frames.append(frame)
        await self.open.acquire()
        return {"faces": []}


async def at_once(frame: StreamedFrame) -> dict[str, Any]:
    return {"faces": [frame.content.decode()]}


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def run(
    script: Callable[[Peer, StreamSession], Awaitable[None]],
    answer: Callable[[StreamedFrame], Awaitable[dict[str, Any]]] = at_once,
    limits: SessionLimits = LIMITS,
) -> Peer:
    async def both() -> Peer:
        peer = Peer()
        session = StreamSession(WebSocket({"type": "websocket"}, peer.inbox.get, peer.deliver), answer, limits)
        running = asyncio.create_task(session.run())
        await settle()
        await script(peer, session)
        await asyncio.wait_for(running, 5)
        return peer

    return asyncio.run(both())


def test_session_answers_each_frame_in_order() -> None:
    async def script(peer: Peer, session: StreamSession) -> None:
        for number in range(3):
            peer.send(str(number).encode())
            await settle()
        peer.leave()

    peer = run(script)
    assert [(each["frame"], each["dropped"], each["faces"]) for each in peer.answers] == [
        (0, 0, ["0"]),
        (1, 0, ["1"]),
        (2, 0, ["2"]),
    ]
    assert peer.closed is None  # the client did


def test_session_newest_frame_replaces_the_waiting_one() -> None:
    async def script(peer: Peer, session: StreamSession) -> None:
        for _ in range(5):
            peer.send(b"x")
            await settle()
        gate.open.release()
        await settle()
        gate.open.release()
        await settle()
        peer.leave()

    async def build() -> Gate:
        return Gate()

    gate = asyncio.run(build())
    peer = run(script, gate.answer)
    assert [frame.number for frame in gate.frames] == [0, 4]
    assert [(each["frame"], each["dropped"]) for each in peer.answers] == [(0, 3), (4, 3)]


def test_session_two_frames_without_answer_lose_none() -> None:
    async def script(peer: Peer, session: StreamSession) -> None:
        sent = answered = 0
        while answered < 20:
            while sent < 20 and sent - answered < 2:
                peer.send(b"x")
                sent += 1
            await asyncio.sleep(0)
            answered = len(peer.answers)
        peer.leave()

    peer = run(script)
    assert peer.numbers == list(range(20))
    assert {answer["dropped"] for answer in peer.answers} == {0}


def test_session_header_gives_time_and_cut() -> None:
    frames: list[StreamedFrame] = []

    async def answer(frame: StreamedFrame) -> dict[str, Any]:
        frames.append(frame)
        return {"faces": []}

    async def script(peer: Peer, session: StreamSession) -> None:
        for header in ('{"time_s": 2, "cut": true}', '{"time_s": 2.5}', None):
            if header is not None:
                peer.send(header)
            peer.send(b"x")
            await settle()
        peer.leave()

    peer = run(script, answer)
    assert [(frame.time_s, frame.cut) for frame in frames[:2]] == [(2.0, True), (2.5, False)]
    assert frames[2].time_s > 2.5
    assert [answer["time_s"] for answer in peer.answers][:2] == [2.0, 2.5]


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "[]", "3", "null", "[" * 900, '{"time": 1}', '{"time_s": "1"}', '{"time_s": -1}', '{"time_s": NaN}'),
        *('{"time_s": 1e400}', '{"time_s": true}', '{"time_s": null}', '{"cut": 1}', f'{{"time_s": 1{" " * 2000}}}'),
    ],
)
def test_session_other_text_closes_with_1007(text: str) -> None:
    async def script(peer: Peer, session: StreamSession) -> None:
        peer.send(text)

    peer = run(script)
    assert peer.closed is not None and peer.closed[0] == 1007


def test_session_texts_without_a_frame_close_with_1007() -> None:
    async def script(peer: Peer, session: StreamSession) -> None:
        for time_s in (1.0, 2.0):
            peer.send(json.dumps({"time_s": time_s}))

    peer = run(script)
    assert peer.closed == (1007, "two texts came without a frame between: send a frame after each")


@pytest.mark.parametrize("second", [1.0, 0.5])
def test_session_time_that_does_not_rise_closes(second: float) -> None:
    async def script(peer: Peer, session: StreamSession) -> None:
        for time_s in (1.0, second):
            peer.send(json.dumps({"time_s": time_s}))
            peer.send(b"x")

    peer = run(script)
    assert peer.closed == (1007, "time_s does not rise from frame to frame: send rising times")


def test_session_large_frame_closes_with_1009() -> None:
    async def script(peer: Peer, session: StreamSession) -> None:
        peer.send(b"x" * 1001)

    peer = run(script)
    assert peer.closed == (1009, "a frame has more than 1000 bytes: make it smaller")


def test_session_without_frames_closes_with_1008() -> None:
    async def script(peer: Peer, session: StreamSession) -> None:
        peer.send('{"time_s": 1}')

    peer = run(script, limits=SessionLimits(1000, idle_s=0.05, duration_s=10))
    assert peer.closed == (1008, "no frame came within 0.05 s: connect again")


def test_session_slow_answer_is_not_idleness() -> None:
    async def slow(frame: StreamedFrame) -> dict[str, Any]:
        await asyncio.sleep(0.3)
        return {"faces": []}

    async def script(peer: Peer, session: StreamSession) -> None:
        peer.send(b"x")

    peer = run(script, slow, SessionLimits(1000, idle_s=0.1, duration_s=10))
    assert peer.numbers == [0]
    assert peer.closed is not None and peer.closed[0] == 1008


def test_session_too_long_closes_with_1008() -> None:
    async def script(peer: Peer, session: StreamSession) -> None:
        peer.send(b"x")

    peer = run(script, limits=SessionLimits(1000, idle_s=5, duration_s=0.1))
    assert peer.numbers == [0]
    assert peer.closed == (1008, "the session lasted 0.1 s, the longest here: connect again")


def test_session_client_that_does_not_read_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_session, "CLOSE_TIMEOUT_S", 0.05)

    async def script(peer: Peer, session: StreamSession) -> None:
        peer.reads = False
        for _ in range(5):
            peer.send(b"x")
            await settle()

    peer = run(script, limits=SessionLimits(1000, idle_s=0.05, duration_s=10))
    assert peer.answers == []


def test_session_stop_answers_the_frame_in_work() -> None:
    async def script(peer: Peer, session: StreamSession) -> None:
        peer.send(b"x")
        await settle()
        peer.send(b"y")
        await settle()
        session.stop()
        await settle()
        assert peer.closed is None
        gate.open.release()

    async def build() -> Gate:
        return Gate()

    gate = asyncio.run(build())
    peer = run(script, gate.answer)
    assert peer.numbers == [0]
    assert peer.closed == (1001, "the service stops: connect again later")


def test_session_stop_without_frames_closes_at_once() -> None:
    async def script(peer: Peer, session: StreamSession) -> None:
        session.stop()

    assert run(script).closed == (1001, "the service stops: connect again later")


def test_session_refused_frame_is_a_problem_of_its_own() -> None:
    async def picky(frame: StreamedFrame) -> dict[str, Any]:
        if frame.content == b"bad":
            raise RequestError("unreadable-picture", "the frame: is damaged. Send it again.")
        return {"faces": []}

    async def script(peer: Peer, session: StreamSession) -> None:
        for content in (b"bad", b"good"):
            peer.send(content)
            await settle()
        peer.leave()

    first, second = run(script, picky).answers
    assert first["problem"]["status"] == 422
    assert first["problem"]["detail"] == "the frame: is damaged. Send it again."
    assert second["faces"] == []


def test_session_busy_queue_turns_to_a_newer_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_session, "BUSY_PAUSE_S", 0.01)
    attempts: list[int] = []

    async def busy(frame: StreamedFrame) -> dict[str, Any]:
        attempts.append(frame.number)
        if len(attempts) < 4:
            raise RequestError("busy", "the queue: is full. Send it later.")
        return {"faces": []}

    async def script(peer: Peer, session: StreamSession) -> None:
        peer.send(b"x")
        await settle()
        peer.send(b"y")
        await asyncio.sleep(0.2)
        peer.leave()

    peer = run(script, busy)
    assert attempts == [0, 1, 1, 1]
    assert [(answer["frame"], answer["dropped"]) for answer in peer.answers] == [(1, 1)]


def test_session_fault_of_the_service_closes_with_1011(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(frame: StreamedFrame) -> dict[str, Any]:
        raise RuntimeError("a bug")

    async def script(peer: Peer, session: StreamSession) -> None:
        peer.send(b"secret picture")

    peer = run(script, broken)
    assert peer.closed == (1011, "the service failed: connect again")
    assert "a bug" in caplog.text
    assert "secret picture" not in caplog.text
