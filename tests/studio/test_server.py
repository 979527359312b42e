"""The server of this machine: headers, kept copies, and no other files."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from ekspresi.errors import ConfigError
from ekspresi.studio.server import make_server
from ekspresi.studio.site import HEADERS, Site


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[http.client.HTTPConnection]:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "index.html").write_text("<title>studio</title>")
    (tmp_path / "secret.txt").write_text("secret")
    with make_server(Site(tmp_path / "static"), port=0) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        client = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        try:
            yield client
        finally:
            client.close()
            server.shutdown()
            thread.join()


def ask(
    connection: http.client.HTTPConnection, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def test_server_answers_with_all_headers(connection: http.client.HTTPConnection) -> None:
    status, headers, content = ask(connection, "/?lang=id")
    assert (status, content) == (200, b"<title>studio</title>")
    assert HEADERS.items() <= headers.items()
    assert headers["Content-Type"] == "text/html; charset=utf-8"


def test_server_head_sends_no_content(connection: http.client.HTTPConnection) -> None:
    status, headers, content = ask(connection, "/index.html", "HEAD")
    assert (status, headers["Content-Length"], content) == (200, "21", b"")


def test_server_known_copy_is_not_sent_again(connection: http.client.HTTPConnection) -> None:
    tag = ask(connection, "/")[1]["ETag"]
    status, headers, content = ask(connection, "/", **{"If-None-Match": tag})
    assert (status, content) == (304, b"")
    assert HEADERS.items() <= headers.items()
    assert ask(connection, "/", **{"If-None-Match": '"another"'})[0] == 200


@pytest.mark.parametrize(
    "path", ["/secret.txt", "/../secret.txt", "/%2e%2e/secret.txt", "//etc/passwd", "/index.html/"]
)
def test_server_other_paths_are_not_found(connection: http.client.HTTPConnection, path: str) -> None:
    status, _, content = ask(connection, path)
    assert status == 404
    assert b"secret" not in content.replace(path.encode(), b"")


def test_server_refuses_other_methods(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "/", "POST")[0] == 501


def test_make_server_taken_port_names_the_flag(tmp_path: Path) -> None:
    with (
        make_server(Site(tmp_path), port=0) as server,
        pytest.raises(ConfigError, match=rf"port {server.server_port}: is used by another program\. Choose .* --port"),
    ):
        make_server(Site(tmp_path), server.server_port)
