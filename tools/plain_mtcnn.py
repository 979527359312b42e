"""Rewrite the detector's networks as plain convolutions and PRelu, which ONNX Runtime Web runs faster.

In: an ONNX file that ``convert_mtcnn`` made. Out: the same network without its tricks for native processors. There, a
PRelu is two convolutions of 1 x 1, and channels are padded (``convert_mtcnn.conv_prelu``). Both cost time in
WebAssembly. The slopes are read back from the kernels of these convolutions, so no download is needed.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import checker, helper, numpy_helper

Array = NDArray[np.float32]


def make_plain(model: Any) -> Any:
    """Rewrite a network; its inputs, outputs and answers stay the same, but for rounding.

    Args:
        model: ``onnx.ModelProto`` of ``assets/mtcnn-*.onnx``.

    Returns:
        A new ``onnx.ModelProto``.
    """
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    made: list[Any] = []
    kept: dict[str, Array] = {}
    pools = {node.output[0].removesuffix(".pool"): node for node in model.graph.node if node.op_type == "MaxPool"}
    signs = np.ones(3, np.float32)  # of the channels that come in: where it is -1, the file holds -PRelu
    for node in model.graph.node:
        name, weights = node.output[0], list(node.input[1:])
        if name.endswith((".pool", ".linear", ".bent", ".relu")):
            continue  # parts of a PRelu
        if node.op_type == "Add":
            layer = name.removesuffix(".prelu")
            slopes, signs = read_slopes(arrays, layer)
            for part in made[-1].input[1:]:
                kept[part] = kept[part][: len(slopes)]
            kept[f"{layer}.slopes"] = slopes[:, None, None]
            bent = f"{layer}.bent" if layer in pools else name
            made.append(helper.make_node("PRelu", [layer, f"{layer}.slopes"], [bent], bent))
            if layer in pools:
                made.append(_again(pools[layer], [bent], name))
            continue
        if node.op_type in ("Conv", "Gemm"):
            kernel, kept[weights[1]] = arrays[weights[0]], arrays[weights[1]]
            if node.op_type == "Conv":
                kernel = kernel[:, : len(signs)] * signs[None, :, None, None]
            elif node.input[0].endswith(".flat"):
                channels = arrays[f"{_last_conv(made)}.linear.kernel"].shape[0]
                rows = kernel.reshape(channels, -1, kernel.shape[1])[: len(signs)] * signs[:, None, None]
                kernel = rows.reshape(-1, kernel.shape[1])
            kept[weights[0]] = kernel
        elif node.op_type == "PRelu":
            kept[weights[0]] = arrays[weights[0]]
        made.append(_again(node, list(node.input), name))
    constants = [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in kept.items()]
    graph = helper.make_graph(made, model.graph.name, model.graph.input, model.graph.output, constants)
    plain = helper.make_model(graph, opset_imports=model.opset_import, producer_name=model.producer_name)
    plain.ir_version, plain.doc_string = model.ir_version, model.doc_string
    checker.check_model(plain, full_check=True)
    return plain


def read_slopes(arrays: dict[str, Array], layer: str) -> tuple[Array, Array]:
    """Read the slopes of a PRelu and the signs of its results from the convolutions that imitate it.

    Args:
        arrays: constants of the network by name.
        layer: name of the convolution before the PRelu.

    Returns:
        Slopes and signs, float32 (C,), without the padded channels.
    """
    linear, bent = (arrays[f"{layer}.{part}.kernel"][:, :, 0, 0] for part in ("linear", "bent"))
    if linear.shape[1] == 1:  # one factor for each channel
        linear, bent = np.diag(linear[:, 0]), np.diag(bent[:, 0])
    used = np.flatnonzero(np.abs(linear).sum(axis=1) + np.abs(bent).sum(axis=1))
    own = used[-1] + 1
    slopes, signs = np.zeros(own, np.float32), np.ones(own, np.float32)
    for channel in range(own):
        others = np.flatnonzero(bent[channel] == 1)
        places = others[others != channel]
        if len(places):  # a falling slope: a second copy of the channel, multiplied by the slope
            kernel, bias = arrays[f"{layer}.kernel"].astype(np.float64), arrays[f"{layer}.bias"].astype(np.float64)
            one, other = (np.append(kernel[place].ravel(), bias[place]) for place in (channel, places[0]))
            slopes[channel] = one @ other / (one @ one)
            continue
        signs[channel] = np.sign(linear[channel, channel] + bent[channel, channel])
        slopes[channel] = signs[channel] * linear[channel, channel]
    return slopes, signs


def _last_conv(made: list[Any]) -> str:
    return next(str(node.output[0]) for node in reversed(made) if node.op_type == "Conv")


def _again(node: Any, sources: list[str], name: str) -> Any:
    """Copy an operation with other inputs and another output."""
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    return helper.make_node(node.op_type, sources, [name], name, **attributes)
