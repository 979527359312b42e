"""Tiny trainings for real: EfficientNet-B0 on drawn faces in CK+48's layout, from flags to a model file."""

import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ekspresi.errors import ConfigError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

import ekspresi
from ekspresi.training.config import load_config
from ekspresi.training.run import train
from ekspresi.training.run_folder import TrainingRun


def weights(run: TrainingRun) -> dict[str, "torch.Tensor"]:
    state: dict[str, torch.Tensor] = torch.load(run.last, weights_only=True)["state_dict"]
    return state


def test_train_learns_and_records_it(finished: TrainingRun) -> None:
    record = json.loads(finished.record.read_text())
    assert record["epochs_done"] == 4
    assert record["split"]["train"] == 336 and record["split"]["test"] == 42
    assert record["best"]["val_nll"] < 1.2  # ln 7 = 1.95 is ignorance
    assert record["versions"]["torch"] == importlib.metadata.version("torch")
    assert load_config(finished.config, {}).learning_rate == 1e-3
    assert "ekspresi train --config" in record["command"]


def test_train_resumed_after_a_kill_ends_alike(finished: TrainingRun, small: dict[str, object], tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(load_config(None, small).to_toml())
    run = TrainingRun(tmp_path / "killed")
    line = [sys.executable, "-m", "ekspresi", "train"]
    process = subprocess.Popen(
        [*line, "--config", str(config), "--out", str(run.folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while not run.last.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)  # into the next epoch
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = torch.load(run.last, weights_only=True)["epoch"] + 1
    assert 1 <= done < 4, f"killed after {done} epochs: nothing to resume"
    result = subprocess.run([*line, "--resume", str(run.folder)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    expected, resumed = weights(finished), weights(run)
    assert expected.keys() == resumed.keys()
    for name, value in expected.items():
        torch.testing.assert_close(resumed[name], value, rtol=0, atol=0, msg=name)
    assert json.loads(run.record.read_text())["best"] == json.loads(finished.record.read_text())["best"]


def test_train_into_a_used_folder_raises(finished: TrainingRun, small: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="already holds a run"):
        train(load_config(None, small), finished.folder)
    with pytest.raises(ConfigError, match="different values of epochs"):
        train(load_config(None, {**small, "epochs": 11}), finished.folder, resume=True)
    with pytest.raises(ConfigError, match="holds no run"):
        train(load_config(None, small), finished.folder / "none", resume=True)


@pytest.mark.parametrize("name", ["run.json", "checkpoints/best.ckpt"])
def test_train_keeps_foreign_files(small: dict[str, object], name: str, tmp_path: Path) -> None:
    kept = tmp_path / name
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("of someone else")
    with pytest.raises(
        ConfigError,
        match=r"was left by a run whose config\.toml is missing\. Move it away, or use another folder for --out\.",
    ):
        train(load_config(None, small), tmp_path)
    assert kept.read_text() == "of someone else"


def test_train_on_missing_data_leaves_no_folder(small: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ekspresi.DatasetError, match="nowhere"):
        train(load_config(None, {**small, "data": "ckplus48:nowhere"}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_train_resume_follows_a_moved_folder(finished: TrainingRun, small: dict[str, object], tmp_path: Path) -> None:
    moved = TrainingRun(tmp_path / "moved")
    shutil.copytree(finished.folder, moved.folder)
    config = load_config(None, small)
    train(config, moved.folder, resume=True)
    record = json.loads(moved.record.read_text())
    assert record["best"] == json.loads(finished.record.read_text())["best"]
    record["data"]["fingerprint"] = "other"
    moved.record.write_text(json.dumps(record))
    with pytest.raises(ConfigError, match="other data"):
        train(config, moved.folder, resume=True)
    moved.last.write_bytes(b"cut")
    with pytest.raises(ConfigError, match=r"last\.ckpt: is damaged"):
        train(config, moved.folder, resume=True)
