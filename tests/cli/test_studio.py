"""``ekspresi studio``: its address, its end, and its export."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from typer.testing import CliRunner

from ekspresi.cli import app
from ekspresi.errors import ConfigError, OutputError


def test_studio_serves_until_ctrl_c() -> None:
    command = [sys.executable, "-m", "ekspresi", "studio", "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            address = next(word for word in process.stdout.readline().split() if word.startswith("http://127.0.0.1:"))
            with urllib.request.urlopen(f"{address}ort/LICENSE.txt", timeout=20) as answer:
                assert answer.status == 200
                assert "Content-Security-Policy" in answer.headers
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
        finally:
            process.kill()


def test_studio_export_counts_what_it_wrote(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["studio", "--export", str(tmp_path / "site")])
    assert done.exit_code == 0
    assert f"written: {tmp_path / 'site'} (" in done.stdout
    assert (tmp_path / "site" / "ort" / "ort-wasm-simd-threaded.wasm").stat().st_size > 10_000_000
    assert "Content-Security-Policy" in (tmp_path / "site" / "_headers").read_text()


def test_studio_export_over_own_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "_headers").write_text("/*\n  X-Mine: 1\n")
    done = CliRunner().invoke(app, ["studio", "--export", str(tmp_path)])
    assert isinstance(done.exception, OutputError)
    assert (tmp_path / "_headers").read_text() == "/*\n  X-Mine: 1\n"


def test_studio_taken_port_names_the_flag() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = CliRunner().invoke(app, ["studio", "--port", str(taken.getsockname()[1])])
    assert isinstance(done.exception, ConfigError)
    assert "--port" in str(done.exception)


def test_studio_port_with_export_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["studio", "--export", str(tmp_path / "site"), "--port", "9"])
    assert result.exit_code != 0
    assert not (tmp_path / "site").exists()
