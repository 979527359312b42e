"""Pictures in square pixels, and boxes in those of the file."""

from fractions import Fraction

import numpy as np
import pytest

from ekspresi.imaging.pixel_shape import (
    factors,
    plausible_aspect,
    scaled_box,
    scaled_face,
    square_pixels,
    square_result,
    stored_result,
)
from ekspresi.types import Face, Frame, FrameResult, Row

FACE = Face((10.0, 20.0, 30.0, 60.0), 0.9, ((12.0, 30.0), (28.0, 30.0)))


def result(pixel_aspect: float) -> FrameResult:
    frame = Frame(
        "a.mp4", 3, 0.12, np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3), pixel_aspect=pixel_aspect
    )
    return FrameResult(frame, (Row("a.mp4", 3, 0.12, 1, FACE),), (FACE.box_xyxy,))


def test_square_pixels_of_square_ones_is_the_same_array() -> None:
    image = np.zeros((8, 6, 3), np.uint8)
    assert square_pixels(image, 1.0) is image
    assert stored_result(result(1.0)).frame is not None


@pytest.mark.parametrize(
    ("pixel_aspect", "size"), [(2.0, (128, 48)), (0.5, (64, 96)), (64 / 45, (91, 48)), (16 / 15, (68, 48))]
)
def test_square_pixels_stretches_the_shorter_side(pixel_aspect: float, size: tuple[int, int]) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, :32] = 200
    square = square_pixels(image, pixel_aspect)
    assert square.dtype == np.uint8 and square.shape == (size[1], size[0], 3)
    x, y = factors((64, 48), pixel_aspect)
    assert (64 * x, 48 * y) == pytest.approx(size)
    assert (square[5, : size[0] // 2 - 4] == 200).all() and (square[5, size[0] // 2 + 4 :] == 0).all()


@pytest.mark.parametrize("stated", [None, Fraction(0), Fraction(1, 5), Fraction(9, 2)])
def test_plausible_aspect_of_odd_ones_is_square(stated: Fraction | None) -> None:
    assert plausible_aspect(stated) == 1.0
    assert plausible_aspect(Fraction(24, 11)) == 24 / 11


def test_scaled_face_moves_box_and_landmarks() -> None:
    assert scaled_face(FACE, 2, 0.5) == Face((20, 10, 60, 30), 0.9, ((24, 15), (56, 15)))
    assert scaled_box(FACE.box_xyxy, 1, 1) == FACE.box_xyxy


@pytest.mark.parametrize("pixel_aspect", [2.0, 0.5, 64 / 45])
def test_square_result_and_back_has_the_same_boxes(pixel_aspect: float) -> None:
    stored = result(pixel_aspect)
    square = square_result(stored)
    assert square.frame.pixel_aspect == 1.0 and square.rows[0].track == 1
    assert square.frame.image.shape[1] / square.frame.image.shape[0] == pytest.approx(64 * pixel_aspect / 48, rel=0.01)
    back = stored_result(FrameResult(stored.frame, square.rows, square.hidden))
    assert back.rows[0].face.box_xyxy == pytest.approx(FACE.box_xyxy) and back.hidden[0] == pytest.approx(FACE.box_xyxy)
    assert square_result(result(1.0)).rows[0].face is FACE
