from pathlib import Path

import pytest

from ekspresi.errors import SourceError
from ekspresi.media.urls import parse_address, redact


@pytest.mark.parametrize(
    ("source", "opened"),
    [
        ("rtsp://cam/1", "rtsp://cam/1"),
        (" RTSP://user:pw@cam/1 \n", "rtsp://user:pw@cam/1"),
        ("https://cam:8080/live?x=1", "https://cam:8080/live?x=1"),
        (Path("rtsp://user:pw@cam/1"), "rtsp://user:pw@cam/1"),
        (Path("clip.mp4"), None),
        ("C:/clips/a.mp4", None),
        (r"C:\clips\a.mp4", None),
        ("folder/12:30.mp4", None),
        ("mail@home/a.jpg", None),
        ("days/user=3/*.jpg", None),
        (r"C:\a@home\*.jpg", None),
        ("", None),
    ],
)
def test_parse_address_knows_addresses_from_paths(source: str | Path, opened: str | None) -> None:
    assert parse_address(source) == opened


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("ftp://user:secret@host/x.mp4", "ftp://***@host/x.mp4"),
        ("file:///clip.mp4", "file://clip.mp4"),
        ("user:secret@host/stream", "***@host/stream"),
        (Path("rtmp://user:secret@host/x"), "rtmp://***@host/x"),
        ("rtsp//user:secret@host/x", "***@host/x"),
        ("rtsp//user:secret@host/x*", "***@host/x*"),
        ("rtsp;//user:secret@host/x", "***@host/x"),
        ("//user:secret@host/x", "***@host/x"),
        (r"rtsp:\\user:secret@host\x", r"***@host\x"),
        ("user:se/cret@host/x", "***@host/x"),
        ("user:secret@host:554/x?p=secret", "***@host:554/x?p=***"),
        ("rtsp//host/x?user=a&password=secret", "rtsp//host/x?user=***&password=***"),
    ],
)
def test_parse_address_error_hides_the_password(source: str | Path, shown: str) -> None:
    with pytest.raises(SourceError, match=r"one of rtsp://, rtsps://, http://, https://") as caught:
        parse_address(source)
    assert str(caught.value).startswith(f"{shown}: ")
    assert "secret" not in str(caught.value)


def test_parse_address_of_an_existing_file_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("12:30@door.mp4").write_bytes(b"x")
    assert parse_address("12:30@door.mp4") is None


@pytest.mark.parametrize(
    ("whole", "shown"),
    [
        ("rtsp://cam/1", "rtsp://cam/1"),
        ("rtsp://cam:554/1?channel=2", "rtsp://cam:554/1?channel=2"),
        ("rtsp://user:secret@cam:554/1", "rtsp://***@cam:554/1"),
        ("rtsp://secret@cam/1", "rtsp://***@cam/1"),
        ("rtsp://user:se@cret@cam/1", "rtsp://***@cam/1"),
        ("rtsp://user:se/cret@cam/1", "rtsp://***@cam/1"),
        ("rtsp://user:12?secret@cam/1", "rtsp://***@cam/1"),
        ("rtsp://user:12#secret@cam/1", "rtsp://***@cam/1"),
        ("rtsp://user:12/secret@cam/1", "rtsp://***@cam/1"),
        ("rtsp://user:@cam/1", "rtsp://***@cam/1"),
        ("rtsp://user:secret@[fe80::1]:554/1", "rtsp://***@[fe80::1]:554/1"),
        ("rtsp://[fe80::1]:554/1", "rtsp://[fe80::1]:554/1"),
        ("https://cam/live@hd", "https://cam/live@hd"),
        ("http://cam/v.cgi?usr=secret&pwd=secret&ch=1", "http://cam/v.cgi?usr=***&pwd=***&ch=1"),
        ("http://cam/v?u=secret&p=secret&pw=secret&map=1", "http://cam/v?u=***&p=***&pw=***&map=1"),
        ("http://cam/v?Password=secret#x", "http://cam/v?Password=***#x"),
        ("http://cam/v?access_token=secret&key=secret", "http://cam/v?access_token=***&key=***"),
        ("rtsp://cam/user=secret_password=secret_channel=1_stream=0.sdp", None),
        ("rtsp://user:sec\nret@cam/1", "rtsp://***@cam/1"),
    ],
)
def test_redact_hides_secrets(whole: str, shown: str | None) -> None:
    found = redact(whole)
    assert shown is None or found == shown
    assert "secret" not in found and "cret" not in found
    assert len(found.splitlines()) == 1


def test_redact_keeps_other_parts() -> None:
    assert redact("rtsp://cam/user=a_password=b_channel=1_stream=0.sdp") == (
        "rtsp://cam/user=***_password=***_channel=1_stream=0.sdp"
    )
    assert redact("http://cam/monkey=1?keys=2") == "http://cam/monkey=1?keys=2"
