import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ekspresi.imaging import resampling
from ekspresi.imaging.resampling import KERNELS, resize, resize_matrix

PILLOW = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from(KERNELS))
def test_resize_matrix_keeps_a_flat_image_flat(n_in: int, n_out: int, kernel: str) -> None:
    matrix = resize_matrix(n_in, n_out, kernel)
    assert matrix.shape == (n_out, n_in)
    np.testing.assert_allclose(matrix @ np.full(n_in, 200.0), 200.0, rtol=1e-5)


@pytest.mark.parametrize("kernel", PILLOW)
@pytest.mark.parametrize("size", [(20, 31), (64, 64), (7, 90)])
def test_resize_agrees_with_pillow(kernel: str, size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).uniform(0, 255, (48, 40)).astype(np.float32)
    height, width = size
    theirs = np.asarray(Image.fromarray(image, "F").resize((width, height), PILLOW[kernel]))
    np.testing.assert_allclose(resize(image, height, width, kernel), theirs, atol=0.02)


def test_resize_matrix_of_area_averages_covered_pixels() -> None:
    image = np.arange(48 * 48, dtype=np.float32).reshape(48, 48)
    expected = image.reshape(12, 4, 12, 4).mean((1, 3))
    np.testing.assert_allclose(resize(image, 12, 12, "area"), expected, rtol=1e-5)
    # 3 pixels to 2: the middle one is shared
    np.testing.assert_allclose(resize_matrix(3, 2, "area"), [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]], atol=1e-6)


def test_resize_to_the_same_side_changes_nothing() -> None:
    image = np.random.default_rng(1).uniform(0, 255, (9, 9)).astype(np.float32)
    for kernel in KERNELS:
        np.testing.assert_allclose(resize(image, 9, 9, kernel), image, atol=1e-3)


def test_resize_matrix_of_bad_arguments_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        resize_matrix(0, 4)
    with pytest.raises(ValueError, match="unknown kernel 'cubic'"):
        resize_matrix(4, 4, "cubic")


def test_resize_matrix_of_many_sizes_keeps_bounded_memory() -> None:
    """Crops of ever new sizes, as in a folder of photos: all matrices would take 169 MB."""
    tracemalloc.start()
    try:
        for side in range(2000, 2400):
            resize_matrix(side, 48, "area")
            resize_matrix(48, side // 16, "bicubic")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < resampling._CACHED_BYTES * 1.05
