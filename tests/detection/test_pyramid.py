"""Levels of a picture and the patches that are cut from them."""

import numpy as np
from PIL import Image

from ekspresi.detection.pyramid import (
    PYRAMID_STEP,
    WINDOW_PX,
    build_pyramid,
    cut_patches,
    list_scales,
    measure_pixel,
    shrink_to_means,
)


def test_list_scales_ends_at_the_window() -> None:
    scales = list_scales(300, 200, 2.0)
    assert scales[0] == 2.0 and scales == sorted(scales, reverse=True)
    assert WINDOW_PX <= scales[-1] * 200 < WINDOW_PX / PYRAMID_STEP
    assert list_scales(2, 2, 4.0) == []


def test_shrink_to_means_in_bands_equals_the_means() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 12, 3)).astype(np.uint8)
    means = pixels.reshape(4, 2, 6, 2, 3).mean(axis=(1, 3))
    assert np.abs(np.asarray(shrink_to_means(pixels, 2)) - means).max() <= 0.5
    assert np.array_equal(np.asarray(shrink_to_means(pixels, 1)), pixels)


def test_build_pyramid_starts_with_the_picture() -> None:
    picture = Image.new("RGB", (60, 40))
    levels = build_pyramid(picture, 0.5)
    assert levels[0] is picture
    assert [level.size for level in levels[1:]] == [(30, 20), (22, 15)]
    assert measure_pixel(picture, levels[1]).tolist() == [2.0] * 4


def test_cut_patches_takes_the_box_and_paints_outside_black() -> None:
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[:20, :20] = 200
    levels = build_pyramid(Image.fromarray(pixels), 0.5)
    inside, outside = cut_patches(levels, np.array([[0, 0, 20, 20], [60, 60, 80, 80]], np.float32), 10)
    assert inside.shape == (10, 10, 3)
    assert (inside[:8, :8] == 200).all()
    assert not outside.any()
    assert cut_patches(levels, np.empty((0, 4), np.float32), 24).shape == (0, 24, 24, 3)
