"""Bytes, time and number of requests are bounded; a client that goes away frees its place."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from ekspresi.service.limits import Limits
from ekspresi.service.settings import ServiceSettings
from tests.support.service_calls import call, marker_picture, run_with_client

FILE = {"f": ("a.png", marker_picture(1))}


async def chunks(number: int, pause_s: float = 0.0) -> AsyncIterator[bytes]:
    for _ in range(number):
        await asyncio.sleep(pause_s)
        yield bytes(100)


@pytest.mark.parametrize("stated", [True, False])
def test_body_of_too_many_bytes_is_413(make_app: Any, stated: bool) -> None:
    content: Any = bytes(1001) if stated else chunks(11)
    response = call(make_app(max_bytes=1000), "POST", "/v1/analyze", content=content)
    assert (response.status_code, response.headers["connection"]) == (413, "close")
    assert response.json()["detail"] == "the body: has more than 1,000 bytes. Send fewer, or a smaller picture."


def test_body_of_the_most_bytes_is_read(make_app: Any) -> None:
    response = call(make_app(max_bytes=1000), "POST", "/v1/analyze", content=bytes(1000))
    assert response.status_code == 415


def test_slow_body_is_408(make_app: Any) -> None:
    response = call(make_app(body_timeout_s=0.05), "POST", "/v1/analyze", content=chunks(100, pause_s=0.02))
    assert (response.status_code, response.json()["type"]) == (408, "urn:ekspresi:problem:slow-body")


def test_slow_answer_is_503_and_frees_its_place(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(timeout_s=0.05, max_requests=1)
    gate = threading.Event()
    monkeypatch.setattr(app.state.service.analysis, "_find", lambda *_: gate.wait(5))
    for _ in range(2):
        response = call(app, "POST", "/v1/analyze", files=FILE)
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert response.json()["type"] == "urn:ekspresi:problem:timed-out"
    gate.set()


def test_requests_beyond_the_most_are_503_and_recover(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(max_requests=2)
    gate = threading.Event()
    find = app.state.service.analysis._find
    monkeypatch.setattr(app.state.service.analysis, "_find", lambda *args: gate.wait(5) and find(*args))

    async def everyone(client: httpx.AsyncClient) -> list[int]:
        held = [asyncio.create_task(client.post("/v1/analyze", files=FILE)) for _ in range(2)]
        await asyncio.sleep(0.05)
        shed = await client.post("/v1/analyze", files=FILE)
        alive = await client.get("/healthz")
        gate.set()
        done = [response.status_code for response in await asyncio.gather(*held)]
        again = await client.post("/v1/analyze", files=FILE)
        assert shed.headers["retry-after"] == "1" and shed.json()["type"] == "urn:ekspresi:problem:busy"
        return [shed.status_code, alive.status_code, *done, again.status_code]

    assert run_with_client(app, everyone) == [503, 200, 200, 200, 200]


def test_full_queue_of_pictures_is_503(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(max_waiting_pictures=1, picture_threads=1)
    gate = threading.Event()
    find = app.state.service.analysis._find
    monkeypatch.setattr(app.state.service.analysis, "_find", lambda *args: gate.wait(5) and find(*args))

    async def everyone(client: httpx.AsyncClient) -> list[int]:
        tasks = [asyncio.create_task(client.post("/v1/analyze", files=FILE)) for _ in range(5)]
        await asyncio.wait(tasks, timeout=0.2, return_when=asyncio.ALL_COMPLETED)
        gate.set()
        return sorted([response.status_code for response in await asyncio.gather(*tasks)])

    assert run_with_client(app, everyone) == [200, 200, 503, 503, 503]


def test_request_of_a_client_that_went_away_is_canceled() -> None:
    ended: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            ended.append("canceled")
            raise

    messages = [{"type": "http.request", "body": b"abc"}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        await asyncio.sleep(0.01)
        return messages.pop(0)

    async def send(message: Any) -> None:
        raise AssertionError("a client that went away was answered")

    limits = Limits(app, ServiceSettings())
    asyncio.run(limits({"type": "http", "method": "POST", "headers": []}, receive, send))
    assert ended == ["canceled"] and limits._in_progress == 0


def test_client_that_goes_away_within_its_body_ends_quietly() -> None:
    async def app(*_: Any) -> None:
        raise AssertionError("an incomplete body was answered")

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    limits = Limits(app, ServiceSettings())
    asyncio.run(limits({"type": "http", "method": "POST", "headers": []}, receive, app))
    assert limits._in_progress == 0
