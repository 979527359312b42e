"""The run: frames -> what was seen -> tables, pictures and stories, in order, until the end or a stop.

In: sources, an ``Analyzer``, what is wanted. Out: files, and an ``Outcome``. Knows nothing of screens.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Event

from ekspresi.analysis import Analyzer
from ekspresi.errors import ConfigError, EkspresiError, MissingExtraError, OutputError
from ekspresi.outputs import BySecond, Place, RunTable, Setting, journaled_folder, journaled_table, make_folder, told
from ekspresi.predicting.picturing import Picturing
from ekspresi.predicting.reading import Reading, reading
from ekspresi.predicting.wanted import Outcome, Wanted, Watcher
from ekspresi.streaming import analyzed
from ekspresi.summaries.telling import Storyteller
from ekspresi.types import Analyzed, Row

KEPT_ROWS = 40
"""Rows of pictures that are kept for the screen where a table holds them all."""


def run(
    sources: Sequence[str],
    analyzer: Analyzer,
    settings: dict[str, Setting],
    wanted: Wanted,
    watcher: Watcher,
    stop: Event,
) -> Outcome:
    """Read all sources, and write what is wanted.

    Args:
        sources: files, folders, globs, or one camera or address alone.
        analyzer: what finds and recognises.
        settings: what decides the analyzer's answers, for ``resume``; the model's file is added.
        wanted: what to make.
        watcher: is told what happens.
        stop: when it is set, what was seen is written, and the run ends.

    Raises:
        EkspresiError: an output that cannot be made, a camera that does not answer, a run that cannot go on.
    """
    read = reading(sources, watcher.told)
    outcome = Outcome(sources=len(read.names), unmet=read.unmet)
    if not read.names:
        return outcome
    if wanted.resume and read.camera is not None:
        raise ConfigError(
            f"{read.names[0]}: what a camera showed does not come back; leave --resume out, name other files"
        )
    if wanted.resume and wanted.out is None and wanted.annotate is None:
        raise ConfigError("--resume: goes on with a table or a folder; give the same --out or --annotate as before")

    def refused(error: EkspresiError) -> None:
        outcome.unwritten += 1
        outcome.unmet.append(error)
        watcher.told(error)

    if wanted.page is not None:
        _check_page(wanted.page)
    pictures = Picturing(read, wanted.annotate, wanted.anonymize, refused) if wanted.annotate else None
    with _journaled(read, analyzer, settings, wanted) as table:
        if table is not None and table.complete:
            outcome.complete, outcome.done = True, outcome.sources
            return outcome
        place = table.place if table is not None else None
        outcome.done = 0 if place is None else place.number + place.finished
        watcher.begun(outcome.sources, outcome.done, read.camera is not None)
        _Run(read, analyzer, wanted, watcher, outcome, table, pictures).go(place, stop)
        outcome.failed = read.failed
        outcome.stopped = stop.is_set() and read.camera is None
        nothing = outcome.failed == outcome.sources - outcome.done > 0  # then no empty table replaces an older one
        if table is not None and (outcome.stopped or nothing):
            table.interrupted()
    return outcome


class _Run:
    """One run through all sources."""

    def __init__(
        self,
        read: Reading,
        analyzer: Analyzer,
        wanted: Wanted,
        watcher: Watcher,
        outcome: Outcome,
        table: RunTable | None,
        pictures: Picturing | None,
    ) -> None:
        self.read, self.analyzer, self.wanted, self.watcher = read, analyzer, wanted, watcher
        self.outcome, self.table, self.pictures = outcome, table, pictures
        self.numbers = {name: number for number, name in enumerate(read.names)}
        self.seconds = BySecond() if wanted.summary else None
        self.teller = Storyteller(anonymize=wanted.anonymize)

    def go(self, place: Place | None, stop: Event) -> None:
        source, next_track = None, 1 if place is None else place.next_track
        results = analyzed(
            self.read.frames(self.wanted.window, place, stop), self.analyzer, stop=stop, first_track=next_track
        )
        try:
            for result in results:
                frame = result.frame
                number = self.numbers[frame.source]
                taken_up = place is not None and number == place.number
                if frame.source != source:
                    source, next_track = frame.source, place.next_track if place is not None and taken_up else 1
                next_track = max([next_track, *(row.track + 1 for row in result.rows if row.track is not None)])
                if place is not None and taken_up and frame.number <= place.frame:
                    continue  # seen again for what is believed, told before
                here = Place(frame.source, number, frame.number, frame.time_s is None, next_track, frame.time_s)
                if self.pictures is not None:  # before the run is said to have come so far
                    self.pictures.add(result, taken_up)
                self._keep(result, here)
                self.teller.add(result)
                self.watcher.seen(result, number)
            if self.table is not None and self.seconds is not None:
                self.table.write(self.seconds.end())
        finally:
            results.close()  # type: ignore[attr-defined] # it is a generator
            if self.pictures is not None:
                self.pictures.close()
            self.outcome.stories = self.teller.stories()

    def _keep(self, result: Analyzed, here: Place) -> None:
        """A frame's rows -> the table, or the second they lie in; of pictures the first for the screen."""
        rows: list[Row] = list(result.rows)
        done: Place | None = here
        if result.frame.time_s is None:
            self.outcome.read.append(result.frame.source)
            self.outcome.faces += len(rows)
            self.outcome.faceless += not rows
            if self.wanted.out is None or len(self.outcome.rows) < KEPT_ROWS:
                self.outcome.rows += rows
        if self.table is None:
            return
        if self.seconds is not None:
            rows, done = self.seconds.add(rows, here, result.frame.time_s)
        self.table.write(rows)
        if done is not None:
            self.table.reached(done)


def _check_page(page: Path) -> None:
    """Before hours of work are told on it: whether a page can be written.

    Raises:
        OutputError, MissingExtraError: it cannot.
    """
    if find_spec("jinja2") is None:
        raise MissingExtraError("a page about what was seen", "video")
    if page.is_dir():
        raise OutputError(f"{page}: is a folder; --page names a file")
    with told(page, page.parent):
        trial = page.with_name(f".{page.name}.part")
        trial.touch()
        trial.unlink()


@contextmanager
def _journaled(
    read: Reading, analyzer: Analyzer, settings: dict[str, Setting], wanted: Wanted
) -> Iterator[RunTable | None]:
    """The table or folder of the run, with its journal; None where only the screen is told."""
    if wanted.out is None and wanted.annotate is None:
        yield None
        return
    everything: dict[str, Setting] = {
        **settings,
        "model": hashlib.sha256(analyzer.recognizer.path.read_bytes()).hexdigest(),
        "every": wanted.window.every_s,
        "start": wanted.window.start_s,
        "end": wanted.window.end_s,
        "summary": wanted.summary,
        "sources": read.names,
    }
    if wanted.out is not None:
        with journaled_table(wanted.out, analyzer.recognizer.labels, everything, resume=wanted.resume) as table:
            yield table
    elif wanted.annotate is not None:
        make_folder(wanted.annotate)
        with journaled_folder(
            wanted.annotate, {**everything, "anonymize": wanted.anonymize}, resume=wanted.resume
        ) as run_:
            yield run_
