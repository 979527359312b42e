import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ekspresi.cli.terminal import accept_any_character, error_line, skipped_line


def test_error_line_of_several_lines_is_one_line() -> None:
    assert error_line(ValueError("a\x07.png: is\n  empty")) == "error: a<07>.png: is<0a>  empty"


def test_skipped_line_counts_and_quotes_the_first() -> None:
    assert skipped_line(["a.png: is\tempty"] * 1200) == "skipped: 1,200 files or rows; first: a.png: is<09>empty"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_accept_any_character_never_raises(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = {name: io.BytesIO() for name in ("stdout", "stderr")}
    for name, buffer in raw.items():
        monkeypatch.setattr(sys, name, io.TextIOWrapper(buffer, encoding=encoding))
    accept_any_character()
    for name in raw:
        print("日本\udcff.jpg", file=getattr(sys, name), end="", flush=True)
    shown = "日本<ff>.jpg" if encoding == "utf-8" else "<u+65e5><u+672c><ff>.jpg"
    assert [buffer.getvalue() for buffer in raw.values()] == [shown.encode()] * 2


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
@pytest.mark.parametrize("words", [("--help",), ("predict", "--help"), ("predict", "日本\udcff.jpg")])
def test_commands_print_in_any_encoding(encoding: str, words: tuple[str, ...]) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "FORCE_COLOR": "1"}
    done = subprocess.run([sys.executable, "-m", "ekspresi", *words], capture_output=True, env=environment)
    assert b"Traceback" not in done.stderr
    assert done.returncode == (0 if "--help" in words else 2)
    assert len(done.stdout + done.stderr) > 20


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_stdout_is_lost_on_a_full_device() -> None:
    program = "import sys\nfrom ekspresi.cli.terminal import stdout_is_lost\nsys.exit(stdout_is_lost())"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
