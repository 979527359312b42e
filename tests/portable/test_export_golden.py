"""One file of answers, for every runtime: ``golden.json``, checked without this package."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ekspresi.system.assets import ASSETS
from tests.support.portable_golden import GOLDEN, make_cases

HERE = Path(__file__).parent
STUDIO = ASSETS.parent / "studio" / "static"
LARGEST = 1e-4


def check(command):
    """Run a check of the golden cases; return what it printed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-800:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["cases"] == len(json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]) > 20
    assert found["probabilities"] < LARGEST
    assert found["effective_px"] < 1e-3
    assert found["abstained"] == 0
    return found


def test_golden_file_holds_the_answers_of_the_bundled_model():
    golden, now = json.loads(GOLDEN.read_text(encoding="utf-8")), json.loads(json.dumps(make_cases()))
    hint = "Run python -m tests.support.portable_golden."
    assert [golden["model"], golden["labels"]] == [now["model"], now["labels"]], hint
    for old, new in zip(golden["cases"], now["cases"], strict=True):
        assert old["image"] == new["image"] and old["boxes"] == new["boxes"], hint
        np.testing.assert_allclose(old["probabilities"], new["probabilities"], rtol=0, atol=1e-4, err_msg=hint)
    answers = {row.index(max(row)) for case in golden["cases"] for row in case["probabilities"]}
    assert len(answers) >= 3
    assert {case["channels"] for case in golden["cases"]} == {1, 3, 4}


def test_golden_cases_in_python_without_this_package(portable):
    found = check([sys.executable, HERE / "check_golden.py", portable, GOLDEN])
    assert found["modules"] == []


def require_node():
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not on this machine")
    if not (STUDIO / "ort" / "ort.wasm.min.mjs").is_file():
        pytest.skip("the studio's runtime is not in this checkout")
    return [node, HERE / "check_golden.mjs", STUDIO / "ort"]


def test_golden_cases_in_node(portable):
    assert check([*require_node(), portable, GOLDEN])["inputs"] == ["image", "boxes"]


def test_golden_cases_in_node_by_the_file_of_the_studio():
    models = STUDIO / "models"
    found = check([*require_node(), models / "recognizer.onnx", GOLDEN, models / "recognizer.json"])
    assert found["inputs"] == ["image", "boxes", "crops", "prior", "assumed_px"]
