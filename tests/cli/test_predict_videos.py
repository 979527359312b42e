"""`ekspresi predict` on videos and cameras: tables, films, pages; stopped, killed and gone on with."""

import csv
import json
import math
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from ekspresi.cli import main
from tests.support.clips import write_clip
from tests.support.network_cameras import http_camera, wait_until


@pytest.fixture
def predict(tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run ``ekspresi predict`` on whole frames with the tiny model -> exit code, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        words = ["predict", *map(str, arguments), "--model", str(tiny_model), "--detector", "none"]
        monkeypatch.setattr(sys, "argv", ["ekspresi", *words])
        monkeypatch.setattr("ekspresi.cli.progress_lines.EVERY_S", math.inf)  # a busy machine takes minutes
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def process(*arguments: object, model: Path) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "ekspresi", "predict", *map(str, arguments)]
    words += ["--model", str(model), "--detector", "none"]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def lines_in(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_predict_mixed_folder_gives_table_videos_and_page(predict, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_clip(folder / "b.mp4", 30)
    write_clip(folder / "c.mkv", 5, stamps_ms=[0, 40, 500, 1000, 2500])
    Image.new("RGB", (50, 50), "gray").save(folder / "a.png")
    out = tmp_path / "rows.csv"
    code, said, err = predict(folder, "--out", out, "--annotate", tmp_path / "o", "--page", tmp_path / "p.html")
    assert (code, err) == (0, "")
    rows = rows_of(out)
    assert [Path(row["source"]).name for row in rows] == ["a.png"] + ["b.mp4"] * 30 + ["c.mkv"] * 5
    assert [float(row["time_s"]) for row in rows[-5:]] == [0, 0.04, 0.5, 1, 2.5]
    assert {row["track"] for row in rows[1:31]} == {"1"} and rows[0]["track"] == ""
    with av.open(tmp_path / "o" / "b.mp4") as film:
        assert film.streams.video[0].codec_context.name == "h264"
        assert len(list(film.decode(video=0))) == 30
    with av.open(tmp_path / "o" / "c.mkv.mp4") as film:
        assert [round(float(frame.time), 2) for frame in film.decode(video=0)] == [0, 0.04, 0.5, 1, 2.5]
    assert (tmp_path / "o" / "a.png").exists()
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "b.mp4" in page and "<svg" in page and "://" not in page
    assert "1 face in 1 picture" in said and "1 track in 30 frames of b.mp4" in said
    assert [path.name for path in tmp_path.glob("*.journal")] == [".rows.csv.journal"]


def test_every_start_end_and_one_row_a_second(predict, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 100)
    assert predict(clip, "--out", tmp_path / "x.csv", "--every", "0.2s", "--start", "1s", "--end", "0:03")[0] == 0
    assert [float(row["time_s"]) for row in rows_of(tmp_path / "x.csv")] == pytest.approx(
        [1 + k / 5 for k in range(10)]
    )
    assert predict(clip, "--out", tmp_path / "y.jsonl", "--summary")[0] == 0
    lines = [json.loads(line) for line in (tmp_path / "y.jsonl").read_text().splitlines()]
    assert [line["time_s"] for line in lines] == pytest.approx([0.96, 1.96, 2.96, 3.96])
    code, _, err = predict(clip, "--every", "soon")
    assert code == 2 and "0.2s" in err
    code, _, err = predict(clip, "--start", "3s", "--end", "2s")
    assert code == 2 and err.startswith("error: ") and err.count("\n") == 1


def test_frames_too_far_apart_to_follow_faces_are_told(predict, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 225)
    code, said, err = predict(clip, "--every", "2s")
    assert (code, err) == (0, "") and "1 track in 5 frames" in said
    code, said, err = predict(clip, "--every", "0:04")
    assert code == 0 and "3 tracks in 3 frames" in said
    assert (
        err == "note: --every 0:04 is longer than 2 s, so faces are not tracked: each detection gets its own track.\n"
    )


def test_faces_are_hidden_in_all_that_is_drawn(predict, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(tmp_path / "a.png")
    assert predict(tmp_path / "a.png", "--annotate", tmp_path / "open")[0] == 0
    assert predict(tmp_path / "a.png", "--annotate", tmp_path / "hidden", "--anonymize")[0] == 0
    shown, hidden = (np.asarray(Image.open(tmp_path / name / "a.png"))[:64, :64] for name in ("open", "hidden"))
    assert np.abs(np.diff(shown[:, :, 0].astype(int))).mean() > 3 * np.abs(np.diff(hidden[:, :, 0].astype(int))).mean()


@pytest.mark.parametrize(
    ("number", "suffix"),
    [(signal.SIGTERM, ".csv"), (signal.SIGINT, ".csv"), (signal.SIGKILL, ".csv"), (signal.SIGKILL, ".jsonl")],
)
def test_resume_stopped_or_killed_run_has_each_row_once(
    number: int, suffix: str, tiny_model: Path, tmp_path: Path
) -> None:
    clips = [write_clip(tmp_path / f"{name}.mp4", 400, gop=25) for name in "ab"]
    whole, out = tmp_path / f"whole{suffix}", tmp_path / f"rows{suffix}"
    assert process(*clips, "--out", whole, model=tiny_model).wait() == 0
    stopped = process(*clips, "--out", out, model=tiny_model)
    assert wait_until(lambda: lines_in(out) > 100, 60)
    stopped.send_signal(number)
    said, err = stopped.communicate()
    assert err == ""
    assert stopped.returncode == (128 + number if number != signal.SIGKILL else -number)
    assert ("Repeat the same command with --resume to continue." in said) == (number != signal.SIGKILL)
    seen = lines_in(out)
    assert seen < lines_in(whole)
    again = process(*clips, "--out", out, "--resume", model=tiny_model)
    said, err = again.communicate()
    assert (again.returncode, err) == (0, "")

    def places(table: Path) -> list[tuple[str, int]]:
        if suffix == ".csv":
            return [(row["source"], int(row["frame"])) for row in rows_of(table)]
        lines = [json.loads(line) for line in table.read_text().splitlines()]
        return [(line["source"], line["frame"]) for line in lines]

    assert places(out) == places(whole) and len(places(out)) == 800
    nothing = process(*clips, "--out", out, "--resume", model=tiny_model)
    said, _ = nothing.communicate()
    assert nothing.returncode == 0 and f"{out} is complete: --resume found no remaining source." in said


def test_a_film_that_goes_on_is_a_second_film(tiny_model: Path, tmp_path: Path) -> None:
    clip, films = write_clip(tmp_path / "a.mp4", 400, gop=25), tmp_path / "films"
    stopped = process(clip, "--annotate", films, model=tiny_model)
    assert wait_until(lambda: (films / "a.mp4").exists() and (films / "a.mp4").stat().st_size > 20_000, 60)
    stopped.send_signal(signal.SIGTERM)
    assert stopped.wait() == 143
    again = process(clip, "--annotate", films, "--resume", model=tiny_model)
    assert again.communicate()[1] == "" and again.returncode == 0
    counts = []
    for name in ("a.mp4", "a-2.mp4"):
        with av.open(films / name) as film:
            counts.append(sum(1 for _ in film.decode(video=0)))
    assert sum(counts) == 400 and min(counts) > 0


def test_a_camera_is_watched_until_it_is_stopped(tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.csv"
    with http_camera(tmp_path, frames=100_000, rate=50.0) as address:
        watching = process(f"http://{address}/live", "--out", out, model=tiny_model)
        try:
            assert wait_until(lambda: lines_in(out) > 20, 30)
        finally:
            watching.send_signal(signal.SIGINT)
        said, err = watching.communicate(timeout=30)
    assert watching.returncode == 0, err
    assert "secret" not in said + err + out.read_text()
    frames = [int(row["frame"]) for row in rows_of(out)]
    assert frames == sorted(set(frames))
    assert re.search(r"\d tracks? in \d+ frames of live", said)  # a busy machine may lose sight of a face


def test_what_cannot_be_asked_for_is_refused_in_one_line(predict, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 3)
    for words, part in (
        ((clip, "--resume"), "--out or --annotate"),
        (("camera:0", clip), "camera:0: a live source must be the only source, because it never ends."),
        (("camera:77",), "camera:77"),
        (("rtsp://me:secret@127.0.0.1:1/x",), "127.0.0.1"),
        ((clip, "--annotate", tmp_path / "film.mp4"), "Give --annotate a folder"),
        ((clip, "--out", tmp_path / "rows.ods"), ".parquet"),
        ((clip, "--out", tmp_path / "nowhere" / "rows.csv"), "Make it first"),
        ((clip, "--page", tmp_path / "nowhere" / "page.html"), "Make it first"),
        ((clip, "--page", tmp_path), "is a folder"),
        ((clip, "--start", "1m"), "before the start at 60 s"),
    ):
        code, _, err = predict(*words)
        assert code == 2 and err.startswith("error: ") and err.count("\n") == 1, words
        assert part in err and "secret" not in err and "Traceback" not in err


def test_videos_that_are_none_are_told_and_the_rest_is_done(predict, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    good = write_clip(folder / "good.mp4", 20)
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.avi").write_text("no video")
    cut = write_clip(folder / "whole.mkv", 100)
    (folder / "cut.mkv").write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    code, said, err = predict(folder, "--out", tmp_path / "x.csv")
    assert code == 0
    assert all(line.startswith("error: ") for line in err.splitlines()) and len(err.splitlines()) == 3
    names = [Path(row["source"]).name for row in rows_of(tmp_path / "x.csv")]
    assert names.count("good.mp4") == 20 and names.count("whole.mkv") == 100 and 0 < names.count("cut.mkv") < 100
    assert "3 of 5 sources read, 2 failed" in said
    assert predict(good, folder / "empty.mp4")[0] == 2


def test_settings_that_changed_are_named(tiny_model: Path, predict, tmp_path: Path) -> None:
    clip, out = write_clip(tmp_path / "a.mp4", 1500, gop=25), tmp_path / "x.csv"
    stopped = process(clip, "--out", out, model=tiny_model)
    assert wait_until(lambda: lines_in(out) > 100, 60)
    stopped.kill()
    stopped.communicate()
    time.sleep(0.05)
    code, _, err = predict(clip, "--out", out, "--resume", "--every", "1s")
    assert code == 2 and "every (null, now 1.0)" in err
    assert lines_in(out) > 100 and out.with_name(f".{out.name}.journal").exists()


def test_who_forgot_resume_loses_nothing(tiny_model: Path, predict, tmp_path: Path) -> None:
    clip, out = write_clip(tmp_path / "a.mp4", 1500, gop=25), tmp_path / "x.csv"
    stopped = process(clip, "--out", out, model=tiny_model)
    assert wait_until(lambda: lines_in(out) > 100, 60)
    stopped.send_signal(signal.SIGTERM)
    stopped.communicate()
    seen = out.read_bytes()
    code, _, err = predict(clip, "--out", out)
    assert (
        code == 2 and f"{out}: this table belongs to an unfinished run. Use --resume to continue it, or --over" in err
    )
    assert out.read_bytes() == seen
    out.unlink()
    assert predict(clip, "--out", out, "--end", "1s")[0] == 0
    assert predict(clip, "--out", out, "--end", "1s")[0] == 0  # what is complete is replaced


def test_what_could_not_be_read_is_tried_again(predict, tmp_path: Path) -> None:
    folder, out, page = tmp_path / "in", tmp_path / "x.csv", tmp_path / "p.html"
    folder.mkdir()
    write_clip(folder / "a.mp4", 30)
    whole = write_clip(tmp_path / "whole.mp4", 20).read_bytes()
    (folder / "b.mp4").write_bytes(whole[: len(whole) // 3])
    code, said, _ = predict(folder, "--out", out)
    assert (code, len(rows_of(out))) == (0, 30) and "1 of 2 sources read, 1 failed" in said
    code, said, err = predict(folder, "--out", out, "--resume")
    assert (
        "0 of 1 source read, 1 failed" in said and "1 source was finished by an earlier run" in said and "b.mp4" in err
    )
    (folder / "b.mp4").write_bytes(whole)
    code, said, err = predict(folder, "--out", out, "--page", page, "--resume")
    assert (code, err) == (0, "")
    assert [Path(row["source"]).name for row in rows_of(out)] == ["a.mp4"] * 30 + ["b.mp4"] * 20
    assert f"1 source was finished by an earlier run; its rows are in {out}." in said
    assert "covers only the rest of a run: 1 source was finished by an earlier run" in page.read_text(encoding="utf-8")
    code, said, _ = predict(folder, "--out", out, "--resume")
    assert code == 0 and f"{out} is complete: --resume found no remaining source." in said
    code, _, err = predict(folder / "a.mp4", "--out", out, "--resume")
    assert code == 2 and "the interrupted run used other settings: sources" in err


@pytest.mark.parametrize(("option", "name"), [("--page", "p.pdf"), ("--page", "x.html"), ("--out", "x.csv")])
def test_no_output_replaces_a_source_and_a_page_is_called_so(option: str, name: str, predict, tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", 5).rename(tmp_path / ("a.mp4" if name == "p.pdf" else name))
    before = source.read_bytes()
    code, _, err = predict(source, option, tmp_path / name)
    assert code == 2 and ("Let it end in .html or .htm." if name == "p.pdf" else "is one of the sources.") in err
    assert source.read_bytes() == before


def test_no_film_replaces_a_source_or_another_film(tiny_model: Path, predict, tmp_path: Path) -> None:
    clips = [write_clip(tmp_path / "clip.mp4", 7), write_clip(tmp_path / "odd.mp4", 5).rename(tmp_path / "clip.dat")]
    before = clips[0].read_bytes()
    code, said, _ = predict(*clips, "--annotate", tmp_path)
    assert code == 0 and "in 7 frames of clip.mp4" in said and "in 5 frames of clip.dat" in said
    assert clips[0].read_bytes() == before
    films = sorted(path.name for path in tmp_path.glob("*.mp4"))
    assert films == ["clip-annotated.mp4", "clip.dat-annotated.mp4", "clip.mp4"]

    first, second = write_clip(tmp_path / "x.mp4", 1500, gop=25), write_clip(tmp_path / "x-2.mp4", 6)
    words = (first, second, "--annotate", tmp_path / "o")
    stopped = process(*words, model=tiny_model)
    assert wait_until((tmp_path / "o" / "x.mp4").exists, 60)
    time.sleep(1)
    stopped.send_signal(signal.SIGTERM)
    stopped.communicate()
    assert predict(*words, "--resume")[0] == 0
    frames = {}
    for film in (tmp_path / "o").glob("*.mp4"):
        with av.open(film) as container:
            frames[film.name] = len(list(container.decode(video=0)))
    assert sorted(frames) == ["x-2.mp4", "x-3.mp4", "x.mp4"]
    assert frames["x-2.mp4"] == 6 and frames["x.mp4"] + frames["x-3.mp4"] >= 1500
