"""Downloads from a server on this machine: whole, damaged, wrong, cut off, absent; and several at once."""

import hashlib
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ekspresi.errors import ModelError
from ekspresi.system import downloads
from ekspresi.system.downloads import REMOTE_FILES, RemoteFile, cache_folder, download_verified

CONTENT = bytes(range(256)) * 1000
INSTEAD = "give its path as 'yunet:PATH'"


class Server(ThreadingHTTPServer):
    """Serves ``content``; ``troubles`` come first, one an answer: a status, or the bytes after which it is cut off."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.troubles: list[int] = []
        self.requests = 0

    @property
    def file(self) -> RemoteFile:
        url = f"http://127.0.0.1:{self.server_address[1]}/model.onnx"
        return RemoteFile("model.onnx", url, hashlib.sha256(CONTENT).hexdigest(), "MIT")


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests += 1
        trouble = self.server.troubles.pop(0) if self.server.troubles else None
        if trouble is not None and trouble < 1000:
            self.send_error(trouble)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content[:trouble])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or fills the user's cache, asks a proxy, or waits."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(downloads, "PAUSES_S", (0.0, 0.0))
    return cache_folder() / "models"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def fetch(server: Server) -> Path:
    return download_verified(server.file, instead=INSTEAD)


def refused(server: Server) -> str:
    with pytest.raises(ModelError) as caught:
        fetch(server)
    message = str(caught.value)
    assert message.endswith(f"r get it from {server.file.url} and {INSTEAD}.") and "\n" not in message
    return message


def names(cache: Path) -> list[str]:
    return [path.name for path in cache.iterdir() if path.suffix != ".lock"]


def test_remote_files_name_hash_and_license() -> None:
    for name, file in REMOTE_FILES.items():
        assert file.name == name and file.url.startswith("https://") and file.license
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)


def test_download_verified_twice_downloads_once(server: Server, cache: Path) -> None:
    assert fetch(server) == cache / "model.onnx"
    assert fetch(server).read_bytes() == CONTENT
    assert server.requests == 1 and names(cache) == ["model.onnx"]


@pytest.mark.parametrize("damaged", [CONTENT[:100], b"x" + CONTENT[1:], b""])
def test_download_verified_replaces_a_damaged_file(server: Server, cache: Path, damaged: bytes) -> None:
    assert fetch(server).read_bytes() == CONTENT
    (cache / "model.onnx").write_bytes(damaged)
    assert fetch(server).read_bytes() == CONTENT
    assert server.requests == 2 and names(cache) == ["model.onnx"]


@pytest.mark.parametrize("trouble", [500, 503, 429, 408, 100_000])
def test_download_verified_retries_what_may_pass(server: Server, cache: Path, trouble: int) -> None:
    server.troubles = [trouble, trouble]
    assert fetch(server).read_bytes() == CONTENT
    assert server.requests == 3 and names(cache) == ["model.onnx"]


def test_download_verified_gives_up_after_three(server: Server, cache: Path) -> None:
    server.troubles = [100_000] * 4
    assert refused(server).startswith("model.onnx: cannot be downloaded (IncompleteRead(100000 bytes read, 156000 more")
    assert server.requests == 3 and names(cache) == []


def test_download_verified_waits_between_attempts(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(downloads, "PAUSES_S", (1.0, 3.0))
    monkeypatch.setattr(downloads.time, "sleep", waited.append)
    server.troubles = [500] * 3
    assert "(500 Internal Server Error). Try again, or get" in refused(server)
    assert waited == [1.0, 3.0]


@pytest.mark.parametrize(("code", "reason"), [(404, "404 Not Found"), (403, "403 Forbidden")])
def test_download_verified_does_not_retry_a_refusal(server: Server, code: int, reason: str) -> None:
    server.troubles = [code]
    assert f"cannot be downloaded ({reason})" in refused(server)
    assert server.requests == 1


def test_download_verified_refuses_another_file(server: Server, cache: Path) -> None:
    server.content = b"version https://git-lfs.github.com/spec/v1"
    found = hashlib.sha256(server.content).hexdigest()[:12]
    assert f"model.onnx: the download has SHA-256 {found}, not {server.file.sha256[:12]}. Try again" in refused(server)
    assert server.requests == 1 and names(cache) == []


def test_download_verified_offline_names_the_remedy(server: Server) -> None:
    server.server_close()
    assert refused(server).startswith("model.onnx: cannot be downloaded (")


def test_download_verified_without_a_folder_says_so(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert "the folder cannot be made" in refused(server)


def test_download_verified_on_a_full_disk_keeps_nothing(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    assert "model.onnx: cannot be written: the disk is full." in refused(server)
    assert names(cache) == []


def test_download_verified_in_threads_downloads_once(server: Server) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: fetch(server), range(8)))
    assert len(set(paths)) == 1 and paths[0].read_bytes() == CONTENT
    assert server.requests == 1
