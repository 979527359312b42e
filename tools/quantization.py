"""Quantize a model file to int8 by a recipe, with ekspresi's metadata.

In: a float32 model file, tensors to calibrate on, recipes. Out: ONNX files (QDQ) in a folder. Does not know about data
sets, accuracy or speed: ``quantize.py`` measures.
"""

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from ekspresi.system.onnx_runtime import onnx_runtime

onnx_runtime()  # first, because its own tools load it with telemetry on
from onnxruntime.quantization import (  # noqa: E402
    CalibrationDataReader,
    CalibrationMethod,
    QuantType,
    qdq_loss_debug,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: E402

METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
_TYPES = {"U8": QuantType.QUInt8, "S8": QuantType.QInt8}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Describe how to quantize a model.

    Attributes:
        types: of activations and of weights, 'U8S8'; weights symmetric and per channel.
        layers: 'all' that ONNX Runtime can, or 'convolutions', with the last linear ones.
        method: how the ranges of activations are found.
        reduce_range: weights of 7 bits: U8S8 is exact then on processors without VNNI too, whose 16-bit sums overflow
            with 8.
        kept: values that stay float32, and with them all layers that make or take them.
    """

    types: str = "U8S8"
    layers: str = "all"
    method: str = "minmax"
    reduce_range: bool = False
    kept: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name the recipe in tables and files."""
        more = ("-7bit" if self.reduce_range else "") + (f"-without{len(self.kept)}" if self.kept else "")
        return f"{self.types}-{self.layers}-{self.method}{more}"


class Batches(CalibrationDataReader):  # type: ignore[misc]
    """Give tensors, float32 (N, 1, S, S), to ONNX Runtime batch by batch."""

    def __init__(self, tensor: NDArray[np.float32]) -> None:
        self.parts = [tensor[start : start + 32] for start in range(0, len(tensor), 32)]
        self.set_range(0, len(self.parts))

    def __len__(self) -> int:
        return len(self.parts)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Limit the next batches to this range."""
        self.left = iter(self.parts[start_index:end_index])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next batch; None after the last."""
        part = next(self.left, None)
        return None if part is None else {"tensor": part}


class Quantizer:
    """Quantize one prepared model into files of a folder."""

    def __init__(self, model: Path, tensor: NDArray[np.float32], folder: Path) -> None:
        self.folder, self.tensor = folder, tensor
        self.prepared = folder / "prepared.onnx"
        self.metadata = onnx.load(model).metadata_props
        quant_pre_process(model, self.prepared, skip_symbolic_shape=True)

    def quantized(self, recipe: Recipe) -> Path:
        """Quantize the model by a recipe; return the file."""
        out = self.folder / f"{recipe.name}.onnx"
        kept, nodes = set(recipe.kept), onnx.load(self.prepared).graph.node
        activations, weights = _TYPES[recipe.types[:2]], _TYPES[recipe.types[2:]]
        everything = recipe.layers == "all"
        with contextlib.redirect_stdout(io.StringIO()):
            quantize_static(
                self.prepared,
                out,
                Batches(self.tensor),
                op_types_to_quantize=None if everything else ["Conv", "Gemm"],
                per_channel=True,
                reduce_range=recipe.reduce_range,
                activation_type=activations,
                weight_type=weights,
                nodes_to_exclude=[node.name for node in nodes if kept & {*node.input, *node.output}],
                calibrate_method=METHODS[recipe.method],
                calibration_cache_path=self.folder / f"ranges-{recipe.method}-{everything}.json",
                extra_options={
                    "WeightSymmetric": True,
                    "CalibTensorRangeSymmetric": False,
                    "CalibPercentile": 99.99,
                    "CalibStridedMinMax": 1,  # one batch at a time with each method: all at once takes gigabytes
                },
            )
        model = onnx.load(out)
        del model.metadata_props[:]
        model.metadata_props.extend(self.metadata)
        onnx.save(model, out)
        return out

    def worst_values(self, quantized: Path) -> list[str]:
        """Name the values between a quantized model's layers, largest rounding error first."""
        values = {}
        for name, path in (("float", self.prepared), ("int8", quantized)):
            augmented = self.folder / f"augmented-{name}.onnx"
            qdq_loss_debug.modify_model_output_intermediate_tensors(path, augmented)
            values[name] = qdq_loss_debug.collect_activations(str(augmented), Batches(self.tensor[:32]))
            augmented.unlink()
        matched = qdq_loss_debug.create_activation_matching(values["int8"], values["float"])
        matched = {name: match for name, match in matched.items() if "float" in match}
        errors = qdq_loss_debug.compute_activation_error(matched)
        return sorted(errors, key=lambda name: errors[name]["qdq_err"])  # decibels of signal over error
