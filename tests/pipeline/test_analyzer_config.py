"""Check fingerprints of analyzer configurations, and that other processes build the same analyzer."""

import dataclasses
import multiprocessing
import os
import pickle
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ekspresi import AnalyzerConfig
from ekspresi.errors import ConfigError, ModelError
from ekspresi.types import Face

FACE = np.random.default_rng(3).integers(0, 256, (40, 40), dtype=np.uint8)

CHANGED = {
    "model": "a copy",
    "detector": "mtcnn",
    "min_face_px": 30.0,
    "prior": {"neutral": 1, "anger": 3},
    "device": "cpu",
    "labels": ["anger", "fear"],
    "strict": True,
}
"""Another value for each field."""


def analyzed(config: AnalyzerConfig) -> list[Face]:
    return config.build().analyze(FACE)


def changed(field: str, config: AnalyzerConfig, tmp_path: Path) -> AnalyzerConfig:
    value: object = CHANGED[field]
    if field == "model":
        assert config.model is not None
        value = tmp_path / "other.onnx"
        Path(str(value)).write_bytes(config.model.read_bytes() + b"\x00")
    return dataclasses.replace(config, **{field: value})


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(AnalyzerConfig)])
def test_fingerprint_changes_with_what_decides_answers(field: str, tiny_model: Path, tmp_path: Path) -> None:
    config = AnalyzerConfig(tiny_model, "none")
    other = changed(field, config, tmp_path)
    assert other != config
    assert (other.fingerprint() == config.fingerprint()) == (field == "device")


def test_fingerprint_of_a_prior_depends_on_shares_alone(tiny_model: Path) -> None:
    counts, shares = {"neutral": 1, "anger": 3, "fear": 0}, (("anger", 0.75), ("neutral", 0.25))
    first, second = (AnalyzerConfig(tiny_model, "none", prior=prior) for prior in (counts, shares))
    assert first == second and hash(first) == hash(second) and first.fingerprint() == second.fingerprint()
    assert first.fingerprint() != AnalyzerConfig(tiny_model, "none", prior={"neutral": 2, "anger": 3}).fingerprint()


def test_fingerprint_is_of_content_not_of_paths(tiny_model: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(tiny_model, tmp_path / "elsewhere.onnx"))
    assert AnalyzerConfig(copy).fingerprint() == AnalyzerConfig(tiny_model).fingerprint()


def test_fingerprint_reads_the_detector_file(tmp_path: Path) -> None:
    network = tmp_path / "yunet.onnx"
    network.write_bytes(b"one")
    config = AnalyzerConfig(detector=f"yunet:{network}")
    before = config.fingerprint()
    network.write_bytes(b"two")
    assert config.fingerprint() != before


def test_fingerprint_of_a_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.onnx: cannot be read .* Check its path and permissions\.$"):
        AnalyzerConfig(tmp_path / "gone.onnx").fingerprint()


def test_build_follows_every_field(tiny_model: Path) -> None:
    built = AnalyzerConfig(tiny_model, "mtcnn", 30, device="cpu").build()
    assert built.recognizer.path == tiny_model
    assert built.recognizer.provider == "CPUExecutionProvider"
    assert built.detector.min_face_px == 30  # type: ignore[attr-defined]


@pytest.mark.parametrize(("field", "value"), [("detector", "eyes"), ("prior", "flat"), ("device", "abacus")])
def test_build_refuses_unknown_names(field: str, value: str, tiny_model: Path) -> None:
    config = dataclasses.replace(AnalyzerConfig(tiny_model, "none"), **{field: value})
    with pytest.raises(ConfigError, match=value):
        config.build()


def test_config_builds_the_same_in_a_spawned_process(tiny_model: Path) -> None:
    config = AnalyzerConfig(tiny_model, "none")
    assert pickle.loads(pickle.dumps(config)) == config
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(analyzed, config).result(60) == analyzed(config)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_config_builds_the_same_in_a_forked_process(tiny_model: Path) -> None:
    config = AnalyzerConfig(tiny_model, "none")
    here = analyzed(config)
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        assert pool.submit(analyzed, config).result(60) == here
