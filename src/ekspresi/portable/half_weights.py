"""Store the weights of a network as float16 without a loss.

In: an ONNX model with float32 weights. Out: the same model, smaller; ONNX Runtime computes the same float32 weights
when it loads the file, bit by bit. Does not know what the network is for.

``ekspresi export`` rounds weights to float16. Torch's exporter then multiplies each output channel by the scale of its
batch norm. So a channel is float16 weights times one float32 number, which is found again here. The largest weight of
a channel is one of 1024 float16 fractions times the number. Only the right fraction makes all other weights of the
channel float16 too.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_Array = NDArray[np.float32]

_LEAST = 64
"""Values from which a tensor is stored as float16: below, the two operations would cost as much as they save."""
_PROBED = 12
"""Largest weights of a channel that judge a fraction first; a wrong one passes one of them in about 500 cases."""
_TOLERANCE = 2.0**-21
"""Relative error of a quotient of two float32 numbers, with a margin."""
_STEPS = np.arange(-3, 4)
"""Neighbors of a quotient, in units of the last place, among which the exact number lies."""


def store_half(model: Any) -> None:
    """Replace float32 weights by float16 ones and the operations that restore them exactly, in place.

    Weights that no float16 numbers restore exactly stay as they are.

    Args:
        model: ``onnx.ModelProto``.

    Example:
        >>> from onnx import parser
        >>> text = '<ir_version: 8, opset_import: ["" : 18]> g (float[N,64] x) => (float[N,64] y) { y = Mul (x, w) }'
        >>> model = parser.parse_model(text)
        >>> _ = model.graph.initializer.append(numpy_helper.from_array(np.full(64, 0.5, np.float32), "w"))
        >>> store_half(model)
        >>> [node.op_type for node in model.graph.node]
        ['Cast', 'Mul']
    """
    restoring = []
    for tensor in list(model.graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _LEAST:
            continue
        weights = numpy_helper.to_array(tensor)
        found = split_scales(weights)
        if found is None:
            continue
        half, scales = found
        name = tensor.name
        plain = bool((scales == 1).all())
        model.graph.initializer.remove(tensor)
        model.graph.initializer.append(numpy_helper.from_array(half, f"{name}/half"))
        exact = name if plain else f"{name}/float"
        restoring.append(helper.make_node("Cast", [f"{name}/half"], [exact], f"{name}/cast", to=TensorProto.FLOAT))
        if not plain:
            model.graph.initializer.append(numpy_helper.from_array(scales, f"{name}/scales"))
            restoring.append(helper.make_node("Mul", [exact, f"{name}/scales"], [name], f"{name}/scale"))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(restoring + nodes)


def split_scales(weights: _Array) -> tuple[NDArray[np.float16], _Array] | None:
    """Find float16 weights and a float32 scale for each output channel whose products are the given weights.

    Example:
        >>> half = np.float16([[0.5, 0.25, 1.5], [2, 1, 3]])
        >>> found = split_scales(half * np.float32([[0.1], [0.7]]))
        >>> [value.tolist() for value in found[0] * found[1] == half * np.float32([[0.1], [0.7]])]
        [[True, True, True], [True, True, True]]

    Args:
        weights: float32 (C, ...).

    Returns:
        float16 of the same shape, and float32 (C, 1, ...); None where there are no such numbers.
    """
    if not np.isfinite(weights).all():
        return None
    with np.errstate(over="ignore"):
        half = weights.astype(np.float16)
    ones = np.ones((len(weights), *[1] * (weights.ndim - 1)), np.float32)
    if np.array_equal(half.astype(np.float32), weights):
        return half, ones
    if weights.ndim < 2:
        return None
    rows = weights.reshape(len(weights), -1)
    halves = np.zeros(rows.shape, np.float16)
    for channel, row in enumerate(rows):
        found = _split_channel(row)
        if found is None:
            return None
        halves[channel], ones.reshape(-1)[channel] = found
    return halves.reshape(weights.shape), ones


def _split_channel(row: _Array) -> tuple[NDArray[np.float16], np.float32] | None:
    """Find float16 weights and the scale of one channel."""
    if not row.any():
        return np.zeros(row.shape, np.float16), np.float32(1)
    order = np.argsort(-np.abs(row))
    exact = row.astype(np.float64)
    # The largest weight becomes 2**14 to 2**15: then float16 has its full precision for the smaller ones.
    scales = np.abs(exact[order[0]]) / (np.arange(1024, 2048) * 16.0)
    for probes in (order[1:2], order[2:_PROBED]):  # the first leaves one scale in 500 for the others
        scales = scales[_errors(exact[probes], scales).max(axis=1, initial=0) <= 1]
    for scale in scales:
        for candidate in _neighbors(scale):
            with np.errstate(over="ignore"):
                half = (exact / np.float64(candidate)).astype(np.float16)
            if np.array_equal(half.astype(np.float32) * candidate, row):
                return half, candidate
    return None


def _errors(values: NDArray[np.float64], scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """Measure how far quotients (scales, values) are from float16, in units of the error that float32 allows."""
    quotients = values[None] / scales[:, None]
    nearest = quotients.astype(np.float16).astype(np.float64)
    return np.asarray(np.abs(quotients - nearest) / (np.abs(quotients) * _TOLERANCE + 1e-300))


def _neighbors(scale: float) -> list[np.float32]:
    """List the float32 numbers around a scale, the nearest first."""
    center = np.float32(scale)
    near = (center.view(np.int32) + _STEPS).astype(np.int32).view(np.float32)
    return sorted(near, key=lambda value: abs(float(value) - scale))
