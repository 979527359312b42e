"""The plan of a fine-tuning, and a folder of faces turned into a model."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

import ekspresi
from ekspresi.datasets.registry import read
from ekspresi.training.finetune import plan_finetuning


def test_plan_finetuning_chooses_split_and_epochs(ck_tree: Path, tmp_path: Path) -> None:
    dataset = read(f"ckplus48:{ck_tree}")
    known = plan_finetuning(dataset)
    assert (known.config.split, known.config.epochs) == ("subject-holdout", 30)  # 7 x 48 faces are 5 steps an epoch
    assert known.config.init == "bundled" and known.config.oversampling == "balanced"
    unknown = plan_finetuning(replace(dataset, subjects=None, sequences=None))
    assert unknown.config.split == "paper-split" and "figures flatter" in unknown.reason
    official = plan_finetuning(
        replace(dataset, official=np.resize(["train", "train", "validation", "test"], len(dataset)))
    )
    assert official.config.split == "official"
    votes = np.zeros_like(dataset.votes)
    votes[:, 0] = 10
    with pytest.raises(ekspresi.DatasetError, match="faces of one class only"):
        plan_finetuning(replace(dataset, votes=votes))


def test_finetune_makes_a_model_with_its_own_labels(ck_tree: Path, tmp_path: Path) -> None:
    faces, out = tmp_path / "faces", tmp_path / "mine"
    for label, name in (("happy", "cheerful"), ("surprise", "astonished"), ("anger", "grumpy")):
        (faces / name).mkdir(parents=True)
        for path in (ck_tree / label).glob("*.png"):
            (faces / name / path.name).write_bytes(path.read_bytes())
    rows = [f"{path.relative_to(faces)},{path.name[:4]}" for path in sorted(faces.rglob("*.png"))]
    (faces / "subjects.csv").write_text("\n".join(["file,subject", *rows]) + "\n")
    line = [sys.executable, "-m", "ekspresi", "finetune", f"folder:{faces}", "--out", str(out), "--no-gallery"]
    result = subprocess.run(line, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"})
    assert result.returncode == 0, result.stderr
    assert "each of the 20 people is in one part only" in result.stdout
    recognizer = ekspresi.Recognizer(out / "model.onnx")
    assert recognizer.labels == ("astonished", "cheerful", "grumpy")
    assert recognizer.metadata.provenance["split"]["protocol"] == "subject-holdout"
    dataset = read(f"folder:{faces}")
    test = np.flatnonzero(np.isin(dataset.subjects, dataset.subjects[:3]))
    answers = [p.expression for p in recognizer.predict([dataset.images[i] for i in test])]
    assert np.mean([a == dataset.labels[dataset.targets[i]] for a, i in zip(answers, test, strict=True)]) > 0.8
    report = json.loads((out / "report.json").read_text())
    assert not report["provenance"]["warnings"]
    again = subprocess.run(line, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr  # goes on from what is there
