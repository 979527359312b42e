"""Containers, streams and pictures by PyAV: opened, turned upright, limited, freed; errors without secrets."""

import gc
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="extra [video]")

import av

from ekspresi.errors import ImageError, MissingExtraError, SourceError
from ekspresi.imaging import images
from ekspresi.media import decoder as decoding
from ekspresi.media.decoder import Decoder, open_container, picture_stream, pyav, upright
from tests.support.clips import picture, read_clip, turned, write_clip


@pytest.mark.input_row("videos", "orientation", "Turned to the nearest quarter, and mirrored, as the file says.")
@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        ((1, 0, 0, 1), lambda image: image),
        ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),  # clockwise
        ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
        ((0, -1, 1, 0), lambda image: np.rot90(image)),
        ((-1, 0, 0, 1), np.fliplr),
        ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2)),
    ],
)
def test_frame_converter_turns_frames_upright(
    matrix: tuple[int, int, int, int], turn: Callable[[np.ndarray], np.ndarray], tmp_path: Path
) -> None:
    plain = write_clip(tmp_path / "plain.mp4", 2)
    (expected, *_), (found, *_) = read_clip(plain), read_clip(turned(plain, tmp_path / "turned.mp4", *matrix))
    assert np.array_equal(found.image, turn(expected.image))
    assert found.image.flags.c_contiguous


@pytest.mark.input_row("videos", "size", refused="has more than … megapixels a frame, the limit. Make it smaller.")
def test_frame_converter_beyond_the_limit_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stated_words: str
) -> None:
    monkeypatch.setattr(decoding, "MAX_PIXELS", 1000)
    assert images.MAX_PIXELS == 100_000_000
    with pytest.raises(ImageError, match=stated_words):
        read_clip(write_clip(tmp_path / "a.mp4", 2))


def test_frame_converter_frees_frames_at_once(tmp_path: Path) -> None:
    convert = decoding.FrameConverter("x")
    with av.open(write_clip(tmp_path / "a.mp4", 30)) as container:
        gc.collect()
        gc.disable()  # side data and its frame hold each other, and would wait for it
        try:
            for frame in container.decode(video=0):
                convert(frame)
            left = gc.collect()
        finally:
            gc.enable()
    assert left < 15  # of the first frame alone, whose side data is read


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
    decoding.open_container("file:a.mp4", "a.mp4", read_s=3.0)
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


def test_reason_of_pyav_errors_is_short() -> None:
    error = av.error.ConnectionResetError(104, "Connection reset by peer", "rtsp://user:secret@cam")
    assert decoding._reason(error) == "Connection reset by peer"
    assert decoding._reason(av.error.ExitError(1, "Immediate exit requested", "x")) == "no more data"


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


def test_decoder_counts_frames_and_reached_time(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 25)
    with open_container(f"file:{path}", "a.mp4") as container:
        decoder = Decoder(container, "a.mp4")
        assert sum(len(pictures) for pictures in decoder) == 25
        assert decoder.reached_s == pytest.approx(1.0, abs=0.05)
        assert decoder.damaged == 0 and decoder.failure is None


def test_decoder_seek_goes_to_a_key_frame_before(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 50, gop=10)
    with open_container(f"file:{path}", "a.mp4") as container:
        decoder = Decoder(container, "a.mp4")
        assert decoder.stream.time_base and decoder.seek(round(1.1 / decoder.stream.time_base))
        first = next(frame for frames in decoder for frame in frames)
        assert first.time == pytest.approx(0.8, abs=0.01) and first.key_frame


def test_upright_without_a_matrix_returns_the_image() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    assert upright(image, None) is image


def test_pyav_that_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"reading videos and cameras needs the extra \[video\]"):
        pyav()


def test_open_container_of_no_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^a\.mp4: does not exist\. Check the name\.$"):
        open_container(f"file:{tmp_path / 'a.mp4'}", "a.mp4")
