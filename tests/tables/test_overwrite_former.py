"""Tables with the columns of an earlier version: they may be replaced, not continued."""

import json
from pathlib import Path

import pytest

from ekspresi.errors import ConfigError
from ekspresi.tables.append_only import new_digest
from ekspresi.tables.checkpoint import Checkpoint, CheckpointState, Position
from ekspresi.tables.resumable import resumable_table
from tests.support.recorded_runs import SETTINGS, SOURCES, steps, unbroken
from tests.support.recorded_tables import ENDINGS, begin, rows_in

RUN = steps()
HEADER = [
    *("source", "frame", "time_s", "track", "x1", "y1", "x2", "y2", "face_px", "effective_px"),
    *("expression", "confidence", "abstained", "p_neutral", "p_fear"),
]
VALUES = ["photo.jpg", 0, None, None, 1.0, 2.0, 25.0, 26.0, 24.0, 11.2, "fear", 0.75, False, 0.25, 0.75]


def former(path: Path, *, complete: bool) -> None:
    """Write a table of one row as version 0.1.0 did before its columns changed, with its checkpoint."""
    lines = json.dumps(dict(zip(HEADER, VALUES, strict=True))).encode() + b"\n"
    if path.suffix == ".csv":
        cells = ["" if value is None else str(value).lower() for value in VALUES]
        lines = f"{','.join(HEADER)}\n{','.join(cells)}\n".encode()
    growing = path.with_name(f"{path.name}.jsonl") if path.suffix == ".parquet" else path
    if path.suffix != ".parquet" or not complete:
        growing.write_bytes(lines)
    if path.suffix == ".parquet":
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table(dict(zip(HEADER, ([value] for value in VALUES), strict=True))), path)
    digest = new_digest()
    digest.update(lines)
    position = Position(SOURCES[2], 2, 0, True)
    state = CheckpointState(position, len(lines), digest.hexdigest(), len(SOURCES), complete=complete)
    settings = {**SETTINGS, "columns": HEADER}
    Checkpoint(path.with_name(f".{path.name}.journal"), path, SOURCES, settings).write(state)


@pytest.mark.parametrize("ending", ENDINGS)
def test_finished_table_of_an_earlier_version_is_replaced(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    former(path, complete=True)
    unbroken(path, RUN)
    assert rows_in(path) == rows_in(unbroken(tmp_path / f"whole{ending}", RUN))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("complete", [True, False])
def test_resume_of_an_earlier_version_says_so(complete: bool, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    former(path, complete=complete)
    before = path.read_bytes()
    with pytest.raises(ConfigError) as caught:
        begin(path, resume=True).__enter__()
    what = "another version of ekspresi wrote this table, with other columns"
    assert str(caught.value) == f"{path}: {what}. Use that version, or --overwrite instead of --resume."
    assert path.read_bytes() == before


@pytest.mark.parametrize("ending", ENDINGS)
def test_unfinished_table_of_an_earlier_version_is_kept(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    former(path, complete=False)
    before = path.read_bytes()
    with pytest.raises(ConfigError) as caught:
        begin(path).__enter__()
    what = "belongs to an unfinished run of another version of ekspresi, which wrote other columns"
    assert str(caught.value) == f"{path}: this table {what}. Use --overwrite to discard it, or use a different --out."
    assert path.read_bytes() == before
    with begin(path, overwrite=True) as run:
        assert run.position is None
        run.mark_incomplete()


def test_resume_with_another_model_names_the_model(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    former(path, complete=False)
    with pytest.raises(ConfigError, match=r"other settings: model, columns\. Use the same settings"):
        resumable_table(path, ("anger",), SOURCES, SETTINGS | {"model": "e" * 64}, resume=True).__enter__()
