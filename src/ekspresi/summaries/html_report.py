"""Write summaries to one self-contained HTML page, light and dark, that loads nothing.

In: ``RunSummary`` and its provenance. Out: a file. Does not know about detectors or tracking. Needs the extra [video].
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
from ekspresi.summaries.face_gallery import make_gallery
from ekspresi.summaries.summary import ExpressionTimes, RunSummary, TrackSummary, VideoSummary
from ekspresi.system.file_names import printable
from ekspresi.system.storage import atomic_write
from ekspresi.types import UNSURE
from ekspresi.visualization import formatting
from ekspresi.visualization.formatting import format_part
from ekspresi.visualization.palette import COLORS, INK, OTHER_COLOR

LISTED = 60
"""Maximum runs in the table of a track; the plot shows all."""

_BRIEF_S = 120
"""Videos shorter than this have times in tenths of seconds."""
_TEMPLATE = Path(__file__).with_name("report.html.j2")


@dataclass(frozen=True, slots=True)
class PageProvenance:
    """Record the origin of a page.

    Attributes:
        command: the line that repeats it.
        model: name in the model's metadata.
        model_sha256: of the model file.
        version: of ekspresi.
        date: UTC, ISO 8601, to the second.
        prior, labels: the class prior, in words; the labels that could be answered, if not all.

    >>> PageProvenance("ekspresi predict a.mp4", "ekspresi-b0", "f" * 64, "0.1.0", "2026-01-01T00:00:00+00:00").model
    'ekspresi-b0'
    """

    command: str
    model: str
    model_sha256: str
    version: str
    date: str
    prior: str = "trained"
    labels: tuple[str, ...] = ()


def make_page_provenance(recognizer: Recognizer, command: Sequence[str], prior: str = "trained") -> PageProvenance:
    """Record the model, its prior in words, its labels, the command and the time of a page.

    Addresses among the words of ``command`` lose their users and passwords.

    >>> make_page_provenance(Recognizer(), ["ekspresi", "predict", "my film.mp4"]).command
    "ekspresi predict 'my film.mp4'"
    """
    return PageProvenance(
        command=printable(shlex.join(map(_shown, command))),
        model=recognizer.metadata.name,
        model_sha256=hashlib.sha256(recognizer.path.read_bytes()).hexdigest(),
        version=__version__,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        prior=prior,
        labels=() if recognizer.allowed.all() else tuple(np.array(recognizer.labels)[recognizer.allowed].tolist()),
    )


def _shown(word: str) -> str:
    try:
        where = parse_address(word)
    except SourceError:
        return redact(word)
    return word if where is None else redact(where)


def write_page(
    summary: RunSummary, provenance: PageProvenance, path: str | os.PathLike[str], *, notes: Sequence[str] = ()
) -> None:
    """Write the page; the complete file replaces an older page, so repeated writes are safe.

    Args:
        summary: of the run.
        provenance: of the page.
        path: the file.
        notes: what the page does not show: sources that an earlier run finished, and that were not read.

    Raises:
        OutputError: the file cannot be written.
        MissingExtraError: Jinja2 is not installed.

    >>> import tempfile
    >>> provenance = PageProvenance("ekspresi predict a.mp4", "ekspresi-b0", "f" * 64, "0.1.0", "2026-01-01")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_page(RunSummary((), (), 0, (), anonymized=False), provenance, Path(folder, "page.html"))
    ...     Path(folder, "page.html").read_text().startswith("<!doctype html>")
    True
    """
    try:
        from ekspresi.visualization.html_pages import load_page_template
    except ImportError as error:
        raise MissingExtraError("a page about what was seen", "video") from error
    text = load_page_template(_TEMPLATE).render(
        summary=summary,
        provenance=provenance,
        title=_title(summary),
        headline=describe_run(summary),
        notes=notes,
        legend=[(label, _colors(label)) for label in summary.labels],
        listed=LISTED,
        clock=formatting.format_clock,
        named=printable,
        gallery=make_gallery(summary.groups),
        plot=_plot,
        answer_shares=_answer_shares,
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


def describe_run(summary: RunSummary) -> str:
    """Describe the whole run in one to three sentences.

    >>> describe_run(RunSummary((), (), 0, (), anonymized=False))
    'No picture or video was analyzed.'
    """
    if len(summary.videos) == 1 and not summary.stills:
        return describe_video(summary.videos[0])
    parts = []
    if summary.videos:
        tracks = sum(len(video.tracks) + video.omitted for video in summary.videos)
        parts.append(f"{_counted(tracks, 'track')} in {_counted(len(summary.videos), 'video')}")
    if summary.stills:
        faces = sum(group.faces for group in summary.groups)
        pictures = len(summary.stills) + summary.omitted_stills
        parts.append(f"{_counted(faces, 'face')} in {_counted(pictures, 'picture')}")
    if not parts:
        return "No picture or video was analyzed."
    sentence, unclear = " and ".join(parts), []
    for what, shown in (
        ("the face time", [video.shown for video in summary.videos]),
        ("the faces in pictures", [still.shown for still in summary.stills]),
    ):
        if total := sum(one.total for one in shown):
            unclear.append(f"{_percent_of(sum(one.unsure for one in shown), total)} of {what}")
    if not unclear:
        return f"{sentence}: no face was found."
    return f"{sentence}; {' and '.join(unclear)} were too small or too unclear to answer."


def describe_video(video: VideoSummary) -> str:
    """Describe one video in one or two sentences.

    >>> describe_video(VideoSummary("a.mp4", 64, 48, False, 9, 0, 1, 0, 0, ExpressionTimes(0, 0, {}), (), 0, 0.0))
    'No face was found.'
    """
    tracks = len(video.tracks) + video.omitted
    if not video.faces:
        return "No face was found."
    unsure = _percent_of(video.shown.unsure, video.shown.total)
    text = f"{_counted(tracks, 'track')}; {unsure} of the face time was too small or too unclear to answer."
    answered = video.shown.total - video.shown.unsure
    if video.shown.dominant is not None:
        share = _percent_of(video.shown.by_expression[video.shown.dominant], answered)
        text += f" Of the rest, {share} was {video.shown.dominant}."
    return text


@dataclass(frozen=True, slots=True)
class Plot:
    """Hold the drawing of one track; positions and widths in percent of its time.

    Attributes:
        runs: each with its left edge and width.
        areas: each with its color.
        veils: left edges and widths in ``timeline_plot.WIDTH``, where the model abstained.
        ticks: each with its position.
        within: left edge and width of the track in the time of its video.
        label: the drawing in words.

    >>> Plot([], [], [], [("0:00", 0.0)], (0.0, 50.0), "Track 1").within
    (0.0, 50.0)
    """

    runs: list[tuple[timeline_plot.AnswerRun, float, float]]
    areas: list[tuple[timeline_plot.Area, str]]
    veils: list[tuple[float, float]]
    ticks: list[tuple[str, float]]
    within: tuple[float, float]
    label: str


def _plot(track: TrackSummary, video: VideoSummary) -> Plot | None:
    curve = track.curve
    if curve is None:
        return None
    begin_s, end_s = timeline_plot.find_span(curve)

    def percent_at(time_s: float) -> float:
        return round(100 * (time_s - begin_s) / (end_s - begin_s), 2)

    runs = timeline_plot.list_runs(curve)
    marks = timeline_plot.choose_ticks(begin_s, end_s)
    tenths = any(mark % 1 for mark in marks)
    whole_s = max(video.last_s - video.first_s, end_s - begin_s)
    left = min(max(100 * (begin_s - video.first_s) / whole_s, 0), 100)
    shares = ", ".join(f"{name} {share}" for name, share in _answer_shares(track.shown))
    return Plot(
        runs=[(run, percent_at(run.begin_s), percent_at(run.end_s) - percent_at(run.begin_s)) for run in runs],
        areas=[(area, _colors(area.label)[0]) for area in timeline_plot.list_areas(curve)],
        veils=timeline_plot.list_veils(curve),
        ticks=[(formatting.format_clock(mark, tenths), percent_at(mark)) for mark in marks],
        within=(round(left, 2), round(min(max(100 * (end_s - begin_s) / whole_s, 0.4), 100 - left), 2)),
        label=(
            f"Track {track.number} from {formatting.format_clock(begin_s)} "
            f"to {formatting.format_clock(end_s)}: {shares} of its time"
        ),
    )


def _answer_shares(shown: ExpressionTimes) -> list[tuple[str, str]]:
    """List the answers, 'unsure' among them, with their percentage, the most frequent first."""
    return [(answer, _percent_of(amount, shown.total)) for answer, amount in shown.by_answer.items()]


def _most_of(shown: ExpressionTimes) -> str:
    """Name the most frequent answer of a track in a few words; 'mostly' is more than half of its time."""
    first, *others = shown.by_answer
    if not others:
        return f"{UNSURE} throughout" if first == UNSURE else first
    often = "mostly" if shown.by_answer[first] > shown.total / 2 else "most often"
    return f"{often} {first}, then {others[0]}" if first == UNSURE else f"{often} {first}"


def _colors(label: str) -> tuple[str, str]:
    """Return the color of an expression, and the color of letters on it."""
    ground = COLORS.get(label, OTHER_COLOR)
    red, green, blue = bytes.fromhex(ground[1:])
    return ground, INK if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else "#FFFFFF"


def _picture(view: NDArray[np.uint8]) -> str:
    """Encode a view as a data URI."""
    buffer = io.BytesIO()
    Image.fromarray(view).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _percent_of(part: float, whole: float) -> str:
    return format_part(part, whole).replace("%", "\u00a0%")


def _length(seconds: float) -> str:
    """Format seconds in the largest fitting unit."""
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
        return printable(sources[0].rstrip("/").replace("\\", "/").rpartition("/")[2] or sources[0])
    parts = [_counted(len(summary.videos), "video")] if summary.videos else []
    if summary.stills:
        parts.append(_counted(len(summary.stills) + summary.omitted_stills, "picture"))
    return " and ".join(parts) or "No source"
