"""Check the tensors of crops: values, bands, and that batches do not matter."""

import numpy as np
import pytest

from ekspresi.imaging.resampling import resize
from ekspresi.recognition.preprocessing import Preprocessing


def test_tensor_has_scaled_values_and_shape() -> None:
    tensor = Preprocessing(input_px=64, mean=0.5, std=0.25).tensor(
        [np.full((20, 20), 255, np.uint8), np.zeros((90, 70), np.uint8)]
    )
    assert tensor.shape == (2, 1, 64, 64) and tensor.dtype == np.float32
    np.testing.assert_allclose(tensor[0], 2.0, atol=1e-5)
    np.testing.assert_allclose(tensor[1], -2.0, atol=1e-5)


def test_padded_tensor_equals_tensor_of_each_crop() -> None:
    generator = np.random.default_rng(0)
    sides = np.array([48, 31, 6, 12])
    batch = np.full((4, 48, 48), 77, np.uint8)  # pixels outside a crop must not matter
    for i, side in enumerate(sides):
        batch[i, :side, :side] = generator.integers(0, 256, (side, side))
    preprocessing = Preprocessing(input_px=40)
    crops = [batch[i, :side, :side] for i, side in enumerate(sides)]
    np.testing.assert_allclose(preprocessing.padded_tensor(batch, sides), preprocessing.tensor(crops), atol=1e-5)


def test_tensor_large_crop_is_first_averaged() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (192, 192), dtype=np.uint8)
    averaged = crop.reshape(48, 4, 48, 4).mean((1, 3))
    preprocessing = Preprocessing(input_px=64, largest_px=48)
    expected = resize(averaged.astype(np.float32), 64, 64, "bicubic")
    np.testing.assert_allclose(preprocessing.tensor([crop])[0, 0], preprocessing.normalize(expected), atol=1e-4)


@pytest.mark.parametrize("shape", [(49, 49), (48, 120), (120, 30), (97, 201), (500, 460)])
def test_tensor_bands_equal_one_product(shape: tuple[int, int]) -> None:
    crop = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    preprocessing = Preprocessing(input_px=64, largest_px=48)
    seen = resize(crop.astype(np.float32), min(shape[0], 48), min(shape[1], 48), "area")
    expected = preprocessing.normalize(resize(seen, 64, 64, preprocessing.kernel))
    np.testing.assert_allclose(preprocessing.tensor([crop])[0, 0], expected, atol=1e-5)


def test_tensor_bands_need_not_divide_largest_px() -> None:
    crop = np.full((90, 77), 255, np.uint8)
    np.testing.assert_allclose(Preprocessing(largest_px=37).tensor([crop]), 2.0, atol=1e-5)


def test_tensor_crop_is_the_same_alone_and_in_a_batch() -> None:
    generator = np.random.default_rng(0)
    crops = [generator.integers(0, 256, (side, side), dtype=np.uint8) for side in (8, 48, 120, 48, 31)]
    tensor = Preprocessing().tensor(crops)
    for i, crop in enumerate(crops):
        np.testing.assert_array_equal(tensor[i], Preprocessing().tensor([crop])[0])


def test_tensor_without_crops_is_empty() -> None:
    assert Preprocessing().tensor([]).shape == (0, 1, 64, 64)
