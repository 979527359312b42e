"""Rewrite depthwise convolutions on small maps as matrices, which ONNX Runtime Web runs faster.

In: the network of a model file. Out: the same network; each channel of a map of at most ``LARGEST_PX`` is multiplied by
a matrix that holds the kernel. A runtime makes the matrices when it loads the file, so the file does not grow.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from ekspresi.system.onnx_runtime import create_session

LARGEST_PX = 8
"""Side of the largest map to rewrite: above, a matrix multiplies too many zeros."""


def use_matrices(model: Any, input_px: int) -> int:
    """Rewrite a network in place.

    Args:
        model: ``onnx.ModelProto`` with the input ``tensor`` float32 (N, 1, S, S).
        input_px: side S of its input in pixels.

    Returns:
        Number of convolutions rewritten.
    """
    shapes = _input_shapes(model, input_px)
    nodes = []
    for node in model.graph.node:
        attributes = {value.name: helper.get_attribute_value(value) for value in node.attribute}
        shape = shapes.get(node.output[0], ())
        if node.op_type == "Conv" and attributes["group"] == shape[1] > 1 and max(shape[2:]) <= LARGEST_PX:
            nodes += _as_matrices(model, node, attributes, shape)
        else:
            nodes.append(node)
    rewritten = len(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return (len(nodes) - rewritten) // 10


def _input_shapes(model: Any, input_px: int) -> dict[str, tuple[int, ...]]:
    """Run the network once; return the shape of each convolution's input by the name of its output."""
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    shown = ModelProto()
    shown.CopyFrom(model)
    del shown.graph.output[:]
    names = sorted({node.input[0] for node in convolutions})
    shown.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = create_session(shown.SerializeToString(), device="cpu")
    found = session.run(names, {"tensor": np.zeros((1, 1, input_px, input_px), np.float32)})
    shapes = {name: value.shape for name, value in zip(names, found, strict=True)}
    return {node.output[0]: shapes[node.input[0]] for node in convolutions}


def _as_matrices(model: Any, node: Any, attributes: dict[str, Any], shape: tuple[int, ...]) -> list[Any]:
    """Make the operations of one convolution."""
    source, kernel, bias = node.input
    name = node.output[0]
    _, channels, height, width = shape
    places, (out_height, out_width) = _places(attributes, height, width)
    taps = int(np.prod(attributes["kernel_shape"]))
    constants = {
        "places": places,
        "nothing": np.zeros((channels, 1), np.float32),
        "kernel_shape": np.array([channels, taps]),
        "bias_shape": np.array([channels, 1, 1]),
        "flat_shape": np.array([0, channels, height * width]),
        "map_shape": np.array([0, channels, out_height, out_width]),
    }
    model.graph.initializer.extend(numpy_helper.from_array(v, f"{name}/{key}") for key, v in constants.items())
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Reshape", [kernel, "/kernel_shape"], "/taps", {}),
        ("Concat", ["/taps", "/nothing"], "/taps_and_zero", {"axis": 1}),
        ("Gather", ["/taps_and_zero", "/places"], "/matrices", {"axis": 1}),
        ("Reshape", [source, "/flat_shape"], "/flat", {}),
        ("Transpose", ["/flat"], "/by_channel", {"perm": [1, 0, 2]}),
        ("MatMul", ["/by_channel", "/matrices"], "/products", {}),
        ("Transpose", ["/products"], "/by_face", {"perm": [1, 0, 2]}),
        ("Reshape", ["/by_face", "/map_shape"], "/map", {}),
        ("Reshape", [bias, "/bias_shape"], "/bias", {}),
        ("Add", ["/map", "/bias"], "", {}),
    ]
    own = {*constants, *(step[2][1:] for step in steps)}

    def full(part: str) -> str:
        return f"{name}{part}" if part == "" or (part[0] == "/" and part[1:] in own) else part

    return [helper.make_node(kind, [*map(full, inputs)], [full(out)], **more) for kind, inputs, out, more in steps]


def _places(attributes: dict[str, Any], height: int, width: int) -> tuple[NDArray[np.int32], tuple[int, int]]:
    """Find the tap of the kernel for each pair of an input and an output pixel; one past the last tap where none is.

    Returns:
        int32 (inputs, outputs), and the height and width of the output.
    """
    (tall, wide), (down, across) = attributes["kernel_shape"], attributes["strides"]
    top, left, bottom, right = attributes["pads"]
    out_height, out_width = (height + top + bottom - tall) // down + 1, (width + left + right - wide) // across + 1
    y, x, out_y, out_x = np.indices((height, width, out_height, out_width))
    tap_y, tap_x = y - out_y * down + top, x - out_x * across + left
    inside = (tap_y >= 0) & (tap_y < tall) & (tap_x >= 0) & (tap_x < wide)
    places = np.where(inside, tap_y * wide + tap_x, tall * wide)
    return places.reshape(height * width, -1).astype(np.int32), (out_height, out_width)
