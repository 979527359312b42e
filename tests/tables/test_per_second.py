from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ekspresi.tables.checkpoint import CheckpointState, Position
from ekspresi.tables.per_second import PerSecondAggregator
from ekspresi.types import Face, Row
from tests.support.recorded_runs import SOURCES, Step, left, steps

FACE = Face((0, 0, 9, 9), 1.0)


def add(
    some: PerSecondAggregator, frame: int, time_s: float | None, *tracks: int | None, number: int = 0
) -> tuple[list[str], int]:
    """The next frame -> what is handed out, as 'track@frame', and the frame that is reached; -1 for none."""
    rows = [Row(f"{number}", frame, time_s, track, FACE) for track in tracks]
    done, place = some.add(rows, Position(f"{number}", number, frame, time_s is None), time_s)
    return [f"{row.track}@{row.frame}" for row in done], -1 if place is None else place.frame


def test_the_last_row_of_each_track_in_each_second() -> None:
    some = PerSecondAggregator()
    assert add(some, 0, 0.0, 1, 2) == ([], -1)
    assert add(some, 1, 0.5, 2, None) == ([], -1)
    assert add(some, 2, 0.999, 2) == ([], -1)
    assert add(some, 3, 1.0, 1) == (["1@0", "2@2"], 2)
    assert add(some, 4, 3.2) == (["1@3"], 3)
    assert add(some, 5, 3.4, 7) == ([], -1)
    assert [row.track for row in some.flush()] == [7]
    assert some.flush() == []


def test_sources_are_not_mixed_and_pictures_pass() -> None:
    some = PerSecondAggregator()
    assert add(some, 8, 0.5, 1) == ([], -1)
    assert add(some, 0, 0.6, 1, number=1) == (["1@8"], 8)
    assert add(some, 0, None, None, None, number=2) == (["1@0", "None@0", "None@0"], 0)
    assert add(some, 0, None, number=3) == ([], 0)
    assert add(some, 0, 0.0, 4, number=4) == ([], -1)
    assert [row.track for row in some.flush()] == [4]


def whole(run: Sequence[Step]) -> list[Row]:
    """What a run should give, from all its rows at once."""
    last: dict[tuple[int, int, int | None], tuple[int, Row]] = {}
    for position, step in enumerate(run):
        for place, row in enumerate(step.rows):
            if step.time_s is None:
                last[step.place.number, -1, place] = position, row
            elif row.track is not None:
                last.pop(key := (step.place.number, int(step.time_s), row.track), None)
                last[key] = position, row
    return [row for _, row in sorted(last.values(), key=lambda one: one[0])]


@given(st.lists(st.integers(0, 20), max_size=6))
def test_broken_off_anywhere_no_second_stands_twice(cuts: list[int]) -> None:
    run = steps(20)
    kept: list[Row] = []
    entry = CheckpointState()
    for cut in [*cuts, len(run)]:
        some, written = PerSecondAggregator(), list(kept)
        todo = [step for place in entry.remaining(SOURCES) for step in left(run, place)]
        for step in todo[:cut]:
            rows, place = some.add(step.rows, step.place, step.time_s)
            written += rows
            if place is not None:
                kept, entry = list(written), CheckpointState(place, reached=place.number + 1)
        written += some.flush()
    assert written == whole(run)
    assert len(written) < sum(len(step.rows) for step in run)
