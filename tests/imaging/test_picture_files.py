import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import ImageError, ImageSizeError
from ekspresi.imaging.images import load_frames, load_image
from ekspresi.imaging.picture_files import decode_frames, decode_pillow, reason
from tests.support.tiff_files import Page, write_tiff

GRAYS = (20, 120, 220)


def still(gray: int) -> Image.Image:
    return Image.new("RGB", (32, 24), (gray, gray, gray))


def save_animation(path: Path, durations_ms: list[int], **options: object) -> Path:
    first, *others = (still(gray) for gray in GRAYS)
    path.parent.mkdir(exist_ok=True)
    first.save(path, save_all=True, append_images=others, duration=durations_ms, **options)
    return path


def read(path: Path) -> list[tuple[float | None, int, bool]]:
    """Time, gray and ``is_last`` of each frame."""
    return [(frame.time_s, int(frame.image[12, 16, 0]), frame.is_last) for frame in load_frames(path)]


@pytest.mark.input_row(
    "pictures", "animation", "GIF, PNG, WebP and AVIF are read like videos: frame by frame, with times and tracks."
)
@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "avif"])
def test_decode_frames_of_animations_gives_each_with_its_time(suffix: str, tmp_path: Path) -> None:
    frames = read(save_animation(tmp_path / f"x.{suffix}", [100, 250, 50]))
    assert [(time_s, last) for time_s, _, last in frames] == [
        (0.0, False),
        (pytest.approx(0.1), False),
        (pytest.approx(0.35), True),
    ]
    assert [gray for _, gray, _ in frames] == pytest.approx(list(GRAYS), abs=3)


@pytest.mark.input_row("pictures", "animation, frames of 10 ms or less", "Last 100 ms, as in browsers.")
def test_decode_frames_without_durations_lasts_as_in_browsers(tmp_path: Path) -> None:
    times = [time_s for time_s, _, _ in read(save_animation(tmp_path / "x.gif", [0, 10, 30]))]
    assert times == pytest.approx([0.0, 0.1, 0.2])


def test_decode_frames_of_an_apng_skips_its_default_image(tmp_path: Path) -> None:
    path = save_animation(tmp_path / "x.png", [100, 100], default_image=True)
    assert [(time_s, gray) for time_s, gray, _ in read(path)] == [(0.0, 120), (pytest.approx(0.1), 220)]


def test_decode_frames_of_changed_parts_shows_whole_pictures(tmp_path: Path) -> None:
    first, second = still(20), still(20)
    second.paste((200, 30, 30), (4, 4, 8, 8))
    first.save(tmp_path / "x.gif", save_all=True, append_images=[second], duration=100)
    shown = [frame.image for frame in load_frames(tmp_path / "x.gif")]
    assert shown[1].shape == (24, 32, 3)
    assert shown[1][5, 5].tolist() == [200, 30, 30] and shown[1][20, 20].tolist() == [20, 20, 20]


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tif"])
def test_decode_frames_of_a_single_picture_has_no_time(suffix: str, tmp_path: Path) -> None:
    still(120).save(tmp_path / f"x.{suffix}", save_all=True)
    assert [(time_s, last) for time_s, _, last in read(tmp_path / f"x.{suffix}")] == [(None, True)]


@pytest.mark.input_row("pictures", "TIFF, pages", "Each is a picture with its number as frame.")
def test_decode_frames_of_pages_gives_each_without_a_time(tmp_path: Path) -> None:
    path = save_animation(tmp_path / "x.tif", [])
    assert read(path) == [(None, 20, False), (None, 120, False), (None, 220, True)]


@pytest.mark.input_row(
    "pictures", "animation, cut off", "Frames before the damage are kept.", reported="is damaged or cut short"
)
def test_decode_frames_of_a_cut_animation_keeps_the_first_frames(tmp_path: Path, stated_words: str) -> None:
    noise = [Image.fromarray(np.random.default_rng(i).integers(0, 256, (64, 64), np.uint8)) for i in range(3)]
    noise[0].save(tmp_path / "x.gif", save_all=True, append_images=noise[1:])
    content = (tmp_path / "x.gif").read_bytes()
    (tmp_path / "x.gif").write_bytes(content[: len(content) * 5 // 6])
    frames = load_frames(tmp_path / "x.gif")
    assert next(frames).time_s == 0.0 and next(frames).time_s == 0.1
    with pytest.raises(ImageError, match=rf"x\.gif: {stated_words}"):
        next(frames)


@pytest.mark.input_row("pictures", "MPO, ICO", "One picture: the first, the largest.")
def test_decode_frames_of_photos_with_previews_is_one_picture(tmp_path: Path) -> None:
    still(120).save(tmp_path / "x.mpo", "MPO", save_all=True, append_images=[still(20)])
    assert [time_s for time_s, _, _ in read(tmp_path / "x.mpo")] == [None]
    still(220).save(tmp_path / "x.ico", sizes=[(16, 16), (24, 24)])
    (frame,) = load_frames(tmp_path / "x.ico")
    assert frame.image.shape == (24, 24, 3) or frame.image.shape == (18, 24, 3)
    assert abs(int(frame.image[9, 12, 0]) - 220) <= 1


@pytest.mark.input_row(
    "pictures",
    "HEIC without the extra",
    refused="is a HEIC/HEIF picture. Reading it needs the extra [heif]. Run pip install …",
)
def test_decode_frames_names_the_extra_of_heic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stated_words: str
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "x.heic").write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")
    with pytest.raises(ImageError, match=stated_words):
        load_image(tmp_path / "x.heic")


@pytest.mark.input_row("pictures", "HEIC", "Read upright with the extra `[heif]`; of several pictures the primary one.")
def test_decode_frames_of_heic_is_upright(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif", reason="extra [heif]")
    upright = np.zeros((64, 96, 3), np.uint8)
    upright[:32, :48] = (200, 120, 40)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(upright, 1)))
    heif.from_pillow(turned).save(tmp_path / "x.heic", quality=95, exif=exif.tobytes())
    image = load_image(tmp_path / "x.heic").astype(int)
    assert image.shape == (64, 96, 3)
    assert np.abs(image - upright).mean() < 4
    assert "HEIF" not in Image.OPEN


@pytest.mark.parametrize("content", [b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\0", b"II+\0"])
def test_decode_frames_of_an_empty_tiff_is_an_error(content: bytes) -> None:
    with pytest.raises(ImageError, match=r"x: is damaged or cut short"):
        list(decode_frames(io.BytesIO(content), "x"))


def test_decode_pillow_of_a_cut_file_is_an_error() -> None:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(file, "JPEG")
    picture = Image.open(io.BytesIO(file.getvalue()[: file.tell() // 2]))
    with pytest.raises(ImageError, match="the Pillow image: is damaged or cut short"):
        decode_pillow(picture)


def test_reason_is_one_line() -> None:
    assert reason(OSError(2, "No such file")) == "No such file"
    assert reason(ValueError("a.\nb")) == "a"
    assert reason(KeyError()) == "KeyError"


@pytest.mark.parametrize("suffix", ["png", "gif", "tif", "jpg", "bmp", "webp"])
def test_decode_frames_refuses_more_pixels_than_allowed(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.new("L", (20, 11)).save(path)
    with path.open("rb") as file:
        assert next(decode_frames(file, "a", max_pixels=220)).image.shape == (11, 20, 3)
        with pytest.raises(ImageSizeError, match=r"a: has more than 0\.000219 megapixels, the limit"):
            next(decode_frames(file, "a", max_pixels=219))


def test_decode_frames_refuses_deep_samples_beyond_8_bytes(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", Page(np.zeros((10, 20, 3)), photometric=2))  # 24 bytes for each pixel
    with path.open("rb") as file:
        assert next(decode_frames(file, "a", max_pixels=600)).image.shape == (10, 20, 3)
        with pytest.raises(ImageSizeError, match=r"a: has samples of more than 0\.004792 MB, the limit"):
            next(decode_frames(file, "a", max_pixels=599))
