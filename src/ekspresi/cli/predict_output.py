"""What was seen -> tables and sentences on the screen.

In: rows of pictures, stories of videos. Out: Rich tables, lines. Knows nothing of how they came about.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from ekspresi.cli.terminal import printable
from ekspresi.summaries.summary import TrackSummary, VideoSummary
from ekspresi.types import Prediction, Row
from ekspresi.visualization.formatting import clock, percent
from ekspresi.visualization.palette import COLORS
from ekspresi.workflows.options import PredictOptions, PredictResult

SHOWN_TRACKS = 20
"""Tracks of a video that are printed, the longest face time first."""

_ROOM = {"second": 89, "effective px": 75, "face box": 62}
"""Column -> width of the screen, in letters, from which it is shown: a picture's name keeps at least twelve."""


def picture_table(rows: Sequence[Row], names: dict[str, Path], width: int) -> Table:
    """Rows of pictures, and what to call the pictures -> a table, a line a face, that fits the screen."""
    table = _table()
    headings = ("picture", "face box", "px", "effective px", "expression", "confidence", "second")
    fitting = [heading for heading in headings if width >= _ROOM.get(heading, 0)]
    for heading in fitting:
        if heading == "picture":
            table.add_column(heading, overflow="fold")
        else:
            words = heading in ("expression", "second")
            table.add_column(heading, justify="left" if words else "right", no_wrap=True)
    previous = ""
    for row in rows:
        belief = row.face.prediction
        assert belief is not None, "an Analyzer's faces have predictions"
        first, second = _two_most_probable(belief)
        shown, after = ("unsure", f"{first}?") if belief.abstained else (first, _with_share(belief, second))
        x1, y1, x2, y2 = (round(edge) for edge in row.face.box_xyxy)
        cells: tuple[Text | str, ...] = (
            Text(printable(str(names[row.source])) if row.source != previous else ""),
            f"{x1},{y1} {x2},{y2}",
            f"{belief.face_px:.0f}",
            "" if belief.effective_px is None else f"{belief.effective_px:.0f}",
            _expression(shown),
            percent(belief.confidence),
            Text(after, style="dim"),
        )
        table.add_row(*(cell for heading, cell in zip(headings, cells, strict=True) if heading in fitting))
        previous = row.source
    return table


def track_table(video: VideoSummary, *, headed: bool = False) -> Table:
    """The story of a video -> a table, a line a track, in the order in which they came; headed by the video's name."""
    table = _table()
    if headed:
        table.title = Text(printable(video.source), style="bold")
        table.title_justify = "left"
    for heading in ("track", "from", "to", "px", "effective px"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("mostly", no_wrap=True)
    table.add_column("unsure", justify="right", no_wrap=True)
    for track in sorted(video.tracks[:SHOWN_TRACKS], key=lambda track: track.number):
        table.add_row(
            str(track.number),
            clock(track.first_s),
            clock(track.last_s),
            f"{track.face_px:.0f}",
            "" if track.effective_px is None else f"{track.effective_px:.0f}",
            _mostly(track),
            f"{track.shown.unsure / track.shown.total:.0%}" if track.shown.total else "",
        )
    return table


def summary(outcome: PredictResult) -> Iterator[str]:
    """What a run found and could not do, in sentences."""
    videos = outcome.summary.videos if outcome.summary is not None else ()
    pictures = len(outcome.read)
    if pictures:
        yield f"{counted(outcome.faces, 'face')} in {counted(pictures, 'picture')}"
    for video in videos:
        tracks = counted(len(video.tracks) + video.omitted, "track")
        length = clock(video.last_s - video.first_s)
        yield f"{tracks} in {counted(video.frames, 'frame')} of {printable(Path(video.source).name)}, {length}"
    empty = [counted(outcome.images_without_faces, "picture")] if outcome.images_without_faces else []
    empty += [printable(Path(video.source).name) for video in videos if video.faces == 0]
    if empty:
        yield f"no face found in {', '.join(empty)}; try --min-face-px with a smaller number"
    if outcome.failed:
        total = counted(outcome.sources - outcome.done, "source")
        yield f"{outcome.sources_read} of {total} read, {outcome.failed} failed (see above)"
    if outcome.outputs_failed:
        yield f"{counted(outcome.outputs_failed, 'annotated picture')} not written (see above)"


def before(result: PredictResult, options: PredictOptions) -> str:
    """What an earlier run had done, and only its table or folder tells of -> a sentence; empty where it was nothing."""
    parts = [counted(result.done, "source")] if result.done else []
    where = options.out or options.annotate
    parts += [f"{printable(Path(place.source).name)} up to {clock(place.time_s or 0)}" for place in result.resumed]
    if not parts:
        return ""
    verb = "was" if result.done + len(result.resumed) == 1 else "were"
    return f"{' and '.join(parts)} {verb} done before, and told in {printable(str(where))} alone"


def counted(number: int, what: str) -> str:
    """'1 face', '2 faces', '1,000 frames'."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)


def _expression(shown: str) -> Text:
    return Text(shown, style="dim" if shown == "unsure" else f"bold {COLORS.get(shown, 'default')}")


def _mostly(track: TrackSummary) -> Text:
    mostly = track.shown.dominant
    if mostly is None:
        return _expression("unsure")
    share = track.shown.by_expression[mostly] / track.shown.total
    return _expression(mostly).append(f" {share:.0%} of its time", style="not bold dim")


def _two_most_probable(belief: Prediction) -> tuple[str, str]:
    others = {label: share for label, share in belief.probabilities.items() if label != belief.expression}
    return belief.expression, max(others, key=lambda label: others[label], default="")


def _with_share(belief: Prediction, label: str) -> str:
    return f"{label} {percent(belief.probabilities[label])}" if label else ""
