"""The crop convention: geometry, gray weights, edges."""

import numpy as np
import pytest
from PIL import Image

from ekspresi.imaging.cropping import CropConvention, gray


def test_square_scales_the_longer_side_and_shifts_down() -> None:
    x1, y1, x2, y2 = CropConvention(scale=1.5, shift_y=0.1).square((10, 20, 30, 60))
    assert (x1, y1, x2, y2) == pytest.approx((-10, 14, 50, 74))


def test_crop_of_a_box_keeps_its_pixels() -> None:
    image = np.arange(30 * 40, dtype=np.int64).reshape(30, 40) % 251
    rgb = np.repeat(image.astype(np.uint8)[:, :, None], 3, axis=2)
    crop = CropConvention(scale=1.0, shift_y=0.0).crop(rgb, (7, 5, 19, 17))
    assert crop.dtype == np.uint8
    np.testing.assert_array_equal(crop, image[5:17, 7:19])


def test_crop_outside_the_image_repeats_the_edge() -> None:
    rgb = np.zeros((10, 10, 3), dtype=np.uint8)
    rgb[0, 0], rgb[-1, -1] = 200, 100
    convention = CropConvention(scale=1.0, shift_y=0.0)
    corner = convention.crop(rgb, (-4, -4, 4, 4))
    assert corner.shape == (8, 8)
    assert (corner[:5, :5] == 200).all() and corner[5, 5] == 0
    assert (convention.crop(rgb, (50, 50, 53, 53)) == 100).all()


def test_crop_of_a_degenerate_box_is_one_pixel() -> None:
    rgb = np.full((4, 4, 3), 9, dtype=np.uint8)
    assert CropConvention().crop(rgb, (2, 2, 2, 2)).shape == (1, 1)


def test_crop_convention_default_is_the_fitted_one() -> None:
    # Retraining the bundled model must accompany any change: its training faces have this margin.
    assert (CropConvention().scale, CropConvention().shift_y) == (0.95, 0.008)


def test_gray_equals_pillow_and_keeps_gray() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(rgb).convert("L")).astype(int)
    assert np.abs(gray(rgb).astype(int) - expected).max() <= 1
    plane = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for same in (plane, plane[:, :, None], np.repeat(plane[:, :, None], 3, axis=2)):
        np.testing.assert_array_equal(gray(same), plane)


def test_gray_of_colors_takes_red_first() -> None:
    red = np.zeros((1, 1, 3), dtype=np.uint8)
    red[..., 0] = 255
    assert gray(red)[0, 0] == 76
    assert gray(red, luma=(1.0, 0.0, 0.0))[0, 0] == 255


@pytest.mark.parametrize("image", [np.zeros((4, 4, 4), np.uint8), np.zeros((4,), np.uint8), np.zeros((4, 4))])
def test_gray_of_other_shapes_is_an_error(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        gray(image)
