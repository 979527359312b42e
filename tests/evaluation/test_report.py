"""The two files of a report: their content, warnings on top, and nothing loaded from elsewhere."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from ekspresi.evaluation.evaluate import evaluate
from ekspresi.evaluation.provenance import EvaluationRequest, make_provenance
from ekspresi.evaluation.report import write_report
from tests.evaluation.made_up_faces import ASKED
from tests.support.gray_model import face
from tests.support.page_tags import Tags


@pytest.fixture(scope="module")
def written(recognizer, dataset, evaluation, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "new" / "folder"
    return write_report(evaluation, make_provenance(recognizer, dataset, ASKED), folder, dataset)


def test_write_report_json_records_figures_and_provenance(written, recognizer, dataset, evaluation):
    record = json.loads(written[0].read_text(encoding="utf-8"))
    assert (record["format"], record["headline"]) == (2, "test, unmasked")
    assert record["evaluation"] == json.loads(json.dumps(evaluation.to_dict()))
    at_48 = record["evaluation"]["views"][0]["by_size"][0]["scores"]
    assert at_48["accuracy"]["low"] <= at_48["accuracy"]["value"] <= at_48["accuracy"]["high"]
    provenance = record["provenance"]
    assert provenance["model"] == "gray-reader"
    assert re.fullmatch(r"[0-9a-f]{64}", provenance["model_sha256"])
    assert provenance["data_fingerprint"] == dataset.fingerprint
    assert provenance["asked"]["protocol"] == "subject-10fold"
    assert {"python", "ekspresi", "numpy", "onnxruntime"} <= set(provenance["versions"])
    assert provenance["provider"] == "CPUExecutionProvider"


def test_write_report_names_the_first_weights(recognizer, dataset, evaluation, tmp_path, written):
    made = replace(make_provenance(recognizer, dataset, ASKED), model_provenance={"started_from": "ImageNet weights"})
    page = write_report(evaluation, made, tmp_path)[1].read_text(encoding="utf-8")
    assert "<dt>Training started from</dt><dd>ImageNet weights</dd>" in page
    assert "started from" not in written[1].read_text(encoding="utf-8")


def parsed(path):
    tags = Tags()
    tags.feed(path.read_text(encoding="utf-8"))
    assert tags.stack == []
    return tags.tags


def test_write_report_page_loads_nothing(written):
    tags = parsed(written[1])
    names = [name for name, _ in tags]
    assert names.count("svg") == 6  # by size, two confusion matrices, two reliability diagrams, abstention
    assert not {"script", "link", "iframe", "object", "b2"} & set(names)
    for name, attributes in tags:
        for key, value in attributes.items():
            if key in ("src", "href", "xlink:href") and name != "svg":
                assert value.startswith(("data:image/png;base64,", "#")), (name, key, value)
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    references = re.findall(r"url\(#([^)]+)\)", written[1].read_text(encoding="utf-8"))
    assert set(references) <= set(ids)
    assert len(ids) == len(set(ids))


def test_write_report_page_follows_light_and_dark(written):
    page = written[1].read_text(encoding="utf-8")
    assert "prefers-color-scheme: dark" in page
    assert "width=device-width" in page
    svgs = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert all("var(--ink)" in svg for svg in svgs)
    # A color that does not follow the page would vanish on one of the two backgrounds.
    assert not [svg for svg in svgs if re.search(r"#0[1-6]0[1-6]0[1-6]|#000000|fill: white", svg)]


def test_write_report_page_shows_figures_and_escapes_names(written, evaluation):
    page = written[1].read_text(encoding="utf-8")
    headline = evaluation.headline.at(48)
    assert f"{100 * headline.scores.accuracy.value:.1f}" in page
    assert f"{100 * headline.calibration.ece:.1f}" in page
    for view in evaluation.views:
        assert view.name in page
    for label in evaluation.headline.labels:
        assert f">{label}</th>" in page
    assert "10 labelled contempt" in page
    assert "&lt;gray&gt;.onnx" in page
    assert "&lt;b&gt;" in page
    assert "<b>0.png" not in page


def test_write_report_without_faces_has_no_gallery(recognizer, dataset, evaluation, written, tmp_path):
    page = written[1].read_text(encoding="utf-8")
    assert page.count("<figure>") == len(evaluation.mistakes) > 5
    assert "Local only: do not pass on" in page
    provenance = make_provenance(recognizer, dataset, ASKED)
    bare = write_report(evaluation, provenance, tmp_path)[1].read_text(encoding="utf-8")
    assert "data:image" not in bare
    assert "Local only" not in bare


def test_write_report_of_one_size_and_one_subject_is_whole(recognizer, dataset, tmp_path):
    one = evaluate(recognizer, dataset, np.arange(5), sizes=(24,))
    page = write_report(one, make_provenance(recognizer, dataset, ASKED), tmp_path, dataset)[1]
    assert "no interval" in page.read_text(encoding="utf-8")
    parsed(page)


def test_write_report_shows_leaks_on_top(recognizer, dataset, evaluation, tmp_path):
    asked = EvaluationRequest("paper-split", 0, 0, "test", "")
    paths = write_report(evaluation, make_provenance(recognizer, dataset, asked), tmp_path)
    page = paths[1].read_text(encoding="utf-8")
    assert 'role="alert">Leaky protocol' in page
    assert page.index("Leaky protocol") < page.index("By face size")
    assert "Leaky protocol" in json.loads(paths[0].read_text(encoding="utf-8"))["provenance"]["warnings"][0]


@pytest.mark.parametrize(
    ("side", "sizes", "counts"),
    [
        (60, (48, 16), None),  # all are larger than the largest size: each is shrunk
        (48, (48, 16), None),  # all are of the largest size: nothing to report
        (48, (60, 48, 16), "60 at 60 px, 60 at 48 px."),
        (20, (48, 32, 16), "60 at 48 px, 60 at 32 px."),
    ],
)
def test_write_report_counts_faces_that_were_not_shrunk(recognizer, dataset, tmp_path, side, sizes, counts):
    rng = np.random.default_rng(0)
    sized = replace(dataset, images=np.stack([face(k % 8, 8, rng, side) for k in range(70)]))
    measured = evaluate(recognizer, sized, np.arange(70), sizes=sizes)
    page = write_report(measured, make_provenance(recognizer, sized, ASKED), tmp_path)[1].read_text(encoding="utf-8")
    assert ("are not shrunk to it" in page) == (counts is not None)
    if counts is not None:
        counted = re.search(r"are not shrunk to it:\s*(.*?)</p>", page, flags=re.DOTALL)
        assert " ".join(counted[1].split()) == counts


def test_write_report_leads_with_predict_and_names_the_labels(written, evaluation):
    page = " ".join(written[1].read_text(encoding="utf-8").split())
    head, masked = evaluation.headline.at(16).scores.accuracy, evaluation.masked.at(16).scores.accuracy
    assert (evaluation.headline.answers, evaluation.masked.answers) == ("unmasked", "masked")
    assert page.index('"label">Accuracy at 48 px</div>') < page.index('"label">Accuracy at 48 px, masked</div>')
    cells = [f'<td>{100 * each.value:.1f}<span class="interval">' for each in (head, masked)]
    assert f"16 px</th> {cells[0]}" in page and f"</td> {cells[1]}" in page
    assert f"<code>ekspresi predict --labels {','.join(evaluation.masked.labels)}</code>" in page


def test_write_report_shows_the_estimated_prior(calibrated, dataset, tmp_path):
    measured = evaluate(calibrated, dataset, np.arange(70), sizes=(48, 16), estimated_prior=True)
    paths = write_report(measured, make_provenance(calibrated, dataset, ASKED), tmp_path)
    record = json.loads(paths[0].read_text(encoding="utf-8"))["evaluation"]["prior"]
    assert (record["name"], [each["size_px"] for each in record["estimates"]]) == ("estimated", [48, 16])
    page = paths[1].read_text(encoding="utf-8")
    for label, share in record["true_shares"].items():
        estimate = record["estimates"][0]["estimate"]
        cell = f'<td>{100 * estimate["prior"][label]:.1f}<span class="interval">{100 * estimate["low"][label]:.1f}'
        assert f'<th scope="row">{label}</th><td>{100 * share:.1f}</td>' in page and cell in page
    parsed(paths[1])
