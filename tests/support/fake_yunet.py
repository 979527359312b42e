"""Write a network with YuNet's inputs and outputs that finds bright squares of 24 px.

OpenCV's ``FaceDetectorYN`` runs it as it runs YuNet, so the code around the network can be tested without the
network itself, which may not be shipped.
"""

from pathlib import Path

import numpy as np

FACE_PX = 24
"""Side of the squares it finds, in pixels of the picture it sees."""


def write_fake_yunet(path: Path) -> Path:
    """Write the ONNX file; input (1, 3, H, W) of any size, the twelve outputs of YuNet."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    values = {
        "white": np.array([1 / 255], np.float32),
        "nothing": np.array([0], np.float32),
        "ones": np.array([1, -1, 1], np.int64),
        # The box is centerd on the middle of its cell, exp(log 3) = 3 cells of 8 px wide.
        "box": np.array([[[0.5, 0.5, np.log(3), np.log(3)]]], np.float32),
        # The points of a face from the middle of its cell: x, y of the eyes, the nose and the mouth's corners.
        "points": np.array([[[0, 0, 1, 0, 0.5, 0.5, 0, 1, 1, 1]]], np.float32),
        "mean": np.full((1, 3, 1, 1), 1 / 3, np.float32),
    }
    nodes = [helper.make_node("Conv", ["input", "mean"], ["gray"], kernel_shape=[1, 1])]
    for stride in (8, 16, 32):
        pad = (FACE_PX - 8) // 2
        s = str(stride)
        nodes += [
            helper.make_node(
                "AveragePool",
                ["gray"],
                ["pooled" + s],
                kernel_shape=[FACE_PX if stride == 8 else stride] * 2,
                strides=[stride] * 2,
                pads=[pad if stride == 8 else 0] * 4,
                count_include_pad=1,
            ),
            helper.make_node("Mul", ["pooled" + s, "white" if stride == 8 else "nothing"], ["score" + s]),
            helper.make_node("Reshape", ["score" + s, "ones"], ["cls_" + s]),
            helper.make_node("Identity", ["cls_" + s], ["obj_" + s]),
            helper.make_node("Mul", ["cls_" + s, "nothing"], ["zero" + s]),
            helper.make_node("Add", ["zero" + s, "box"], ["bbox_" + s]),
            helper.make_node("Add", ["zero" + s, "points"], ["kps_" + s]),
        ]
    outputs = [
        helper.make_tensor_value_info(f"{kind}_{stride}", TensorProto.FLOAT, [1, "N", width])
        for kind, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
        for stride in (8, 16, 32)
    ]
    graph = helper.make_graph(
        nodes,
        "fake_yunet",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, "height", "width"])],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
