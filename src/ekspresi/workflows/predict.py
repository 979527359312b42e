"""The run: frames -> what was seen -> tables, pictures and stories, in order, until the end or a stop.

In: sources, an ``Analyzer``, what is wanted. Out: files, and a ``PredictResult``. Knows nothing of screens.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Event

from ekspresi.errors import ConfigError, EkspresiError, MissingExtraError, OutputError
from ekspresi.pipeline.analyzer import Analyzer, AnalyzerConfig
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.summaries.builder import SummaryBuilder
from ekspresi.system.memory import KEPT_S, trim_heap
from ekspresi.system.storage import ensure_folder, os_errors_as_output_error
from ekspresi.tables.checkpoint import Position, Setting, start_positions
from ekspresi.tables.overwrite import check_replaceable
from ekspresi.tables.per_second import PerSecondAggregator
from ekspresi.tables.resumable import ResumableTable, resumable_folder, resumable_table
from ekspresi.types import FrameResult, Row
from ekspresi.workflows.annotation_writer import AnnotationWriter
from ekspresi.workflows.options import PredictOptions, PredictResult, ProgressListener
from ekspresi.workflows.source_reader import SourceReader, open_sources

PAGE_ENDINGS = (".html", ".htm")
"""What a page's name may end in; upper case too."""
KEPT_ROWS = 40
"""Rows of pictures that are kept for the screen where a table holds them all."""


def run(
    sources: Sequence[str],
    config: AnalyzerConfig,
    options: PredictOptions,
    listener: ProgressListener,
    stop: Event,
) -> PredictResult:
    """Read all sources, and write what is wanted.

    Args:
        sources: files, folders, globs, or one camera or address alone.
        config: the analyzer, and what ``resume`` compares.
        options: what to make.
        listener: is told what happens.
        stop: when it is set, what was seen is written, and the run ends.

    Returns:
        What became of it; ``PredictResult.error`` is what ended it after something was seen.

    Raises:
        EkspresiError: before that: an output that cannot be made, a camera that does not answer, a run that cannot go
            on.
    """
    analyzer = config.build()
    read = open_sources(sources, listener.on_error)
    outcome = PredictResult(sources=len(read.names), errors=read.errors, recognizer=analyzer.recognizer)
    if not read.names:
        return outcome
    if options.resume and options.overwrite:
        raise ConfigError("--overwrite: discards the run that --resume continues. Give one of them.")
    if options.resume and read.camera is not None:
        raise ConfigError(
            f"{read.names[0]}: a camera or an address cannot be gone on with; leave --resume out, or name files"
        )
    if options.resume and options.out is None and options.annotate is None:
        raise ConfigError("--resume: goes on with a table or a folder; give the same --out or --annotate as before")

    def refused(error: EkspresiError) -> None:
        outcome.outputs_failed += 1
        outcome.errors.append(error)
        listener.on_error(error)

    _check_no_source(read, options)
    pictures = None
    if options.annotate is not None:
        pictures = AnnotationWriter(
            read, options.annotate, refused, anonymize=options.anonymize, overwrite=options.overwrite
        )
    if options.page is not None:
        _check_page(options.page, options.overwrite)  # it may lie in the folder of the pictures, which is there now
    table = None
    try:
        with _journaled(read, config, analyzer.recognizer.labels, options) as table:
            if table is not None and table.complete:
                outcome.complete, outcome.done = True, outcome.sources
                return outcome
            left = start_positions(read.names) if table is None else table.remaining
            if pictures is not None:
                pictures.check(left)
            outcome.done = outcome.sources - len(left)
            outcome.resumed = [place for place in left if place.frame >= 0]
            listener.on_start(outcome.sources, outcome.done, read.camera is not None)
            _Run(read, analyzer, options, listener, outcome, table, pictures).go(left, stop)
            outcome.stopped = stop.is_set() and read.camera is None
            nothing = outcome.failed == outcome.sources  # then no empty table replaces an older one
            if table is not None and (outcome.stopped or nothing):
                table.mark_incomplete()
    except EkspresiError as error:
        if not outcome.sources_read:
            raise
        outcome.error = error
    if table is not None and table.written and options.out is not None:
        outcome.written.append(options.out)
    if pictures is not None and pictures.written and options.annotate is not None:
        outcome.written.append(options.annotate)
    return outcome


class _Run:
    """One run through all sources."""

    def __init__(
        self,
        read: SourceReader,
        analyzer: Analyzer,
        wanted: PredictOptions,
        watcher: ProgressListener,
        outcome: PredictResult,
        table: ResumableTable | None,
        pictures: AnnotationWriter | None,
    ) -> None:
        self.read, self.analyzer, self.wanted, self.watcher = read, analyzer, wanted, watcher
        self.outcome, self.table, self.pictures = outcome, table, pictures
        self.seconds = PerSecondAggregator() if wanted.summary else None
        self.teller = SummaryBuilder(anonymize=wanted.anonymize)
        self.gave_s = time.monotonic()
        self.left: dict[str, tuple[int, Position]] = {}  # what is not done, each with how many sources come before it

    def go(self, left: Sequence[Position], stop: Event) -> None:
        self.left = {place.source: (position, place) for position, place in enumerate(left, self.outcome.done)}
        whole = False
        try:
            try:
                for places in _stretches(left):
                    self._go(places, stop)
            finally:  # what ended the run may not have ended the table
                if self.table is not None and self.seconds is not None:
                    self.table.write(self.seconds.flush())
            whole = self.read.camera is not None or not stop.is_set()
        finally:
            if self.pictures is not None:
                self.pictures.close(whole=whole)
            self.outcome.summary = self.teller.build()

    def _go(self, places: Sequence[Position], stop: Event) -> None:
        source, next_track = None, 1
        frames = self.read.frames(self.wanted.window, places, stop, self._failed)
        results = analyze_frames(frames, self.analyzer, stop=stop, first_track=places[0].next_track)
        try:
            for result in results:
                frame = result.frame
                position, begun = self.left[frame.source]
                if frame.source != source:
                    source, next_track = frame.source, begun.next_track
                    self.outcome.sources_read += 1
                next_track = max([next_track, *(row.track + 1 for row in result.rows if row.track is not None)])
                if frame.number <= begun.frame:
                    continue  # seen again for what is believed, told before
                here = Position(
                    frame.source, begun.number, frame.number, frame.time_s is None, next_track, frame.time_s
                )
                if self.pictures is not None:  # before the run is said to have come so far
                    self.pictures.add(result, begun.frame >= 0)
                self._keep(result, here)
                self.teller.add(result)
                self.watcher.on_frame(result, position)
                if time.monotonic() - self.gave_s >= KEPT_S:
                    self.gave_s = time.monotonic()
                    trim_heap()
        finally:
            results.close()  # type: ignore[attr-defined] # it is a generator

    def _failed(self, place: Position) -> None:
        self.outcome.failed += 1
        if self.table is not None:
            self.table.mark_failed(place)

    def _keep(self, result: FrameResult, here: Position) -> None:
        """A frame's rows -> the table, or the second they lie in; of pictures the first for the screen."""
        rows: list[Row] = list(result.rows)
        done: Position | None = here
        if result.frame.time_s is None:
            self.outcome.read.append(result.frame.source)
            self.outcome.faces += len(rows)
            self.outcome.images_without_faces += not rows
            if self.wanted.out is None or len(self.outcome.rows) < KEPT_ROWS:
                self.outcome.rows += rows
        if self.table is None:
            return
        if self.seconds is not None:
            rows, done = self.seconds.add(rows, here, result.frame.time_s)
        self.table.write(rows)
        if done is not None:
            self.table.commit(done)


def _stretches(places: Sequence[Position]) -> list[list[Position]]:
    """Places -> parts of them; one in the middle of a source begins a part, in which its tracks are numbered on."""
    parts: list[list[Position]] = []
    for place in places:
        if place.frame >= 0 or not parts:
            parts.append([])
        parts[-1].append(place)
    return parts


def _check_no_source(read: SourceReader, wanted: PredictOptions) -> None:
    """Before it is written over: whether a table or page is what shall be read.

    Raises:
        OutputError: it is.
    """
    sources = {os.path.realpath(path) for path in read.paths}
    for path in filter(None, (wanted.out, wanted.page)):
        if os.path.realpath(path) in sources:
            raise OutputError(f"{path}: is one of the sources; choose another name")


def _check_page(page: Path, overwrite: bool) -> None:
    """Before hours of work are told on it: whether a page can be written, and may replace what is there.

    Raises:
        OutputError, MissingExtraError: it cannot, or may not.
    """
    if find_spec("jinja2") is None:
        raise MissingExtraError("a page about what was seen", "video")
    if page.is_dir():
        raise OutputError(f"{page}: is a folder; --page names a file")
    if page.suffix.lower() not in PAGE_ENDINGS:
        raise OutputError(f"{page}: a page's name ends in {' or '.join(PAGE_ENDINGS)}; choose one of them")
    check_replaceable(page, overwrite=overwrite, choice="--page")
    with os_errors_as_output_error(page, page.parent):
        trial = page.with_name(f".{page.name}.part")
        trial.touch()
        trial.unlink()


@contextmanager
def _journaled(
    read: SourceReader, config: AnalyzerConfig, labels: tuple[str, ...], wanted: PredictOptions
) -> Iterator[ResumableTable | None]:
    """The table or folder of the run, with its journal; None where only the screen is told."""
    if wanted.out is None and wanted.annotate is None:
        yield None
        return
    everything: dict[str, Setting] = {
        **config.fingerprint(),
        "every": wanted.window.every_s,
        "start": wanted.window.start_s,
        "end": wanted.window.end_s,
        "summary": wanted.summary,
        "anonymize": wanted.anonymize,
    }
    given = {"resume": wanted.resume, "overwrite": wanted.overwrite}
    if wanted.out is not None:
        with resumable_table(wanted.out, labels, read.names, everything, folder=wanted.annotate, **given) as table:
            yield table
    elif wanted.annotate is not None:
        ensure_folder(wanted.annotate)
        with resumable_folder(wanted.annotate, read.names, everything, **given) as run_:
            yield run_
