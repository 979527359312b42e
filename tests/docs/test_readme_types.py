"""The Python examples of the README pass the strictest type check."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_pages import README, blocks

ROOT = Path(__file__).parents[2]


def test_python_examples_of_readme_type_check(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="extra [dev]")
    for number, example in enumerate(blocks(README, "python")):
        (tmp_path / f"example_{number}.py").write_text(example, encoding="utf-8")
    files = sorted(map(str, tmp_path.glob("*.py")))
    assert files
    line = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    line += ["--config-file", str(ROOT / "pyproject.toml"), *files]
    run = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
