"""A study of finished made-up jobs: run again, with damage, and with more arms."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.errors import DatasetError, OutputError
from ekspresi.study.config import StudyConfig, load_study
from ekspresi.study.run import check_protocols, run_study
from tests.support.made_up_study import Silent


@pytest.mark.parametrize("name", ["study.json", "study.html"])
def test_run_study_keeps_foreign_and_read_only_files(study: StudyConfig, name: str, done: Path) -> None:
    (done / name).write_text("of someone else")
    with pytest.raises(OutputError, match=r"nothing in it shows that ekspresi made it\. Use --overwrite"):
        run_study(study, done, 1, Silent())
    assert (done / name).read_text() == "of someone else"
    run_study(study, done, 1, Silent(), overwrite=True)
    run_study(study, done, 1, Silent())  # what ekspresi finished may be replaced
    (done / name).chmod(0o444)
    before = (done / name).read_bytes()
    with pytest.raises(OutputError, match=r"is read-only\. Make it writable, or use a different --out\."):
        run_study(study, done, 1, Silent(), overwrite=True)
    assert (done / name).read_bytes() == before


def test_run_study_counts_arms_without_their_failed_jobs(study: StudyConfig, done: Path) -> None:
    damaged = done / "jobs" / "adam" / "subject-10fold-seed0-fold3"
    (damaged / "answers.npz").write_bytes(b"cut")
    strange = done / "jobs" / "rmsprop" / "subject-10fold-seed0-fold4" / "run" / "config.toml"
    strange.write_text(strange.read_text().replace("epochs = 3", "epochs = 4"))
    outcome = run_study(study, done, 1, Silent())
    assert set(outcome.study.failures) == {"adam, subject-10fold", "rmsprop/subject-10fold-seed0-fold4"}
    arms = {(arm.arm, arm.protocol): arm for arm in outcome.study.arms}
    assert ("adam", "subject-10fold") not in arms and ("adam", "paper-split") in arms
    assert (arms["rmsprop", "subject-10fold"].jobs, arms["rmsprop", "subject-10fold"].missing) == (9, 1)
    assert "1 trainings are missing" in (done / "study.html").read_text()


def test_check_protocols_of_unsuitable_data_raises(study: StudyConfig, dataset: FaceDataset) -> None:
    with pytest.raises(DatasetError, match="its subjects are unknown"):
        check_protocols(study, replace(dataset, subjects=None, sequences=None))
    votes = dataset.votes.copy()
    fear = dataset.targets == 2
    votes[fear] = 0
    votes[(dataset.sequences == "S003_2"), 2] = 1
    with pytest.raises(DatasetError, match="1 sequences of 'fear', fewer than the 10 folds"):
        check_protocols(study, replace(dataset, votes=votes))
    only_leaky = replace(study, arms=tuple(replace(arm, protocols=("paper-split",)) for arm in study.arms))
    check_protocols(only_leaky, replace(dataset, subjects=None, sequences=None))


def test_run_study_adds_a_new_arm_to_finished_ones(study: StudyConfig, toml: str, done: Path, tmp_path: Path) -> None:
    path = tmp_path / "more.toml"
    path.write_text(toml + '\n[[arms]]\nname = "sqrt"\noptimizer = "rmsprop"\noversampling = "sqrt"\n')
    began = []

    class Watching(Silent):
        def on_start(self, job) -> None:
            began.append(job.name)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(load_study(path), done, 1, Watching())
    assert began == ["sqrt/subject-10fold-seed0-fold0"]
    assert json.loads((done / "clock.json").read_text())["seconds"] >= 0
