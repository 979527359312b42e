"""The two files of a report: what stands in them, that nothing is loaded from elsewhere, what may leak."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.evaluation import plots
from ekspresi.evaluation.evaluate import evaluate
from ekspresi.evaluation.provenance import EvaluationRequest, list_leak_warnings, make_provenance
from ekspresi.evaluation.report import write_report
from ekspresi.expressions import CKPLUS_LABELS, FERPLUS_LABELS
from ekspresi.recognition.recognizer import Recognizer
from tests.support.gray_model import face, write_gray_model
from tests.support.page_tags import Tags

ASKED = EvaluationRequest("subject-10fold", 0, 0, "test", "ekspresi evaluate made:up --model <gray>.onnx")


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory):
    return Recognizer(write_gray_model(tmp_path_factory.mktemp("model") / "gray.onnx", FERPLUS_LABELS))


@pytest.fixture(scope="module")
def dataset():
    """CK+ labels; every fifth face looks like another expression; <b> in a name must not become markup."""
    rng = np.random.default_rng(0)
    targets = np.arange(70) % 7
    shown = np.where(np.arange(70) % 5 == 0, (targets + 1) % 7, targets)
    codes = [FERPLUS_LABELS.index(CKPLUS_LABELS[k]) for k in shown]
    return FaceDataset(
        name="made",
        path="up",
        labels=CKPLUS_LABELS,
        images=np.stack([face(k, 8, rng) for k in codes]),
        votes=(10 * np.eye(7)[targets]).astype(np.float32),
        other_votes=np.zeros((70, 0), np.float32),
        names=np.array([f"<b>{i}.png" for i in range(70)]),
        subjects=np.array([f"S{i // 7}" for i in range(70)]),
        sequences=np.array([f"S{i // 7}_{i % 7}" for i in range(70)]),
    )


@pytest.fixture(scope="module")
def evaluation(recognizer, dataset):
    return evaluate(recognizer, dataset, np.arange(70), sizes=(48, 16, 8))


@pytest.fixture(scope="module")
def written(recognizer, dataset, evaluation, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "new" / "folder"
    return write_report(evaluation, make_provenance(recognizer, dataset, ASKED), folder, dataset)


def test_json_says_what_was_measured_and_how(written, recognizer, dataset, evaluation):
    record = json.loads(written[0].read_text(encoding="utf-8"))
    assert (record["format"], record["headline"]) == (2, "test, masked")
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


def test_report_names_starting_point(recognizer, dataset, evaluation, tmp_path, written):
    made = replace(make_provenance(recognizer, dataset, ASKED), model_provenance={"started_from": "ImageNet weights"})
    page = write_report(evaluation, made, tmp_path)[1].read_text(encoding="utf-8")
    assert "<dt>Training started from</dt><dd>ImageNet weights</dd>" in page
    assert "started from" not in written[1].read_text(encoding="utf-8")


def parsed(path):
    tags = Tags()
    tags.feed(path.read_text(encoding="utf-8"))
    assert tags.stack == []
    return tags.tags


def test_page_holds_everything_and_loads_nothing(written):
    tags = parsed(written[1])
    names = [name for name, _ in tags]
    assert names.count("svg") == 5  # by size, two confusion matrices, two reliability diagrams
    assert not {"script", "link", "iframe", "object", "b2"} & set(names)
    for name, attributes in tags:
        for key, value in attributes.items():
            if key in ("src", "href", "xlink:href") and name != "svg":
                assert value.startswith(("data:image/png;base64,", "#")), (name, key, value)
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    references = re.findall(r"url\(#([^)]+)\)", written[1].read_text(encoding="utf-8"))
    assert set(references) <= set(ids)
    assert len(ids) == len(set(ids))


def test_page_follows_light_and_dark(written):
    page = written[1].read_text(encoding="utf-8")
    assert "prefers-color-scheme: dark" in page
    assert "width=device-width" in page
    svgs = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert all("var(--ink)" in svg for svg in svgs)
    # A color that does not follow the page would vanish on one of the two backgrounds.
    assert not [svg for svg in svgs if re.search(r"#0[1-6]0[1-6]0[1-6]|#000000|fill: white", svg)]


def test_page_shows_figures_labels_provenance_and_escapes_names(written, evaluation):
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


def test_gallery_is_local_only_and_can_be_left_out(recognizer, dataset, evaluation, written, tmp_path):
    page = written[1].read_text(encoding="utf-8")
    assert page.count("<figure>") == len(evaluation.mistakes) > 5
    assert "Local only: do not pass on" in page
    provenance = make_provenance(recognizer, dataset, ASKED)
    bare = write_report(evaluation, provenance, tmp_path)[1].read_text(encoding="utf-8")
    assert "data:image" not in bare
    assert "Local only" not in bare


def test_plots_are_the_same_bytes_each_time(evaluation):
    view = evaluation.headline
    assert plots.plot_by_size(view) == plots.plot_by_size(view)
    assert plots.plot_confusion(view, view.at(48)) == plots.plot_confusion(view, view.at(48))


def test_confusion_plot_writes_the_shares_of_rows(evaluation):
    view = evaluation.headline
    counts = np.array(view.at(48).scores.confusion)
    texts = re.findall(r">([^<>]+)</text>", plots.plot_confusion(view, view.at(48)))
    shares = [f"{100 * c / row.sum():.0f}" for row in counts if row.sum() for c in row if c]
    for label in view.labels:
        assert texts.count(label) == 2
    for share in set(shares):
        assert texts.count(share) >= shares.count(share)


def test_reliability_is_shown_at_the_largest_and_16_px():
    assert plots.select_reliability_sizes((48, 32, 24, 16, 12, 8)) == [48, 16]
    assert plots.select_reliability_sizes((96, 64, 32)) == [96, 64]
    assert plots.select_reliability_sizes((48,)) == [48]


def test_a_single_size_and_a_single_subject_make_a_report_too(recognizer, dataset, tmp_path):
    one = evaluate(recognizer, dataset, np.arange(5), sizes=(24,))
    page = write_report(one, make_provenance(recognizer, dataset, ASKED), tmp_path, dataset)[1]
    assert "no interval" in page.read_text(encoding="utf-8")
    parsed(page)


def of_training(recognizer, **provenance):
    return replace(recognizer.metadata, provenance=provenance)


def test_leaks_are_named(recognizer, dataset):
    here = {"reader": "made", "fingerprint": dataset.fingerprint}
    same = of_training(recognizer, data=here, split={"protocol": "subject-10fold", "fold": 0, "seed": 0})
    assert list_leak_warnings(same, dataset, ASKED) == ()
    other_fold = EvaluationRequest("subject-10fold", 3, 0, "test", "")
    (sentence,) = list_leak_warnings(same, dataset, other_fold)
    assert "fold 0 in training, 3 here" in sentence
    (sentence,) = list_leak_warnings(same, dataset, EvaluationRequest("all", 0, 0, "all", ""))
    assert "Seen in training" in sentence
    seeded = of_training(recognizer, data=here, split={"protocol": "subject-10fold", "fold": 0, "seed": 5})
    assert "seed 5 in training, 0 here" in list_leak_warnings(seeded, dataset, ASKED)[0]
    assert (
        "Leaky protocol"
        in list_leak_warnings(recognizer.metadata, dataset, EvaluationRequest("paper-split", 0, 0, "test", ""))[0]
    )
    copy = of_training(recognizer, data={"reader": "made", "fingerprint": "0"}, split={})
    assert "another copy" in list_leak_warnings(copy, dataset, ASKED)[0]
    assert list_leak_warnings(recognizer.metadata, dataset, ASKED) == ()


def test_an_official_split_by_image_is_leaky(recognizer, dataset):
    official = EvaluationRequest("official", 0, 0, "test", "")
    (sentence,) = list_leak_warnings(recognizer.metadata, replace(dataset, name="ckextended"), official)
    assert sentence.startswith("Leaky protocol: the official split of 'ckextended'")
    assert (
        list_leak_warnings(
            recognizer.metadata, replace(dataset, name="ckextended"), EvaluationRequest("all", 0, 0, "all", "")
        )
        == ()
    )
    assert list_leak_warnings(recognizer.metadata, replace(dataset, name="ferplus"), official) == ()


def test_a_split_that_is_not_wholly_known_is_not_trusted(recognizer, dataset):
    here = {"reader": "made", "fingerprint": dataset.fingerprint}
    asked = EvaluationRequest("subject-holdout", 0, 4, "test", "")
    same = of_training(recognizer, data=here, split={"protocol": "subject-holdout", "fold": 0, "seed": 4})
    assert list_leak_warnings(same, dataset, asked) == ()
    unseeded = of_training(recognizer, data=here, split={"protocol": "subject-holdout", "fold": 0})
    assert "seed unknown in training, 4 here" in list_leak_warnings(unseeded, dataset, asked)[0]


def test_faces_that_chose_the_epoch_are_named(recognizer, dataset):
    here = {"reader": "made", "fingerprint": dataset.fingerprint}
    own = of_training(recognizer, data=here, split={"protocol": "subject-10fold", "fold": 0, "seed": 0})
    (sentence,) = list_leak_warnings(own, dataset, EvaluationRequest("subject-10fold", 0, 0, "validation", ""))
    assert sentence.startswith("Chosen on these faces")
    assert (
        list_leak_warnings(recognizer.metadata, dataset, EvaluationRequest("subject-10fold", 0, 0, "validation", ""))
        == ()
    )


@pytest.mark.parametrize(("trained", "measured"), [("ferplus", "fer2013"), ("fer2013", "ferplus")])
def test_readers_of_the_same_pictures_are_relatives(recognizer, dataset, trained, measured):
    measured_on = replace(dataset, name=measured)
    data = {"reader": trained, "fingerprint": "0"}
    (sentence,) = list_leak_warnings(of_training(recognizer, data=data), measured_on, ASKED)
    assert sentence.startswith("Perhaps seen in training")
    assert trained in sentence
    assert list_leak_warnings(of_training(recognizer, data=data), dataset, ASKED) == ()


def test_what_the_first_weights_have_seen_is_named(recognizer, dataset):
    here = {"reader": "made", "fingerprint": dataset.fingerprint}
    split = {"protocol": "subject-10fold", "fold": 0, "seed": 0}
    ferplus = {"reader": "ferplus", "fingerprint": "0"}
    (sentence,) = list_leak_warnings(of_training(recognizer, data=ferplus, parents=[here]), dataset, ASKED)
    assert sentence.startswith("Seen before training")
    assert list_leak_warnings(of_training(recognizer, data=here, split=split, parents=[here]), dataset, ASKED) == (
        sentence,
    )
    (sentence,) = list_leak_warnings(
        of_training(recognizer, data=here, parents=[ferplus, ferplus]), replace(dataset, name="fer2013"), ASKED
    )[1:]
    assert sentence.startswith("Perhaps seen before training")
    assert "ferplus" in sentence
    assert list_leak_warnings(of_training(recognizer, data=ferplus, parents=[ferplus, "x"]), dataset, ASKED) == ()
    assert list_leak_warnings(of_training(recognizer, parents=None), dataset, ASKED) == ()
    alike = {**here, "split": {"protocol": ASKED.protocol, "fold": ASKED.fold, "seed": ASKED.seed}}
    assert list_leak_warnings(of_training(recognizer, data=here, split=split, parents=[alike]), dataset, ASKED) == ()
    other = {**here, "split": {**alike["split"], "fold": 9}}
    assert list_leak_warnings(of_training(recognizer, data=here, split=split, parents=[other]), dataset, ASKED)


def test_a_leak_stands_on_top_of_the_page(recognizer, dataset, evaluation, tmp_path):
    asked = EvaluationRequest("paper-split", 0, 0, "test", "")
    paths = write_report(evaluation, make_provenance(recognizer, dataset, asked), tmp_path)
    page = paths[1].read_text(encoding="utf-8")
    assert 'role="alert">Leaky protocol' in page
    assert page.index("Leaky protocol") < page.index("By face size")
    assert "Leaky protocol" in json.loads(paths[0].read_text(encoding="utf-8"))["provenance"]["warnings"][0]


@pytest.mark.parametrize(
    ("side", "sizes", "told"),
    [
        (60, (48, 16), None),  # all are larger than the largest size: none is left alone
        (48, (48, 16), None),  # all are of the largest size: nothing to tell
        (48, (60, 48, 16), "60 at 60 px, 60 at 48 px."),
        (20, (48, 32, 16), "60 at 48 px, 60 at 32 px."),
    ],
)
def test_faces_left_as_they_are_are_counted(recognizer, dataset, tmp_path, side, sizes, told):
    rng = np.random.default_rng(0)
    sized = replace(dataset, images=np.stack([face(k % 8, 8, rng, side) for k in range(70)]))
    measured = evaluate(recognizer, sized, np.arange(70), sizes=sizes)
    page = write_report(measured, make_provenance(recognizer, sized, ASKED), tmp_path)[1].read_text(encoding="utf-8")
    assert ("are left as they are" in page) == (told is not None)
    if told is not None:
        counted = re.search(r"left as they are:\s*(.*?)</p>", page, flags=re.DOTALL)
        assert " ".join(counted[1].split()) == told
