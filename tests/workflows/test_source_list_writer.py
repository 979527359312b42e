"""The list of sources beside the table: pictures without a face, broken and missing files, stopped and resumed runs."""

import csv
import shutil
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import OutputError
from ekspresi.pipeline.analyzer import AnalyzerConfig
from ekspresi.types import FrameResult
from ekspresi.workflows.options import PredictOptions, PredictResult, SilentListener
from ekspresi.workflows.predict import predict_sources

PORTRAIT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"


class StoppingListener(SilentListener):
    """Ask the run to end after so many frames."""

    def __init__(self, after: int) -> None:
        self.left, self.stop = after, Event()

    def on_frame(self, result: FrameResult, number: int) -> None:
        self.left -= 1
        if self.left == 0:
            self.stop.set()


def predict(sources: list[str], model: Path, options: PredictOptions, after: int = 0) -> PredictResult:
    listener = StoppingListener(after)
    return predict_sources(sources, AnalyzerConfig(model, "mtcnn", 40), options, listener, listener.stop)


def list_in(path: Path) -> list[tuple[str, str, str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file, delimiter="\t")
    assert header == ["source", "status", "rows", "reason"]
    return [(Path(source).name, status, rows, reason) for source, status, rows, reason in lines]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(PORTRAIT, folder / "1.jpg")
    Image.fromarray(np.full((60, 60, 3), 90, np.uint8)).save(folder / "2.png")
    (folder / "3.png").write_text("no picture")
    (folder / "4.cr2").write_text("a raw picture")
    shutil.copy(PORTRAIT, folder / "5.jpg")
    return folder


@pytest.mark.parametrize("named", [True, False])
def test_source_list_names_videos_read_in_part(named: bool, tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="extra [video]")
    from tests.support.clips import cut, write_clip

    folder = tmp_path / "in"
    folder.mkdir()
    clip = cut(write_clip(folder / "a.mkv", 100, gop=5), 0.5)
    (folder / "a.mkv").unlink()
    options = PredictOptions(out=tmp_path / "x.csv", page=tmp_path / "x.html")
    result = predict([str(clip if named else folder)], tiny_model, options)
    ((name, status, _, reason),) = list_in(tmp_path / "x.csv.sources.tsv")
    assert (name, status) == ("cut-a.mkv", "in part") and reason.startswith("was cut off after")
    assert "was cut off after" in (tmp_path / "x.html").read_text(encoding="utf-8")
    assert len(result.errors) == named and result.failed == 0


def test_source_list_names_each_source_and_its_outcome(folder: Path, tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.csv"
    result = predict([str(folder), str(tmp_path / "nowhere.png")], tiny_model, PredictOptions(out=out))
    path = tmp_path / "x.csv.sources.tsv"
    assert result.written == [out, path]
    listed = list_in(path)
    assert [line[:3] for line in listed] == [
        ("1.jpg", "ok", "1"),
        ("2.png", "no face", "0"),
        ("3.png", "not read", "0"),
        ("5.jpg", "ok", "1"),
        ("nowhere.png", "not read", "0"),
        ("4.cr2", "not read", "0"),
    ]
    reasons = {name: reason for name, _, _, reason in listed}
    assert reasons["1.jpg"] == reasons["2.png"] == ""
    assert reasons["nowhere.png"].startswith("no such file or folder")
    assert reasons["3.png"] and not reasons["3.png"].startswith(str(folder))
    with out.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 2


def test_source_list_of_a_resumed_run_is_whole(folder: Path, tiny_model: Path, tmp_path: Path) -> None:
    out, whole = tmp_path / "x.parquet", tmp_path / "whole.csv"
    predict([str(folder)], tiny_model, PredictOptions(out=whole))
    stopped = predict([str(folder)], tiny_model, PredictOptions(out=out), after=1)
    assert stopped.stopped
    statuses = {name: status for name, status, *_ in list_in(tmp_path / "x.parquet.sources.tsv")}
    assert (statuses["1.jpg"], statuses["2.png"], statuses["5.jpg"]) == ("ok", "unfinished", "unfinished")
    Image.fromarray(np.full((60, 60, 3), 90, np.uint8)).save(folder / "3.png")
    predict([str(folder)], tiny_model, PredictOptions(out=out, resume=True))
    repaired = [("3.png", "no face", "0", "") if line[0] == "3.png" else line for line in list_in(_list_of(whole))]
    assert list_in(_list_of(out)) == repaired


def test_source_list_leaves_out_what_ekspresi_drew(folder: Path, tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.jsonl"
    for _ in range(2):
        predict([str(folder)], tiny_model, PredictOptions(out=out, annotate=folder))
    assert len(list(folder.iterdir())) > 6
    assert [line[0] for line in list_in(_list_of(out))] == ["1.jpg", "2.png", "3.png", "5.jpg", "4.cr2"]


def test_source_list_replaces_no_file_of_others(folder: Path, tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.csv"
    _list_of(out).write_text("my notes\n")
    with pytest.raises(OutputError, match=r"x\.csv\.sources\.tsv: nothing in it shows that ekspresi made it"):
        predict([str(folder)], tiny_model, PredictOptions(out=out))
    assert not out.exists() and _list_of(out).read_text() == "my notes\n"
    predict([str(folder)], tiny_model, PredictOptions(out=out, overwrite=True))
    assert len(list_in(_list_of(out))) == 5


def test_no_table_has_no_source_list(folder: Path, tiny_model: Path, tmp_path: Path) -> None:
    predict([str(folder)], tiny_model, PredictOptions(annotate=tmp_path / "o"))
    predict([str(folder / "3.png")], tiny_model, PredictOptions(out=tmp_path / "x.csv"))  # nothing was read
    assert not list(tmp_path.glob("*.tsv")) and not list((tmp_path / "o").glob("*.tsv"))


def _list_of(table: Path) -> Path:
    return table.with_name(f"{table.name}.sources.tsv")
