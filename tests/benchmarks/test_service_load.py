"""The load generator finds answers that are lost, refused, or of another request."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service_load import Load, Marker, Tally, closed_loop, open_loop

MARKERS = [Marker(b"first", {"fear": 0.75, "anger": 0.25}), Marker(b"second", {"fear": 0.1, "anger": 0.9})]


def rows(request: httpx.Request) -> list[dict[str, Any]]:
    """Answer as a right service does."""
    body = request.read()
    names = re.findall(rb'filename="([^"]+)"', body)
    shares = [MARKERS[0 if found == b"first" else 1].probabilities for found in re.findall(rb"first|second", body)]
    return [
        {"source": name.decode(), **{f"p_{label}": share for label, share in each.items()}}
        for name, each in zip(names, shares, strict=True)
    ]


def right(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"faces": rows(request)})


def swapped_names(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"faces": [{**row, "source": "7-7.png"} for row in rows(request)]})


def swapped_faces(request: httpx.Request) -> httpx.Response:
    first, second = rows(request)
    return httpx.Response(
        200, json={"faces": [{**second, "source": first["source"]}, {**first, "source": second["source"]}]}
    )


def missing_face(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"faces": rows(request)[:1]})


def broken(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("gone")


def tally_of(answer: Callable[[httpx.Request], httpx.Response], crops: int = 2) -> tuple[Tally, float]:
    async def run() -> tuple[Tally, float]:
        tally = Tally()
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://host") as http:
            return tally, await Load(http, MARKERS).send(crops, tally)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (right, "answered"),
        (swapped_names, "wrong"),
        (swapped_faces, "wrong"),
        (missing_face, "wrong"),
        (broken, "lost"),
        (lambda request: httpx.Response(500, text="a bug"), "500"),
        (lambda request: httpx.Response(503, text="no time to come back"), "503"),
    ],
)
def test_send_counts_what_becomes_of_a_request(answer: Callable[[httpx.Request], httpx.Response], outcome: str) -> None:
    tally, pause_s = tally_of(answer)
    assert (dict(tally.outcomes), pause_s) == ({outcome: 1}, 0.0)
    assert tally.faces == (2 if outcome == "answered" else 0)


def test_send_refused_request_waits_as_it_is_asked_to() -> None:
    tally, pause_s = tally_of(lambda request: httpx.Response(503, headers={"Retry-After": "3"}))
    assert (dict(tally.outcomes), pause_s) == ({"refused": 1}, 3.0)


def test_closed_loop_ends_and_counts_each_request() -> None:
    async def send(tally: Tally) -> float:
        tally.outcomes["answered"] += 1
        tally.seconds.append(0.01)
        return 0.01

    tally = asyncio.run(closed_loop(4, 0.2, send))
    assert tally.outcomes["answered"] >= 8
    assert 0.2 <= tally.duration_s < 2
    assert tally.figures()["p50_ms"] == 10.0


def test_open_loop_bounds_the_requests_without_answer() -> None:
    most = running = 0

    async def send(tally: Tally) -> float:
        nonlocal most, running
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.1)
        running -= 1
        tally.outcomes["answered"] += 1
        return 0.0

    tally, skipped = asyncio.run(open_loop(200, 0.3, 5, send))
    assert most == 5
    assert tally.outcomes["answered"] + skipped == 60
    assert skipped > 0
