"""Make the tables and sentences that ``ekspresi predict`` shows.

In: rows of pictures, summaries of videos. Out: Rich tables, lines. Does not know how they were found.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from ekspresi.cli.table_style import ShortName, new_table
from ekspresi.media.paths import below_common_folder
from ekspresi.media.standard_input import STDIN
from ekspresi.summaries.summary import TrackSummary, VideoSummary
from ekspresi.system.file_names import printable
from ekspresi.types import UNSURE, Prediction, Row
from ekspresi.visualization.formatting import format_clock, format_part, format_percent
from ekspresi.visualization.palette import COLORS
from ekspresi.workflows.options import DRAWN, UNSUPPORTED, PredictOptions, PredictResult

SHOWN_TRACKS = 20
"""Tracks of a video that are shown, those with the longest face time first."""

_MIN_WIDTH = {"second": 80, "effective\npx": 66, "face box": 56}
"""Column -> width of the screen, in letters, from which it is shown; ten remain for the name of a picture."""


def short_names(sources: Sequence[str]) -> dict[str, Path]:
    """Map pictures to their paths below their common folder; standard input keeps its name.

    Example:
        >>> short_names(["-", "in/a/1.png", "in/b/1.png"])["in/b/1.png"].as_posix()
        'b/1.png'
    """
    files = [source for source in sources if source != str(STDIN)]
    return dict(zip(files, below_common_folder(list(map(Path, files))), strict=True)) | {str(STDIN): STDIN}


def picture_table(
    rows: Sequence[Row], names: dict[str, Path], width: int, *, last: Sequence[Row] = (), between: int = 0
) -> Table:
    """Make a table of the faces of pictures, one line for each face.

    Args:
        rows: the faces, or the first of them.
        names: source -> name to show.
        width: width of the screen in letters; columns that do not fit are left out, long names lose their middle.
        last: the last faces, where some are left out.
        between: number of faces that are left out; a line with an ellipsis shows their place.

    Example:
        >>> from ekspresi.types import Face
        >>> prediction = Prediction("fear", 0.6, {"fear": 0.6, "anger": 0.4}, face_px=20.0)
        >>> row = Row("x/a.png", 0, None, None, Face((0.0, 0.0, 20.0, 20.0), 0.9, prediction=prediction))
        >>> table = picture_table([row], {"x/a.png": Path("a.png")}, width=80)
        >>> [str(next(column.cells)) for column in table.columns]
        ['a.png', '0,0 20,20', '20', '', 'fear', '60%', 'anger 40%']
    """
    table = new_table()
    headings = ("picture", "face box", "px", "effective\npx", "expression", "confidence", "second")
    fitting = [heading for heading in headings if width >= _MIN_WIDTH.get(heading, 0)]
    for heading in fitting:
        if heading == "picture":
            table.add_column(heading)
        else:
            words = heading in ("expression", "second")
            table.add_column(heading, justify="left" if words else "right", no_wrap=True)
    previous: tuple[str, int] | None = None
    for number, row in enumerate((*rows, *last)):
        if number == len(rows) and between:
            table.add_row("…")
            previous = None
        prediction = row.face.prediction
        assert prediction is not None, "an Analyzer's faces have predictions"
        first, second = _two_most_probable(prediction)
        after = f"{first}?" if prediction.abstained else _with_percent(prediction, second)
        x1, y1, x2, y2 = (round(edge) for edge in row.face.box_xyxy)
        name = f"{names[row.source]}{f' frame {row.frame}' if row.frame else ''}"  # a page of a TIFF file
        cells: tuple[ShortName | Text | str, ...] = (
            ShortName(name if (row.source, row.frame) != previous else ""),
            f"{x1},{y1} {x2},{y2}",
            f"{prediction.face_px:.0f}",
            "" if prediction.effective_px is None else f"{prediction.effective_px:.0f}",
            _expression(prediction.answer),
            format_percent(prediction.confidence),
            Text(after, style="dim"),
        )
        table.add_row(*(cell for heading, cell in zip(headings, cells, strict=True) if heading in fitting))
        previous = row.source, row.frame
    return table


def track_table(video: VideoSummary) -> Table:
    """Make a table of the tracks of a video, one line for each track, in the order of their first frames.

    Args:
        video: the summary of the video.

    Example:
        >>> from ekspresi.summaries.summary import ExpressionTimes
        >>> shown = ExpressionTimes(total=2.0, unsure=0.5, by_expression={"fear": 1.5})
        >>> track = TrackSummary(1, 0.0, 2.0, 50, shown, 20.0, None, None, None)
        >>> video = VideoSummary("a.mp4", 64, 48, False, 50, 0.0, 2.0, 50, 0, shown, (track,), 0, 0.0)
        >>> [str(next(column.cells)) for column in track_table(video).columns]
        ['1', '0:00', '0:02', '20', '', 'fear 75% of its time', '25%']
    """
    table = new_table()
    for heading in ("track", "from", "to", "px", "effective\npx"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("most often", no_wrap=True)
    table.add_column(UNSURE, justify="right", no_wrap=True)
    for track in sorted(video.tracks[:SHOWN_TRACKS], key=lambda track: track.number):
        table.add_row(
            str(track.number),
            format_clock(track.first_s),
            format_clock(track.last_s),
            f"{track.face_px:.0f}",
            "" if track.effective_px is None else f"{track.effective_px:.0f}",
            _most_often(track),
            format_part(track.shown.unsure, track.shown.total),
        )
    return table


def summary_lines(result: PredictResult) -> Iterator[str]:
    """Describe the faces, failures and missing outputs of a run, a line each.

    Example:
        >>> list(summary_lines(PredictResult(sources=2, sources_read=2, read=["a.png", "b.png"], faces=3)))
        ['3 faces in 2 pictures']
    """
    videos = result.summary.videos if result.summary is not None else ()
    pictures = len(result.read)
    if pictures:
        yield f"{counted(result.faces, 'face')} in {counted(pictures, 'picture')}"
    for video in videos:
        tracks = counted(len(video.tracks) + video.omitted, "track")
        length = format_clock(video.last_s - video.first_s)
        yield f"{tracks} in {counted(video.frames, 'frame')} of {printable(Path(video.source).name)}, {length}"
    empty = [counted(result.images_without_faces, "picture")] if result.images_without_faces else []
    empty += [printable(Path(video.source).name) for video in videos if video.faces == 0]
    if empty:
        yield f"No face found in {', '.join(empty)}. Try a smaller --min-face-px."
    failed = max(result.failed, sum(each.reason not in (UNSUPPORTED, DRAWN) for each in result.unread))
    if (
        failed
    ):  # also folders that cannot be listed and files that do not exist, which were not among the sources to read
        total = counted(result.sources - result.done + failed - result.failed, "source")
        yield f"{result.sources_read} of {total} read, {failed} failed (see above)"
    if result.prior is not None:
        yield f"class prior, estimated from {counted(result.prior.faces, 'face')}: {result.prior.describe()}"
    if result.outputs_failed:
        yield f"{counted(result.outputs_failed, 'annotated picture')} not written (see above)"


def omitted_line(omitted: int, out: Path | None) -> str:
    """Describe the faces that the table on the screen leaves out.

    Example:
        >>> omitted_line(941, Path("faces.csv")), omitted_line(1, None)
        ('... and 941 more faces, see faces.csv', '... and 1 more face; --out FILE writes all faces to a table')

    Args:
        omitted: number of faces that are not shown.
        out: table that has all of them; None without one.
    """
    more = f"... and {counted(omitted, 'more face')}"
    return f"{more}; --out FILE writes all faces to a table" if out is None else f"{more}, see {printable(str(out))}"


def complete_line(options: PredictOptions) -> str:
    """Describe a run that ``--resume`` found complete.

    Example:
        >>> complete_line(PredictOptions(out=Path("rows.csv"), resume=True))
        'rows.csv is complete: --resume found no remaining source. Remove --resume to start over.'
    """
    target = printable(str(options.out or options.annotate))
    return f"{target} is complete: --resume found no remaining source. Remove --resume to start over."


def counted(number: int, noun: str) -> str:
    """Write a number with its noun.

    Example:
        >>> counted(1, "face"), counted(1000, "frame")
        ('1 face', '1,000 frames')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _expression(shown: str) -> Text:
    return Text(shown, style="dim" if shown == UNSURE else f"bold {COLORS.get(shown, 'default')}")


def _most_often(track: TrackSummary) -> Text:
    first, *others = track.shown.by_answer
    share = f" {format_part(track.shown.by_answer[first], track.shown.total)} of its time"
    text = _expression(first).append(share, style="not bold dim")
    return text.append(f", then {others[0]}", style="not bold dim") if first == UNSURE and others else text


def _two_most_probable(prediction: Prediction) -> tuple[str, str]:
    others = {label: share for label, share in prediction.probabilities.items() if label != prediction.expression}
    return prediction.expression, max(others, key=lambda label: others[label], default="")


def _with_percent(prediction: Prediction, label: str) -> str:
    return f"{label} {format_percent(prediction.probabilities[label])}" if label else ""
