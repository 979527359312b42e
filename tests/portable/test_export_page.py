"""The examples of docs/portable.md run as they are."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ekspresi.system.assets import ASSETS

ROOT = Path(__file__).parents[2]
ORT = ASSETS.parent / "studio" / "static" / "ort"


@pytest.fixture
def desk(portable, tmp_path):
    """A folder with the files that the examples name."""
    shutil.copy(portable, tmp_path / "portable.onnx")
    shutil.copy(ROOT / "examples/astronaut.jpg", tmp_path / "photo.jpg")
    return tmp_path


def example(language):
    text = (ROOT / "docs/portable.md").read_text(encoding="utf-8")
    return re.search(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)[1]


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-800:]
    return done.stdout


def test_python_example_needs_no_ekspresi_and_answers(desk):
    (desk / "example.py").write_text(f"{example('python')}\nimport sys; assert 'ekspresi' not in sys.modules\n")
    word, confidence = run([sys.executable, "example.py"], desk).split()
    assert word == "happiness" and 0.99 < float(confidence) <= 1


def test_node_example_answers(desk):
    if shutil.which("node") is None:
        pytest.skip("node is not on this machine")
    code = example("js").replace('"onnxruntime-web"', f'"{(ORT / "ort.wasm.min.mjs").as_uri()}"')
    assert "ort.wasm.min.mjs" in code
    call = "const { probabilities } = await recognize(new Uint8Array(24 * 20 * 3), 20, 24, 3, [[2, 2, 18, 19]]);\n"
    total = "console.log(probabilities.length, probabilities.reduce((a, b) => a + b));\n"
    (desk / "example.mjs").write_text(f"{code}\n{call}{total}", encoding="utf-8")
    count, summed = run(["node", "example.mjs"], desk).split()[-2:]
    assert count == "8" and float(summed) == pytest.approx(1)
