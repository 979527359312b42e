"""``ekspresi evaluate``: from pictures on disk to the two reports, on fake data in the true formats."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ekspresi.cli import app
from ekspresi.datasets.registry import read
from ekspresi.errors import ConfigError, DatasetError, MissingExtraError, ModelError, OutputError
from ekspresi.expressions import CKPLUS_LABELS, FERPLUS_LABELS
from ekspresi.recognition.calibration import SizeCalibration
from tests.support.gray_model import face, write_gray_model


@pytest.fixture(scope="module")
def ckplus(tmp_path_factory):
    """Twelve people, one sequence of three frames for each of the seven labels."""
    root = tmp_path_factory.mktemp("data") / "CK+48"
    rng = np.random.default_rng(0)
    for code, label in enumerate(CKPLUS_LABELS):
        folder = root / ("happy" if label == "happiness" else label)
        folder.mkdir(parents=True)
        for subject in range(12):
            for frame in range(3):
                picture = face(FERPLUS_LABELS.index(label), 8, rng)
                name = f"S{subject:03d}_{code:03d}_{frame:08d}.png"
                Image.fromarray(picture).save(folder / name)
    return root


@pytest.fixture(scope="module")
def ferplus(tmp_path_factory):
    """Eight faces of each side; the first test face stands in training too."""
    root = tmp_path_factory.mktemp("data") / "ferplus"
    rng = np.random.default_rng(0)
    rows = ["Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"]
    number = 0
    for usage, name in (("Training", "Train"), ("PublicTest", "Valid"), ("PrivateTest", "Test")):
        folder = root / f"FER2013{name}"
        folder.mkdir(parents=True)
        for code in range(8):
            # Blocks, not noise alone: faces of one label must not count as near-duplicates.
            blocks = np.kron(rng.integers(-9, 10, (6, 6)), np.ones((8, 8), int))
            picture = np.clip(face(code, 8, rng).astype(int) + blocks, 0, 255).astype(np.uint8)
            if usage == "Training" and code == 0:
                twin = picture
            if usage == "PrivateTest" and code == 0:
                picture = twin
            votes = [0] * 10
            votes[code], votes[(code + 1) % 8] = 9, 1
            Image.fromarray(picture).save(folder / f"fer{number:07d}.png")
            rows.append(f"{usage},fer{number:07d}.png,{','.join(map(str, votes))}")
            number += 1
    (root / "fer2013new.csv").write_text("\n".join(rows) + "\n")
    return root


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_gray_model(tmp_path_factory.mktemp("model") / "gray.onnx", FERPLUS_LABELS)


def run(*arguments):
    result = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def record_of(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def test_a_foreign_data_set_is_measured_whole(ckplus, model, tmp_path):
    output = run(f"ckplus48:{ckplus}", "--model", model, "--out", tmp_path / "report")
    for size in (48, 32, 24, 16, 12, 8):
        assert re.search(rf"{size} px .*100\.0 \[100\.0, 100\.0\]", output)
    assert "left out: 36 labelled contempt" in output
    labels = "happiness,surprise,sadness,anger,disgust,fear"
    assert f"* accuracy over the labels that count, as 'ekspresi predict --labels {labels}' answers" in output
    assert "report.html" in output
    record = record_of(tmp_path / "report")
    assert record["headline"] == "all faces, unmasked"
    assert [view["level"] for view in record["evaluation"]["views"]] == ["image", "sequence"] * 2
    headline = record["evaluation"]["views"][0]["by_size"][0]["scores"]
    assert (headline["n"], headline["clusters"]) == (6 * 36, 12)
    assert record["provenance"]["asked"]["protocol"] == "all"
    assert record["provenance"]["asked"]["command"].endswith("--split all")


def test_evaluate_auto_prior_is_shown_beside_the_true_shares(ckplus, tmp_path):
    priors = (0.51, *(0.07,) * 7)
    bias = tuple(np.log(priors).tolist())
    calibration = SizeCalibration((8.0, 48.0), (2.0, 2.0), (0.5, 0.5), 0.9, bias, priors, 1.0, 6.0)
    model = write_gray_model(tmp_path / "m.onnx", FERPLUS_LABELS, calibration=calibration)
    output = run(f"ckplus48:{ckplus}", "--model", model, "--out", tmp_path / "r", "--prior", "auto", "--no-gallery")
    assert "class prior estimated without labels" in " ".join(output.split())
    assert re.search(r"anger .*14\.3 .*1\d\.\d \[\d+\.\d, \d+\.\d\]", output)
    record = record_of(tmp_path / "r")
    assert record["provenance"]["asked"]["command"].endswith("--split all --prior auto")
    assert record["evaluation"]["prior"]["name"] == record["evaluation"]["views"][0]["prior"] == "estimated"
    (tmp_path / "mine.json").write_text('{"anger": 1, "fear": 1}')
    run(f"ckplus48:{ckplus}", "--model", model, "--out", tmp_path / "r", "--prior", tmp_path / "mine.json")
    assert record_of(tmp_path / "r")["evaluation"]["prior"]["shares"]["fear"] == pytest.approx(0.5)


def test_evaluate_same_data_takes_the_protocol_of_training(ckplus, tmp_path):
    fingerprint = read(f"ckplus48:{ckplus}").fingerprint
    provenance = {
        "data": {"reader": "ckplus48", "fingerprint": fingerprint},
        "split": {"protocol": "subject-10fold", "fold": 3, "seed": 0},
    }
    model = write_gray_model(tmp_path / "own.onnx", FERPLUS_LABELS, provenance)
    run(f"ckplus48:{ckplus}", "--model", model, "--out", tmp_path / "own", "--no-gallery")
    provenance = record_of(tmp_path / "own")["provenance"]
    assert provenance["asked"] | {"command": ""} == {
        "protocol": "subject-10fold",
        "fold": 3,
        "seed": 0,
        "side": "test",
        "command": "",
    }
    assert provenance["warnings"] == []
    output = run(f"ckplus48:{ckplus}", "--model", model, "--out", tmp_path / "other", "--fold", 4)
    assert "fold 3 in training, 4 here" in " ".join(output.split())
    output = run(f"ckplus48:{ckplus}", "--model", model, "--out", tmp_path / "validation", "--side", "validation")
    assert "Chosen on these faces" in " ".join(output.split())


def test_evaluate_relative_of_training_data_warns(ferplus, tmp_path):
    provenance = {"data": {"reader": "ferplus", "fingerprint": read(f"ferplus:{ferplus}").fingerprint}}
    model = write_gray_model(tmp_path / "own.onnx", FERPLUS_LABELS, provenance)
    pixels = " ".join(["128"] * 48 * 48)
    rows = [f"{code},{pixels},Training" for code in range(7)]
    (tmp_path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    output = run(f"fer2013:{tmp_path}", "--model", model, "--out", tmp_path / "report", "--split", "all")
    assert "trained on 'ferplus'" in " ".join(output.split())


def test_official_gives_both_test_sets_and_both_customs(ferplus, model, tmp_path):
    run(f"ferplus:{ferplus}", "--model", model, "--out", tmp_path)
    views = record_of(tmp_path)["evaluation"]["views"]
    assert [(view["name"], view["by_size"][0]["scores"]["n"]) for view in views] == [
        ("test, de-duplicated, arg-max", 7),
        ("test, de-duplicated, majority", 7),
        ("test, as published, arg-max", 8),
        ("test, as published, majority", 8),
    ]


def test_what_could_not_be_read_is_told(ckplus, model, tmp_path):
    copy = tmp_path / "CK+48"
    shutil.copytree(ckplus, copy)
    bad = sorted((copy / "fear").iterdir())[0]
    bad.write_text("no picture")
    output = run(f"ckplus48:{copy}", "--model", model, "--out", tmp_path / "report", "--no-gallery")
    assert f"skipped: 1 files or rows; first: {bad}: is a text file" in output
    assert "skipped" not in run(f"ckplus48:{ckplus}", "--model", model, "--out", tmp_path / "report", "--no-gallery")


def test_validation_side(ferplus, model, tmp_path):
    run(f"ferplus:{ferplus}", "--model", model, "--out", tmp_path, "--side", "validation")
    record = record_of(tmp_path)
    assert record["provenance"]["asked"]["side"] == "validation"
    assert record["headline"].startswith("validation")


def test_paper_split_is_shown_as_leaky(ckplus, model, tmp_path):
    output = run(f"ckplus48:{ckplus}", "--model", model, "--out", tmp_path, "--split", "paper-split")
    assert "Leaky protocol" in output
    assert "Leaky protocol" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_no_gallery(ckplus, tmp_path):
    reversed_labels = write_gray_model(tmp_path / "wrong.onnx", FERPLUS_LABELS[::-1])
    run(f"ckplus48:{ckplus}", "--model", reversed_labels, "--out", tmp_path / "with")
    run(f"ckplus48:{ckplus}", "--model", reversed_labels, "--out", tmp_path / "without", "--no-gallery")
    pages = [(tmp_path / name / "report.html").read_text() for name in ("with", "without")]
    assert [page.count("data:image/png") for page in pages] == [24, 0]


def test_without_out_each_run_has_its_own_folder(ckplus, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        run(f"ckplus48:{ckplus}", "--model", model, "--no-gallery")
        assert (tmp_path / "runs" / f"ckplus48-evaluation-{number}" / "report.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--split", "random"], ConfigError, "--split random: is not a protocol. Choose all, subject-10fold, "),
        (["--side", "train"], ConfigError, "--side train: is not a side of a split. Choose test or validation."),
        (["--prior", "flat"], ConfigError, "--prior flat: no such prior or file"),
        (["--prior", "auto"], ModelError, "has no calibration, so its prior cannot be changed"),
        (["--suite", "vhs"], ConfigError, "--suite vhs: is not a suite. Choose clean, kernels or cctv."),
        (["--fold", "2"], ConfigError, "every face is measured"),
        (["--split", "subject-10fold", "--fold", "10"], DatasetError, "fold 10"),
        (["--split", "official"], DatasetError, "official"),
        (["--model", "nowhere.onnx"], ModelError, r"nowhere\.onnx"),
    ],
)
def test_bad_requests(ckplus, model, tmp_path, arguments, error, message):
    own = [] if "--model" in arguments else ["--model", model]
    with pytest.raises(error, match=message):
        run(f"ckplus48:{ckplus}", *own, "--out", tmp_path / "report", *arguments)
    assert not (tmp_path / "report").exists()


def test_a_folder_that_cannot_be_written_is_told_before_the_work(ckplus, model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        run(f"ckplus48:{ckplus}", "--model", model, "--out", tmp_path / "file")


@pytest.mark.parametrize("name", ["report.json", "report.html"])
def test_reports_of_others_are_kept_and_read_only_ones_always(ckplus, model, tmp_path, name):
    words = [f"ckplus48:{ckplus}", "--model", model, "--out", tmp_path, "--no-gallery"]
    (tmp_path / name).write_text("of someone else")
    with pytest.raises(OutputError) as caught:
        run(*words)
    remedy = "Use --overwrite to replace it, or use a different --out."
    assert str(caught.value) == f"{tmp_path / name}: nothing in it shows that ekspresi made it. {remedy}"
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "of someone else"
    run(*words, "--overwrite")
    run(*words)  # what ekspresi finished may be replaced
    (tmp_path / name).chmod(0o444)
    before = [(path.name, path.read_bytes()) for path in tmp_path.iterdir()]
    with pytest.raises(OutputError, match=rf"{name}: is read-only\. Make it writable, or use a different --out\."):
        run(*words, "--overwrite")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == before


@pytest.mark.parametrize("package", ["sklearn", "matplotlib", "jinja2"])
def test_missing_extra(ckplus, model, package):
    """In a process of its own: what is imported once is there for good."""
    program = f"import sys; sys.modules[{package!r}] = None; from ekspresi.cli import main; main()"
    words = [sys.executable, "-c", program, "evaluate", f"ckplus48:{ckplus}", "--model", str(model)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == f"error: {MissingExtraError('ekspresi evaluate', 'eval')}\n"
