"""Build one ONNX graph from a picture and boxes to calibrated predictions, around the network of a model file.

In: a network, the metadata of its file, a class prior. Out: an ONNX model; its inputs and outputs are those that
``ekspresi.portable`` describes. Does not know about files, nor how weights are stored (``half_weights``).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import checker, compose, inliner, numpy_helper, parser

from ekspresi.portable.graph_text import NETWORK, PREFIX, write_graph_text
from ekspresi.recognition.metadata import ModelMetadata

TOO_SMALL = 2.0
"""Threshold of a face that is too small to be answered: no confidence reaches it."""


@dataclass(frozen=True, slots=True, eq=False)
class PortableChoices:
    """Hold what a portable model answers beside its metadata.

    Example:
        >>> PortableChoices(np.float32([0.7, 0.3]), np.array([True, True])).all_inputs
        False

    Attributes:
        prior: float32 (K,), shares of the labels that are assumed by default.
        allowed: bool (K,), labels that may be answered.
        all_inputs: add the inputs ``crops`` and ``assumed_px``, and give ``prior`` no default: ONNX Runtime Web cannot
            override one.
    """

    prior: NDArray[np.float32]
    allowed: NDArray[np.bool_]
    all_inputs: bool = False


def build_graph(network: Any, metadata: ModelMetadata, choices: PortableChoices) -> Any:
    """Put the steps before and after a network around it.

    Example:
        >>> import onnx
        >>> from ekspresi.recognition.recognizer import Recognizer
        >>> recognizer = Recognizer()
        >>> choices = PortableChoices(np.ones(8, np.float32), recognizer.allowed)
        >>> model = build_graph(onnx.load(recognizer.path), recognizer.metadata, choices)
        >>> [value.name for value in model.graph.output]
        ['probabilities', 'effective_px', 'abstained', 'threshold']

    Args:
        network: ``onnx.ModelProto`` of a model file.
        metadata: of that file.
        choices: prior, labels and further inputs.

    Returns:
        ``onnx.ModelProto`` of opset 18.
    """
    inner = compose.add_prefix(network, PREFIX)
    outputs = [value.name for value in inner.graph.output]
    text = write_graph_text(metadata, outputs, restricted=not choices.allowed.all(), all_inputs=choices.all_inputs)
    model = parser.parse_model(text)
    model.graph.initializer.extend(
        numpy_helper.from_array(array, name) for name, array in _constants(metadata, choices).items()
    )
    model = inliner.inline_local_functions(model)
    _insert(model, inner)
    kept = [entry for entry in model.opset_import if not entry.domain]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    model.producer_name = "ekspresi"
    checker.check_model(model, full_check=True)
    return model


def _constants(metadata: ModelMetadata, choices: PortableChoices) -> dict[str, NDArray[Any]]:
    """List the numbers of a model under their names in the text."""
    preprocessing, crop, calibration = metadata.preprocessing, metadata.crop, metadata.calibration
    constants: dict[str, NDArray[Any]] = {
        "scale": np.array(crop.scale),
        "shift_y": np.array(crop.shift_y),
        "luma": np.array(crop.luma, np.float32).astype(np.float64),
        "largest_px": np.array([preprocessing.largest_px]),
        "input_px": np.array([preprocessing.input_px]),
        "gray_factor": np.array(1 / (255 * preprocessing.std), np.float32),
        "gray_offset": np.array(preprocessing.mean / preprocessing.std, np.float32),
        "channel_axis": np.array([0]),
        "tensor_shape": np.array([-1, 1, preprocessing.input_px, preprocessing.input_px]),
        "list_shape": np.array([-1]),
    }
    if metadata.size_correction:
        estimated, true = np.log(np.array(metadata.size_correction)).T
        constants |= _segments("size", estimated, true - estimated)
        constants["most_px"] = np.array(metadata.size_correction[-1][0])
    if not choices.allowed.all():
        constants["mask"] = np.where(choices.allowed, 0.0, -np.inf)
    if calibration is None:
        return constants | {"nothing": np.array(0.0)}
    sizes = np.log(np.array(calibration.sizes_px))
    constants |= _segments("temperature", sizes, np.array(calibration.temperatures))
    constants |= _segments("threshold", sizes, np.array(calibration.thresholds))
    # The prior is an input of float32. So are these shares: then the trained prior changes no digit.
    shares = np.array(calibration.class_priors, np.float32).astype(np.float64)
    constants |= {
        "bias": np.array(calibration.bias),
        "log_class_priors": np.log(shares),
        "smallest_px": np.array(calibration.smallest_px),
        "too_small": np.array(TOO_SMALL),
    }
    return constants if choices.all_inputs else constants | {"prior": choices.prior}


def _segments(name: str, x: NDArray[np.float64], y: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Describe a piecewise linear function for ``interpolate``; a single point gets a segment without a rise."""
    if len(x) == 1:
        x, y = np.append(x, x + 1), np.append(y, y)
    return {
        f"{name}_starts": x[:-1],
        f"{name}_widths": np.diff(x),
        f"{name}_first": y[0],
        f"{name}_rises": np.diff(y),
    }


def _insert(model: Any, inner: Any) -> None:
    """Replace the operation that stands for the network by its nodes, in place."""
    nodes = list(model.graph.node)
    place = next(i for i, node in enumerate(nodes) if node.op_type == NETWORK)
    del model.graph.node[:]
    model.graph.node.extend([*nodes[:place], *inner.graph.node, *nodes[place + 1 :]])
    model.graph.initializer.extend(inner.graph.initializer)
