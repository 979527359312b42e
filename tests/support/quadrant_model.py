"""Write a model file that reads one quadrant of a face: how much of a pattern is left there."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ekspresi.imaging.cropping import CropConvention
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.recognition.metadata import METADATA_KEY, ModelMetadata
from ekspresi.recognition.preprocessing import Preprocessing

SIDE = 16
LABELS = ("neutral", "happiness", "surprise")

CALIBRATION = SizeCalibration(
    sizes_px=(2.0, 16.0),
    temperatures=(9.0, 1.0),
    thresholds=(0.5, 0.5),
    precision=0.9,
    bias=(0.0, 0.0, 0.0),
    class_priors=(0.3, 0.3, 0.4),
    prior_strength=1.0,
    smallest_px=1.0,
)


def checkered(repeat=1):
    """Draw the checkered pattern of the model everywhere, uint8 gray (16 * repeat, 16 * repeat)."""
    return np.uint8(128 + 100 * _signs()).repeat(repeat, axis=0).repeat(repeat, axis=1)


def write_quadrant_model(path, quadrant, strength=3.0, ahead=0.0, size_strength=None, calibration=None):
    """Write a model with happiness ``strength`` ahead if quadrant (row, column) is checkered.

    ``ahead`` is added to the logit of happiness, whatever the picture.

    With ``size_strength`` the model also gives effective sizes: that many octaves above 1 px, and as many fewer as
    the pattern is gone.
    """
    half = SIDE // 2
    mask = np.zeros((SIDE, SIDE), dtype=np.float32)
    rows, columns = (slice(half * k, half * k + half) for k in quadrant)
    mask[rows, columns] = _signs()[rows, columns] / (half * half * 100 / 255)
    gains = np.array([[0.0, strength, 0.0]], dtype=np.float32)
    constants = {"mask": mask.reshape(-1, 1), "gains": gains, "base": np.array([0, ahead, 0], dtype=np.float32)}
    nodes = [
        helper.make_node("Flatten", ["tensor"], ["flat"]),
        helper.make_node("MatMul", ["flat", "mask"], ["left"]),
        helper.make_node("MatMul", ["left", "gains"], ["gained"]),
        helper.make_node("Add", ["gained", "base"], ["logits"]),
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", len(LABELS)])]
    if size_strength is not None:
        constants |= {"octaves": np.float32(size_strength), "last": np.array([1], dtype=np.int64)}
        nodes += [
            helper.make_node("Squeeze", ["left", "last"], ["one"]),
            helper.make_node("Mul", ["one", "octaves"], ["log2_px"]),
        ]
        outputs.append(helper.make_tensor_value_info("log2_px", TensorProto.FLOAT, ["N"]))
    graph = helper.make_graph(
        nodes,
        "quadrant",
        [helper.make_tensor_value_info("tensor", TensorProto.FLOAT, ["N", 1, SIDE, SIDE])],
        outputs,
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    metadata = ModelMetadata(
        name="quadrant-reader",
        labels=LABELS,
        preprocessing=Preprocessing(input_px=SIDE, mean=0.5, std=1.0),
        crop=CropConvention(),
        calibration=calibration,
    )
    helper.set_model_props(model, {METADATA_KEY: metadata.to_json()})
    onnx.save(model, path)
    return path


def _signs():
    return np.where(np.indices((SIDE, SIDE)).sum(axis=0) % 2, 1, -1)
