import numpy as np
import pytest

from ekspresi.imaging.sample_values import on_white, to_8_bits, value_range

RAMP = np.linspace(0, 1, 10_000).reshape(100, 100)


@pytest.mark.input_row(
    "pictures",
    "range of deep samples",
    "White is the smallest of 1 (floats), 255, 1023, 4095, 16383, 65535 and the largest of the type that holds "
    "99.9 % of the pixels above black; floats may overshoot by a quarter. The rest is clipped.",
)
@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0])
@pytest.mark.parametrize("outlier", [1.02, 5.0, np.inf, -0.02, np.nan])
def test_to_8_bits_of_floats_ignores_one_pixel(white: float, outlier: float) -> None:
    values = (RAMP * white).astype(np.float32)
    truth = to_8_bits(values)
    values[50, 50] = outlier * white
    shown = to_8_bits(values)
    shown[50, 50] = truth[50, 50]
    np.testing.assert_array_equal(shown, truth)
    assert (truth.min(), truth.max()) == (0, 255)


def test_to_8_bits_of_overshooting_floats_is_clipped() -> None:
    values = RAMP * 1.2  # a sixth of the pixels is above 1
    assert value_range(values) == (0.0, 1.0)
    assert np.count_nonzero(to_8_bits(values) == 255) > 1500


@pytest.mark.parametrize(
    ("dtype", "largest", "white"),
    [
        ("u2", 255, 255),
        ("u2", 1023, 1023),
        ("u2", 4095, 4095),
        ("u2", 16383, 16383),
        ("u2", 65535, 65535),
        ("i2", 32767, 32767),
        ("i4", 65535, 65535),
        ("u4", 2**32 - 1, 2**32 - 1),
        ("i4", 1_000_000, 1_000_000),
        ("f4", 8.0, 8.0),
        ("f4", 0.01, 1),
        ("f8", 1023.0, 1023),
    ],
)
def test_value_range_takes_the_range_in_use(dtype: str, largest: float, white: float) -> None:
    values = np.array([0, largest / 2, largest]).astype(dtype)
    assert value_range(values) == pytest.approx((0, white))


def test_value_range_of_a_small_bright_face_keeps_it() -> None:
    values = np.zeros((1000, 1000), np.float32)
    values[:20, :20] = 200.0  # 0.04 % of the picture
    assert value_range(values) == (0.0, 255.0)


def test_value_range_of_negative_values_is_stretched() -> None:
    assert value_range(np.array([-1000, 0, 1000], np.int32)) == (-1000.0, 1000.0)
    assert to_8_bits(np.full((2, 2), -5.0)).tolist() == [[0, 0], [0, 0]]
    assert to_8_bits(np.full((2, 2), np.nan)).tolist() == [[0, 0], [0, 0]]


def test_to_8_bits_with_stated_white_guesses_nothing() -> None:
    assert to_8_bits(np.array([[0, 255]], np.uint16), white=65535).tolist() == [[0, 1]]


def test_on_white_blends_both_kinds_of_alpha() -> None:
    colors, alpha = np.full((1, 1, 3), 100, np.uint8), np.full((1, 1), 51, np.uint8)
    assert on_white(colors, alpha)[0, 0, 0] == 224
    assert on_white(colors, alpha, premultiplied=True)[0, 0, 0] == 255
