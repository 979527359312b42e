import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import typer.main
from typer.testing import CliRunner

from ekspresi.cli import app
from ekspresi.cli.options import DeviceName, analyzer_config
from ekspresi.errors import ConfigError
from ekspresi.pipeline.analyzer import AnalyzerConfig
from ekspresi.types import Device


def test_choices_are_those_of_the_package() -> None:
    assert tuple(DeviceName) == get_args(Device)


def test_analyzer_config_holds_the_flags() -> None:
    config = analyzer_config(Path("m.onnx"), "yunet", 20, "uniform", False, DeviceName.CPU, "fear,anger", True)
    assert config == AnalyzerConfig(Path("m.onnx"), "yunet", 20, "uniform", "cpu", ("fear", "anger"), True)


def test_analyzer_config_older_flag_of_the_prior_warns(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="ekspresi"):
        config = analyzer_config(None, "none", 12, "trained", True, DeviceName.AUTO)
    assert config.prior == "uniform"
    assert [record.getMessage() for record in caplog.records] == ["--even-prior is deprecated. Use --prior uniform."]


def test_analyzer_config_reads_a_prior_file_and_auto(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("fear = 1\nanger = 3\n")
    found = [
        analyzer_config(None, "none", 12, prior, False, DeviceName.CPU).prior
        for prior in (str(tmp_path / "mine.toml"), "auto")
    ]
    assert found == [(("anger", 0.75), ("fear", 0.25)), "trained"]
    with pytest.raises(ConfigError, match="--prior flat: no such prior or file"):
        analyzer_config(None, "none", 12, "flat", False, DeviceName.CPU)


@pytest.mark.parametrize("name", ["predict", "explain", "evaluate", "export", "finetune"])
def test_commands_that_run_a_model_share_flags(name: str) -> None:
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    flags = {flag for parameter in command.params for flag in parameter.opts}
    assert {"--device", "--verbose", "--quiet", "--overwrite"} <= flags


def test_device_unknown_is_refused() -> None:
    done = CliRunner().invoke(
        app,
        ["explain", "x.png", "--device", "tpu"],
    )
    assert done.exit_code == 2 and "--device: 'tpu' is not one of 'auto', 'cpu', 'cuda'. " in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_and_words_are_produced(shell: str) -> None:
    def ekspresi(**variables: str) -> str:
        environment = {**os.environ, **variables}
        program = "from ekspresi.cli import main; import sys; sys.argv = ['ekspresi']; main()"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    script = ekspresi(_EKSPRESI_COMPLETE=f"source_{shell}")
    assert f"_EKSPRESI_COMPLETE=complete_{shell}" in script
    words = {"COMP_WORDS": "ekspresi pre", "COMP_CWORD": "1", "_TYPER_COMPLETE_ARGS": "ekspresi pre"}
    words["_TYPER_COMPLETE_FISH_ACTION"] = "get-args"
    assert "predict" in ekspresi(_EKSPRESI_COMPLETE=f"complete_{shell}", **words)
