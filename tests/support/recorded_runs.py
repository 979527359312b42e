"""Record a run with known rows, so that tests compare its tables byte for byte.

As a script it is a process to kill: PATH, seconds per frame, seconds between checkpoints, and --resume. It prints a
line for each written frame.
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
"""Videos and a picture; CSV and JSON must quote some names, one is not UTF-8, and the last shows no face."""


@dataclass(frozen=True)
class Step:
    """One frame: its rows, its time, and the position of the run after it."""

    rows: tuple[Row, ...]
    time_s: float | None
    position: Position


def steps(frames: int = 12) -> list[Step]:
    """Make a run over ``SOURCES`` with so many frames in each video, eight per second."""
    drawn = random.Random(0)
    run = []
    for number, source in enumerate(SOURCES):
        still = source.endswith(".jpg")
        next_track = 1
        for frame in range(1 if still else frames):
            faces = 0 if source.startswith("empty") else drawn.randrange(4)
            time_s = None if still else frame / 8
            rows = tuple(
                _row(source, frame, time_s, None if still else drawn.randrange(1, 6), drawn, face)
                for face in range(1, faces + 1)
            )
            next_track = max([next_track, *(row.track + 1 for row in rows if row.track is not None)])
            run.append(Step(rows, time_s, Position(source, number, frame, still or frame == frames - 1, next_track)))
    return run


def _row(source: str, frame: int, time_s: float | None, track: int | None, drawn: random.Random, face: int) -> Row:
    fear = drawn.random()
    probabilities = {"neutral": 1 - fear, "fear": fear}
    effective_px = drawn.choice((None, 11.2))
    prediction = Prediction(
        "fear" if fear > 0.5 else "neutral", max(fear, 1 - fear), probabilities, 24.0, effective_px, fear > 0.9
    )
    x = drawn.uniform(-3, 20_000)
    found = Face((x, 2.0, x + 24, 26.0), 0.9, None, drawn.choice((prediction, None)))
    return Row(source, frame, time_s, track, found, face, "films/\udcff.mp4" if source.startswith("\udcff") else None)


def left(run: list[Step], position: Position) -> list[Step]:
    """List the frames of one source after a position in it."""
    return [step for step in run if step.position.number == position.number and step.position.frame > position.frame]


def write(
    table: ResumableTable, run: list[Step], per_second: PerSecondAggregator | None = None, failing: Collection[int] = ()
) -> Iterator[Step]:
    """Write the remaining frames of a run; yield each step when it is written and before it is committed.

    Sources with the numbers in ``failing`` cannot be read this time.
    """
    for begun in table.remaining:
        if begun.number in failing:
            table.mark_failed(begun)
            continue
        for step in left(run, begun):
            rows, position = (list(step.rows), step.position) if per_second is None else per_second.add(*_parts(step))
            table.write(rows)
            yield step
            if position is not None:
                table.commit(position)
    if per_second is not None:
        table.write(per_second.flush())


def _parts(step: Step) -> tuple[tuple[Row, ...], Position, float | None]:
    return step.rows, step.position, step.time_s


def unbroken(path: Path, run: list[Step], per_second: Callable[[], PerSecondAggregator | None] = lambda: None) -> Path:
    """Write the table of a run that nothing stops."""
    with resumable_table(path, LABELS, SOURCES, SETTINGS, resume=False) as table:
        for _ in write(table, run, per_second()):
            pass
    return path


if __name__ == "__main__":
    path, frame_s, resumable.CHECKPOINT_S = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    with resumable_table(path, LABELS, SOURCES, SETTINGS, resume="--resume" in sys.argv) as table:
        for step in write(table, steps(60)):
            print(step.position.number, step.position.frame, flush=True)
            time.sleep(frame_s)
