from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ekspresi.tables.checkpoint import CheckpointState, Position
from ekspresi.tables.per_second import PerSecondAggregator
from ekspresi.types import Face, Row
from tests.support.recorded_runs import SOURCES, Step, left, steps

FACE = Face((0, 0, 9, 9), 1.0)


def add(
    seconds: PerSecondAggregator, frame: int, time_s: float | None, *tracks: int | None, number: int = 0
) -> tuple[list[str], int]:
    """Add the next frame; return the rows as 'track@frame' and the committed frame, -1 for none."""
    rows = [Row(f"{number}", frame, time_s, track, FACE) for track in tracks]
    done, position = seconds.add(rows, Position(f"{number}", number, frame, time_s is None), time_s)
    return [f"{row.track}@{row.frame}" for row in done], -1 if position is None else position.frame


def test_add_returns_the_last_row_per_track_and_second() -> None:
    seconds = PerSecondAggregator()
    assert add(seconds, 0, 0.0, 1, 2) == ([], -1)
    assert add(seconds, 1, 0.5, 2, None) == ([], -1)
    assert add(seconds, 2, 0.999, 2) == ([], -1)
    assert add(seconds, 3, 1.0, 1) == (["1@0", "2@2"], 2)
    assert add(seconds, 4, 3.2) == (["1@3"], 3)
    assert add(seconds, 5, 3.4, 7) == ([], -1)
    assert [row.track for row in seconds.flush()] == [7]
    assert seconds.flush() == []


def test_add_separates_sources_and_passes_pictures() -> None:
    seconds = PerSecondAggregator()
    assert add(seconds, 8, 0.5, 1) == ([], -1)
    assert add(seconds, 0, 0.6, 1, number=1) == (["1@8"], 8)
    assert add(seconds, 0, None, None, None, number=2) == (["1@0", "None@0", "None@0"], 0)
    assert add(seconds, 0, None, number=3) == ([], 0)
    assert add(seconds, 0, 0.0, 4, number=4) == ([], -1)
    assert [row.track for row in seconds.flush()] == [4]


def whole(run: Sequence[Step]) -> list[Row]:
    """Compute the expected rows from all rows at once."""
    last: dict[tuple[int, int, int | None], tuple[int, Row]] = {}
    for index, step in enumerate(run):
        for face, row in enumerate(step.rows):
            if step.time_s is None:
                last[step.position.number, -1, face] = index, row
            elif row.track is not None:
                last.pop(key := (step.position.number, int(step.time_s), row.track), None)
                last[key] = index, row
    return [row for _, row in sorted(last.values(), key=lambda one: one[0])]


@given(st.lists(st.integers(0, 20), max_size=6))
def test_interrupted_runs_repeat_no_second(cuts: list[int]) -> None:
    run = steps(20)
    kept: list[Row] = []
    state = CheckpointState()
    for cut in [*cuts, len(run)]:
        seconds, written = PerSecondAggregator(), list(kept)
        todo = [step for position in state.remaining(SOURCES) for step in left(run, position)]
        for step in todo[:cut]:
            rows, position = seconds.add(step.rows, step.position, step.time_s)
            written += rows
            if position is not None:
                kept, state = list(written), CheckpointState(position, reached=position.number + 1)
        written += seconds.flush()
    assert written == whole(run)
    assert len(written) < sum(len(step.rows) for step in run)
