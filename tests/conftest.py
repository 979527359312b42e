"""Fixtures shared by all tests."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.imaging.cropping import CropConvention
from ekspresi.recognition.metadata import METADATA_KEY, ModelMetadata
from ekspresi.recognition.preprocessing import Preprocessing
from tests.support.drawn_faces import write_ck_tree

settings.register_profile("ekspresi", deadline=None)  # a busy machine is not a failure
settings.load_profile("ekspresi")

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # some tests import onnxruntime themselves


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with the real data sets; the test is skipped where it is absent."""
    folder = Path(__file__).parents[1] / ".." / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the real data sets (../shared/data) are not on this machine")
    return folder


@pytest.fixture
def stated_words(request: pytest.FixtureRequest) -> str:
    """Pattern of the words that docs/inputs.md states for the property of a test, see tools/list_inputs.py."""
    marker = request.node.get_closest_marker("input_row")
    words = marker.kwargs.get("reported") or marker.kwargs["refused"]
    return re.escape(words).replace("…", ".*")


@pytest.fixture(scope="session")
def ck_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CK+48's layout: 20 subjects, seven classes, three drawn frames each, small and learnable."""
    return write_ck_tree(tmp_path_factory.mktemp("CK+48"))


@pytest.fixture(scope="session")
def small(ck_tree: Path) -> dict[str, object]:
    """Keys of a training of seconds, with the network that users train."""
    return {
        "data": f"ckplus48:{ck_tree}",
        "split": "subject-10fold",
        "input_px": 32,
        "init": "bundled",
        "epochs": 4,
        "batch_size": 32,
        "learning_rate": 1e-3,
        "ema_decay": 0.5,
        "drop_path": 0.0,
        "low_res_share": 0.3,
        "oversampling": "balanced",
        "validation_px": [48, 24],
    }


@pytest.fixture(scope="session")
def write_model() -> Callable[..., Path]:
    """Function that writes a small ONNX model to a path, with changes to a valid one."""
    return _write_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A valid ONNX model of 64 px and the eight labels of FER+; its answers depend on the crop."""
    return _write_model(tmp_path_factory.mktemp("model") / "tiny.onnx")


def _write_model(
    path: Path,
    *,
    metadata: str | None = "",
    side: int = 64,
    batch: str | int = "N",
    classes: int = 8,
    output: str = "logits",
    bias: float = 0.0,
) -> Path:
    """Write a model of means over a 4 x 4 grid, times fixed weights; ``metadata`` '' fits, None writes none."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(0).normal(0, 2, (16, classes)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node(
                "AveragePool", ["tensor"], ["grid"], kernel_shape=[side // 4] * 2, strides=[side // 4] * 2
            ),
            helper.make_node("Flatten", ["grid"], ["flat"]),
            helper.make_node("Gemm", ["flat", "weights", "bias"], [output]),
        ],
        "tiny",
        [helper.make_tensor_value_info("tensor", TensorProto.FLOAT, [batch, 1, side, side])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [batch, classes])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.full(classes, bias, dtype=np.float32), "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if metadata is not None:
        fitting = ModelMetadata(
            "tiny", FERPLUS_LABELS, Preprocessing(largest_px=64), CropConvention(scale=1.2, shift_y=0.05)
        )
        helper.set_model_props(model, {METADATA_KEY: metadata or fitting.to_json()})
    onnx.save(model, str(path))
    return path
