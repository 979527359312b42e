"""Downloads from a server on this machine: whole, resumed, wrong, cut off, absent; and several at once."""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ekspresi.errors import ModelError
from ekspresi.system.downloads import cache_folder, download_verified

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
INSTEAD = "give its path as 'yunet:PATH'"


class Server(ThreadingHTTPServer):
    """Serves ``content``; what it may do is set by the test."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.ranges = True
        self.cut_after: int | None = None
        self.asked: list[str | None] = []
        self.sent = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/model.onnx"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        body, first = self.server.content, 0
        if asked and self.server.ranges:
            first = int(asked.removeprefix("bytes=").removesuffix("-"))
            if first >= len(body):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body) - first))
        self.end_headers()
        part = body[first : self.server.cut_after]
        self.server.sent += len(part)
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or fills the cache of who runs it, nor asks a proxy."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return cache_folder() / "models"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def fetch(server: Server, sha256: str = SHA256) -> Path:
    return download_verified(server.url, sha256, "model.onnx", instead=INSTEAD)


def leftovers(cache: Path) -> list[str]:
    return [path.name for path in cache.glob(".*.part")]


def test_a_file_is_downloaded_once_and_kept(server: Server, cache: Path) -> None:
    assert fetch(server) == cache / "model.onnx"
    assert fetch(server).read_bytes() == CONTENT
    assert server.asked == [None]
    assert leftovers(cache) == []


def test_a_damaged_copy_in_the_cache_is_replaced(server: Server, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "model.onnx").write_bytes(CONTENT[:100])
    assert fetch(server).read_bytes() == CONTENT


def test_a_download_that_was_cut_off_goes_on_where_it_stopped(server: Server, cache: Path) -> None:
    server.cut_after = 100_000
    with pytest.raises(ModelError, match=r"model\.onnx: cannot be downloaded \(cut off after 100000 bytes\)"):
        fetch(server)
    assert not (cache / "model.onnx").exists()
    server.cut_after = None
    assert fetch(server).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-"]
    assert server.sent == len(CONTENT)
    assert leftovers(cache) == []


def test_a_server_without_range_sends_all_again(server: Server) -> None:
    server.cut_after = 100_000
    with pytest.raises(ModelError):
        fetch(server)
    server.cut_after, server.ranges = None, False
    assert fetch(server).read_bytes() == CONTENT


def test_a_part_that_is_whole_already_is_taken(server: Server, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / f".model.onnx-{SHA256[:8]}.part").write_bytes(CONTENT)
    assert fetch(server).read_bytes() == CONTENT
    assert server.sent == 0


@pytest.mark.parametrize("part", [b"x" * 1000, b"x" * (len(CONTENT) + 5)])
def test_the_part_of_another_file_is_thrown_away(server: Server, cache: Path, part: bytes) -> None:
    cache.mkdir(parents=True)
    (cache / f".model.onnx-{SHA256[:8]}.part").write_bytes(part)
    assert fetch(server).read_bytes() == CONTENT


def test_another_file_than_the_expected_one_is_refused_in_one_line(server: Server, cache: Path) -> None:
    server.content = b"version https://git-lfs.github.com/spec/v1"
    with pytest.raises(ModelError, match=rf"not {SHA256[:12]}; get it from http://.* and give its path") as refused:
        fetch(server)
    assert "\n" not in str(refused.value)
    assert not (cache / "model.onnx").exists() and leftovers(cache) == []


def test_offline_says_where_the_file_is_and_what_to_do(server: Server) -> None:
    url = server.url
    server.server_close()
    with pytest.raises(ModelError, match="cannot be downloaded") as refused:
        download_verified(url, SHA256, "model.onnx", instead=INSTEAD)
    assert url in str(refused.value) and INSTEAD in str(refused.value)


def test_a_missing_page_is_named_by_its_code(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handler, "do_GET", lambda handler: handler.send_error(404, "Not Found"))
    with pytest.raises(ModelError, match=r"\(404 Not Found\)"):
        fetch(server)


def test_a_cache_that_cannot_be_written_is_told(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="cannot be kept"):
        fetch(server)


def test_of_several_that_want_it_one_downloads(server: Server) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: fetch(server), range(8)))
    assert len(set(paths)) == 1 and paths[0].read_bytes() == CONTENT
    assert server.sent == len(CONTENT)
