"""Containers and streams by PyAV: opened, chosen; errors without secrets."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("av", reason="extra [video]")

import av

from ekspresi.errors import MissingExtraError, SourceError
from ekspresi.media.containers import open_container, picture_stream, pyav, why_not
from tests.support.clips import picture, read_clip


@pytest.mark.parametrize(
    ("version", "arguments"),
    [
        ("17.0.0", {"metadata_errors": "ignore"}),
        ("18.1.0", {"metadata_errors": "ignore"}),
        ("19.0.2", {}),
        ("20.1", {}),
    ],
)
def test_open_container_passes_only_known_arguments(
    version: str, arguments: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, object] = {}
    monkeypatch.setattr(av, "__version__", version)
    monkeypatch.setattr(av, "open", lambda name, mode, **words: given.update(words))
    open_container("file:a.mp4", "a.mp4", read_s=3.0)
    assert given == {"format": None, "options": {}, "timeout": (None, 3.0), **arguments}


def test_open_container_accepts_a_tag_in_latin1(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Gesichter"
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(1), format="rgb24")))
        container.mux(stream.encode(None))
    content = path.read_bytes()
    assert b"Gesichter" in content
    path.write_bytes(content.replace(b"Gesichter", b"Gesch\xe4fte"))  # Latin-1
    assert len(read_clip(path)) == 3


def test_why_not_of_pyav_errors_is_short() -> None:
    error = av.error.ConnectionResetError(104, "Connection reset by peer", "rtsp://user:secret@cam")
    assert why_not(error) == "Connection reset by peer"
    assert why_not(av.error.ExitError(1, "Immediate exit requested", "x")) == "no more data"


def test_picture_stream_skips_the_cover_of_a_song(tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame.from_ndarray(picture(1), format="rgb24")))
        container.mux(cover.encode(None))
    with open_container(f"file:{path}", "song.m4a") as container:
        assert [stream.type for stream in container.streams] == ["video"]
        with pytest.raises(SourceError, match=r"^song\.m4a: holds no frames\. Copy it again\.$"):
            picture_stream(container, "song.m4a")


def test_pyav_that_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"reading videos and cameras needs the extra \[video\]"):
        pyav()


def test_open_container_of_no_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^a\.mp4: does not exist\. Check the name\.$"):
        open_container(f"file:{tmp_path / 'a.mp4'}", "a.mp4")
