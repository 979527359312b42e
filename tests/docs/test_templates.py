"""The docs' templates: every template on made-up runs, and the pages beside the sections."""

import dataclasses
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from jinja2 import UndefinedError
from PIL import Image
from typer.testing import CliRunner

import build
from ekspresi.cli import app
from ekspresi.expressions import CKPLUS_LABELS, FERPLUS_LABELS
from filters import paragraphs
from tests.support.gray_model import face
from tests.support.made_up_reports import CKPLUS_LABELS as SHARED_LABELS
from tests.support.made_up_reports import SIZES_PX
from tests.support.made_up_runs import MadeUpRuns

EXPECTED = Path(__file__).with_name("expected")
REPOSITORY = build.ROOT
PARTS = {part.name: part for part in build.read_parts()}
OF_FILES = [part.name for part in PARTS.values() if part.files]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with all of ``runs/``, and the program that compares with other tools."""
    root = tmp_path_factory.mktemp("repository")
    MadeUpRuns(root).write_all()
    program = "benchmarks/peers/compare.py"
    (root / program).parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / program, root / program)
    return root


def body(part, root):
    """Render without title, text and commands, which depend on no file."""
    return build.render(dataclasses.replace(part, title="", text="", commands=()), root) + "\n"


def edit(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("name", OF_FILES)
def test_template_renders_made_up_figures_as_expected(runs, name):
    assert body(PARTS[name], runs) == (EXPECTED / f"{name}.md").read_text()


def test_every_template_is_used():
    used = {part.template for part in PARTS.values()} | {"section", "shared"}
    assert {path.name.removesuffix(".md.j2") for path in build.TEMPLATES.iterdir()} == used


@pytest.mark.parametrize("name", [part.name for part in PARTS.values() if part.title])
def test_page_shows_title_text_and_commands_of_the_section(name):
    part, page = PARTS[name], (REPOSITORY / PARTS[name].page).read_text()
    shown = page.partition(build.first_marker(name))[2].partition(build.END)[0]
    text = [paragraphs(part.text), ""] if part.text else []
    commands = ["```sh", *part.commands, "```", ""] if part.commands else []
    assert shown.startswith("\n".join([f"## {part.title}", "", *text, *commands]))


def test_every_part_of_a_page_has_both_markers():
    for page in {part.page for part in PARTS.values()}:
        markers = re.findall(r"<!-- (?:(\S+): written by docs/build\.py|(end)) -->", (REPOSITORY / page).read_text())
        names = [name for name, _ in markers[::2]]
        assert names == [part.name for part in PARTS.values() if part.page == page]
        assert all(end for _, end in markers[1::2]) and len(markers) == 2 * len(names)


@pytest.mark.parametrize("name", OF_FILES)
def test_expected_tables_are_complete(name):
    content = (EXPECTED / f"{name}.md").read_text()
    assert "\n\n\n" not in content and not re.search(r"[ \t]$", content, re.MULTILINE)
    for table in re.findall(r"(?:^\|.*\n)+", content, re.MULTILINE):
        head, rule, *rows = table.splitlines()
        assert rule == "|---" * (head.count("|") - 1) + "|" and rows
        assert {row.count("|") for row in rows} == {head.count("|")}


def test_real_report_is_read(tmp_path):
    data = tmp_path / "CK+48"
    generator = np.random.default_rng(0)
    for code, label in enumerate(CKPLUS_LABELS):
        folder = data / ("happy" if label == "happiness" else label)
        folder.mkdir(parents=True)
        for person in range(3):
            picture = face(FERPLUS_LABELS.index(label), 8, generator)
            Image.fromarray(picture).save(folder / f"S{person:03d}_{code:03d}_00000001.png")
    report = tmp_path / PARTS["ckplus"].files["report"]
    arguments = ["evaluate", f"ckplus48:{data}", "--out", str(report.parent), "--no-gallery"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    content = body(PARTS["ckplus"], tmp_path)
    record = json.loads(report.read_text())
    assert f"Headline view: **all faces, unmasked**, {3 * len(SHARED_LABELS)} faces." in content
    for view in record["evaluation"]["views"]:
        cells = [f"{100 * row['scores']['accuracy']['value']:.1f}" for row in view["by_size"]]
        assert f"| {view['name']} | {view['by_size'][0]['scores']['n']} | {' | '.join(cells)} |" in content
    assert content.count("answered at the thresholds of the model file") == 2
    assert f"`{record['provenance']['model_sha256'][:12]}`" in content


def test_no_answer_at_any_size_is_said(tmp_path):
    MadeUpRuns(tmp_path, silent_px=SIZES_PX).write_reports()
    assert "Nothing is answered at any size." in body(PARTS["ferplus"], tmp_path)
    assert "At 48, 32, 24, 16, 12 and 8 px it answers none." in body(PARTS["figures"], tmp_path)
    assert "0.0 of 0.0 answered | **no** |" in body(PARTS["aims"], tmp_path)


def test_classes_without_a_right_answer_are_named(tmp_path):
    MadeUpRuns(tmp_path).write_reports()
    report, names = (
        tmp_path / PARTS["ckplus"].files["report"],
        ("all faces, unmasked", "all faces, unmasked, even prior"),
    )

    def lose(*lost):
        def change(record):
            views = {view["name"]: view for view in record["evaluation"]["views"]}
            for name, labels in zip(names, lost, strict=True):
                recalls = [float(label not in labels) for label in views[name]["labels"]]
                views[name]["by_size"][0]["selective"]["recall"] = recalls

        edit(report, change)
        return body(PARTS["figures"], tmp_path)

    assert "gets a right answer" not in lose((), ())
    content = lose(("anger", "fear"), ("fear",))
    assert "trained prior, no face of anger and fear gets a right answer" in content
    assert "Under the even prior that is still so for fear." in content
    assert "Under the even prior some faces of each do." in lose(("anger",), ())


def test_answers_at_every_size_leave_out_the_silent_ones(tmp_path):
    MadeUpRuns(tmp_path, silent_px=()).write_reports()
    assert "answers none" not in body(PARTS["figures"], tmp_path)
    assert "none answered" not in body(PARTS["suites"], tmp_path)


def test_training_without_its_last_epoch_is_not_described(tmp_path):
    MadeUpRuns(tmp_path).write_reports()
    report = tmp_path / PARTS["ferplus"].files["report"]
    edit(report, lambda record: record["provenance"]["model_provenance"].pop("best"))
    assert body(PARTS["ferplus"], tmp_path).startswith("Measured on Some CPU, 2 logical cores on 2026-11-25;")


def test_optional_measurements_are_left_out(tmp_path):
    MadeUpRuns(tmp_path).write_all()
    found = tmp_path / "runs/fusion.json"
    edit(found, lambda record: [record.pop(key) for key in ("triples", "sequences", "sequence_clips")])
    fused = body(PARTS["fused"], tmp_path)
    assert "CK+48," not in fused and "other rules" not in fused and fused.count("**FER+, ") == 2
    study = tmp_path / "runs/study-ckplus/study.json"
    edit(study, lambda record: record.update(other={}, reverse={}, tuning=[]))
    content = body(PARTS["study"], tmp_path)
    assert "Across data sets" not in content and "search for rates" not in content
    detection = tmp_path / "runs/detection.json"
    edit(detection, lambda record: record.update(networks={}, finding=record["finding"][:12]))
    assert "wanted" not in body(PARTS["finding"], tmp_path)


def test_compare_stops_on_other_faces(runs, tmp_path):
    MadeUpRuns(tmp_path).write_reports()
    shutil.copytree(runs / "benchmarks", tmp_path / "benchmarks")
    report = tmp_path / "runs/bundled-on-ckplus48/report.json"
    edit(report, lambda record: record["evaluation"]["views"][4]["by_size"][0]["scores"].update(n=926))
    with pytest.raises(subprocess.CalledProcessError) as failure:
        build.render(PARTS["peers"], tmp_path)
    assert failure.value.returncode == 2


def test_unknown_name_in_a_template_is_an_error():
    with pytest.raises(UndefinedError):
        build.environment().from_string("{{ nothing }}").render()


def test_partial_part_shows_the_files_that_exist(tmp_path):
    MadeUpRuns(tmp_path).write_trainings()
    part = PARTS["ablation-on"]
    (tmp_path / part.files["on-mixup"]).unlink()
    assert part.missing(tmp_path) is None
    content = body(part, tmp_path)
    assert "| on-erasing (`--erasing 0.3`)" in content and "on-mixup" not in content
    for path in part.files.values():
        (tmp_path / path).unlink(missing_ok=True)
    assert part.missing(tmp_path) == part.files["bundled"]
