"""A run whose rows are known: what is written of it, by whatever detours, can be compared byte for byte.

As a script it is a process that can be killed: PATH, seconds a frame takes, seconds between journals, and --resume. It
prints a line for each frame that is written.
"""

import random
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ekspresi.tables import resumable
from ekspresi.tables.checkpoint import Position
from ekspresi.tables.per_second import PerSecondAggregator
from ekspresi.tables.resumable import ResumableTable, resumable_table
from ekspresi.types import Face, Prediction, Row

LABELS = ("neutral", "fear")
SETTINGS = {"model": "f" * 64, "detector": "mtcnn", "every": None}
SOURCES = ("a, b/ü.mp4", '"quoted"\nin two lines\r.mp4', "photo.jpg", "\udcff\udcfe\t.mp4", "empty.mp4")
"""Videos and a picture, with names that CSV and JSON have to quote or that are no UTF-8; the last shows no face."""


@dataclass(frozen=True)
class Step:
    """One frame: its rows, its time, and how far the run has come with it."""

    rows: tuple[Row, ...]
    time_s: float | None
    place: Position


def steps(frames: int = 12) -> list[Step]:
    """A run over ``SOURCES``, of so many frames in each video, eight a second."""
    drawn = random.Random(0)
    run = []
    for number, source in enumerate(SOURCES):
        still = source.endswith(".jpg")
        next_track = 1
        for frame in range(1 if still else frames):
            faces = 0 if source.startswith("empty") else drawn.randrange(4)
            time_s = None if still else frame / 8
            rows = tuple(
                _row(source, frame, time_s, None if still else drawn.randrange(1, 6), drawn) for _ in range(faces)
            )
            next_track = max([next_track, *(row.track + 1 for row in rows if row.track is not None)])
            run.append(Step(rows, time_s, Position(source, number, frame, still or frame == frames - 1, next_track)))
    return run


def _row(source: str, frame: int, time_s: float | None, track: int | None, drawn: random.Random) -> Row:
    fear = drawn.random()
    shares = {"neutral": 1 - fear, "fear": fear}
    effective_px = drawn.choice((None, 11.2))
    belief = Prediction(
        "fear" if fear > 0.5 else "neutral", max(fear, 1 - fear), shares, 24.0, effective_px, fear > 0.9
    )
    x = drawn.uniform(-3, 20_000)
    return Row(source, frame, time_s, track, Face((x, 2.0, x + 24, 26.0), 0.9, None, drawn.choice((belief, None))))


def left(run: list[Step], place: Position) -> list[Step]:
    """What is left of one source after a place in it."""
    return [step for step in run if step.place.number == place.number and step.place.frame > place.frame]


def write(
    table: ResumableTable, run: list[Step], by_second: PerSecondAggregator | None = None, failing: Collection[int] = ()
) -> Iterator[Step]:
    """Write what is left of a run; yields each step when it is written and before the table is told so.

    Sources with the numbers in ``failing`` cannot be read this time.
    """
    for begun in table.remaining:
        if begun.number in failing:
            table.mark_failed(begun)
            continue
        for step in left(run, begun):
            rows, place = (list(step.rows), step.place) if by_second is None else by_second.add(*_parts(step))
            table.write(rows)
            yield step
            if place is not None:
                table.commit(place)
    if by_second is not None:
        table.write(by_second.flush())


def _parts(step: Step) -> tuple[tuple[Row, ...], Position, float | None]:
    return step.rows, step.place, step.time_s


def unbroken(path: Path, run: list[Step], by_second: Callable[[], PerSecondAggregator | None] = lambda: None) -> Path:
    """The table of a run that nothing stops."""
    with resumable_table(path, LABELS, SOURCES, SETTINGS, resume=False) as table:
        for _ in write(table, run, by_second()):
            pass
    return path


if __name__ == "__main__":
    path, frame_s, resumable.CHECKPOINT_S = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    with resumable_table(path, LABELS, SOURCES, SETTINGS, resume="--resume" in sys.argv) as table:
        for step in write(table, steps(60)):
            print(step.place.number, step.place.frame, flush=True)
            time.sleep(frame_s)
