from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import EkspresiError, ImageError, SourceError
from ekspresi.imaging.picture_files import DecodedFrame
from ekspresi.media.frames import read_frames
from ekspresi.media.pictures import download_picture, picture_frames
from ekspresi.media.timestamps import Window
from tests.support.network_cameras import http_camera


def moments(*times: float | None) -> list[DecodedFrame]:
    return [DecodedFrame(np.zeros((4, 4, 3), np.uint8), time_s, at == len(times)) for at, time_s in enumerate(times, 1)]


def selected(window: Window, *times: float | None) -> list[tuple[int, float | None]]:
    return [(frame.number, frame.time_s) for frame in picture_frames(iter(moments(*times)), "a.gif", window)]


def test_picture_frames_of_an_animation_follow_the_window() -> None:
    times = (0.0, 0.1, 0.2, 0.3, 0.4)
    assert selected(Window(), *times) == list(enumerate(times))
    assert selected(Window(every_s=0.2), *times) == [(0, 0.0), (2, 0.2), (4, 0.4)]
    assert selected(Window(start_s=0.1, end_s=0.3), *times) == [(1, 0.1), (2, 0.2)]
    with pytest.raises(SourceError, match=r"a\.gif: ends at 0\.4 s, before the start at 3 s\. Choose an earlier"):
        selected(Window(start_s=3.0), *times)


def test_picture_frames_of_pages_are_all_read() -> None:
    assert selected(Window(every_s=1.0, start_s=3.0), None, None) == [(0, None), (1, None)]
    pages = picture_frames(iter(moments(None, None)), "a.tif", Window())
    assert [frame.pages_follow for frame in pages] == [True, False]


def test_picture_frames_when_stopped_ends() -> None:
    stop = Event()
    reading = picture_frames(iter(moments(None, None)), "a.tif", Window(), stop)
    next(reading)
    stop.set()
    assert list(reading) == []


@pytest.mark.input_row("pictures", "photo behind http://", "A picture, and not a camera.")
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.bmp", "a.tga", "a.ico", "a.avif", "a.jp2"])
def test_read_frames_by_http_of_a_photo_is_a_picture(name: str, tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    options = {"exif": turned} if name == "a.jpg" else {}
    Image.new("RGB", (64, 48), (40, 120, 200)).save(tmp_path / name, **options)
    with http_camera(tmp_path) as host:
        (frame,) = read_frames(f"http://{host}/{name}")
    assert (frame.number, frame.time_s) == (0, None)
    assert frame.source == f"http://***@{host.partition('@')[2]}/{name}"
    expected = {"a.jpg": (64, 48, 3), "a.ico": (36, 48, 3)}.get(name, (48, 64, 3))
    assert frame.image.shape == expected
    assert np.abs(frame.image.reshape(-1, 3).mean(axis=0) - (40, 120, 200)).max() < 3


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.bmp"])
def test_read_frames_by_http_without_a_length_is_a_picture(name: str, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), (40, 120, 200)).save(tmp_path / name)
    with http_camera(tmp_path) as host:
        assert [frame.time_s for frame in read_frames(f"http://{host}/unsized/{name}")] == [None]


def test_download_picture_of_one_jpeg_after_another_is_none(tmp_path: Path) -> None:
    with http_camera(tmp_path, frames=400) as host:
        assert download_picture(f"http://{host}/jpegs", of_any_kind=True) is None


def test_read_frames_by_http_of_an_animation_has_times(tmp_path: Path) -> None:
    first, *others = (Image.new("L", (32, 24), gray) for gray in (20, 120, 220))
    first.save(tmp_path / "a.gif", save_all=True, append_images=others, duration=200)
    with http_camera(tmp_path) as host:
        assert [frame.time_s for frame in read_frames(f"http://{host}/a.gif")] == pytest.approx([0.0, 0.2, 0.4])


def test_read_frames_by_http_of_a_damaged_photo_is_an_error(tmp_path: Path) -> None:
    noise = Image.effect_noise((64, 64), 90)
    noise.save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content[: len(content) // 2])
    told: list[EkspresiError] = []
    with http_camera(tmp_path) as host:
        assert list(read_frames(f"http://{host}/a.png", refused=told.append)) == []
        with pytest.raises(ImageError) as caught:
            list(read_frames(f"http://{host}/a.png"))
    assert str(caught.value).startswith(f"http://***@{host.partition('@')[2]}/a.png: is damaged or cut short")
    assert [str(error) for error in told] == [str(caught.value)]


def test_download_picture_of_another_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"hello " * 1000)
    (tmp_path / "b.txt").write_bytes(b"hello")
    with http_camera(tmp_path) as host:
        assert download_picture(f"http://{host}/a.txt") is None
        assert download_picture(f"http://{host}/b.txt") is None
        with pytest.raises(SourceError) as caught:
            download_picture(f"http://{host}/nothing.jpg")
    assert "secret" not in str(caught.value)


def test_download_picture_beyond_the_limit_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ekspresi.media.pictures.MAX_FILE_BYTES", 2000)
    Image.effect_noise((64, 64), 90).save(tmp_path / "a.png")
    with http_camera(tmp_path) as host, pytest.raises(SourceError, match=r"a\.png: has more than"):
        download_picture(f"http://{host}/a.png")
