"""What is wanted of a run, and what became of it.

In: nothing. Out: dataclasses, and who is told what happens. Knows nothing of how it is done.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ekspresi.errors import EkspresiError
from ekspresi.media.timestamps import Window
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.summaries.summary import RunSummary
from ekspresi.tables.checkpoint import Position
from ekspresi.types import FrameResult, Row


@dataclass(frozen=True, slots=True)
class PredictOptions:
    """What is wanted of a run.

    Attributes:
        out: table of rows, .csv, .jsonl or .parquet.
        annotate: folder of annotated pictures and films.
        page: HTML file that tells what was seen.
        anonymize: faces are hidden in all that is drawn.
        summary: of videos and cameras one row a track and second.
        resume: go on where the run before stopped.
        window: which frames of videos and cameras.
        overwrite: replace also what is unfinished, or was not made by ekspresi.
    """

    out: Path | None = None
    annotate: Path | None = None
    page: Path | None = None
    anonymize: bool = False
    summary: bool = False
    resume: bool = False
    window: Window = field(default_factory=Window)
    overwrite: bool = False


@dataclass(slots=True)
class PredictResult:
    """What became of a run.

    Attributes:
        sources: how many pictures, videos and cameras there were to read.
        done: how many of them an earlier run had done; what it could not read is tried again.
        resumed: where this run goes on in the middle of a source, for each that an earlier run had begun.
        complete: ``resume`` found nothing left to do.
        stopped: it was asked to end before the end.
        sources_read: sources of this run that gave a picture, or frames; the others failed, or were not come to.
        read: names of the pictures of this run that were read.
        failed: sources of this run that gave nothing.
        images_without_faces: pictures without a face.
        written: of what was wanted, what was written.
        outputs_failed: annotated pictures and films that could not be written.
        errors: what was named or asked for and could not be used; a bad file that a folder happens to hold is not.
        rows: of pictures, the first of them; all where no table holds them.
        faces: rows of pictures in all.
        summary: of all that was seen.
        recognizer: the model that was used; None where there was nothing to read.
        error: what ended the run before its end.
    """

    sources: int = 0
    done: int = 0
    resumed: list[Position] = field(default_factory=list)
    complete: bool = False
    stopped: bool = False
    sources_read: int = 0
    read: list[str] = field(default_factory=list)
    failed: int = 0
    images_without_faces: int = 0
    written: list[Path] = field(default_factory=list)
    outputs_failed: int = 0
    errors: list[EkspresiError] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    faces: int = 0
    summary: RunSummary | None = None
    recognizer: Recognizer | None = None
    error: EkspresiError | None = None


class ProgressListener(Protocol):
    """Who is told what happens."""

    def on_start(self, sources: int, done: int, camera: bool) -> None:
        """So many sources will be read, ``done`` of which an earlier run has done; or one camera, without an end."""

    def on_frame(self, result: FrameResult, number: int) -> None:
        """A frame is done; of all sources, so many come before its own."""

    def on_error(self, error: EkspresiError) -> None:
        """Something could not be read or written; the run goes on. Called by more than one thread."""
