import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ekspresi.cli.terminal import error_line, print_to_stderr, skipped_line


def test_error_line_of_several_lines_is_one_line() -> None:
    assert error_line(ValueError("a\x07.png: is\n  empty")) == "error: a?.png: is empty"


def test_skipped_line_counts_and_quotes_the_first() -> None:
    assert skipped_line(["a.png: is\tempty"] * 1200) == "skipped: 1,200 files or rows; first: a.png: is empty"


def test_print_to_stderr_replaces_what_the_encoding_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="ascii"))
    print_to_stderr("Gesichter: ä")
    sys.stderr.flush()
    assert raw.getvalue() == b"Gesichter: ?" + os.linesep.encode()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_stdout_is_lost_on_a_full_device() -> None:
    program = "import sys\nfrom ekspresi.cli.terminal import stdout_is_lost\nsys.exit(stdout_is_lost())"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
