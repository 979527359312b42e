import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ekspresi.cli import main
from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.recognition.calibration import SizeCalibration
from tests.support.gray_model import write_gray_model


@pytest.fixture
def predict(tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run ``ekspresi predict`` with the tiny model -> exit code, standard output, standard error."""

    def run(
        *arguments: object, model: object = tiny_model, detector: str = "none", columns: int = 200
    ) -> tuple[int, str, str]:
        words = ["predict", *map(str, arguments), "--model", str(model), "--detector", detector]
        monkeypatch.setattr(sys, "argv", ["ekspresi", *words])
        monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("a/x.jpg", "b/x.jpg", "b/y.png"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (48, 48, 3), dtype=np.uint8)).save(path)
    return tmp_path / "in"


def one_line_error(err: str, *parts: object) -> None:
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    for part in parts:
        assert str(part) in err


def test_the_table_on_the_screen(predict, folder: Path) -> None:
    code, out, err = predict(folder / "b" / "y.png")
    assert (code, err) == (0, "")
    assert "y.png" in out
    assert "0,0 48,48" in out
    assert sum(label in out for label in FERPLUS_LABELS) == 2
    assert "1 face in 1 picture" in out


def test_table_80_columns_shows_folders_of_pictures(predict, folder: Path) -> None:
    code, out, _ = predict(folder, columns=80)
    assert code == 0
    for name in ("a/x.jpg", "b/x.jpg", "b/y.png"):
        assert re.search(rf"(?m)^{name} ", out)


@pytest.mark.parametrize("table", [True, False])
def test_table_of_many_faces_shows_first_and_last(predict, tmp_path: Path, table: bool) -> None:
    (tmp_path / "in").mkdir()
    for number in range(60):
        name = f"a-long-name-of-a-picture-from-a-holiday-by-the-sea-{number:04}.png"
        Image.fromarray(np.full((12, 12), number, np.uint8)).save(tmp_path / "in" / name)
    code, out, _ = predict(tmp_path / "in", *(["--out", tmp_path / "rows.csv"] if table else []), columns=80)
    shown = [int(number) for number in re.findall(r"(?m)^a-\S*…\S*-(\d{4})\.png ", out)]
    assert code == 0 and shown == [*range(30), *range(50, 60)]
    assert f"... and 20 more faces{f', see {tmp_path}' if table else '; --out FILE'}" in out
    assert len(out.splitlines()) < 50


def test_on_a_narrow_screen_names_stay_whole_and_columns_go(predict, folder: Path) -> None:
    for columns, left_out in ((80, ()), (64, ("effective", "second")), (40, ("effective", "second", "face box"))):
        code, out, _ = predict(folder, columns=columns)
        assert code == 0
        for name in ("a/x.jpg", "b/x.jpg", "b/y.png"):
            assert re.search(rf"(?m)^{name} ", out)
        for heading in ("picture", "face box", "px", "effective", "expression", "confidence", "second"):
            assert bool(re.search(rf"(?m)(^| ){heading}( |$)", out)) == (heading not in left_out)
        assert "…" not in out


def test_csv_and_annotated_pictures_of_a_folder(predict, folder: Path, tmp_path: Path) -> None:
    table, pictures = tmp_path / "x.csv", tmp_path / "out"
    code, out, err = predict(folder, "--out", table, "--annotate", pictures)
    assert (code, err) == (0, "")
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["source"] for row in rows] == [str(folder / name) for name in ("a/x.jpg", "b/x.jpg", "b/y.png")]
    for row in rows:
        shares = {label: float(row[f"p_{label}"]) for label in FERPLUS_LABELS}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
        assert row["most_likely"] == max(shares, key=lambda label: shares[label])
        assert row["expression"] == row["most_likely"] and row["face"] == "1"
        assert (row["face_px"], row["abstained"], row["frame"], row["track"]) == ("48.0", "false", "0", "")
    assert sorted(path.relative_to(pictures).as_posix() for path in pictures.rglob("*.*")) == [
        *(".ekspresi.journal", "a/x.jpg", "b/x.jpg", "b/y.png")
    ]
    assert f"written: {table}" in out


def test_jsonl(predict, folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "x.jsonl"
    assert predict(folder, "--out", table)[0] == 0
    lines = [json.loads(line) for line in table.read_text(encoding="utf-8").splitlines()]
    assert [line["face_px"] for line in lines] == [48.0] * 3


def test_sources_are_never_overwritten(predict, folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    assert predict(folder, "--annotate", folder)[0] == 0
    assert {path: path.read_bytes() for path in before} == before
    assert len([path for path in folder.rglob("*.*") if not path.name.startswith(".")]) == 6


def test_a_picture_without_faces(predict, tmp_path: Path) -> None:
    Image.new("RGB", (80, 80), "gray").save(tmp_path / "wall.png")
    code, out, _ = predict(tmp_path / "wall.png", "--out", tmp_path / "x.csv", detector="mtcnn")
    assert code == 0
    assert "0 faces in 1 picture" in out
    assert "No face found in 1 picture." in out
    assert (tmp_path / "x.csv").read_text().startswith("source,frame,")


def test_one_bad_file_is_reported_counted_and_the_rest_is_done(predict, folder: Path, tmp_path: Path) -> None:
    bad = folder / "a" / "bad.jpg"
    bad.write_bytes(b"no picture")
    code, out, err = predict(folder, "--out", tmp_path / "x.csv")
    assert code == 0
    one_line_error(err, bad, "is a text file, not a picture")
    assert "3 of 4 sources read, 1 failed" in out
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 4


def test_predict_unusable_named_source_exits_with_2(predict, folder: Path, tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.jpg", folder / "b" / "y.png"
    bad.write_bytes(b"")
    for path, what in (
        (tmp_path / "nowhere.jpg", "no such file or folder"),
        (tmp_path / "*.bmp", "matches no file"),
        (bad, "is empty"),
    ):
        code, out, err = predict(folder / "a", path, good, "--out", tmp_path / "x.csv")
        assert code == 2
        one_line_error(err, path, what)
        assert "2 faces in 2 pictures" in out
        assert len((tmp_path / "x.csv").read_text().splitlines()) == 3


def test_a_picture_that_cannot_be_written_costs_no_row(predict, folder: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "out" / "b" / "x.jpg"
    blocked.mkdir(parents=True)
    code, out, err = predict(folder, "--out", tmp_path / "x.csv", "--annotate", tmp_path / "out")
    assert code == 2
    one_line_error(err, blocked, "exists and is not a file")
    assert "1 annotated picture not written" in out
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 4
    assert (tmp_path / "out" / "b" / "y.png").is_file()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_in_a_folder_is_passed_by(folder: Path, tiny_model: Path) -> None:
    """In a process of its own, which can be ended where it waits for who writes to the pipe."""
    os.mkfifo(folder / "a" / "pipe.png")
    words = [sys.executable, "-m", "ekspresi", "predict", folder, "--model", tiny_model, "--detector", "none"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    one_line_error(done.stderr, folder / "a" / "pipe.png", "is neither a file nor a folder")
    assert "3 of 4 sources read, 1 failed" in done.stdout


def truncated_jpeg() -> bytes:
    import io

    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()[:900]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty (0 bytes)"),
        (b"just text", "is a text file, not a picture"),
        (truncated_jpeg(), "is damaged or cut short"),
        (bytes(range(256)), "not a picture of a known kind"),
    ],
)
def test_where_nothing_can_be_read_the_exit_code_is_2(predict, content: bytes, what: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(content)
    code, out, err = predict(bad, "--out", tmp_path / "x.csv")
    assert (code, out) == (2, "")
    one_line_error(err, bad, what)
    assert not (tmp_path / "x.csv").exists()


def test_paths_that_hold_nothing(predict, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path, what in (
        (tmp_path / "nowhere.jpg", "no such file or folder"),
        (tmp_path / "empty", "holds no pictures"),
        (tmp_path / "*.jpg", "matches no file"),
    ):
        code, out, err = predict(path)
        assert (code, out) == (2, "")
        one_line_error(err, path, what)


def test_models_that_are_none(predict, folder: Path, tmp_path: Path, write_model) -> None:
    text = tmp_path / "text.onnx"
    text.write_text("no model")
    bare = write_model(tmp_path / "bare.onnx", metadata=None)
    for model, what in (
        (text, "is not an ONNX model"),
        (bare, "lacks ekspresi's metadata"),
        (tmp_path / "nowhere.onnx", "no such model file"),
    ):
        code, out, err = predict(folder, model=model)
        assert (code, out) == (2, "")
        one_line_error(err, model, what)


def test_outputs_that_cannot_be(predict, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for arguments, what in (
        (("--out", tmp_path / "x.ods"), "ends in .csv, .jsonl, .parquet, .xlsx"),
        (("--out", tmp_path / "nowhere" / "x.csv"), "there is no folder"),
        (("--annotate", tmp_path / "file"), "the folder cannot be made"),
    ):
        code, _, err = predict(folder, *arguments)
        assert code == 2
        one_line_error(err, arguments[1], what)


def test_unknown_detector(predict, folder: Path) -> None:
    code, _, err = predict(folder, detector="viola")
    assert code == 2
    one_line_error(err, "'viola': is not a detector. Use mtcnn, yunet, none")


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_file_names_that_no_terminal_can_show(predict, folder: Path) -> None:
    odd = folder / "a" / "\udcff\x1b[31m\n[bold].jpg"
    (folder / "a" / "x.jpg").rename(odd)
    code, out, err = predict(folder)
    assert (code, err) == (0, "")
    assert "[bold].jpg" in out
    assert "\x1b[31m" not in out
    odd.write_bytes(b"")
    code, out, err = predict(odd)
    assert code == 2
    one_line_error(err, "[bold].jpg: is empty")


def test_version_and_help() -> None:
    command = [sys.executable, "-c", "from ekspresi.cli import main; main()"]
    version = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("ekspresi 0.")
    options = subprocess.run([*command, "predict", "--help"], capture_output=True, text=True, check=True)
    for option in ("--out", "--annotate", "--detector", "--model", "--min-face-px"):
        assert option in options.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_takes_nothing_is_one_line(folder: Path, tiny_model: Path, unbuffered: str) -> None:
    words = [sys.executable, "-m", "ekspresi", "predict", folder, "--model", tiny_model, "--detector", "none"]
    with Path("/dev/full").open("w") as full:
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, env=environment)
    assert done.returncode == 2
    one_line_error(done.stderr, "standard output: cannot be written (No space left on device). Redirect it elsewhere.")


def test_who_reads_the_output_may_go(folder: Path, tiny_model: Path) -> None:
    words = [sys.executable, "-m", "ekspresi", "predict", folder, "--model", tiny_model, "--detector", "none"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_other_errors_of_the_system_keep_their_traceback(
    predict, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("ekspresi.visualization.video_annotator.annotate", fail)
    with pytest.raises(OSError, match="Input/output error"):
        predict(folder, "--annotate", folder)


def test_the_keyboard_stops_it_with_130(predict, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ekspresi.media.frames.load_frames", stop)
    assert predict(folder)[0] == 130


def test_unsure_faces_say_so_and_an_even_prior_can_be_asked_for(predict, folder: Path, tmp_path: Path) -> None:
    shares = tuple(0.93 if label == "sadness" else 0.01 for label in FERPLUS_LABELS)
    never = SizeCalibration((48.0,), (1.0,), (2.0,), 0.92, (0.0,) * 8, shares, 1.0, 6.0)
    model = write_gray_model(tmp_path / "m.onnx", FERPLUS_LABELS, calibration=never, believed_px=20)
    table = tmp_path / "x.csv"
    code, out, _ = predict(folder / "b" / "y.png", "--out", table, model=model)
    row = next(csv.DictReader(table.open()))
    assert code == 0 and "unsure" in out and f"{row['most_likely']}?" in out
    assert row["expression"] == "unsure"
    assert row["abstained"] == "true" and float(row["effective_px"]) == pytest.approx(20, abs=0.01)
    _, _, _ = predict(folder / "b" / "y.png", "--prior", "uniform", "--out", table, model=model)
    even = next(csv.DictReader(table.open()))
    assert float(even["p_sadness"]) < float(row["p_sadness"])
    _, _, err = predict(folder / "b" / "y.png", "--even-prior", "--out", table, "--overwrite", model=model)
    assert "Use --prior uniform." in err
    assert next(csv.DictReader(table.open())) == even


def test_labels_are_the_only_answers(predict, folder: Path, tmp_path: Path) -> None:
    code, out, _ = predict(folder, "--labels", "fear, contempt", "--out", tmp_path / "x.csv")
    assert code == 0 and "neutral" not in out
    for row in csv.DictReader((tmp_path / "x.csv").open()):
        assert row["expression"] in ("fear", "contempt") and float(row["p_neutral"]) == 0
        assert float(row["p_fear"]) + float(row["p_contempt"]) == pytest.approx(1, abs=1e-3)
    code, _, err = predict(folder, "--labels", "joy,fear")
    one_line_error(err, "labels: the model has no label 'joy'. Use neutral, happiness,")
    assert code == 2
