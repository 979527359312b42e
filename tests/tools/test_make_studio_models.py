"""The studio's networks are those of the package: a new model cannot be forgotten."""

import json

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import make_studio_models
from depthwise_matrices import LARGEST_PX, use_matrices
from ekspresi.recognition.pretrained import bundled_model
from ekspresi.system.assets import ASSETS
from ekspresi.system.onnx_runtime import create_session
from plain_mtcnn import make_plain

HINT = "Run python tools/make_studio_models.py."


def session_of(model):
    return create_session(model.SerializeToString(), device="cpu")


def shape_of(model):
    """Return the operations, and the constants that hold most bytes, in their order."""
    kinds = [node.op_type for node in model.graph.node]
    return kinds, [numpy_helper.to_array(tensor) for tensor in model.graph.initializer if np.prod(tensor.dims) > 50]


def check_same(name, model):
    shipped = onnx.load(make_studio_models.FOLDER / name)
    kinds, arrays = shape_of(shipped)
    new_kinds, new_arrays = shape_of(model)
    assert kinds == new_kinds, HINT
    assert len(arrays) == len(new_arrays) > 3, HINT
    assert all(np.array_equal(old, new) for old, new in zip(arrays, new_arrays, strict=True)), HINT
    for values in ("input", "output"):
        names = [[value.name for value in getattr(each.graph, values)] for each in (shipped, model)]
        assert names[0] == names[1], HINT
    return shipped


def test_shipped_recognizer_is_what_the_tool_makes():
    shipped = check_same("recognizer.onnx", make_studio_models.make_recognizer())
    origin = next(entry.value for entry in shipped.metadata_props if entry.key == "ekspresi_portable")
    assert json.loads(origin)["sha256"] == make_studio_models.sha256(bundled_model()), HINT


def test_shipped_description_is_what_the_tool_makes():
    text = (make_studio_models.FOLDER / "recognizer.json").read_text(encoding="utf-8")
    assert json.loads(text) == json.loads(json.dumps(make_studio_models.describe())), HINT


@pytest.mark.parametrize(("name", "side"), [("mtcnn-pnet", 57), ("mtcnn-rnet", 24), ("mtcnn-onet", 48)])
def test_plain_networks_answer_as_those_of_the_package(name, side):
    asset = onnx.load(ASSETS / f"{name}.onnx")
    shipped = check_same(f"{name}.onnx", make_plain(asset))
    assert not [node for node in shipped.graph.node if node.name.endswith(".bent.kernel")]
    image = np.random.default_rng(0).uniform(-1, 1, (8, 3, side, side)).astype(np.float32)
    answers = [session_of(model).run(None, {"image": image}) for model in (asset, shipped)]
    for old, new in zip(*answers, strict=True):
        np.testing.assert_allclose(new, old, rtol=0, atol=2e-6)


def test_use_matrices_keeps_the_answers_of_the_network():
    network = onnx.load(bundled_model())
    before = session_of(network)
    assert use_matrices(network, 64) > 5
    convolutions = [node for node in network.graph.node if node.op_type == "Conv"]
    groups = [value.i for node in convolutions for value in node.attribute if value.name == "group" and value.i > 1]
    assert 0 < len(groups) < 6, "maps above the limit keep their convolutions"
    tensor = np.random.default_rng(0).normal(size=(3, 1, 64, 64)).astype(np.float32)
    for old, new in zip(
        before.run(None, {"tensor": tensor}), session_of(network).run(None, {"tensor": tensor}), strict=True
    ):
        np.testing.assert_allclose(new, old, rtol=0, atol=1e-4)
    assert LARGEST_PX < 16
