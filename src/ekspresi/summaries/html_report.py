"""Stories -> one self-contained HTML page, light and dark, that loads nothing from anywhere.

In: ``RunSummary`` and how they were made. Out: a file. Knows nothing of how anything was seen. Needs Jinja2, which the
extra [video] brings.
"""

import base64
import hashlib
import io
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi import __version__
from ekspresi.errors import MissingExtraError, SourceError
from ekspresi.media.urls import parse_address, redact
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.summaries import timeline_plot
from ekspresi.summaries.summary import ExpressionShares, RunSummary, TrackSummary, VideoSummary
from ekspresi.system.storage import atomic_write
from ekspresi.visualization import formatting
from ekspresi.visualization.formatting import format_percent
from ekspresi.visualization.palette import COLORS, INK

LISTED = 60
"""Runs of a track that its table names; the plot shows all."""

_BRIEF_S = 120
"""Videos up to this length are told in tenths of seconds."""
_OTHER_COLOR = "#868E98"
_TEMPLATE = Path(__file__).with_name("report.html.j2")


@dataclass(frozen=True, slots=True)
class PageProvenance:
    """Where a page comes from.

    Attributes:
        command: the line that repeats it.
        model: name the model gives itself.
        model_sha256: of the model file.
        version: of ekspresi.
        date: UTC, ISO 8601, to the second.
    """

    command: str
    model: str
    model_sha256: str
    version: str
    date: str


def page_provenance(recognizer: Recognizer, command: Sequence[str]) -> PageProvenance:
    """A model and the words of a command line -> ``PageProvenance``, now; addresses lose their users and passwords."""
    return PageProvenance(
        command=shlex.join(map(_shown, command)),
        model=recognizer.metadata.name,
        model_sha256=hashlib.sha256(recognizer.path.read_bytes()).hexdigest(),
        version=__version__,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _shown(word: str) -> str:
    try:
        where = parse_address(word)
    except SourceError:
        return redact(word)
    return word if where is None else redact(where)


def write_page(summary: RunSummary, made: PageProvenance, path: str | os.PathLike[str], *, before: str = "") -> None:
    """Write the page; it replaces an older one when it is whole, so it may be written again and again.

    Args:
        summary: what was seen.
        made: how.
        path: the file.
        before: what an earlier run had done of this one, in words: the page tells the rest.

    Raises:
        OutputError: the file cannot be written.
        MissingExtraError: Jinja2 is not installed.
    """
    try:
        from ekspresi.visualization.html_pages import load_page_template
    except ImportError as error:
        raise MissingExtraError("a page about what was seen", "video") from error
    text = load_page_template(_TEMPLATE).render(
        summary=summary,
        made=made,
        title=_title(summary),
        headline=headline(summary),
        before=before,
        legend=[(label, _colors(label)) for label in summary.labels],
        listed=LISTED,
        clock=formatting.format_clock,
        named=lambda source: os.fsencode(source).decode("utf-8", errors="replace"),
        plot=_plot,
        said=_said,
        picture=_picture,
        percent_of=_percent_of,
        describe_video=describe_video,
        most_of=_most_of,
        brief=lambda video: video.last_s - video.first_s < _BRIEF_S,
        colors=_colors,
        counted=_counted,
        length=_length,
    )
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8", errors="replace")


def headline(summary: RunSummary) -> str:
    """All that was seen, in a sentence or three."""
    if len(summary.videos) == 1 and not summary.stills:
        return describe_video(summary.videos[0])
    parts = []
    if summary.videos:
        tracks = sum(len(video.tracks) + video.omitted for video in summary.videos)
        parts.append(f"{_counted(tracks, 'track')} in {_counted(len(summary.videos), 'video')}")
    if summary.stills:
        faces = round(sum(still.shown.total for still in summary.stills))
        pictures = len(summary.stills) + summary.omitted_stills
        parts.append(f"{_counted(faces, 'face')} in {_counted(pictures, 'picture')}")
    if not parts:
        return "Nothing was seen."
    sentence = " and ".join(parts)
    unclear = []
    for what, shown in (
        ("the face time", [video.shown for video in summary.videos]),
        ("the faces in pictures", [still.shown for still in summary.stills]),
    ):
        if total := sum(one.total for one in shown):
            unclear.append(f"{_percent_of(sum(one.unsure for one in shown), total)} of {what}")
    if not unclear:
        return f"{sentence}: no face was found."
    return f"{sentence}; {' and '.join(unclear)} were too small or too unclear to tell."


def describe_video(video: VideoSummary) -> str:
    """One video, in a sentence or two."""
    tracks = len(video.tracks) + video.omitted
    if not video.faces:
        return "No face was found."
    unsure = _percent_of(video.shown.unsure, video.shown.total)
    told = f"{_counted(tracks, 'track')}; {unsure} of the face time was too small or too unclear to tell."
    answered = video.shown.total - video.shown.unsure
    if video.shown.dominant is not None:
        share = _percent_of(video.shown.by_expression[video.shown.dominant], answered)
        told += f" Of the rest, {share} was {video.shown.dominant}."
    return told


@dataclass(frozen=True, slots=True)
class Plot:
    """What the template draws of one track; places and widths in percent of its time.

    Attributes:
        runs: each with its left edge and width.
        areas: each with its color.
        veils: left edges and widths in ``timeline_plot.WIDTH``, where it was unsure.
        ticks: each with its place.
        within: left edge and width of the track in the time of its video.
        label: all of it in words.
    """

    runs: list[tuple[timeline_plot.AnswerRun, float, float]]
    areas: list[tuple[timeline_plot.Area, str]]
    veils: list[tuple[float, float]]
    ticks: list[tuple[str, float]]
    within: tuple[float, float]
    label: str


def _plot(track: TrackSummary, video: VideoSummary) -> Plot | None:
    course = track.curve
    if course is None:
        return None
    begin_s, end_s = timeline_plot.span(course)

    def place(time_s: float) -> float:
        return round(100 * (time_s - begin_s) / (end_s - begin_s), 2)

    runs = timeline_plot.runs(course)
    marks = timeline_plot.ticks(begin_s, end_s)
    tenths = any(mark % 1 for mark in marks)
    whole_s = max(video.last_s - video.first_s, end_s - begin_s)
    left = min(max(100 * (begin_s - video.first_s) / whole_s, 0), 100)
    shares = ", ".join(f"{name} {share}" for name, share in _said(track.shown))
    return Plot(
        runs=[(run, place(run.begin_s), place(run.end_s) - place(run.begin_s)) for run in runs],
        areas=[(area, _colors(area.label)[0]) for area in timeline_plot.areas(course)],
        veils=timeline_plot.veils(course),
        ticks=[(formatting.format_clock(mark, tenths), place(mark)) for mark in marks],
        within=(round(left, 2), round(min(max(100 * (end_s - begin_s) / whole_s, 0.4), 100 - left), 2)),
        label=(
            f"Track {track.number} from {formatting.format_clock(begin_s)} "
            f"to {formatting.format_clock(end_s)}: {shares}"
        ),
    )


def _said(shown: ExpressionShares) -> list[tuple[str, str]]:
    """Answers and 'unsure' with their share of the whole, the most frequent first."""
    parts = sorted({**shown.by_expression, "unsure": shown.unsure}.items(), key=lambda part: -part[1])
    return [(name, _percent_of(amount, shown.total)) for name, amount in parts if amount > 0]


def _most_of(shown: ExpressionShares) -> str:
    """What a track showed most, in a few words."""
    if shown.dominant is None:
        return "unsure throughout"
    if shown.unsure > shown.by_expression[shown.dominant]:
        return f"mostly unsure, then {shown.dominant}"
    return f"mostly {shown.dominant}" if len(shown.by_expression) > 1 or shown.unsure else shown.dominant


def _colors(label: str) -> tuple[str, str]:
    """An expression -> its color, and that of letters on it."""
    ground = COLORS.get(label, _OTHER_COLOR)
    red, green, blue = (int(ground[k : k + 2], 16) for k in (1, 3, 5))
    return ground, INK if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else "#FFFFFF"


def _picture(view: NDArray[np.uint8]) -> str:
    """A view -> data URI."""
    buffer = io.BytesIO()
    Image.fromarray(view).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _percent_of(part: float, whole: float) -> str:
    """'0 %' and '100 %' are said only where it is none and all: these are counted, not believed."""
    if part <= 0 or whole <= 0:
        return "0\u00a0%"
    return "100\u00a0%" if part >= whole * (1 - 1e-9) else format_percent(part / whole).replace("%", "\u00a0%")


def _length(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 0.1:
        return "<0.1\u00a0s"
    if seconds < 60:
        return f"{seconds:.1f}\u00a0s" if seconds < 9.95 else f"{seconds:.0f}\u00a0s"
    return formatting.format_clock(seconds) + ("\u00a0h" if seconds >= 3600 else "\u00a0min")


def _counted(number: int, what: str) -> str:
    return f"{number:,}".replace(",", "\u202f") + f" {what}{'' if number == 1 else 's'}"


def _title(summary: RunSummary) -> str:
    sources = [*(video.source for video in summary.videos), *(still.source for still in summary.stills)]
    if len(sources) == 1:
        name = sources[0].rstrip("/").replace("\\", "/").rpartition("/")[2] or sources[0]
        return os.fsencode(name).decode("utf-8", errors="replace")
    parts = []
    if summary.videos:
        parts.append(_counted(len(summary.videos), "video"))
    if summary.stills:
        parts.append(_counted(len(summary.stills) + summary.omitted_stills, "picture"))
    return " and ".join(parts) or "Nothing"
