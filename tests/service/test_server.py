"""A real server over sockets: it stops without losing a request, and slow clients do not stay."""

import asyncio
import json
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from ekspresi.errors import ConfigError
from ekspresi.service.server import listen
from tests.support.served import Served, serving
from tests.support.service_calls import LABELS, marker_picture

CLIENTS = 12
EACH = 4
"""Answers of one client before the signal."""
SECONDS = 60


async def ask(address: str, keep_alive: bool, number: int, enough: asyncio.Event) -> list[str]:
    """Send requests one after another until the service refuses one; say of each how it ended."""
    outcomes: list[str] = []
    limits = httpx.Limits(max_keepalive_connections=1 if keep_alive else 0)
    end = time.monotonic() + SECONDS
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=SECONDS) as client:
        while time.monotonic() < end:
            mark = (number + len(outcomes)) % len(LABELS)
            try:
                response = await client.post("/v1/recognize", files={"f": ("a.png", marker_picture(mark))})
            except httpx.ConnectError:
                return [*outcomes, "refused"]
            except httpx.HTTPError as error:
                outcomes.append(repr(error))
                continue
            right = response.status_code == 200 and response.json()["faces"][0]["expression"] == LABELS[mark]
            outcomes.append("right" if right else f"{response.status_code} {response.text[:80]}")
            if len(outcomes) == EACH:
                enough.set()
    return outcomes


def test_sigterm_under_load_answers_every_request(gray_model: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    flags = ["--model", str(gray_model), "--detector", "none", "--batch-wait-ms", "20"]

    async def load(served: Served) -> list[list[str]]:
        enough = asyncio.Event()
        tasks = [asyncio.create_task(ask(served.address, i % 2 == 0, i, enough)) for i in range(CLIENTS)]
        await enough.wait()
        served.process.send_signal(signal.SIGTERM)
        return await asyncio.gather(*tasks)

    with log.open("w") as stream, serving(stream, *flags) as served:
        outcomes = asyncio.run(load(served))
        assert served.process.wait(timeout=20) == 0
    answers = [outcome for each in outcomes for outcome in each if outcome != "refused"]
    assert len(answers) >= 2 * EACH and set(answers) == {"right"}
    assert all(each[-1] == "refused" for each in outcomes)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["status"] for line in lines if line["event"] == "request"] == [200] * len(answers)


def test_serve_prints_the_address_the_model_and_the_limits(gray_model: Path, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as stream, serving(stream, "--model", str(gray_model)) as served:
        response = httpx.get(f"{served.address}/readyz")
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(timeout=20) == 0
    assert (response.json(), "server" in response.headers) == ({"status": "ready"}, False)
    assert served.printed[1].startswith("model: gray-reader (CPUExecutionProvider), detector mtcnn")
    assert served.printed[2].startswith("limits: 20 MB and")


def test_connection_with_slow_headers_is_closed(gray_model: Path, tmp_path: Path) -> None:
    flags = ["--model", str(gray_model), "--detector", "none", "--body-timeout-s", "0.5"]
    with (tmp_path / "log").open("w") as stream, serving(stream, *flags) as served:
        host, port = served.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as slow:
            slow.sendall(b"POST /v1/analyze HTTP/1.1\r\nHost: a\r\n")
            begun = time.monotonic()
            assert slow.recv(100) == b"" and time.monotonic() - begun < 5


def test_listen_at_an_address_in_use_names_it() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"port {port}: cannot be listened at \(Address already"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
def test_listen_at_a_foreign_address_names_it(host: str) -> None:
    with pytest.raises(ConfigError, match=f"host {host}, port 0: cannot be listened at"):
        listen(host, 0)


def test_listen_takes_a_name() -> None:
    with listen("localhost", 0) as listener:
        assert listener.getsockname()[0] in ("127.0.0.1", "::1")
