"""Analyze pictures, videos or a camera and write tables, annotated files and an HTML report.

In: sources, an ``AnalyzerConfig``, ``PredictOptions``, a listener. Out: files, and a ``PredictResult``. Results are
written in order until the end or a stop. Does not know about screens.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event

from ekspresi.errors import ConfigError, EkspresiError, OutputError
from ekspresi.media.standard_input import STDIN
from ekspresi.pipeline.analyzer import Analyzer, AnalyzerConfig
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.recognition.priors import check_calibrated
from ekspresi.summaries.builder import SummaryBuilder
from ekspresi.system.memory import KEPT_S, trim_heap
from ekspresi.system.storage import ensure_folder
from ekspresi.tables.checkpoint import Position, Setting, start_positions
from ekspresi.tables.per_second import PerSecondAggregator
from ekspresi.tables.resumable import ResumableTable, resumable_folder, resumable_table
from ekspresi.tables.streamed import StreamedTable
from ekspresi.types import FrameResult, Row
from ekspresi.workflows.annotation_writer import AnnotationWriter
from ekspresi.workflows.options import FIRST_ROWS, PredictOptions, PredictResult, ProgressListener
from ekspresi.workflows.page_writer import check_page_target, write_run_page
from ekspresi.workflows.prior_sampler import prior_of_run
from ekspresi.workflows.source_list_writer import check_source_list_target, write_run_source_list
from ekspresi.workflows.source_reader import SourceReader, open_sources


def predict_sources(
    sources: Sequence[str],
    config: AnalyzerConfig,
    options: PredictOptions,
    listener: ProgressListener,
    stop: Event,
) -> PredictResult:
    """Analyze all sources and write the outputs that the options name.

    Args:
        sources: files, folders and globs, or a single camera or address.
        config: the analyzer; ``resume`` compares its fingerprint.
        options: outputs and window of time.
        listener: receives progress and errors.
        stop: set it to end the run early; all results so far are written.

    Returns:
        The result; ``PredictResult.error`` is an error that ended the run after the first frame.

    Raises:
        EkspresiError: before the first frame: an output cannot be written, a camera does not answer, or the run cannot
            be resumed.

    Example:
        >>> from ekspresi.workflows.options import SilentListener
        >>> config = AnalyzerConfig(detector="none", device="cpu")
        >>> result = predict_sources(["nowhere.png"], config, PredictOptions(), SilentListener(), Event())
        >>> result.sources, str(result.errors[0]).partition(":")[0]
        (0, 'nowhere.png')
    """
    analyzer = config.build()
    reader = open_sources(sources, listener.on_error, annotate=options.annotate)
    result = PredictResult(
        sources=len(reader.names), errors=reader.errors, unread=reader.unread, partial=reader.partial
    )
    if not reader.names:
        return result
    _check_options(reader, options)
    if options.estimate_prior:
        check_calibrated(analyzer.recognizer.metadata.calibration, analyzer.recognizer.path)

    def on_failed_output(error: OutputError) -> None:
        result.outputs_failed += 1
        result.errors.append(error)
        listener.on_error(error)

    annotations = None
    if options.annotate is not None:
        annotations = AnnotationWriter(
            reader, options.annotate, on_failed_output, anonymize=options.anonymize, overwrite=options.overwrite
        )
    if options.out is not None:
        check_source_list_target(options.out, overwrite=options.overwrite)
    if options.page is not None:  # checked last: it may lie in the folder of annotations, which exists now
        check_page_target(options.page, overwrite=options.overwrite)
    table = None
    try:
        with _open_table(reader, config, analyzer.recognizer.labels, options) as table:
            if table is not None and table.complete:
                result.complete, result.done = True, result.sources
                return result
            remaining = start_positions(reader.names) if table is None else table.remaining
            if annotations is not None:
                annotations.check(remaining)
            result.done = result.sources - len(remaining)
            result.resumed = [position for position in remaining if position.frame >= 0]
            if options.estimate_prior:
                notes = {} if table is None else table.notes
                result.prior = prior_of_run(notes, reader, analyzer, options.window, listener, stop)
                if result.prior is not None:
                    analyzer = replace(config, prior=result.prior.prior).build()
            listener.on_start(result.sources, result.done, reader.camera is not None)
            _Run(reader, analyzer, options, listener, result, table, annotations).process(remaining, stop)
            result.stopped = stop.is_set() and reader.camera is None
            nothing = result.failed == result.sources  # then no empty table replaces an older one
            if table is not None and (result.stopped or nothing):
                table.mark_incomplete()
    except EkspresiError as error:
        if not result.sources_read:
            raise
        result.error = error
    if table is not None and table.written and options.out is not None:
        result.written.append(options.out)
        with _output_errors_reported(result, listener):
            write_run_source_list(result, table, options.out)
    if annotations is not None and annotations.written and options.annotate is not None:
        result.written.append(options.annotate)
    with _output_errors_reported(result, listener):
        write_run_page(result, options, analyzer.recognizer, sources)
    return result


class _Run:
    """Process all sources of one run."""

    def __init__(
        self,
        reader: SourceReader,
        analyzer: Analyzer,
        options: PredictOptions,
        listener: ProgressListener,
        result: PredictResult,
        table: ResumableTable | None,
        annotations: AnnotationWriter | None,
    ) -> None:
        self.reader, self.analyzer, self.options, self.listener = reader, analyzer, options, listener
        self.result, self.table, self.annotations = result, table, annotations
        labels = analyzer.recognizer.labels
        self.stream = None if options.stream is None else StreamedTable(options.stream, labels)
        self.seconds = PerSecondAggregator() if options.summary else None
        self.summary = SummaryBuilder(anonymize=options.anonymize)
        self.trimmed_s = time.monotonic()
        self.remaining: dict[str, tuple[int, Position]] = {}
        """Source -> how many sources come before it, and the position from which to read it."""

    def process(self, remaining: Sequence[Position], stop: Event) -> None:
        """Read from each position and write its results; end early when ``stop`` is set."""
        self.remaining = {
            position.source: (index, position) for index, position in enumerate(remaining, self.result.done)
        }
        whole = False
        try:
            try:
                for positions in _split_at_resumed(remaining):
                    self._process(positions, stop)
            finally:  # the table can often be written after an error elsewhere
                if self.seconds is not None:
                    self._write_to_tables(self.seconds.flush())
            whole = self.reader.camera is not None or not stop.is_set()
        finally:
            if self.annotations is not None:
                self.annotations.close(whole=whole)
            self.result.summary = self.summary.build()

    def _process(self, positions: Sequence[Position], stop: Event) -> None:
        """Read sources in which tracks are numbered from the first position's ``next_track``."""
        source, next_track = None, 1
        frames = self.reader.frames(self.options.window, positions, stop, self._mark_failed)
        results = analyze_frames(frames, self.analyzer, stop=stop, first_track=positions[0].next_track)
        try:
            for result in results:
                frame = result.frame
                index, start = self.remaining[frame.source]
                if frame.source != source:
                    source, next_track = frame.source, start.next_track
                    self.result.sources_read += 1
                next_track = max([next_track, *(row.track + 1 for row in result.rows if row.track is not None)])
                if frame.number <= start.frame:
                    continue  # an earlier run wrote it; it is read again for the predictions of its tracks
                whole = frame.time_s is None and not frame.pages_follow
                position = Position(frame.source, start.number, frame.number, whole, next_track, frame.time_s)
                annotated = None
                if self.annotations is not None:  # before the table commits the position
                    annotated = self.annotations.add(result, start.frame >= 0)
                self._write_rows(result, position, annotated)
                self.summary.add(result)
                self.listener.on_frame(result, index)
                if time.monotonic() - self.trimmed_s >= KEPT_S:
                    self.trimmed_s = time.monotonic()
                    trim_heap()
        finally:
            results.close()  # type: ignore[attr-defined] # it is a generator

    def _mark_failed(self, position: Position) -> None:
        self.result.failed += 1
        if self.table is not None:
            self.table.mark_failed(position)

    def _write_rows(self, result: FrameResult, position: Position, annotated: Path | None) -> None:
        """Write a frame's rows to the tables, or to the row of their second; keep the first rows of pictures."""
        rows: list[Row] = (
            [replace(row, annotated=str(annotated)) for row in result.rows] if annotated else [*result.rows]
        )
        done: Position | None = position
        if result.frame.time_s is None:
            self.result.read.append(result.frame.source)
            self.result.faces += len(rows)
            self.result.images_without_faces += not rows
            first = max(0, FIRST_ROWS - len(self.result.rows))
            self.result.rows += rows[:first]
            self.result.last_rows.extend(rows[first:])
        if self.seconds is not None:
            rows, done = self.seconds.add(rows, position, result.frame.time_s)
        self._write_to_tables(rows)
        if self.table is not None and done is not None:
            self.table.commit(done)

    def _write_to_tables(self, rows: Sequence[Row]) -> None:
        for table in (self.table, self.stream):
            if table is not None:
                table.write(rows)


def _split_at_resumed(positions: Sequence[Position]) -> list[list[Position]]:
    """Split positions before each one inside a source: its track numbers continue those of an earlier run."""
    parts: list[list[Position]] = []
    for position in positions:
        if position.frame >= 0 or not parts:
            parts.append([])
        parts[-1].append(position)
    return parts


def _check_options(reader: SourceReader, options: PredictOptions) -> None:
    """Refuse options that contradict each other or the sources.

    Raises:
        ConfigError: ``resume`` with ``overwrite``, with a live stream, standard input or output, or without an output;
            ``estimate_prior`` with a live stream or standard input.
        OutputError: a table or page would replace a source.
    """
    if options.resume and options.overwrite:
        raise ConfigError("--overwrite: discards the run that --resume continues. Give one of them.")
    if options.resume and reader.camera is not None:
        problem = "--resume works for files only: a live stream has no position to resume from"
        raise ConfigError(f"{reader.names[0]}: {problem}. Remove --resume.")
    if options.resume and (options.stream is not None or STDIN in reader.paths):
        problem = "works for files only: standard input and output have no position to resume from"
        raise ConfigError(f"--resume: {problem}. Remove --resume.")
    if options.estimate_prior and (reader.camera is not None or STDIN in reader.paths):
        problem = "--prior auto reads the sources twice, and a live stream or standard input can be read only once"
        raise ConfigError(f"{reader.names[0]}: {problem}. Use --prior trained, uniform or a file.")
    if options.resume and options.out is None and options.annotate is None:
        raise ConfigError("--resume: needs the table or folder of the earlier run. Repeat its --out or --annotate.")
    sources = {os.path.realpath(path) for path in reader.paths}
    for path in filter(None, (options.out, options.page)):
        if os.path.realpath(path) in sources:
            raise OutputError(f"{path}: is one of the sources. Give the output another name.")


@contextmanager
def _output_errors_reported(result: PredictResult, listener: ProgressListener) -> Iterator[None]:
    try:
        yield
    except OutputError as error:
        result.errors.append(error)
        listener.on_error(error)


@contextmanager
def _open_table(
    reader: SourceReader, config: AnalyzerConfig, labels: tuple[str, ...], options: PredictOptions
) -> Iterator[ResumableTable | None]:
    """Open the table or folder of the run with its checkpoint; None if the options name neither."""
    if options.out is None and options.annotate is None:
        yield None
        return
    settings: dict[str, Setting] = {
        **config.fingerprint(),
        "every": options.window.every_s,
        "start": options.window.start_s,
        "end": options.window.end_s,
        "summary": options.summary,
        "anonymize": options.anonymize,
        **({"prior": "auto"} if options.estimate_prior else {}),  # the estimate itself is a note of the checkpoint
    }
    given = {"resume": options.resume, "overwrite": options.overwrite}
    if options.out is not None:
        with resumable_table(options.out, labels, reader.names, settings, folder=options.annotate, **given) as table:
            yield table
    elif options.annotate is not None:
        ensure_folder(options.annotate)
        with resumable_folder(options.annotate, reader.names, settings, **given) as folder:
            yield folder
