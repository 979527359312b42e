"""The page and the JSON of a study made of made-up answers."""

import html
import json
import re
from pathlib import Path

import pytest

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.errors import DatasetError, OutputError
from ekspresi.imaging.degradations import SIZES_PX
from ekspresi.study.config import StudyConfig, load_study
from ekspresi.study.plan import plan_arm_jobs, plan_trials
from ekspresi.study.run import check_protocols, run_study


class Silent:
    def on_plan(self, jobs, processes) -> None:
        pass

    def on_start(self, job) -> None:
        raise AssertionError(f"{job.name} is done and must not be run")

    def on_end(self, job, failure, seconds) -> None:
        pass

    def on_wait(self) -> None:
        pass


@pytest.fixture
def done(study: StudyConfig, dataset: FaceDataset, write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study whose jobs are all done: rmsprop learns best at its lower rate and is wrong only at 8 px."""
    root = tmp_path / "study"
    monkeypatch.setattr("ekspresi.study.run.read", lambda spec: dataset)
    for trial in plan_trials(study):
        write(trial.job, root, val_nll=trial.rate, seconds=3.0)
    rates = {("rmsprop", 0): 2e-4, ("rmsprop", 1): 2e-4, ("adam", 0): 1e-3, ("adam", 1): 1e-3}
    for each in plan_arm_jobs(study, rates):
        share = {"rmsprop": 0, "adam": 10, "no-oversampling": 3}[each.arm.name]
        write(each.job, root, wrong=lambda i, size, s=share: size == 8 or (bool(s) and i % s == 0))
    return root


def test_what_is_done_is_counted_and_reported(study: StudyConfig, done: Path) -> None:
    outcome = run_study(study, done, 2, Silent())
    record = json.loads((done / "study.json").read_text())
    assert record["format"] == 1 and not record["failures"] and not record["quick"]
    assert [(arm["arm"], arm["protocol"], arm["jobs"]) for arm in record["arms"]] == [
        ("rmsprop", "subject-10fold", 10),
        ("rmsprop", "paper-split", 1),
        ("adam", "subject-10fold", 10),
        ("adam", "paper-split", 1),
        ("no-oversampling", "subject-10fold", 10),
    ]
    sizes = record["arms"][0]["image"]["by_size"]
    assert [each["size_px"] for each in sizes] == list(SIZES_PX)
    assert [each["scores"]["accuracy"]["value"] for each in sizes] == [1, 1, 1, 1, 1, 0]
    assert record["made"]["data"]["sequences"] == 80 and record["made"]["seconds_wall"] >= 0
    assert {each["optimizer"] for each in record["tuning"] if each["chosen"]} == {"rmsprop", "adam"}
    page = outcome.files[1].read_text()
    assert "<script" not in page and "://" not in re.sub(r"http://www\.w3\.org\S*", "", page)
    for text in ("paper, RMSProp", "95.84", "no-oversampling", "What the figures show", "100.0"):
        assert text in page
    assert page.count("<svg") == 7  # two by size, two recalls, one learning curve, two confusions


def test_report_names_starting_points(study: StudyConfig, done: Path) -> None:
    mixed = done / "jobs" / "adam" / "subject-10fold-seed0-fold3" / "result.json"
    old = done / "jobs" / "adam" / "paper-split-seed0-fold0" / "result.json"
    mixed.write_text(mixed.read_text().replace("random weights", "ImageNet, timm's weights"))
    old.write_text(old.read_text().replace("started_from", "not_recorded"))  # of an older version
    outcome = run_study(study, done, 1, Silent())
    arms = {(arm["arm"], arm["protocol"]): arm for arm in json.loads((done / "study.json").read_text())["arms"]}
    assert arms["rmsprop", "subject-10fold"]["started_from"] == ["random weights"]
    assert arms["adam", "subject-10fold"]["started_from"] == ["random weights", "ImageNet, timm's weights"]
    assert arms["adam", "paper-split"]["started_from"] == ["random"]  # the key `init` of its configuration
    page = html.unescape(outcome.files[1].read_text())
    tables = [table for table in re.findall("<table>.*?</table>", page, re.S) if "<th>Optimizer</th>" not in table]
    assert len(tables) == 6  # the paper's, two by size, the comparisons, recalls, costs
    for table in tables:
        for row in re.findall("<tr>.*?</tr>", table, re.S)[1:]:
            assert re.search(">from (random|ImageNet)|>start not named<", row), row
    sentence = "The trainings of adam under subject-10fold started from different weights (random weights; ImageNet"
    assert sentence in page


@pytest.mark.parametrize("name", ["study.json", "study.html"])
def test_a_page_of_others_is_kept_and_a_read_only_one_always(study: StudyConfig, name: str, done: Path) -> None:
    (done / name).write_text("of someone else")
    with pytest.raises(OutputError, match=r"nothing in it shows that ekspresi made it\. Use --overwrite"):
        run_study(study, done, 1, Silent())
    assert (done / name).read_text() == "of someone else"
    run_study(study, done, 1, Silent(), overwrite=True)
    run_study(study, done, 1, Silent())  # what ekspresi finished may be replaced
    (done / name).chmod(0o444)
    before = (done / name).read_bytes()
    with pytest.raises(OutputError, match=r"is read-only\. Make it writable, or choose another --out\."):
        run_study(study, done, 1, Silent(), overwrite=True)
    assert (done / name).read_bytes() == before


def test_a_failed_job_is_named_and_its_arm_counts_what_is_there(study: StudyConfig, done: Path) -> None:
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


def test_a_data_set_that_cannot_serve_the_protocol_is_refused_before_anything_runs(
    study: StudyConfig, dataset: FaceDataset
) -> None:
    from dataclasses import replace

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


def test_a_new_arm_is_added_to_what_is_done(study: StudyConfig, toml: str, done: Path, tmp_path: Path) -> None:
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
