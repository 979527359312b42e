"""Attacks on a real server: each is refused, costs little, and leaves nothing in answers and logs."""

import io
import json
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from tests.support.served import serving
from tests.support.service_calls import LABELS, marker_picture

KEY = "correct-horse-battery-staple"
MAX_BYTES = 200_000
SLOW_S = 1


@dataclass
class Target:
    address: str
    pid: int
    log: Path
    cwd: Path

    def post(self, content: bytes | Iterator[bytes], **headers: str) -> httpx.Response:
        kept = {"Authorization": f"Bearer {KEY}", "Content-Type": "image/png", **headers}
        return httpx.post(f"{self.address}/v1/analyze", content=content, headers=kept, timeout=20)

    def form(self, body: bytes) -> httpx.Response:
        return self.post(body, **{"Content-Type": "multipart/form-data; boundary=b"})

    def raw(self, text: bytes, seconds: float = 10) -> bytes:
        """Send bytes, and return all that comes until the server closes or is silent."""
        with self.connect(seconds) as line:
            line.sendall(text)
            return read_all(line)

    def connect(self, seconds: float) -> socket.socket:
        parts = urlsplit(self.address)
        return socket.create_connection((parts.hostname, parts.port), seconds)

    def memory_mb(self) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def read_all(line: socket.socket) -> bytes:
    found = b""
    try:
        while part := line.recv(65536):
            found += part
    except (TimeoutError, ConnectionError):
        pass
    return found


@pytest.fixture(scope="module")
def target(gray_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("attacks")
    (folder / "keys").write_text(f"{KEY}\n")
    limits = [*("--max-bytes", str(MAX_BYTES)), *("--body-timeout-s", str(SLOW_S)), *("--max-crops", "4")]
    flags = ["--model", str(gray_model), "--detector", "none", "--api-keys-file", str(folder / "keys"), *limits]
    with (folder / "log").open("w") as log, serving(log, *flags) as served:
        yield Target(served.address, served.process.pid, folder / "log", folder)


def headers_of(answer: bytes) -> list[bytes]:
    return answer.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")


def assert_alive(target: Target) -> None:
    began = time.monotonic()
    (row,) = target.post(marker_picture(2)).json()["faces"]
    assert row["expression"] == LABELS[2]
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong-key-of-someone"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": f"Bearer {KEY}x"},
        {"Authorization": f"Bearer {KEY[:-1]}"},
        {"Authorization": "Bearer"},
        {"X-API-Key": KEY.upper()},
        {"Cookie": f"key={KEY}"},
    ],
)
def test_request_without_a_valid_key_gets_401(target: Target, headers: dict[str, str]) -> None:
    for path in ("/v1/analyze", "/v1/model", "/metrics", "/openapi.json", "/v2/models/ekspresi", "/nothing"):
        response = httpx.request("POST" if "analyze" in path else "GET", f"{target.address}{path}", headers=headers)
        assert response.status_code == 401, path
        assert response.headers["www-authenticate"] == "Bearer"
        assert KEY[:-1] not in response.text
    assert httpx.get(f"{target.address}/v1/model", params={"key": KEY, "api_key": KEY}).status_code == 401
    assert httpx.get(f"{target.address}/healthz").status_code == 200


def test_large_body_is_refused_before_it_is_read(target: Target) -> None:
    before = target.memory_mb()
    head = (
        f"POST /v1/analyze HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Type: image/png\r\n".encode()
    )
    began = time.monotonic()
    answer = target.raw(head + b"Content-Length: 99999999999\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413") and time.monotonic() - began < 8
    chunk = bytes(65536)
    assert target.post(iter([chunk] * 40)).status_code == 413
    assert target.memory_mb() - before < 50
    assert_alive(target)


def test_slow_headers_and_bodies_do_not_stay(target: Target) -> None:
    head = (
        f"POST /v1/analyze HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Type: image/png\r\n".encode()
    )
    lines = [target.connect(15) for _ in range(20)]
    try:
        for number, line in enumerate(lines):
            line.sendall(head if number % 2 else head + b"Content-Length: 1000\r\n\r\nabc")
        began = time.monotonic()
        assert_alive(target)
        while time.monotonic() - began < 3 * SLOW_S:  # one byte now and then does not help
            for line in lines:
                with suppress(OSError):
                    line.sendall(b"x")
            time.sleep(0.2)
        answers = [read_all(line) for line in lines]
        assert time.monotonic() - began < 12
    finally:
        for line in lines:
            line.close()
    assert all(answer.startswith(b"HTTP/1.1 408") for answer in answers[::2])
    assert all(answer == b"" or answer.startswith(b"HTTP/1.1 4") for answer in answers[1::2])
    assert_alive(target)


def png_bomb(side: int) -> bytes:
    """A PNG of side x side pixels in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packed = zlib.compressobj(9)
    rows = b"".join(packed.compress(bytes(1 + side // 8) * 100) for _ in range(side // 100)) + packed.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg_bomb() -> bytes:
    """A JPEG of 1,000 scans, each of which costs a pass over all pixels."""
    file = io.BytesIO()
    Image.new("L", (4000, 4000), 128).save(file, "JPEG", progressive=True)
    content = file.getvalue()
    start = content.rindex(b"\xff\xc4", 0, content.rindex(b"\xff\xda"))
    return content[:-2] + content[start:-2] * 1000 + content[-2:]


def text_bomb() -> bytes:
    packed = b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9)
    chunk = struct.pack(">I", len(packed)) + b"zTXt" + packed + struct.pack(">I", zlib.crc32(b"zTXt" + packed))
    content = marker_picture(1)
    return content[:33] + chunk + content[33:]


@pytest.mark.parametrize(("bomb", "status"), [(png_bomb(20_000), 413), (jpeg_bomb(), 422), (text_bomb(), 422)])
def test_bomb_is_refused_at_once(target: Target, bomb: bytes, status: int) -> None:
    assert len(bomb) < MAX_BYTES
    before, began = target.memory_mb(), time.monotonic()
    assert target.post(bomb).status_code == status
    assert time.monotonic() - began < 8
    assert target.memory_mb() - before < 150


def test_compressed_body_is_not_unpacked(target: Target) -> None:
    response = target.post(zlib.compress(marker_picture(1)), **{"Content-Encoding": "deflate"})
    assert response.status_code in (415, 422)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"../../../etc/passwd", "passwd"),
        (b"..\\..\\windows\\win.ini", "win.ini"),
        (b"/etc/passwd", "passwd"),
        (b"C:\\secret.png", "secret.png"),
        (b"http://127.0.0.1/x.png", "x.png"),
        (b"a.png\x00.jpg", "a.png<00>.jpg"),
        (b"a\x1b[31m\x7f.png", "a<1b>[31m<7f>.png"),
        (b"..", ".."),
        (b"\xff\xfe.png", None),
        (b"x" * 1000, "x" * 255),
    ],
)
def test_file_name_is_only_given_back(target: Target, name: bytes, shown: str | None) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="%b"\r\nContent-Type: image/png\r\n\r\n' % name
    response = target.form(part + marker_picture(1) + b"\r\n--b--\r\n")
    assert response.status_code == 200, response.text
    source = response.json()["faces"][0]["source"]
    assert "/" not in source and "\\" not in source and source.isprintable()
    assert shown is None or source == shown
    bad = target.form(part + b"no picture" + b"\r\n--b--\r\n")
    assert bad.status_code == 422 and bad.json()["detail"].isprintable()
    assert {path.name for path in target.cwd.iterdir()} == {"keys", "log"}


@pytest.mark.parametrize(
    "lines",
    [
        b"X-Request-ID: a\r\n Set-Cookie: x=1",
        b"X-Request-ID: a\rSet-Cookie: x=1",
        b"X-Request-ID: a\nSet-Cookie: x=1",
        b"X-Request-ID: a\x00b",
        b"X-Request-ID: " + b"a" * 3000,
        b"X-Request-ID: <script>",
        b"Content-Length: 3\r\nContent-Length: 4",
        b"Content-Length: 3\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: xchunked",
        b"Origin: http://evil.example\r\nAccess-Control-Request-Method: POST",
    ],
)
def test_headers_of_a_request_do_not_reach_the_answer(target: Target, lines: bytes) -> None:
    head = b"GET /v1/model HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + KEY.encode() + b"\r\n"
    answer = target.raw(head + lines + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 ") and b" 500 " not in answer[:20]
    names = {line.partition(b":")[0] for line in headers_of(answer)[1:]}
    assert not names & {b"set-cookie", b"access-control-allow-origin", b"server", b"x-powered-by"}
    for line in headers_of(answer):
        assert b"script" not in line and len(line) < 300
    assert_alive(target)


@pytest.mark.parametrize(
    "path", ["/v1/%0d%0aSet-Cookie:%20x=1", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/..%5c..", "/a" * 900]
)
def test_odd_paths_are_not_found(target: Target, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
    answer = target.raw(head)
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))
    assert not any(line.startswith(b"set-cookie") for line in headers_of(answer))
    assert b"root:" not in answer


def test_other_origins_may_not_read_answers(target: Target) -> None:
    ask = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = httpx.options(f"{target.address}/v1/analyze", headers=ask)
    response = target.post(marker_picture(1), Origin="https://evil.example")
    for each in (preflight, response):
        assert not [name for name in each.headers if name.startswith("access-control")]
    assert preflight.status_code in (401, 405)


def test_log_and_errors_hold_no_path_picture_or_key(target: Target) -> None:
    """Comes last: the log has all that the other tests sent."""
    secret = Image.new("RGB", (30, 20), (7, 8, 9)).tobytes()
    response = target.post(b"\x89PNG" + secret, **{"X-Request-ID": "the-last"})
    assert response.headers["x-request-id"] == "the-last"
    end = time.monotonic() + 10
    while "the-last" not in (text := target.log.read_text()) and time.monotonic() < end:
        time.sleep(0.01)  # a line is written after its answer
    for word in (
        KEY,
        "passwd",
        "win.ini",
        "wrong-key",
        "evil.example",
        "127.0.0.1",
        str(target.cwd),
        "PNG",
        "site-packages",
    ):
        assert word not in text, word
    entries = [json.loads(line) for line in text.splitlines()]
    assert entries[-1]["request_id"] == "the-last"
    assert {entry["level"] for entry in entries} <= {"info", "warning"}
    assert not [entry for entry in entries if entry.get("status") == 500]
    assert str(target.cwd) not in response.text and "gray.onnx" not in response.text
