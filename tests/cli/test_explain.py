import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ekspresi.cli import main
from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.types import Face
from tests.support.gray_model import write_gray_model
from tests.support.quadrant_model import CALIBRATION, checkered, write_quadrant_model


@pytest.fixture
def explain(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run ``ekspresi explain`` in ``tmp_path`` -> exit code, standard output, standard error."""

    def run(
        *arguments: object, model: object = tiny_model, detector: str = "none", columns: int = 80
    ) -> tuple[int, str, str]:
        words = ["explain", *map(str, arguments), "--model", str(model), "--detector", detector]
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["ekspresi", *words])
        monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def crop(tmp_path: Path) -> Path:
    """A crop of 10 px in a folder of its own."""
    path = tmp_path / "in" / "crop.png"
    path.parent.mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (10, 10, 3), dtype=np.uint8)).save(path)
    return path


class Crowd:
    """Faces of 12 px, side by side."""

    def __init__(self, number: int) -> None:
        self.number = number

    def detect(self, image: np.ndarray) -> list[Face]:
        return [Face((12.0 * k, 0.0, 12.0 * k + 12, 12.0), 0.9) for k in range(self.number)]


def one_line_error(err: str, *parts: object) -> None:
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    for part in parts:
        assert str(part) in err


def test_a_crop_is_explained_beside_the_user_not_beside_the_crop(explain, crop: Path, tmp_path: Path) -> None:
    before = crop.read_bytes()
    code, out, err = explain(crop)
    assert (code, err) == (0, "")
    assert "written: crop-explained.png" in out
    assert "0,0 10,10" in out
    assert sum(label in out for label in FERPLUS_LABELS) == 1
    with Image.open(tmp_path / "crop-explained.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > 800
    assert crop.read_bytes() == before
    assert [path.name for path in crop.parent.iterdir()] == ["crop.png"]


def test_the_map_of_the_picture_is_that_of_the_model(explain, tmp_path: Path) -> None:
    model = write_quadrant_model(tmp_path / "x.onnx", (0, 1))
    Image.fromarray(checkered()).save(tmp_path / "x.png")
    assert explain("x.png", model=model)[0] == 0
    pixels = np.asarray(Image.open(tmp_path / "x-explained.png")).astype(int)
    tint = (pixels.max(axis=-1) - pixels.min(axis=-1))[36 + 62 : 36 + 62 + 384, 36 : 36 + 384]
    assert tint[96, 288] > 40
    assert tint[96, 96] == tint[288, 96] == tint[288, 288] == 0


def test_out_names_the_picture(explain, crop: Path, tmp_path: Path) -> None:
    target = tmp_path / "why.JPG"
    code, out, _ = explain(crop, "--out", target)
    assert code == 0
    assert f"written: {target}" in out
    with Image.open(target) as picture:
        assert picture.format == "JPEG"
    assert not (tmp_path / "crop-explained.png").exists()


def test_a_folder_that_is_not_there_is_told_before_the_work(explain, crop: Path, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    target = tmp_path / "nowhere" / "why.png"
    for image in (crop, "text.png"):
        code, out, err = explain(image, "--out", target)
        assert (code, out) == (2, "")
        one_line_error(err, f"{target}: cannot be written: there is no folder {target.parent}. Make it first.")
    assert not target.parent.exists()


def test_the_source_is_never_replaced(explain, crop: Path, tmp_path: Path) -> None:
    before = crop.read_bytes()
    (tmp_path / "link.png").symlink_to(crop)
    for out in (crop, tmp_path / "in" / ".." / "in" / "crop.png", tmp_path / "link.png"):
        code, _, err = explain(crop, "--out", out)
        assert code == 2
        one_line_error(err, "is the picture to explain")
    assert crop.read_bytes() == before


def test_outputs_that_are_no_pictures(explain, crop: Path, tmp_path: Path) -> None:
    for out, what in (
        ("x.pdf", "Let it end in .png or .jpg."),
        ("x", "Let it end in .png or .jpg."),
        (crop / "x.png", "cannot be"),
    ):
        code, _, err = explain(crop, "--out", out)
        assert code == 2
        one_line_error(err, what)


def test_no_face_is_said_and_nothing_written(explain, tmp_path: Path) -> None:
    Image.new("RGB", (80, 80), "gray").save(tmp_path / "wall.png")
    code, out, err = explain("wall.png", detector="mtcnn")
    assert (code, out) == (2, "")
    one_line_error(err, "wall.png: no face found", "--min-face-px", "--detector none")
    assert not (tmp_path / "wall-explained.png").exists()


def test_what_cannot_be_read(explain, crop: Path, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    for path, what in (
        ("nowhere.jpg", "no such file"),
        ("text.jpg", "is a text file, not a picture"),
        (crop.parent, "is a folder. Give one picture"),
    ):
        code, out, err = explain(path)
        assert (code, out) == (2, "")
        one_line_error(err, path, what)


def test_a_model_that_is_none(explain, crop: Path) -> None:
    code, _, err = explain(crop, model="nowhere.onnx")
    assert code == 2
    one_line_error(err, "nowhere.onnx", "no such model file")


@pytest.mark.parametrize(("number", "bands"), [(3, 3), (26, 24)])
def test_every_face_has_a_line_and_a_band(
    explain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, bands: int
) -> None:
    image = np.random.default_rng(1).integers(0, 256, (12, 12 * number, 3), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "crowd.png")
    monkeypatch.setattr("ekspresi.pipeline.analyzer.make_detector", lambda *_: Crowd(number))
    code, out, _ = explain("crowd.png", detector="mtcnn")
    assert code == 0
    assert f"{12 * bands - 12},0 {12 * bands},12" in out
    assert f"{12 * bands},0" not in out
    assert (f"the {bands} largest of {number} faces" in out) == (number > bands)
    with Image.open(tmp_path / "crowd-explained.png") as picture:
        assert 400_000 * bands < picture.width * picture.height < 2_000_000 * bands and max(picture.size) < 7000


def test_explain_unsure_face_shows_guess_and_effective_px(explain, tmp_path: Path) -> None:
    model = write_gray_model(tmp_path / "x.onnx", ("neutral", "fear", "anger"), 0, 0.0, CALIBRATION, believed_px=9)
    Image.new("L", (20, 20), 127).save(tmp_path / "x.png")
    code, out, _ = explain("x.png", model=model)
    assert code == 0
    (line,) = (line.split() for line in out.splitlines() if "0,0 20,20" in line)
    assert line[:4] == ["1", "0,0", "20,20", "20"]
    assert line[4:] == ["9", "unsure", "(neutral)", "33%"]


def test_explain_refuses_an_estimated_prior(explain, crop: Path) -> None:
    code, _, err = explain(crop, "--prior", "auto")
    assert (code, err) == (
        2,
        "error: --prior auto: one picture has too few faces. Use trained, uniform or a file.\n",
    )


def test_an_even_prior_needs_a_calibration(explain, crop: Path) -> None:
    code, _, err = explain(crop, "--prior", "uniform")
    assert code == 2
    one_line_error(err, "has no calibration")
