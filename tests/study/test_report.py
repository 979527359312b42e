"""The page and the JSON of a study of made-up answers."""

import html
import json
import re
from pathlib import Path

from ekspresi.imaging.degradations import SIZES_PX
from ekspresi.study.config import StudyConfig
from ekspresi.study.run import run_study
from tests.support.made_up_study import Silent


def test_write_study_reports_every_arm(study: StudyConfig, done: Path) -> None:
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


def test_write_study_names_starting_points(study: StudyConfig, done: Path) -> None:
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
