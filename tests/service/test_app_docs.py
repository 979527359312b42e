"""The commands of docs/service.md run as they are written, and the page names what the code has."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ekspresi.service.problems import TYPES
from ekspresi.service.settings import ServiceSettings
from tests.support.served import serving

PAGE = Path("docs/service.md").read_text(encoding="utf-8")
KEY = "correct-horse-battery"


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    return [line for block in blocks for line in re.split(r"\n(?=curl )", block.strip()) if line.startswith("curl ")]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_commands_of_the_page_answer_as_it_says(tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text(KEY)
    answers = {}
    with (tmp_path / "log").open("w") as log, serving(log, "--api-keys-file", str(keys)) as served:
        for command in commands():
            run = command.replace("http://127.0.0.1:8000", served.address)
            run = run if "$KEY" in run else run.replace("curl ", f"curl -H 'X-API-Key: {KEY}' ", 1)
            done = subprocess.run(["bash", "-c", f"KEY={KEY}; {run} -sS"], capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            answers[command] = json.loads(done.stdout)
    assert len(answers) == 9
    problems = [answer for answer in answers.values() if "status" in answer]
    assert [problem["type"] for problem in problems] == ["urn:ekspresi:problem:unreadable-picture"]
    numbers = [len(answer["faces"]) for answer in answers.values() if "faces" in answer]
    assert numbers[0] == 1 and numbers[1] > 3 and numbers[3:] == [2, 1]


def test_page_names_every_kind_of_problem() -> None:
    assert {name for name in TYPES if f"`{name}`" not in PAGE} == set()


def test_page_states_the_default_of_each_limit() -> None:
    for name, default in re.findall(r"^\| `(\w+)` \| ([\d,]+)", PAGE, re.MULTILINE):
        assert getattr(ServiceSettings(), name) == int(default.replace(",", "")), name
