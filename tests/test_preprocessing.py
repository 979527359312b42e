import numpy as np

from ekspresi.preprocessing import Preprocessing


def test_values_and_shape() -> None:
    tensor = Preprocessing(input_px=64, mean=0.5, std=0.25).tensor(
        [np.full((20, 20), 255, np.uint8), np.zeros((90, 70), np.uint8)]
    )
    assert tensor.shape == (2, 1, 64, 64) and tensor.dtype == np.float32
    np.testing.assert_allclose(tensor[0], 2.0, atol=1e-5)
    np.testing.assert_allclose(tensor[1], -2.0, atol=1e-5)


def test_a_padded_batch_gives_the_same_tensor_as_its_crops() -> None:
    generator = np.random.default_rng(0)
    sides = np.array([48, 31, 6, 12])
    batch = np.full((4, 48, 48), 77, np.uint8)  # what lies outside a crop must not matter
    for i, side in enumerate(sides):
        batch[i, :side, :side] = generator.integers(0, 256, (side, side))
    preprocessing = Preprocessing(input_px=40)
    crops = [batch[i, :side, :side] for i, side in enumerate(sides)]
    np.testing.assert_allclose(preprocessing.tensor_of_batch(batch, sides), preprocessing.tensor(crops), atol=1e-5)


def test_no_crops_no_tensor() -> None:
    assert Preprocessing().tensor([]).shape == (0, 1, 64, 64)
