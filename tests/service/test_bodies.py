"""Bodies are read in memory, whatever their form."""

import asyncio
import tempfile

import pytest
from fastapi import Request

from ekspresi.service.bodies import Body, read_body
from ekspresi.service.problems import RequestError

FORM = b'--b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'


def read(content: bytes, kind: str = "multipart/form-data; boundary=b", most: int = 5) -> Body:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": content}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}
    return asyncio.run(read_body(Request(scope, receive), most))


def form(*parts: tuple[bytes, bytes, bytes]) -> bytes:
    return b"".join(FORM % part for part in parts) + b"--b--\r\n"


def test_read_body_of_a_form_gives_files_and_fields() -> None:
    body = read(form((b"a", b'; filename="x.jpg"', b"1"), (b"prior", b"", b"uniform"), (b"b", b'; filename=""', b"2")))
    assert [(upload.name, upload.content) for upload in body.uploads] == [("x.jpg", b"1"), ("-", b"2")]
    assert body.fields == {"prior": "uniform"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [(b"../../etc/passwd", "passwd"), (b"C:\\\\secret\\\\a.jpg", "a.jpg"), (b"/", "-"), (b"a" * 999, "a" * 255)],
)
def test_read_body_keeps_the_last_part_of_a_name(name: bytes, shown: str) -> None:
    assert read(form((b"f", b'; filename="%b"' % name, b"1"))).uploads[0].name == shown


def test_read_body_of_raw_bytes_is_one_picture() -> None:
    for kind in ("image/jpeg", "IMAGE/PNG; q=1", "application/octet-stream"):
        assert [upload.content for upload in read(b"abc", kind).uploads] == [b"abc"]


def test_read_body_writes_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a file was made")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    monkeypatch.setattr(tempfile, "_TemporaryFileWrapper", refuse)
    content = b"x" * 5_000_000
    assert read(form((b"f", b'; filename="a"', content))).uploads[0].content == content


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "", "video/mp4", "application/x-www-form-urlencoded"]
)
def test_read_body_of_another_kind_is_refused(kind: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(b"abc", kind)
    assert caught.value.status == 415 and "Send multipart/form-data with files" in caught.value.detail


@pytest.mark.parametrize("charset", ["punycode", "unicode_escape", "no-such", '""'])
def test_read_body_in_another_charset_is_refused(charset: str) -> None:
    with pytest.raises(RequestError, match="of the form: is not read here") as caught:
        read(form((b"f", b'; filename="a"', b"1")), f"multipart/form-data; boundary=b; charset={charset}")
    assert caught.value.status == 415


def test_read_body_in_utf8_is_read() -> None:
    kind = 'multipart/form-data; charset="UTF-8"; boundary=b'
    assert read(form((b"f", '; filename="é.jpg"'.encode(), b"1")), kind).uploads[0].name == "é.jpg"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "image/png"),
        (b"abc", "multipart/form-data"),
        (b"abc", "multipart/form-data; boundary=b"),
        (form((b"prior", b"", b"uniform")), "multipart/form-data; boundary=b"),
        (form(*[(b"p", b"", b"1")] * 21), "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; filename="a"\r\n\r\n1\r\n--b--', "multipart/form-data; boundary=b"),
    ],
)
def test_read_body_that_is_damaged_is_refused(content: bytes, kind: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(content, kind)
    assert caught.value.status == 422


def test_read_body_with_too_many_files_is_refused() -> None:
    with pytest.raises(RequestError, match="the form: holds more than 5 files"):
        read(form(*[(b"f", b'; filename="a"', b"1")] * 6))
