"""Crops are those of the package, also at ties and past the edges."""

import numpy as np
import pytest

from ekspresi.imaging.cropping import CropConvention, gray
from ekspresi.imaging.sample_values import on_white
from tests.support.onnx_functions import session_of

LUMA = np.float32([0.299, 0.587, 0.114]).astype(np.float64)


def squares_of(convention, boxes):
    session = session_of(
        "float[N,4] boxes, double scale, double shift", "int64[N,4] rectangles", "squares (boxes, scale, shift)"
    )
    scalars = {"scale": np.array(convention.scale), "shift": np.array(convention.shift_y)}
    return session.run(None, {"boxes": boxes, **scalars})[0]


def test_squares_round_as_python_does():
    generator = np.random.default_rng(0)
    boxes = generator.uniform(-100, 900, (5000, 2))
    boxes = np.concatenate([boxes, boxes + generator.uniform(0.1, 300, (5000, 2))], axis=1).astype(np.float32)
    boxes[::2] = boxes[::2].round()
    boxes[::7] = boxes[::7].round() + np.float32(0.5)
    convention = CropConvention()
    expected = []
    for box in boxes.tolist():
        x1, y1, x2, _ = convention.square(tuple(box))
        side = max(round(x2 - x1), 1)
        expected.append((round(x1), round(y1), side, side))
    np.testing.assert_array_equal(squares_of(convention, boxes), expected)


def test_squares_ties_go_to_the_even_pixel():
    boxes = np.float32([[0.5, 0.5, 10.5, 10.5], [1.5, 1.5, 11.5, 11.5], [3, 3, 3, 3]])
    found = squares_of(CropConvention(scale=1.0, shift_y=0.0), boxes)
    assert found.tolist() == [[0, 0, 10, 10], [2, 2, 10, 10], [3, 3, 1, 1]]


@pytest.mark.parametrize(
    "rectangle",
    [(10, 5, 20, 20), (-7, -30, 40, 40), (50, 20, 30, 30), (900, 900, 5, 5), (-90, 3, 4, 4), (0, 0, 60, 40)],
)
def test_cut_repeats_the_pixels_of_the_edge(rectangle):
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    left, top, width, height = rectangle
    session = session_of(
        "uint8[H,W,C] image, int64[1] x, int64[1] y, int64[1] w, int64[1] h",
        "uint8[Y,X,C] pixels",
        "cut (image, x, y, w, h)",
    )
    numbers = {name: np.array([value]) for name, value in zip("xywh", rectangle, strict=True)}
    (found,) = session.run(None, {"image": image, **numbers})
    rows = np.clip(top + np.arange(height), 0, 39)
    columns = np.clip(left + np.arange(width), 0, 59)
    np.testing.assert_array_equal(found, image[rows[:, None], columns])


def gray_of(pixels):
    session = session_of("uint8[H,W,C] pixels, double[3] luma", "float[H,W] values", "gray (pixels, luma)")
    return session.run(None, {"pixels": pixels, "luma": LUMA})[0]


def test_gray_equals_the_package_for_all_colors():
    levels = np.arange(0, 256, 3, dtype=np.uint8)
    colors = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(43, -1, 3)
    found, expected = gray_of(colors), gray(colors)
    # Where a sum lies half way between two levels, the processor's order of additions decides in NumPy.
    exact = colors @ np.array([299, 587, 114]) % 1000 == 500
    np.testing.assert_array_equal(found[~exact], expected[~exact])
    assert np.abs(found - expected).max() <= 1


def test_gray_takes_one_to_four_channels():
    rgba = np.random.default_rng(0).integers(0, 256, (9, 11, 4), dtype=np.uint8)
    rgb, one, alpha = rgba[..., :3], rgba[..., :1], rgba[..., 3]
    np.testing.assert_array_equal(gray_of(one), one[..., 0])
    np.testing.assert_array_equal(gray_of(rgb), gray(rgb))
    np.testing.assert_array_equal(gray_of(rgba), gray(on_white(rgb, alpha)))
    np.testing.assert_array_equal(gray_of(rgba[..., 2:]), on_white(rgba[..., 2:3], alpha)[..., 0])


def test_gray_refuses_five_channels():
    with pytest.raises(Exception, match="out of data bounds"):
        gray_of(np.zeros((4, 4, 5), np.uint8))
