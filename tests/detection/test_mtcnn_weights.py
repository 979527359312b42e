"""The converted networks against numbers of the NumPy computation on the original arrays.

The expected numbers come from ``reference`` in tools/convert_mtcnn.py, float64, on the wheel's own arrays;
they know nothing of ONNX.
"""

from importlib.resources import files

import numpy as np
import onnx
import onnxruntime
import pytest

EXPECTED: dict[str, dict[str, list[float]]] = {
    "pnet": {
        "offsets": [-0.094267, -0.222194, -0.31227, -0.095589],
        "scores": [0.993851, 0.006149],
    },
    "rnet": {
        "offsets": [0.036309, 0.075256, -0.05613, 0.18736],
        "scores": [0.989002, 0.010998],
    },
    "onet": {
        "offsets": [-0.020674, -0.085319, -0.151782, -0.018473],
        "landmarks": [
            0.331332,
            0.63251,
            0.424595,
            0.292649,
            0.527702,
            0.335427,
            0.343739,
            0.622326,
            0.759551,
            0.780283,
        ],
        "scores": [0.994641, 0.005359],
    },
}


def wave(side: int) -> np.ndarray:
    """A deterministic picture that differs by axis and channel, float32 (1, 3, side, side)."""
    y, x = np.mgrid[:side, :side] / side
    planes = [np.sin(5 * x + 3 * y), np.cos(4 * y * y + x), np.sin(7 * x * y + 1)]
    return np.stack(planes)[None].astype(np.float32)


@pytest.mark.parametrize(("name", "side"), [("pnet", 12), ("rnet", 24), ("onet", 48)])
def test_networks_equal_the_numpy_reference(name: str, side: int) -> None:
    data = (files("ekspresi") / "assets" / f"mtcnn-{name}.onnx").read_bytes()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    outputs = [output.name for output in session.get_outputs()]
    assert outputs == list(EXPECTED[name])
    for output, got in zip(outputs, session.run(outputs, {"image": wave(side)}), strict=True):
        assert got.reshape(-1) == pytest.approx(EXPECTED[name][output], abs=1e-4), output


def test_networks_are_valid_small_and_attributed() -> None:
    total = 0
    for name in ("pnet", "rnet", "onet"):
        data = (files("ekspresi") / "assets" / f"mtcnn-{name}.onnx").read_bytes()
        model = onnx.load_from_string(data)
        onnx.checker.check_model(model, full_check=True)
        assert "MIT" in model.doc_string and "NOTICE" in model.doc_string
        total += len(data)
    assert total < 2_300_000
