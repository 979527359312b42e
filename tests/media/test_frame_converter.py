"""Decoded frames as pictures: upright, limited, freed."""

import gc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="extra [video]")

import av

from ekspresi.errors import ImageError
from ekspresi.imaging import pillow_images
from ekspresi.media import frame_converter
from ekspresi.media.frame_converter import FrameConverter, upright
from tests.support.clips import read_clip, turned, write_clip


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
    monkeypatch.setattr(frame_converter, "MAX_PIXELS", 1000)
    assert pillow_images.MAX_PIXELS == 200_000_000
    with pytest.raises(ImageError, match=stated_words):
        read_clip(write_clip(tmp_path / "a.mp4", 2))


def test_frame_converter_frees_frames_at_once(tmp_path: Path) -> None:
    convert = FrameConverter("x")
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


def test_upright_without_a_matrix_returns_the_image() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    assert upright(image, None) is image
