import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from ekspresi.datasets import parquet_files
from ekspresi.datasets.image_files import encode_png
from ekspresi.datasets.parquet_files import ParquetHeader, dataset_schema, write_dataset
from ekspresi.datasets.registry import read
from tests.support.fake_faces import write_ckplus48, write_ferplus


@pytest.fixture
def dataset(tmp_path):
    return read(f"ckplus48:{write_ckplus48(tmp_path / 'CK+48')}")


def test_write_dataset_writes_row_groups_of_one_size(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_files, "GROUP_ROWS", 20)
    write_dataset(dataset, tmp_path / "x.parquet")
    file = pq.ParquetFile(tmp_path / "x.parquet")
    assert [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)] == [20, 20, 20, 3]


def test_write_dataset_encodes_one_row_group_at_a_time(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_files, "GROUP_ROWS", 10)
    encoded, seen = [], []
    monkeypatch.setattr(parquet_files, "encode_png", lambda face: encoded.append(1) or encode_png(face))
    write_table = pq.ParquetWriter.write_table
    monkeypatch.setattr(
        pq.ParquetWriter, "write_table", lambda *given: seen.append(len(encoded)) or write_table(*given)
    )
    write_dataset(dataset, tmp_path / "x.parquet")
    assert seen == [10, 20, 30, 40, 50, 60, 63]


def test_write_dataset_states_terms_and_no_path(dataset, tmp_path):
    write_dataset(dataset, tmp_path / "x.parquet", license="research only", citation="a paper")
    file = tmp_path / "x.parquet"
    header = json.loads(pq.read_schema(file).metadata[b"ekspresi"])
    assert header == {
        "labels": list(dataset.labels),
        "origin": "ckplus48",
        "options": "",
        "license": "research only",
        "citation": "a paper",
        "version": 1,
    }
    assert str(tmp_path).encode() not in file.read_bytes()


def test_write_dataset_columns_are_those_of_the_schema(tmp_path):
    dataset = read(f"ferplus:{write_ferplus(tmp_path / 'ferplus', 'folders')}")
    write_dataset(dataset, tmp_path / "x.parquet")
    table = pq.read_table(tmp_path / "x.parquet")
    schema = dataset_schema(ParquetHeader(dataset.labels, "ferplus", "", "", ""))
    assert table.schema.equals(schema)
    row = table.to_pylist()[0]
    assert row.pop("image").startswith(b"\x89PNG")
    assert row == {
        "label": "neutral",
        "votes": [4, 0, 0, 1, 3, 2, 0, 0],
        "other_votes": [0, 0],
        "name": "fer0000000.png",
        "split": "train",
        "subject": None,
        "sequence": None,
        "height": 48,
        "width": 48,
    }
    missing = np.flatnonzero(dataset.targets < 0)
    assert {table["label"].to_pylist()[position] for position in missing} == {None}


def test_a_copy_of_a_copy_keeps_its_origin(dataset, tmp_path):
    write_dataset(dataset, tmp_path / "one.parquet")
    write_dataset(read(f"parquet:{tmp_path / 'one.parquet'}"), tmp_path / "two.parquet")
    assert read(f"parquet:{tmp_path / 'two.parquet'}").origin == "ckplus48"
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
