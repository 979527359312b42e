"""Run folders on disk; reading them needs no torch."""

import json
from pathlib import Path

import pytest

from ekspresi.errors import ConfigError
from ekspresi.training.config import load_config
from ekspresi.training.run_folder import TrainingRun, load_run, read_record

RECORD = {"data": {"fingerprint": "f"}, "labels": [], "split": {}, "versions": {}}


def test_load_run_reads_the_configuration(tmp_path: Path) -> None:
    run = TrainingRun(tmp_path)
    config = load_config(None, {"data": "folder:faces", "epochs": 3})
    run.config.write_text(config.to_toml(), encoding="utf-8")
    with pytest.raises(ConfigError, match="has no finished epoch"):
        load_run(tmp_path)
    run.best.parent.mkdir()
    run.best.touch()
    assert load_run(tmp_path) == (run, config)


@pytest.mark.parametrize("key", ["data", "labels", "split", "versions"])
def test_read_record_without_a_key_names_the_file(tmp_path: Path, key: str) -> None:
    run = TrainingRun(tmp_path)
    run.record.write_text(json.dumps(RECORD))
    assert read_record(run) == RECORD
    run.record.write_text(json.dumps({name: value for name, value in RECORD.items() if name != key}))
    with pytest.raises(ConfigError, match=r"run\.json: is missing or damaged"):
        read_record(run)
