"""Write a model file with known answers: the mean gray value of a face is its expression.

Label k of K is answered for faces of gray level ``level(k, K)``; shrinking leaves the mean as it is.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ekspresi.imaging.cropping import CropConvention
from ekspresi.recognition.metadata import METADATA_KEY, ModelMetadata
from ekspresi.recognition.preprocessing import Preprocessing

SIDE = 16


def level(k, n_labels):
    return int(255 * (k + 0.5) / n_labels)


def face(k, n_labels, rng, side=48):
    """Draw noise, uint8 (side, side), around the gray level of label k; no two faces are alike."""
    noise = rng.integers(-6, 7, (side, side))
    return np.clip(level(k, n_labels) + noise, 0, 255).astype(np.uint8)


def write_gray_model(
    path, labels, provenance=None, sharpness=400.0, calibration=None, believed_px=None, size_correction=()
):
    """Write logits -sharpness * (mean - level)^2, mean in 0..1, as ONNX with our metadata.

    With ``believed_px`` the model also gives effective sizes: that side for every face.
    """
    levels = np.array([[level(k, len(labels)) / 255 for k in range(len(labels))]], dtype=np.float32)
    constants = {"levels": levels, "slope": np.float32(-sharpness)}
    size_nodes, size_outputs = [], []
    if believed_px is not None:
        constants |= {"nothing": np.float32(0), "octaves": np.float32(np.log2(believed_px))}
        size_nodes = [
            helper.make_node("ReduceMean", ["flat", "axis"], ["one"], keepdims=0),
            helper.make_node("Mul", ["one", "nothing"], ["zero"]),
            helper.make_node("Add", ["zero", "octaves"], ["log2_px"]),
        ]
        size_outputs = [helper.make_tensor_value_info("log2_px", TensorProto.FLOAT, ["N"])]
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["tensor"], ["flat"]),
            helper.make_node("ReduceMean", ["flat", "axis"], ["mean"], keepdims=1),
            helper.make_node("Sub", ["mean", "levels"], ["distance"]),
            helper.make_node("Mul", ["distance", "distance"], ["squared"]),
            helper.make_node("Mul", ["squared", "slope"], ["logits"]),
            *size_nodes,
        ],
        "gray",
        [helper.make_tensor_value_info("tensor", TensorProto.FLOAT, ["N", 1, SIDE, SIDE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", len(labels)]), *size_outputs],
        [
            *(numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "axis"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    entry = model.metadata_props.add()
    entry.key = METADATA_KEY
    entry.value = ModelMetadata(
        name="gray-reader",
        labels=tuple(labels),
        preprocessing=Preprocessing(input_px=SIDE, mean=0.0, std=1.0),
        crop=CropConvention(),
        size_correction=size_correction,
        calibration=calibration,
        provenance=provenance or {},
    ).to_json()
    onnx.save(model, path)
    return path
