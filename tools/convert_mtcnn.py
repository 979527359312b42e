"""Convert the weights of the PyPI package mtcnn 1.0.0 to ONNX.

In: the wheel (a path, or downloaded with pip). Out: src/ekspresi/assets/mtcnn-{pnet,rnet,onet}.onnx, float32, each
checked against a plain NumPy computation on the wheel's own arrays. Needs no TensorFlow and runs no code of the wheel:
it reads only the weight lists. They are pickles (lz4 + joblib), so the wheel's SHA-256 is verified first.

    pip install joblib lz4 onnx
    python tools/convert_mtcnn.py [mtcnn-1.0.0-py3-none-any.whl]

Network: Zhang et al., Joint face detection and alignment using multitask cascaded convolutional networks,
IEEE Signal Processing Letters 23, 2016. Layout of the lists (channel last, as Keras stores them): for each
layer kernel (height, width, in, out) or (in, out), bias (out,), and PReLU slopes where the layer has them;
inputs are RGB, (value - 127.5) / 128; before the first dense layer the map is flattened width, height,
channels.
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import onnx
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ekspresi.system.onnx_runtime import onnx_runtime

Array = NDArray[np.float32]

WHEEL_SHA256 = "0a96b4868e56db9ae984449519642be6dba03240e608a67e928ebb47833e9144"
ASSETS = Path(__file__).parents[1] / "src" / "ekspresi" / "assets"
OPSET = 17
BLOCK = 16  # channels that ONNX Runtime's layout for AVX-512 takes together; for AVX2 it is 8
LARGEST_DIFFERENCE = 1e-4


@dataclass(frozen=True)
class Plan:
    """Describe one network: its trunk, then its parallel outputs.

    Attributes:
        name: asset name and, in the wheel, the name of the weight list.
        trunk: layers in order; 'conv' and 'dense' are followed by PReLU, 'pool3' and 'pool2' are 3 x 3 and
            2 x 2 maximum pooling with stride 2 whose last window may reach past the edge (Caffe's rule; for
            every input size used here it equals the wheel's mix of 'same' and 'valid').
        outputs: names of the parallel heads in the order of the weight list.
        input_px: side of the input; 0 where any size is taken.
    """

    name: str
    trunk: tuple[str, ...]
    outputs: tuple[str, ...]
    input_px: int


PLANS = (
    Plan("pnet", ("conv", "pool2", "conv", "conv"), ("offsets", "scores"), 0),
    Plan("rnet", ("conv", "pool3", "conv", "pool3", "conv", "dense"), ("offsets", "scores"), 24),
    Plan(
        "onet",
        ("conv", "pool3", "conv", "pool3", "conv", "pool2", "conv", "dense"),
        ("offsets", "landmarks", "scores"),
        48,
    ),
)


def download() -> bytes:
    """Download the wheel with pip, without its dependencies; return its bytes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            folder,
            "mtcnn==1.0.0",
        ]
        subprocess.run(command, check=True)
        return next(Path(folder).glob("mtcnn-1.0.0-*.whl")).read_bytes()


def read_weights(wheel: bytes) -> dict[str, list[Array]]:
    """Read the arrays of each network, in Keras order, from the wheel's bytes.

    Raises:
        SystemExit: the bytes are not the wheel this tool was written for.
    """
    digest = hashlib.sha256(wheel).hexdigest()
    if digest != WHEEL_SHA256:
        raise SystemExit(f"wheel: its SHA-256 is {digest}, not {WHEEL_SHA256}. Use the wheel of mtcnn 1.0.0.")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        return {
            plan.name: joblib.load(io.BytesIO(archive.read(f"mtcnn/assets/weights/{plan.name}.lz4"))) for plan in PLANS
        }


def compute_reference(plan: Plan, weights: list[Array], image: Array) -> dict[str, Array]:
    """Compute a network in plain NumPy, float64, channel last.

    Args:
        plan: which network.
        weights: its arrays in Keras order.
        image: (N, H, W, 3), normalized.

    Returns:
        Output name -> (N, ...) with channels last; 'scores' after the softmax.
    """
    arrays = iter(np.asarray(w, dtype=np.float64) for w in weights)
    x = image.astype(np.float64)
    for layer in plan.trunk:
        if layer.startswith("pool"):
            x = _pool(x, int(layer[-1]))
            continue
        if layer == "dense" and x.ndim == 4:
            x = x.transpose(0, 2, 1, 3).reshape(len(x), -1)
        x = _affine(x, next(arrays), next(arrays))
        x = np.maximum(x, 0) + next(arrays) * np.minimum(x, 0)
    results = {}
    for output in plan.outputs:
        y = _affine(x, next(arrays), next(arrays))
        if output == "scores":
            y = np.exp(y - y.max(axis=-1, keepdims=True))
            y /= y.sum(axis=-1, keepdims=True)
        results[output] = y.astype(np.float32)
    return results


def _affine(x: NDArray[np.float64], kernel: NDArray[np.float64], bias: NDArray[np.float64]) -> NDArray[np.float64]:
    if kernel.ndim == 2:
        return np.asarray(x @ kernel + bias)
    windows = sliding_window_view(x, kernel.shape[:2], axis=(1, 2))
    return np.asarray(np.einsum("nyxchw,hwcd->nyxd", windows, kernel, optimize=True) + bias)


def _pool(x: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    rests = [-(length - size) % 2 for length in x.shape[1:3]]
    x = np.pad(x, ((0, 0), (0, rests[0]), (0, rests[1]), (0, 0)), constant_values=-np.inf)
    return np.asarray(sliding_window_view(x, (size, size), axis=(1, 2))[:, ::2, ::2].max(axis=(-2, -1)))


class Graph:
    """Collect nodes and constants of a network, with the number of channels of each result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.channels = {"image": 3}

    def node(self, kind: str, sources: list[str], name: str, **attributes: object) -> str:
        """Add an operation that keeps the channels of its first source."""
        self.nodes.append(helper.make_node(kind, sources, [name], name, **attributes))
        if sources[0] in self.channels:
            self.channels[name] = self.channels[sources[0]]
        return name

    def constant(self, array: NDArray[np.floating], name: str) -> str:
        """Add an array."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array, dtype=np.float32), name))
        return name

    def conv(self, source: str, name: str, kernel: NDArray[np.floating], bias: NDArray[np.floating]) -> str:
        """Add a convolution, kernel (out, in, h, w); unknown channels of the source count 0."""
        kernel = pad(kernel, 1, self.channels[source])
        constants = [self.constant(kernel, f"{name}.kernel"), self.constant(bias, f"{name}.bias")]
        self.node("Conv", [source, *constants], name)
        self.channels[name] = len(kernel)
        return name

    def scale(self, source: str, name: str, factors: Array) -> str:
        """Add a product with a factor for each channel."""
        kernel = pad(factors, 0, self.channels[source])[:, None, None, None]
        return self.node("Conv", [source, self.constant(kernel, f"{name}.kernel")], name, group=len(kernel))

    def dense(self, source: str, name: str, kernel: Array, bias: Array) -> str:
        """Add a dense layer, kernel (in, out)."""
        constants = [self.constant(kernel, f"{name}.kernel"), self.constant(bias, f"{name}.bias")]
        return self.node("Gemm", [source, *constants], name)


def pad(array: NDArray[np.floating], axis: int, length: int) -> NDArray[np.floating]:
    """Append zeros to an array along an axis, up to a length."""
    return np.pad(array, [(0, length - n if i == axis else 0) for i, n in enumerate(array.shape)])


def round_up(channels: int) -> int:
    """Round channels up to a multiple of ``BLOCK``, as ONNX Runtime's fast layout needs."""
    return -(-channels // BLOCK) * BLOCK


def conv_prelu(
    graph: Graph, source: str, name: str, kernel: Array, bias: Array, slopes: Array, pool: int
) -> tuple[str, Array]:
    """Add a convolution, its PReLU and, unless ``pool`` is 0, the pooling after it.

    ONNX Runtime's PRelu takes longer than the convolution before it. So it is written as what is fast: with slope s,

        prelu(c) = s c + relu((1 - s) c)        s <= 1
        prelu(c) = -(relu((s - 1) c) - s c)     s > 1; computed without the minus

    where both terms are convolutions of 1 x 1, which take the sum and the relu along. Pooling comes before them, where
    it leaves a quarter of the work: prelu rises for s >= 0, so the maximum of it is it of the maximum. For s < 0 it
    is the larger of the two maxima p of c and q of s c: p + relu(q - p).

    Returns:
        Name of the result, and the sign of each of its channels.
    """
    own = len(slopes)
    falling = np.flatnonzero(slopes < 0) if pool else np.zeros(0, np.int64)
    both = round_up(own + len(falling))
    rows = np.concatenate([np.arange(own), falling])
    factors = np.concatenate([np.ones(own, np.float32), slopes[falling]])
    kernel, bias = kernel[rows] * factors[:, None, None, None], bias[rows] * factors
    x = graph.conv(source, name, pad(kernel, 0, both), pad(bias, 0, both))
    signs = np.where(slopes > 1, -1, 1).astype(np.float32)
    if not pool:
        relu = graph.node("Relu", [graph.scale(x, f"{name}.bent", abs(1 - slopes))], f"{name}.relu")
        return graph.node("Add", [graph.scale(x, f"{name}.linear", signs * slopes), relu], f"{name}.prelu"), signs
    x = graph.node("MaxPool", [x], f"{name}.pool", kernel_shape=[pool] * 2, strides=[2, 2], ceil_mode=1)
    linear, bent = np.zeros((2, round_up(own), both, 1, 1), np.float32)
    for channel in range(own):
        linear[channel, channel] = signs[channel] * slopes[channel]
        bent[channel, channel] = abs(1 - slopes[channel])
    for channel, place in zip(falling.tolist(), range(own, own + len(falling)), strict=True):
        linear[channel, channel] = 1
        bent[channel, channel], bent[channel, place] = -1, 1
    nothing = np.zeros(round_up(own), np.float32)
    relu = graph.node("Relu", [graph.conv(x, f"{name}.bent", bent, nothing)], f"{name}.relu")
    return graph.node("Add", [graph.conv(x, f"{name}.linear", linear, nothing), relu], f"{name}.prelu"), signs


def build(plan: Plan, weights: list[Array]) -> onnx.ModelProto:
    """Build the ONNX model of a plan from its arrays.

    Input 'image' float32 (N, 3, H, W); outputs (N, C, h, w) for P-Net, (N, C) for the others.
    """
    arrays, graph = iter(weights), Graph()
    x, signs, flat = "image", np.ones(3, np.float32), False
    for number, layer in enumerate(plan.trunk, start=1):
        name = f"{layer}_{number}"
        if layer.startswith("pool"):
            continue  # goes with the convolution before it
        kernel, bias, slopes = (next(arrays) for _ in range(3))
        if layer == "conv":
            following = plan.trunk[number] if number < len(plan.trunk) else ""
            pool = int(following[-1]) if following.startswith("pool") else 0
            turned = kernel.transpose(3, 2, 0, 1) * signs[None, :, None, None]
            x, signs = conv_prelu(graph, x, name, turned, bias, slopes.reshape(-1), pool)
            continue
        if not flat:
            # ONNX flattens (C, H, W), the lists expect (W, H, C): rows permuted once here, not for every face.
            side = round((len(kernel) / len(signs)) ** 0.5)
            kernel = kernel.reshape(side, side, len(signs), -1).transpose(2, 1, 0, 3) * signs[:, None, None, None]
            kernel = pad(kernel, 0, graph.channels[x]).reshape(graph.channels[x] * side * side, -1)
            x, flat = graph.node("Flatten", [x], f"{name}.flat"), True
        x = graph.dense(x, name, kernel, bias)
        x = graph.node("PRelu", [x, graph.constant(slopes.reshape(-1), f"{name}.slopes")], f"{name}.prelu")
    outputs = []
    for output in plan.outputs:
        kernel, bias = next(arrays), next(arrays)
        shape = ["N", len(bias)] if plan.input_px else ["N", len(bias), "h", "w"]
        outputs.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, shape))
        if flat and output == "scores":
            graph.node("Softmax", [graph.dense(x, "scores.logits", kernel, bias)], output, axis=1)
        elif flat:
            graph.dense(x, output, kernel, bias)
        else:
            kernel = kernel.transpose(3, 2, 0, 1) * signs[None, :, None, None]
            if output == "scores":  # the softmax of two is the sigmoid of their difference, and that is faster
                kernel, bias = kernel - kernel[::-1], bias - bias[::-1]
                graph.node("Sigmoid", [graph.conv(x, "scores.logits", kernel, bias)], output)
            else:
                graph.conv(x, output, kernel, bias)
    sides = [plan.input_px] * 2 if plan.input_px else ["H", "W"]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, *sides])
    made = helper.make_graph(graph.nodes, f"mtcnn-{plan.name}", [image], outputs, graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="ekspresi")
    model.ir_version = 8
    model.doc_string = "Weights of PyPI mtcnn 1.0.0 (MIT, Copyright (c) 2019-2024 Iván de Paz Centeno); see NOTICE."
    onnx.checker.check_model(model, full_check=True)
    return model


def measure_difference(plan: Plan, weights: list[Array], model: onnx.ModelProto) -> float:
    """Measure the largest absolute difference between ONNX Runtime and NumPy, over nine inputs."""
    session = onnx_runtime().InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    random = np.random.default_rng(0)
    worst = 0.0
    for height, width in [(plan.input_px,) * 2] * 3 if plan.input_px else [(12, 12), (37, 64), (50, 31)]:
        pixels = random.integers(0, 256, (3, height, width, 3))
        image = ((pixels - 127.5) / 128).astype(np.float32)
        got = session.run(list(plan.outputs), {"image": image.transpose(0, 3, 1, 2)})
        expected = compute_reference(plan, weights, image)
        for name, y in zip(plan.outputs, got, strict=True):
            channel_last = y.transpose(0, 2, 3, 1) if y.ndim == 4 else y
            worst = max(worst, float(np.abs(channel_last - expected[name]).max()))
    return worst


def main() -> None:
    """Convert, check and write the three networks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path, nargs="?", help="the wheel of mtcnn 1.0.0; default: download it")
    arguments = parser.parse_args()
    lists = read_weights(arguments.wheel.read_bytes() if arguments.wheel else download())
    ASSETS.mkdir(parents=True, exist_ok=True)
    for plan in PLANS:
        model = build(plan, lists[plan.name])
        worst = measure_difference(plan, lists[plan.name], model)
        if worst > LARGEST_DIFFERENCE:
            raise SystemExit(
                f"{plan.name}: ONNX and NumPy differ by {worst:.1e}, more than {LARGEST_DIFFERENCE:.0e}. Check both."
            )
        path = ASSETS / f"mtcnn-{plan.name}.onnx"
        path.write_bytes(model.SerializeToString())
        print(f"{path.name}: {path.stat().st_size:,} bytes, largest difference from NumPy {worst:.1e}")


if __name__ == "__main__":
    main()
