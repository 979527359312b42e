"""Check the clients against scripted answers; ``test_client_service`` calls a real service."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from ekspresi.errors import ConfigError, ServiceError
from ekspresi.service import client as module
from ekspresi.service.client import AsyncClient, Client

CROP = np.zeros((8, 8), np.uint8)
ROW = {
    "x1": 1.0,
    "y1": 2.0,
    "x2": 9.0,
    "y2": 12.0,
    "face_px": 9.0,
    "effective_px": 8.5,
    "score": 0.9,
    "landmarks": None,
    "expression": "unsure",
    "most_likely": "fear",
    "confidence": 0.75,
    "abstained": True,
    "p_fear": 0.75,
    "p_anger": 0.25,
}
BUSY = httpx.Response(503, headers={"Retry-After": "2"}, json={"detail": "the queue: is full. Send it later."})
FACES = httpx.Response(200, json={"faces": [ROW, ROW]})


class Script:
    """Answer with prepared outcomes, one after the other, and keep the requests."""

    def __init__(self, *outcomes: httpx.Response | Exception) -> None:
        self.outcomes: Iterator[httpx.Response | Exception] = iter(outcomes)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        outcome = next(self.outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return httpx.Response(outcome.status_code, headers=outcome.headers, content=outcome.content)


Run = Callable[[Script, str, tuple[Any, ...], dict[str, Any]], Any]


def run_sync(script: Script, method: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    with Client("http://host", transport=httpx.MockTransport(script), **options) as client:
        return getattr(client, method)(*arguments)


def run_async(script: Script, method: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    async def run() -> Any:
        async with AsyncClient("http://host", transport=httpx.MockTransport(script), **options) as client:
            return await getattr(client, method)(*arguments)

    return asyncio.run(run())


@pytest.fixture(params=[run_sync, run_async], ids=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Run:
    return request.param


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Make pauses instant, and keep them."""
    kept: list[float] = []

    async def sleep(seconds: float) -> None:
        kept.append(seconds)

    monkeypatch.setattr(module.time, "sleep", kept.append)
    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    return kept


def test_analyze_returns_faces(run: Run) -> None:
    script = Script(FACES)
    first, second = run(script, "analyze", (b"the bytes",), {"key": "secret"})
    assert first == second
    assert first.box_xyxy == (1.0, 2.0, 9.0, 12.0)
    assert (first.score, first.prediction.expression, first.prediction.answer) == (0.9, "fear", "unsure")
    (request,) = script.requests
    assert (request.method, request.url.path, request.content) == ("POST", "/v1/analyze", b"the bytes")
    assert request.headers["authorization"] == "Bearer secret"
    assert request.headers["content-type"] == "application/octet-stream"


def test_recognize_sends_one_form_and_keeps_order(run: Run) -> None:
    script = Script(FACES)
    predictions = run(script, "recognize", ([b"first", b"second"],), {})
    assert [each.probabilities for each in predictions] == [{"fear": 0.75, "anger": 0.25}] * 2
    content = script.requests[0].content
    assert 0 < content.index(b"first") < content.index(b"second")


def test_busy_service_is_asked_again_after_its_pause(run: Run, pauses: list[float]) -> None:
    script = Script(BUSY, BUSY, FACES)
    assert len(run(script, "analyze", (b"x",), {})) == 2
    assert [request.content for request in script.requests] == [b"x"] * 3
    first, *waited = pauses
    assert first == 0
    assert all(2.0 <= pause <= 2.5 for pause in waited)
    assert len(waited) == 2


def test_busy_service_is_given_up_within_the_patience(run: Run, pauses: list[float]) -> None:
    script = Script(*[BUSY] * 10)
    with pytest.raises(ServiceError, match=r"the queue: is full\. Send it later\. \(HTTP 503\)") as caught:
        run(script, "recognize", ([CROP],), {"patience_s": 9})
    assert caught.value.status == 503
    assert 3 <= len(script.requests) <= 5
    assert sum(pauses) <= 9


def test_no_patience_sends_one_request(run: Run) -> None:
    script = Script(BUSY)
    with pytest.raises(ServiceError):
        run(script, "model", (), {"patience_s": 0})
    assert len(script.requests) == 1


def test_lost_connection_is_tried_again(run: Run, pauses: list[float]) -> None:
    script = Script(httpx.RemoteProtocolError("closed"), FACES)
    assert len(run(script, "recognize", ([CROP],), {})) == 2


@pytest.mark.parametrize("status", [400, 401, 413, 422, 500])
def test_other_errors_are_raised_at_once(run: Run, status: int) -> None:
    script = Script(httpx.Response(status, json={"detail": "crop: is odd. Send another."}))
    with pytest.raises(ServiceError, match=rf"http://host: crop: is odd\. Send another\. \(HTTP {status}\)") as caught:
        run(script, "recognize", ([CROP],), {})
    assert caught.value.status == status


def test_slow_answer_is_not_asked_for_again(run: Run) -> None:
    script = Script(httpx.ReadTimeout("slow"))
    with pytest.raises(ServiceError, match="gives no answer in time"):
        run(script, "model", (), {})
    assert len(script.requests) == 1


def test_redirects_are_not_followed_with_the_key(run: Run) -> None:
    script = Script(httpx.Response(307, headers={"Location": "http://elsewhere/"}))
    with pytest.raises(ServiceError, match=r"sends its callers to http://elsewhere/\. Use that address"):
        run(script, "model", (), {"key": "secret"})
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "address", ["", "host", "ftp://host", "http://", "http://host:port", "localhost:8000", "file:///etc"]
)
def test_client_other_address_raises(address: str) -> None:
    for kind in (Client, AsyncClient):
        with pytest.raises(ConfigError, match=r"is not an address of a service\. Use one such as"):
            kind(address)


@pytest.mark.parametrize("key", ["", " ", "a\r\nX-Other: b", "ключ", "a\x00", " key"])
def test_client_key_that_breaks_headers_raises(key: str) -> None:
    with pytest.raises(ConfigError, match="is not an API key") as caught:
        Client("http://host", key=key)
    assert "X-Other" not in str(caught.value)


def test_client_hides_passwords_and_keys() -> None:
    client = Client("http://me:hunter2@127.0.0.1:1/", key="secret-key", patience_s=0)
    with pytest.raises(ServiceError) as caught:
        client.model()
    assert "hunter2" not in str(caught.value)
    assert "secret-key" not in f"{client!r} {vars(client)!r}"


def test_absent_service_fails_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(ServiceError, match=r"http://127\.0\.0\.1:1: cannot be reached \(.*\)\. Check the address"):
        Client("http://127.0.0.1:1").model()
    assert time.monotonic() - began < 3


def test_address_with_a_path_keeps_it() -> None:
    script = Script(httpx.Response(200, json={}))
    Client("https://host/faces/", transport=httpx.MockTransport(script)).model()
    assert str(script.requests[0].url) == "https://host/faces/v1/model"
