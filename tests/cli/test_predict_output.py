from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from ekspresi.cli.predict_output import (
    SHOWN_TRACKS,
    complete_line,
    counted,
    picture_table,
    summary_lines,
    track_table,
)
from ekspresi.errors import ImageError
from ekspresi.recognition.prior_estimate import PriorEstimate
from ekspresi.summaries.summary import ExpressionTimes, RunSummary, TrackSummary, VideoSummary
from ekspresi.types import Face, Prediction, Row
from ekspresi.workflows.options import DRAWN, UNSUPPORTED, PredictOptions, PredictResult, UnreadSource


def row(source: str, box: tuple[float, float, float, float], abstained: bool = False) -> Row:
    probabilities = {"happiness": 0.87, "surprise": 0.13}
    prediction = Prediction("happiness", 0.87, probabilities, 360.0, 120.0, abstained)
    return Row(source, 0, None, None, Face(box, 0.9, prediction=prediction))


def track(number: int, seconds: float = 4.0, unsure: float = 1.0) -> TrackSummary:
    shown = ExpressionTimes(seconds, unsure, {"fear": seconds - unsure} if seconds > unsure else {})
    return TrackSummary(number, 0.0, seconds, 100, shown, 20.0, 12.0, None, None)


def video(*tracks: TrackSummary, omitted: int = 0) -> VideoSummary:
    shown = ExpressionTimes(4.0, 1.0, {"fear": 3.0})
    faces = 100 * len(tracks)
    return VideoSummary("in/a.mp4", 64, 48, False, 1500, 0.0, 60.0, faces, 0, shown, tracks, omitted, 0.0)


def printed(table: object, width: int) -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return [line.rstrip() for line in capture.get().splitlines()]


def test_picture_table_80_columns_show_everything() -> None:
    box = (1100.0, 1000.0, 1460.0, 1360.0)
    rows = [row("x/photo-1.jpg", box), row("x/photo-1.jpg", box, abstained=True)]
    lines = printed(picture_table(rows, {"x/photo-1.jpg": Path("photo-1.jpg")}, 80), 80)
    text = "\n".join(lines)
    assert all(len(line) <= 80 for line in lines) and "…" not in text
    first, second = (line for line in lines if "1100,1000 1460,1360" in line)
    assert first.split()[3:] == ["360", "120", "happiness", "87%", "surprise", "13%"]
    assert second.split()[2:] == ["360", "120", "unsure", "87%", "happiness?"]


@pytest.mark.parametrize(
    ("width", "columns"), [(200, 7), (80, 7), (79, 6), (66, 6), (65, 5), (56, 5), (55, 4), (20, 4)]
)
def test_picture_table_narrow_screens_lose_columns(width: int, columns: int) -> None:
    table = picture_table([row("a.png", (0.0, 0.0, 9.0, 9.0))], {"a.png": Path("a.png")}, width)
    assert len(table.columns) == columns


def test_picture_table_names_each_picture_once() -> None:
    rows = [row(name, (0.0, 0.0, 9.0, 9.0)) for name in ("a.png", "a.png", "b.png")]
    table = picture_table(rows, {name: Path(name) for name in ("a.png", "b.png")}, 100)
    assert [str(cell) for cell in table.columns[0].cells] == ["a.png", "", "b.png"]


def test_picture_table_names_the_pages_of_a_file() -> None:
    face = row("a.tif", (0.0, 0.0, 9.0, 9.0))
    table = picture_table([face, replace(face, frame=1), replace(face, frame=1)], {"a.tif": Path("a.tif")}, 100)
    assert [str(cell) for cell in table.columns[0].cells] == ["a.tif", "a.tif frame 1", ""]


def test_picture_table_shows_where_faces_are_left_out() -> None:
    first, last = [row("a.png", (0.0, 0.0, 9.0, 9.0))] * 2, [row("a.png", (1.0, 0.0, 9.0, 9.0))]
    table = picture_table(first, {"a.png": Path("a.png")}, 80, last=last, between=7)
    assert [str(cell) for cell in table.columns[0].cells] == ["a.png", "", "…", "a.png"]


def test_picture_table_long_names_take_one_line() -> None:
    name = f"{'holiday-' * 6}0031.png"
    lines = printed(picture_table([row("x", (0.0, 0.0, 9.0, 9.0))], {"x": Path(name)}, 80), 80)
    assert len(lines) == 4 and "…" in lines[-1] and "-0031.png " in lines[-1]


def test_track_table_is_sorted_and_bounded() -> None:
    tracks = [track(number) for number in range(SHOWN_TRACKS + 5, 0, -1)]
    table = track_table(video(*tracks))
    numbers = [int(str(cell)) for cell in table.columns[0].cells]
    assert numbers == sorted(numbers) and len(numbers) == SHOWN_TRACKS and min(numbers) == 6


def test_track_table_unsure_track_says_so() -> None:
    lines = printed(track_table(video(track(1), track(2, unsure=4.0))), 80)
    first, second = (line.split() for line in lines[-2:])
    assert first == ["1", "0:00", "0:04", "20", "12", "fear", "75%", "of", "its", "time", "25%"]
    assert second == ["2", "0:00", "0:04", "20", "12", "unsure", "100%", "of", "its", "time", "100%"]


def test_track_table_mostly_unsure_track_leads_with_unsure() -> None:
    tracks = (track(1, 4.0, unsure=3.0), track(2, 4.0, unsure=2.0), track(3, 1000.0, unsure=999.0))
    lines = printed(track_table(video(*tracks)), 80)
    assert [" ".join(line[line.index("12 ") + 3 :].split()) for line in lines[-3:]] == [
        "unsure 75% of its time, then fear 75%",
        "fear 50% of its time 50%",
        "unsure >99% of its time, then fear >99%",
    ]


def test_summary_lines_describe_faces_and_failures() -> None:
    summary = RunSummary((video(track(1), omitted=2), video()), (), 0, ("fear",), False)
    result = PredictResult(
        sources=7, done=1, sources_read=4, read=["a.png", "b.png"], faces=1, images_without_faces=1, failed=2,
        outputs_failed=1, summary=summary, errors=[ImageError("x")],
    )  # fmt: skip
    assert list(summary_lines(result)) == [
        "1 face in 2 pictures",
        "3 tracks in 1,500 frames of a.mp4, 1:00",
        "0 tracks in 1,500 frames of a.mp4, 1:00",
        "No face found in 1 picture, a.mp4. Try a smaller --min-face-px.",
        "4 of 6 sources read, 2 failed (see above)",
        "1 annotated picture not written (see above)",
    ]


def test_summary_lines_count_folders_that_cannot_be_read() -> None:
    unread = [UnreadSource("in/locked", "the folder cannot be read"), UnreadSource("in/bad.png", "is empty")]
    unread += [UnreadSource("in/a.cr2", UNSUPPORTED), UnreadSource("in/b.png", DRAWN)]
    result = PredictResult(sources=3, sources_read=2, read=["a.png", "b.png"], faces=2, failed=1, unread=unread)
    assert list(summary_lines(result)) == ["2 faces in 2 pictures", "2 of 4 sources read, 2 failed (see above)"]


def test_complete_line_without_table_names_the_folder() -> None:
    assert complete_line(PredictOptions(annotate=Path("drawn"))).startswith("drawn is complete: ")


def test_counted_groups_thousands() -> None:
    assert [counted(number, "face") for number in (0, 1, 1234567)] == ["0 faces", "1 face", "1,234,567 faces"]


def test_summary_lines_show_the_estimated_prior() -> None:
    shares = {"neutral": 0.75, "fear": 0.25}
    estimate = PriorEstimate(shares, {"neutral": 0.7, "fear": 0.2}, {"neutral": 0.8, "fear": 0.3}, faces=1234)
    lines = list(summary_lines(PredictResult(sources=1, read=["a.png"], faces=1, prior=estimate)))
    shown = "neutral 75.0 % [70.0, 80.0], fear 25.0 % [20.0, 30.0]"
    assert lines[-1] == f"class prior, estimated from 1,234 faces: {shown}"
