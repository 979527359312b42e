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

import numpy as np
import pytest

from ekspresi.errors import ConfigError, ModelError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

import ekspresi
from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import make_split
from ekspresi.training.config import load_config
from ekspresi.training.export import LARGEST_DIFFERENCE, export, measure_difference
from ekspresi.training.network import Architecture, build_network
from ekspresi.training.run import train
from ekspresi.training.run_folder import TrainingRun


@pytest.fixture(scope="module")
def finished(small: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    return train(load_config(None, small), tmp_path_factory.mktemp("runs") / "one")


def weights(run: TrainingRun) -> dict[str, "torch.Tensor"]:
    state: dict[str, torch.Tensor] = torch.load(run.last, weights_only=True)["state_dict"]
    return state


def test_learns_and_says_so(finished: TrainingRun) -> None:
    record = json.loads(finished.record.read_text())
    assert record["epochs_done"] == 4
    assert record["split"]["train"] == 336 and record["split"]["test"] == 42
    assert record["best"]["val_nll"] < 1.2  # ln 7 = 1.95 is ignorance
    assert record["versions"]["torch"] == importlib.metadata.version("torch")
    assert load_config(finished.config, {}).learning_rate == 1e-3
    assert "ekspresi train --config" in record["command"]


def test_the_model_file_recognizes_subjects_it_never_saw(finished: TrainingRun, small: dict[str, object]) -> None:
    done = export(finished.folder, finished.folder / "model.onnx")
    assert done.difference <= LARGEST_DIFFERENCE
    recognizer = ekspresi.Recognizer(done.model)
    dataset = read(str(small["data"]))
    assert recognizer.labels == dataset.labels
    test = make_split(dataset, "subject-10fold").test
    predictions = recognizer.predict([dataset.images[i] for i in test])
    found = np.array([recognizer.labels.index(p.expression) for p in predictions])
    assert (found == dataset.targets[test]).mean() > 0.7  # 1 in 7 is chance
    provenance = recognizer.metadata.provenance
    assert {parent["reader"] for parent in provenance["parents"]} == {"ferplus"}
    assert recognizer.metadata.calibration is done.calibration is None  # two people are too few even for one number
    assert provenance["data"] == {"reader": "ckplus48", "fingerprint": dataset.fingerprint}
    assert str(finished.folder) not in recognizer.metadata.to_json()


def test_a_calibration_is_fitted_on_the_validation_side(finished: TrainingRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ekspresi.evaluation.calibration_fit.SMALLEST_HALF", 1)
    monkeypatch.setattr("ekspresi.evaluation.calibration_fit.SMALLEST_AT_ALL", 1)
    done = export(finished.folder, finished.folder / "calibrated.onnx")
    metadata = ekspresi.Recognizer(done.model).metadata
    told, true = np.array(metadata.size_correction).T
    assert (np.diff(told) > 0).all() and (np.diff(true) > 0).all() and true[-1] <= 48
    calibration = metadata.calibration
    assert calibration is not None and calibration == done.calibration
    assert calibration.smallest_px == 6 and calibration.precision == 0.92
    assert calibration.class_priors == pytest.approx([1 / 7] * 7, abs=1e-4)


def test_the_weights_beside_it_are_those_of_the_model(finished: TrainingRun) -> None:
    done = export(finished.folder, finished.folder / "again.onnx")
    recognizer = ekspresi.Recognizer(done.model)
    network = build_network(Architecture(), recognizer.labels, init=str(done.weights)).eval()
    crops = [np.random.default_rng(i).integers(0, 256, (48, 48), dtype=np.uint8) for i in range(4)]
    tensor = recognizer.metadata.preprocessing.tensor(crops)
    with torch.inference_mode():
        logits, octaves = network(torch.from_numpy(tensor))
    found, effective_px = recognizer.logits(crops)
    np.testing.assert_allclose(found, logits.numpy(), atol=1e-3)
    np.testing.assert_allclose(effective_px, np.minimum(2 ** octaves.numpy(), 48), rtol=1e-4)


def test_a_model_file_of_other_weights_is_told_from_its_own(finished: TrainingRun) -> None:
    done = export(finished.folder, finished.folder / "own.onnx")
    labels = ekspresi.Recognizer(done.model).labels
    network = build_network(Architecture(), labels, init=str(done.weights)).eval()
    assert measure_difference(network, done.model, 32) <= LARGEST_DIFFERENCE
    with torch.no_grad():
        network.backbone.get_classifier().bias[0] += 0.01
    assert measure_difference(network, done.model, 32) > LARGEST_DIFFERENCE


def test_same_seed_same_figures_and_a_killed_run_ends_alike(
    finished: TrainingRun, small: dict[str, object], tmp_path: Path
) -> None:
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


def test_a_run_is_not_overwritten_nor_resumed_with_another_configuration(
    finished: TrainingRun, small: dict[str, object]
) -> None:
    with pytest.raises(ConfigError, match="already holds a run"):
        train(load_config(None, small), finished.folder)
    with pytest.raises(ConfigError, match="another epochs"):
        train(load_config(None, {**small, "epochs": 11}), finished.folder, resume=True)
    with pytest.raises(ConfigError, match="holds no run"):
        train(load_config(None, small), finished.folder / "none", resume=True)


def test_export_refuses_what_is_no_run_or_does_not_fit(
    finished: TrainingRun, small: dict[str, object], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="is not a run folder"):
        export(tmp_path, tmp_path / "m.onnx")
    other = TrainingRun(tmp_path / "other")
    other.best.parent.mkdir(parents=True)
    other.config.write_text(load_config(None, {**small, "backbone": "efficientnet_b1"}).to_toml())
    other.record.write_text(finished.record.read_text())
    other.best.write_bytes(finished.best.read_bytes())
    with pytest.raises(ModelError, match="does not fit"):
        export(other.folder, tmp_path / "m.onnx")
    other.best.write_bytes(b"not a checkpoint")
    with pytest.raises(ModelError, match="does not fit"):
        export(other.folder, tmp_path / "m.onnx")
    changed = TrainingRun(tmp_path / "changed")
    shutil.copytree(finished.folder, changed.folder)
    record = json.loads(changed.record.read_text())
    record["data"]["fingerprint"] = "other"
    changed.record.write_text(json.dumps(record))
    with pytest.raises(ekspresi.DatasetError, match="other data than the run"):
        export(changed.folder, tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


@pytest.mark.parametrize("name", ["mine.onnx", "mine.safetensors"])
def test_export_keeps_files_of_others_and_read_only_ones_always(
    finished: TrainingRun, name: str, tmp_path: Path
) -> None:
    target, kept = tmp_path / "mine.onnx", tmp_path / name
    kept.write_bytes(b"of someone else")
    with pytest.raises(ekspresi.OutputError, match=r"nothing in it shows that ekspresi made it\. Use --overwrite"):
        export(finished.folder, target)
    assert kept.read_bytes() == b"of someone else" and len(list(tmp_path.iterdir())) == 1
    export(finished.folder, target, overwrite=True)
    export(finished.folder, target)  # what ekspresi finished may be replaced
    kept.chmod(0o444)
    before = kept.read_bytes()
    with pytest.raises(ekspresi.OutputError, match=r"is read-only\. Make it writable, or choose another --out\."):
        export(finished.folder, target, overwrite=True)
    assert kept.read_bytes() == before


@pytest.mark.parametrize("name", ["run.json", "checkpoints/best.ckpt"])
def test_a_training_replaces_no_files_of_others(small: dict[str, object], name: str, tmp_path: Path) -> None:
    kept = tmp_path / name
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("of someone else")
    with pytest.raises(
        ConfigError, match=r"belongs to no run of this folder\. Move it away, or use another folder for --out\."
    ):
        train(load_config(None, small), tmp_path)
    assert kept.read_text() == "of someone else"


def test_a_mistyped_data_set_leaves_no_folder_behind(small: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ekspresi.DatasetError, match="nowhere"):
        train(load_config(None, {**small, "data": "ckplus48:nowhere"}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_resume_follows_a_moved_folder_and_refuses_what_does_not_fit(
    finished: TrainingRun, small: dict[str, object], tmp_path: Path
) -> None:
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


def test_a_teacher_teaches_and_is_named_but_not_kept(
    finished: TrainingRun, small: dict[str, object], tmp_path: Path
) -> None:
    teacher = export(finished.folder, tmp_path / "teacher.onnx").weights
    keys = {**small, "epochs": 1, "ema_decay": 0.0}
    alone = train(load_config(None, keys), tmp_path / "alone")
    taught = train(load_config(None, {**keys, "teacher": str(teacher)}), tmp_path / "taught")
    assert weights(alone).keys() == weights(taught).keys()
    assert any((weights(alone)[name] != weights(taught)[name]).any() for name in weights(alone))
    seen, read = (
        {parent["fingerprint"] for parent in json.loads(run.record.read_text())["parents"]} for run in (alone, taught)
    )
    assert read - seen == {json.loads(finished.record.read_text())["data"]["fingerprint"]}


def test_a_frozen_backbone_keeps_its_weights(small: dict[str, object], tmp_path: Path) -> None:
    run = train(
        load_config(None, {**small, "init": "random", "freeze": "backbone", "epochs": 1, "ema_decay": 0.0}),
        tmp_path / "frozen",
    )
    torch.manual_seed(0)
    state = weights(run)
    assert (state["network.backbone.bn1.running_mean"] == 0).all()
    assert (state["network.backbone.bn1.weight"] == 1).all()
    assert (state["network.backbone.classifier.bias"] != 0).any()
