"""Float16 weights restore the float32 ones bit by bit, or the float32 ones stay."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, parser

from ekspresi.portable.half_weights import split_scales, store_half
from ekspresi.recognition.pretrained import bundled_model
from ekspresi.system.onnx_runtime import create_session


def folded(channels=40, taps=9, seed=0, largest=2.0):
    """Return float16 weights times a float32 number for each channel, as a batch norm leaves them."""
    generator = np.random.default_rng(seed)
    half = generator.normal(0, largest / 3, (channels, 1, 3, taps // 3)).astype(np.float16)
    scales = np.exp(generator.normal(0, 2, (channels, 1, 1, 1))).astype(np.float32)
    return half.astype(np.float32) * scales


@pytest.mark.parametrize("largest", [1e-4, 0.03, 2.0, 3000.0])
def test_split_scales_restores_folded_weights_exactly(largest):
    weights = folded(largest=largest)
    half, scales = split_scales(weights)
    assert half.dtype == np.float16
    np.testing.assert_array_equal(half.astype(np.float32) * scales, weights)


def test_split_scales_plain_float16_needs_no_scale():
    weights = np.random.default_rng(0).normal(size=(8, 30)).astype(np.float16).astype(np.float32)
    half, scales = split_scales(weights)
    np.testing.assert_array_equal(half, weights)
    np.testing.assert_array_equal(scales, np.ones((8, 1)))


def test_split_scales_finds_none_for_other_weights():
    assert split_scales(np.random.default_rng(0).normal(size=(8, 30)).astype(np.float32)) is None
    assert split_scales(np.full((4, 16), np.nan, np.float32)) is None
    assert split_scales(np.full(64, 0.1, np.float32)) is None


def test_split_scales_a_channel_of_zeros_is_restored():
    weights = folded()
    weights[3] = 0
    half, scales = split_scales(weights)
    np.testing.assert_array_equal(half.astype(np.float32) * scales, weights)


def test_store_half_halves_the_bundled_model_bit_by_bit():
    model = onnx.load(bundled_model())
    before = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    size = model.ByteSize()
    store_half(model)
    assert model.ByteSize() < 0.52 * size
    restored = {node.output[0] for node in model.graph.node} & set(before)
    assert sum(before[name].size for name in restored) > 0.98 * sum(array.size for array in before.values())
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_tensor_value_info(name, 1, None) for name in sorted(restored))
    session = create_session(model.SerializeToString(), device="cpu")
    found = session.run(sorted(restored), {"tensor": np.zeros((1, 1, 64, 64), np.float32)})
    for name, array in zip(sorted(restored), found, strict=True):
        np.testing.assert_array_equal(array, before[name])


def test_store_half_keeps_weights_without_float16_numbers():
    model = parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 18]> g (float[N,64] x) => (float[N,64] y) { y = Mul (x, w) }'
    )
    weights = np.random.default_rng(0).normal(size=(2, 64)).astype(np.float32)
    model.graph.initializer.append(numpy_helper.from_array(weights, "w"))
    before = model.SerializeToString()
    store_half(model)
    assert model.SerializeToString() == before
