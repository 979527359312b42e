"""`ekspresi predict` on files whose names are no plain text: one form in all outputs, in any encoding of the screen."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image

from ekspresi import original_name
from ekspresi.system.file_names import printable
from tests.support.clips import write_clip

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")

NAMES = ["caf\udce9.png", "two\nlines\x1b[31m.png", "<e9>.png", "日本.png", "film\udcff.mp4", "=cmd()|calc.png"]


@pytest.fixture
def predict(tiny_model: Path, tmp_path: Path):
    """Run ``ekspresi predict`` on odd names in the folder of the pictures, on a screen of some encoding."""
    folder = tmp_path / "in"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    for name in NAMES:
        if name.endswith(".mp4"):
            write_clip(tmp_path / "clip.mp4", 3).rename(folder / name)
        else:
            Image.fromarray(pixels).save(folder / name)

    def run(*words: object, encoding: str = "utf-8") -> "subprocess.CompletedProcess[bytes]":
        command = [sys.executable, "-m", "ekspresi", "predict", *map(str, words), "--model", str(tiny_model)]
        environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "200"}
        return subprocess.run([*command, "--detector", "none"], cwd=folder, env=environment, capture_output=True)

    return run


def test_odd_names_have_one_form_in_all_outputs(predict, tmp_path: Path) -> None:
    outputs = {ending: tmp_path / f"rows.{ending}" for ending in ("csv", "jsonl", "parquet")}
    drawn = tmp_path / "drawn"
    for table in outputs.values():
        done = predict(*NAMES, "--out", table, "--page", tmp_path / "p.html", "--annotate", drawn)
        assert (done.returncode, done.stderr) == (0, b"")
    lines = list(csv.DictReader(outputs["csv"].read_text(encoding="utf-8").splitlines()))
    objects = [json.loads(line) for line in outputs["jsonl"].read_text(encoding="utf-8").splitlines()]
    rows = pyarrow.parquet.read_table(outputs["parquet"]).to_pylist()
    forms = [printable(name) for name in NAMES]
    for read in (objects, rows):
        assert list(dict.fromkeys(row["source"] for row in read)) == forms
        assert list(dict.fromkeys(row["annotated"] for row in read)) == [printable(str(drawn / name)) for name in NAMES]
    assert list(dict.fromkeys(line["source"] for line in lines)) == [*forms[:-1], "<3d>cmd()|calc.png"]
    assert list(dict.fromkeys(original_name(line["source"]) for line in lines)) == NAMES
    assert sorted(path.name for path in drawn.glob("[!.]*")) == sorted(NAMES)
    page, screen = (tmp_path / "p.html").read_text(encoding="utf-8"), done.stdout.decode("utf-8")
    for form in forms:
        assert form in screen
        assert form.replace("<", "&lt;").replace(">", "&gt;") in page


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_no_encoding_of_the_screen_ends_a_run(encoding: str, predict, tmp_path: Path) -> None:
    (tmp_path / "in" / "leer\udce9.png").touch()
    done = predict(".", "--out", tmp_path / "x.csv", "--verbose", encoding=encoding)
    assert done.returncode == 0
    screen, errors = done.stdout.decode(encoding), done.stderr.decode(encoding)
    assert "Traceback" not in errors and "leer<e9>.png: is empty" in errors
    assert "caf<e9>.png" in screen and ("日本.png" if encoding == "utf-8" else "<u+65e5><u+672c>.png") in screen
    assert f"written: {tmp_path / 'x.csv'}" in screen
