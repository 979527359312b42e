import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ekspresi.errors import MissingExtraError, OutputError
from ekspresi.system.file_names import original_name
from ekspresi.tables import parquet
from ekspresi.tables.parquet import write_parquet
from ekspresi.tables.resumable import resumable_table
from tests.support.recorded_runs import LABELS, SETTINGS, SOURCES, steps, unbroken

SCHEMA = {
    "source": pa.dictionary(pa.int32(), pa.string()),
    "frame": pa.int64(),
    "time_s": pa.float64(),
    "face": pa.int64(),
    "track": pa.int64(),
    **dict.fromkeys(("x1", "y1", "x2", "y2", "face_px", "effective_px"), pa.float32()),
    "expression": pa.string(),
    "most_likely": pa.string(),
    "confidence": pa.float32(),
    "abstained": pa.bool_(),
    "annotated": pa.dictionary(pa.int32(), pa.string()),
    **dict.fromkeys(("p_neutral", "p_fear"), pa.float32()),
}


@pytest.mark.parametrize("frames", [0, 30])
def test_write_parquet_types_columns_with_and_without_rows(frames: int, tmp_path: Path) -> None:
    run = steps(frames) if frames else []
    table = pq.read_table(unbroken(tmp_path / "x.parquet", run))
    assert {field.name: field.type for field in table.schema} == SCHEMA
    lines = [json.loads(line) for line in unbroken(tmp_path / "x.jsonl", run).read_text().splitlines()]
    assert table.num_rows == len(lines)
    for name in ("frame", "time_s", "face", "track", "expression", "most_likely", "abstained"):
        assert table[name].to_pylist() == [line[name] for line in lines]
    for name in ("x1", "confidence", "effective_px", "p_fear"):
        assert table[name].to_pylist() == [None if line[name] is None else pytest.approx(line[name]) for line in lines]
    assert table["source"].to_pylist() == [line["source"] for line in lines]
    assert {original_name(source) for source in table["source"].to_pylist()} <= set(SOURCES)
    assert set(table["annotated"].to_pylist()) == ({"films/<ff>.mp4", None} if lines else set())


def test_write_parquet_groups_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_GROUP_ROWS", 20)
    monkeypatch.setattr(parquet, "_BATCH_ROWS", 5)
    run = steps(40)
    whole = unbroken(tmp_path / "x.jsonl", run)
    write_parquet(whole, tmp_path / "x.parquet", LABELS)
    file = pq.ParquetFile(tmp_path / "x.parquet")
    groups = [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
    assert len(groups) > 5 and set(groups[:-1]) == {20}
    frames = [json.loads(line)["frame"] for line in whole.read_text().splitlines()]
    assert file.read()["frame"].to_pylist() == frames


@pytest.mark.parametrize(
    "damage", [b"no JSON\n", b"3\n", b'{"source": 3}\n', b'{"frame": 3}\n', b'{"source": "a", "frame": "b"}\n']
)
def test_write_parquet_of_changed_rows_keeps_the_old_file(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(damage)
    (tmp_path / "x.parquet").write_text("old")
    with pytest.raises(OutputError, match=r"x\.jsonl: another program changed this file, so it cannot be converted"):
        write_parquet(tmp_path / "x.jsonl", tmp_path / "x.parquet", LABELS)
    assert (tmp_path / "x.parquet").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.jsonl", "x.parquet"]


def test_table_without_pyarrow_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"writing Parquet needs the extra \[parquet\]"):
        resumable_table(tmp_path / "x.parquet", LABELS, (), SETTINGS, resume=False).__enter__()
    assert list(tmp_path.iterdir()) == []
    unbroken(tmp_path / "x.csv", steps())  # other formats do not need it
