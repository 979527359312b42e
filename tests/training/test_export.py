"""Model files of a tiny training: right answers, a calibration, the same weights, and no lost file."""

import json
import shutil
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
from ekspresi.training.run_folder import TrainingRun


def test_export_recognizes_subjects_it_never_saw(finished: TrainingRun, small: dict[str, object]) -> None:
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


def test_export_fits_calibration_on_validation_faces(finished: TrainingRun, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_export_weights_are_those_of_the_model(finished: TrainingRun) -> None:
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


def test_export_with_two_views_averages_the_mirror_image(finished: TrainingRun, tmp_path: Path) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "run")
    config = folder / "config.toml"
    config.write_text(config.read_text().replace("views = 1", "views = 2"))
    one = ekspresi.Recognizer(export(finished.folder, tmp_path / "one.onnx").model)
    two = ekspresi.Recognizer(export(folder, tmp_path / "two.onnx").model)
    crops = [np.random.default_rng(i).integers(0, 256, (40, 40), dtype=np.uint8) for i in range(3)]
    mirrored = [np.ascontiguousarray(crop[:, ::-1]) for crop in crops]
    expected = (one.logits(crops)[0] + one.logits(mirrored)[0]) / 2
    assert np.abs(one.logits(crops)[0] - expected).max() > 1e-3
    np.testing.assert_allclose(two.logits(crops)[0], expected, atol=1e-4)
    np.testing.assert_allclose(two.logits(mirrored[:1])[0], expected[:1], atol=1e-4)
    assert two.metadata.provenance["config"]["views"] == 2


def test_measure_difference_detects_other_weights(finished: TrainingRun) -> None:
    done = export(finished.folder, finished.folder / "own.onnx")
    labels = ekspresi.Recognizer(done.model).labels
    network = build_network(Architecture(), labels, init=str(done.weights)).eval()
    assert measure_difference(network, done.model, 32) <= LARGEST_DIFFERENCE
    with torch.no_grad():
        network.backbone.get_classifier().bias[0] += 0.01
    assert measure_difference(network, done.model, 32) > LARGEST_DIFFERENCE


def test_export_of_no_run_or_damaged_run_raises(
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
def test_export_keeps_foreign_and_read_only_files(finished: TrainingRun, name: str, tmp_path: Path) -> None:
    target, kept = tmp_path / "mine.onnx", tmp_path / name
    kept.write_bytes(b"of someone else")
    with pytest.raises(ekspresi.OutputError, match=r"nothing in it shows that ekspresi made it\. Use --overwrite"):
        export(finished.folder, target)
    assert kept.read_bytes() == b"of someone else" and len(list(tmp_path.iterdir())) == 1
    export(finished.folder, target, overwrite=True)
    export(finished.folder, target)  # what ekspresi finished may be replaced
    kept.chmod(0o444)
    before = kept.read_bytes()
    with pytest.raises(ekspresi.OutputError, match=r"is read-only\. Make it writable, or use a different --out\."):
        export(finished.folder, target, overwrite=True)
    assert kept.read_bytes() == before
