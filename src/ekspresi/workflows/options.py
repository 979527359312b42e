"""Describe a prediction run: its options, its events and its result.

In: nothing. Out: dataclasses and a protocol. Does not know how a run is done.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from ekspresi.errors import EkspresiError
from ekspresi.media.timestamps import Window
from ekspresi.recognition.prior_estimate import PriorEstimate
from ekspresi.summaries.summary import RunSummary
from ekspresi.tables.checkpoint import Position
from ekspresi.types import FrameResult, Row

FIRST_ROWS, LAST_ROWS = 30, 10
"""Rows of pictures that a result keeps: memory does not grow with a run. A table holds them all."""


@dataclass(frozen=True, slots=True)
class PredictOptions:
    """Options of a prediction run.

    Attributes:
        out: table of rows, .csv, .jsonl, .parquet or .xlsx.
        annotate: folder of annotated pictures and videos; files that ekspresi drew there are not sources.
        stream: open binary file that takes the table as CSV, such as standard output; not closed.
        page: HTML report, .html.
        anonymize: make faces unrecognizable in annotated files, and show none on the page.
        summary: write one row per track and second of a video instead of one per frame.
        resume: continue an interrupted run with the same options.
        window: time window and step of videos and cameras.
        overwrite: replace also outputs of unfinished runs, and files that ekspresi did not write.
        estimate_prior: estimate the class prior from the sources, which are read twice for that. With too few faces the
            prior of the analyzer's configuration is used.
        command: words of a command line that repeats the run, for the report; empty for one with the sources only.

    Example:
        >>> PredictOptions(out=Path("rows.csv"), window=Window(every_s=0.2)).resume
        False
    """

    out: Path | None = None
    annotate: Path | None = None
    stream: BinaryIO | None = None
    page: Path | None = None
    anonymize: bool = False
    summary: bool = False
    resume: bool = False
    window: Window = field(default_factory=Window)
    overwrite: bool = False
    estimate_prior: bool = False
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnreadSource:
    """Name a file or folder among the sources that gave nothing, or not all of its frames.

    Attributes:
        source: its path, as ``Frame.source`` would have it.
        reason: the problem and its remedy, without the path.

    Example:
        >>> UnreadSource("in/a.cr2", UNSUPPORTED).source
        'in/a.cr2'
    """

    source: str
    reason: str


UNSUPPORTED = "is of a kind that ekspresi cannot read. Convert it to JPEG, PNG or MP4."
"""Reason of pictures and videos in folders that were not tried."""

DRAWN = "was drawn by ekspresi, so it is not a source. Give its original."
"""Reason of annotated pictures and videos of earlier runs."""


@dataclass(slots=True)
class PredictResult:
    """Result of a prediction run; it is filled while the run goes through its sources.

    Attributes:
        sources: number of pictures, videos and cameras to read.
        done: number of them that an earlier run finished; sources that failed are retried.
        resumed: start positions inside sources that an earlier run began.
        complete: ``resume`` found no remaining source.
        stopped: the stop event ended the run early.
        sources_read: number of sources that gave a picture or frames in this run.
        read: names of the pictures that this run read.
        failed: number of sources that gave nothing in this run.
        partial: videos that are damaged or cut off, each with its reason.
        unread: these sources, and what was not tried in folders: each file and folder with its reason.
        images_without_faces: number of pictures without a face.
        written: outputs that were written.
        outputs_failed: number of annotated pictures and videos that could not be written.
        errors: errors of outputs and of named sources, also of those that were read in part; files inside a folder are
            not among them.
        rows: the first ``FIRST_ROWS`` rows of pictures.
        last_rows: the last rows of pictures after these, at most ``LAST_ROWS``.
        faces: number of rows of pictures.
        summary: summary of all frames of this run.
        prior: the class prior that the run estimated; None where it estimated none, or found too few faces.
        error: the error that ended the run early.

    Example:
        >>> PredictResult(sources=3, done=1).errors
        []
    """

    sources: int = 0
    done: int = 0
    resumed: list[Position] = field(default_factory=list)
    complete: bool = False
    stopped: bool = False
    sources_read: int = 0
    read: list[str] = field(default_factory=list)
    failed: int = 0
    partial: list[UnreadSource] = field(default_factory=list)
    unread: list[UnreadSource] = field(default_factory=list)
    images_without_faces: int = 0
    written: list[Path] = field(default_factory=list)
    outputs_failed: int = 0
    errors: list[EkspresiError] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    last_rows: deque[Row] = field(default_factory=lambda: deque(maxlen=LAST_ROWS))
    faces: int = 0
    summary: RunSummary | None = None
    prior: PriorEstimate | None = None
    error: EkspresiError | None = None


class ProgressListener(Protocol):
    """Receive the events of a prediction run.

    Example:
        >>> listener: ProgressListener = SilentListener()
    """

    def on_start(self, sources: int, done: int, camera: bool) -> None:
        """Receive the number of sources, and how many an earlier run finished; ``camera``: one without an end."""

    def on_sample(self, done: int, total: int) -> None:
        """Receive how many sources have been read to estimate the class prior, and how many will be."""

    def on_frame(self, result: FrameResult, number: int) -> None:
        """Receive a finished frame, and the number of sources before its own."""

    def on_error(self, error: EkspresiError) -> None:
        """Receive an error of a source or an output after which the run continues; called by several threads."""


class SilentListener:
    """Ignore the events of every workflow: a listener for programs that need the result only.

    Example:
        >>> SilentListener().on_start(sources=1, done=0, camera=False)
    """

    def on_start(self, sources: int, done: int, camera: bool) -> None:
        """Ignore the start."""

    def on_sample(self, done: int, total: int) -> None:
        """Ignore the reading for the prior."""

    def on_frame(self, result: FrameResult, number: int) -> None:
        """Ignore a frame."""

    def on_error(self, error: EkspresiError) -> None:
        """Ignore an error; errors of named sources are in the result."""

    def on_progress(self, done: int, total: int) -> None:
        """Ignore progress."""

    def on_skipped(self, skipped: Sequence[str]) -> None:
        """Ignore skipped files of a data set; the provenance of an evaluation counts them."""
